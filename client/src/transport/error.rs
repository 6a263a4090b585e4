//! Why a log could not be asked, or what it answered instead.

use std::time::Duration;

use crate::transport::network_fault::NetworkFault;
use crate::transport::url_fault::UrlFault;

/// Why a log could not be asked, or what it answered instead.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The address cannot be used.
    #[error("{url:?} is not the address of a log: {fault}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        fault: UrlFault,
    },
    /// A certificate of an authority cannot be used.
    #[error("the certificates of authorities cannot be used; give PEM")]
    Authorities(#[source] reqwest::Error),
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// No connection, or one that broke.
    #[error("{url} cannot be reached: {fault}")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The reason.
        #[source]
        fault: Box<NetworkFault>,
    },
    /// No reply in time.
    #[error(
        "no reply from {url} within {} s: try again later, or allow more time",
        limit.as_secs_f32()
    )]
    TimedOut {
        /// What was asked for.
        url: String,
        /// How long was waited.
        limit: Duration,
    },
    /// The server sends callers elsewhere, where a submission must not follow, or too often.
    #[error("{url} redirects to {to}: give the address that is reached there")]
    Redirect {
        /// What was asked for.
        url: String,
        /// Where the server points to.
        to: String,
    },
    /// A status that the request does not go on with.
    #[error("{url} answered {status}: {message}{}", retry_hint(*retry_after))]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The server's own words.
        message: String,
        /// When the server would like to be asked again.
        retry_after: Option<Duration>,
    },
    /// A body over the limit for its kind.
    #[error("the reply of {url} is longer than {limit} bytes")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// A body that breaks its format.
    #[error("the reply of {url} is not what it should be: {reason}")]
    Reply {
        /// What was asked for.
        url: String,
        /// Which rule it breaks.
        reason: String,
    },
}

impl TransportError {
    /// Whether an answer is longer than was allowed for.
    pub(crate) fn is_too_long(&self) -> bool {
        matches!(self, Self::TooLong { .. })
    }
}

fn retry_hint(retry_after: Option<Duration>) -> String {
    retry_after
        .map(|wait| format!("; try again in {} s", wait.as_secs()))
        .unwrap_or_default()
}
