//! Why a log could not be asked, or what it answered instead.

use std::time::Duration;

/// Why a log could not be asked, or what it answered instead.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The base URL cannot be used.
    #[error("{url:?} is not the URL of a log: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// No connection, or one that broke.
    #[error("{url} cannot be reached; check the address and that the log is running")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The reason.
        #[source]
        source: reqwest::Error,
    },
    /// No reply in time.
    #[error("no reply from {url} in time")]
    TimedOut {
        /// What was asked for.
        url: String,
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

fn retry_hint(retry_after: Option<Duration>) -> String {
    retry_after
        .map(|wait| format!("; try again in {} s", wait.as_secs()))
        .unwrap_or_default()
}
