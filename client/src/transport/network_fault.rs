//! Why no reply came, by the types of an error's causes and never by their texts.

use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::Url;
use rustls::CertificateError;
use rustls::InvalidMessage;

use crate::transport::resolver::UnknownHost;

/// Why no reply came from a server. `server` is its host, with the port where that is not the
/// usual one.
#[derive(Debug, thiserror::Error)]
pub enum NetworkFault {
    /// The host has no address.
    #[error(
        "the name {host} has no address: check its spelling, and that this machine reaches a name \
         server"
    )]
    UnknownHost {
        /// The name.
        host: String,
    },
    /// The machine is there, and nothing takes connections.
    #[error("nothing listens at {server}: check the host and the port, and that the log runs")]
    Refused {
        /// Host and port.
        server: String,
    },
    /// No connection in time.
    #[error(
        "no connection to {server} came about within {} s: check the host and the port; a \
         firewall may be in the way",
        limit.as_secs_f32()
    )]
    NoConnection {
        /// Host and port.
        server: String,
        /// How long was waited.
        limit: Duration,
    },
    /// TLS was spoken to a server that speaks plain HTTP.
    #[error("the server at {server} does not speak TLS: use {instead}")]
    NoTls {
        /// Host and port.
        server: String,
        /// The address that works.
        instead: String,
    },
    /// Plain HTTP was spoken to a server that speaks TLS.
    #[error("the server at {server} speaks TLS: use {instead}")]
    TlsOnly {
        /// Host and port.
        server: String,
        /// The address that works.
        instead: String,
    },
    /// The certificate leads to no authority that is trusted.
    #[error(
        "the certificate of {server} is from an authority that is not trusted here: name the \
         authority's certificate (PEM) in the environment variable SSL_CERT_FILE"
    )]
    UnknownAuthority {
        /// Host and port.
        server: String,
    },
    /// The certificate is for other names.
    #[error(
        "the certificate of {server} is not for this name{}: use a name that it is for, or give \
         the server a certificate for this one",
        names_hint(names)
    )]
    OtherName {
        /// Host and port.
        server: String,
        /// The names that the certificate is for, as far as they could be read.
        names: Vec<String>,
    },
    /// The certificate's time is over.
    #[error(
        "the certificate of {server} has expired: the server needs a new one, or the clock of \
         this machine is wrong"
    )]
    Expired {
        /// Host and port.
        server: String,
    },
    /// The certificate's time has not begun.
    #[error(
        "the certificate of {server} is not valid yet: the clock of this machine or of the \
         server is wrong"
    )]
    NotYetValid {
        /// Host and port.
        server: String,
    },
    /// The server shows the certificate of an authority as its own.
    #[error(
        "the certificate of {server} is that of an authority (CA:TRUE), which no server may show \
         as its own: make one with CA:FALSE, as openssl req -x509 does with \
         -addext basicConstraints=critical,CA:FALSE"
    )]
    AuthorityAsServer {
        /// Host and port.
        server: String,
    },
    /// Something else is wrong with the certificate.
    #[error("the certificate of {server} cannot be used: give the server another one")]
    Certificate {
        /// Host and port.
        server: String,
        /// What is wrong.
        #[source]
        reason: rustls::Error,
    },
    /// The two sides have no protocol in common, or one of them broke it off.
    #[error("TLS with {server} failed: check that it is a log, and which versions it speaks")]
    Tls {
        /// Host and port.
        server: String,
        /// What the other side did.
        #[source]
        reason: rustls::Error,
    },
    /// The connection was lost, or never came about for a reason that has no name here.
    #[error("the connection to {server} failed: check the address, and that the log runs")]
    Connection {
        /// Host and port.
        server: String,
        /// The reason.
        #[source]
        source: reqwest::Error,
    },
}

impl NetworkFault {
    /// What `error` means, which came of a request to `url`.
    pub(crate) fn of(url: &Url, error: reqwest::Error, connect_limit: Duration) -> Self {
        let server = server_of(url);
        if let Some(unknown) = cause::<UnknownHost>(&error) {
            let host = unknown.host.clone();
            return Self::UnknownHost { host };
        }
        if let Some(reason) = tls_cause(&error) {
            return Self::of_tls(url, server, reason);
        }
        if error.is_timeout() {
            let limit = connect_limit;
            return Self::NoConnection { server, limit };
        }
        let io = cause::<io::Error>(&error).map(io::Error::kind);
        if io == Some(io::ErrorKind::ConnectionRefused) {
            return Self::Refused { server };
        }
        let source = error.without_url();
        Self::Connection { server, source }
    }

    fn of_tls(url: &Url, server: String, reason: &rustls::Error) -> Self {
        use CertificateError as Bad;
        match reason {
            reason if is_no_tls(reason) => Self::NoTls {
                instead: with_scheme(url, "http"),
                server,
            },
            rustls::Error::InvalidCertificate(bad) => match bad {
                // Signed by another authority that has the same name as one that is trusted.
                Bad::UnknownIssuer | Bad::BadSignature => Self::UnknownAuthority { server },
                Bad::NotValidForName => Self::OtherName {
                    server,
                    names: Vec::new(),
                },
                Bad::NotValidForNameContext { presented, .. } => Self::OtherName {
                    server,
                    names: presented
                        .iter()
                        .filter_map(|name| plain_name(name))
                        .collect(),
                },
                Bad::Expired | Bad::ExpiredContext { .. } => Self::Expired { server },
                Bad::NotValidYet | Bad::NotValidYetContext { .. } => Self::NotYetValid { server },
                Bad::Other(other) if is_authority(other) => Self::AuthorityAsServer { server },
                _ => Self::Certificate {
                    server,
                    reason: reason.clone(),
                },
            },
            _ => Self::Tls {
                server,
                reason: reason.clone(),
            },
        }
    }

    /// That the server at `url`, which was spoken to in the clear, speaks TLS.
    pub(crate) fn tls_only(url: &Url) -> Self {
        Self::TlsOnly {
            server: server_of(url),
            instead: with_scheme(url, "https"),
        }
    }

    /// Whether the same request may fare better in a moment.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::UnknownHost { .. }
            | Self::Refused { .. }
            | Self::NoConnection { .. }
            | Self::Tls { .. }
            | Self::Connection { .. } => true,
            Self::NoTls { .. }
            | Self::TlsOnly { .. }
            | Self::UnknownAuthority { .. }
            | Self::OtherName { .. }
            | Self::Expired { .. }
            | Self::NotYetValid { .. }
            | Self::AuthorityAsServer { .. }
            | Self::Certificate { .. } => false,
        }
    }
}

/// What went wrong in TLS, if anything did.
pub(crate) fn tls_cause(error: &reqwest::Error) -> Option<&rustls::Error> {
    cause(error)
}

/// Whether a server answered a TLS greeting with something that is no TLS.
pub(crate) fn is_no_tls(error: &rustls::Error) -> bool {
    matches!(
        error,
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType
                | InvalidMessage::UnknownProtocolVersion
                | InvalidMessage::MessageTooLarge
        )
    )
}

/// `url` under another scheme, at the same port.
pub(crate) fn at_scheme(url: &Url, scheme: &str) -> Url {
    let mut other = url.clone();
    let port = url.port_or_known_default();
    // Between http and https both always succeed.
    let _ = other.set_scheme(scheme);
    let _ = other.set_port(port);
    other.set_path("");
    other
}

fn with_scheme(url: &Url, scheme: &str) -> String {
    let other = at_scheme(url, scheme);
    other.as_str().trim_end_matches('/').to_owned()
}

fn server_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// webpki's own error, which rustls hands on without a name for it.
fn is_authority(other: &rustls::OtherError) -> bool {
    matches!(
        other.0.downcast_ref(),
        Some(webpki::Error::CaUsedAsEndEntity)
    )
}

/// The name in `presented`, which rustls writes as `DnsName("log.example")` or
/// `IpAddress(192.0.2.1)`. Names of other kinds are none of servers.
fn plain_name(presented: &str) -> Option<String> {
    let (kind, name) = presented.strip_suffix(')')?.split_once('(')?;
    matches!(kind, "DnsName" | "IpAddress").then(|| name.trim_matches('"').to_owned())
}

fn names_hint(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!(", but for {}", names.join(", ")),
    }
}

/// The first cause of `error` that is a `T`. An I/O error may hold another error, which it does not
/// count among its causes.
fn cause<'e, T: Error + 'static>(error: &'e (dyn Error + 'static)) -> Option<&'e T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let held = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        next = match held {
            Some(held) => Some(held),
            None => error.source(),
        };
    }
    None
}
