//! Where to listen.

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

/// An IP address with a port. A name is none: it may stand for several addresses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct ListenAddress(pub SocketAddr);

/// What is no [`ListenAddress`], with what to write.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum NoListenAddress {
    /// Names this host alone.
    #[error("a name is no address to listen on; write 127.0.0.1:{port} for this host alone")]
    ThisHost {
        /// The port that was given, or that of the default.
        port: u16,
    },
    /// An address or a port alone.
    #[error("needs an address and a port; write {0}")]
    Part(SocketAddr),
    /// A URL.
    #[error("a URL is no address to listen on; leave out {0}")]
    Url(String),
    /// Anything else.
    #[error(
        "needs an IP address and a port, such as 127.0.0.1:3000 for this host alone, or \
         0.0.0.0:3000 for all of its addresses"
    )]
    Other,
}

impl ListenAddress {
    /// A port of this host's loopback address.
    pub(crate) const fn loopback(port: u16) -> Self {
        Self(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }
}

/// The port that is advised where none is given.
const ADVISED_PORT: u16 = 3000;

impl FromStr for ListenAddress {
    type Err = NoListenAddress;

    fn from_str(text: &str) -> Result<Self, NoListenAddress> {
        text.parse().map(Self).map_err(|_| what_it_is(text))
    }
}

fn what_it_is(text: &str) -> NoListenAddress {
    if let Some((scheme, _)) = text.split_once("://") {
        return NoListenAddress::Url(format!("{scheme}://"));
    }
    if let Ok(port) = text.strip_prefix(':').unwrap_or(text).parse() {
        return NoListenAddress::Part(ListenAddress::loopback(port).0);
    }
    if let Ok(address) = text.trim_matches(['[', ']']).parse() {
        return NoListenAddress::Part(SocketAddr::new(address, ADVISED_PORT));
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    match host {
        "localhost" => NoListenAddress::ThisHost {
            port: port.parse().unwrap_or(ADVISED_PORT),
        },
        _ => NoListenAddress::Other,
    }
}

impl TryFrom<String> for ListenAddress {
    type Error = NoListenAddress;

    fn try_from(text: String) -> Result<Self, NoListenAddress> {
        text.parse()
    }
}

impl From<ListenAddress> for String {
    fn from(address: ListenAddress) -> Self {
        address.to_string()
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_answered_with_one() {
        for (text, advice) in [
            ("localhost:8080", "127.0.0.1:8080"),
            ("localhost", "127.0.0.1:3000"),
            ("8080", "127.0.0.1:8080"),
            (":8080", "127.0.0.1:8080"),
            ("0.0.0.0", "0.0.0.0:3000"),
            ("::1", "[::1]:3000"),
            ("[::1]", "[::1]:3000"),
            ("http://127.0.0.1:3000", "leave out http://"),
            ("log.example.com:3000", "0.0.0.0:3000"),
            ("127.0.0.1:66000", "127.0.0.1:3000"),
        ] {
            let told = text.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(told.contains(advice), "{text}: {told}");
        }
        for text in ["127.0.0.1:0", "[::1]:3000"] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().to_string(), text);
        }
    }
}
