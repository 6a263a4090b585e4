//! Who a client is to the server: the address that it calls from, and what a proxy says of it.

use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderName;
use http::HeaderValue;
use http::header::HeaderMap;
use tokio::net::TcpSocket;
use tokio::net::TcpStream;

/// Where honest clients call from.
const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Where attackers call from.
const HOSTILE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);

/// Where the proxy that the server trusts calls from.
pub(crate) const PROXY: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 4);

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of a client, and whom it speaks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    address: Ipv4Addr,
    /// Whom the proxy names.
    forwarded_for: Option<&'static str>,
}

impl Caller {
    /// An honest client, behind the proxy or not.
    pub(crate) fn honest(behind_proxy: bool) -> Self {
        Self::new(HONEST, behind_proxy, "192.0.2.7")
    }

    /// An attacker, behind the same proxy or not.
    pub(crate) fn hostile(behind_proxy: bool) -> Self {
        Self::new(HOSTILE, behind_proxy, "198.51.100.9")
    }

    fn new(own: Ipv4Addr, behind_proxy: bool, name: &'static str) -> Self {
        Self {
            address: if behind_proxy { PROXY } else { own },
            forwarded_for: behind_proxy.then_some(name),
        }
    }

    /// A client for HTTP/1.1 that gives up after `patience`, with at most `idle` open connections
    /// that it keeps.
    pub(crate) fn http(&self, patience: Duration, idle: usize) -> reqwest::Result<reqwest::Client> {
        reqwest::Client::builder()
            .no_proxy()
            .local_address(IpAddr::V4(self.address))
            .default_headers(self.headers())
            .timeout(patience)
            .pool_max_idle_per_host(idle)
            .build()
    }

    /// A connection without anything said on it.
    pub(crate) async fn connect(&self, server: SocketAddr) -> std::io::Result<TcpStream> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((self.address, 0)))?;
        socket.connect(server).await
    }

    /// The headers that the proxy adds.
    pub(crate) fn headers(&self) -> HeaderMap {
        let named = self.forwarded_for.map(HeaderValue::from_static);
        named
            .map(|name| (FORWARDED_FOR, name))
            .into_iter()
            .collect()
    }

    /// The head of a request of HTTP/1.1, with one more header line.
    pub(crate) fn head(&self, method: &str, path: &str, line: &str) -> String {
        let proxy = match self.forwarded_for {
            Some(name) => format!("{FORWARDED_FOR}: {name}\r\n"),
            None => String::new(),
        };
        format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
             content-type: application/json\r\n{proxy}{line}\r\n\r\n"
        )
    }
}
