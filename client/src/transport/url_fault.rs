//! What is wrong with an address, and what to write instead.

/// What is wrong with the address of a log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UrlFault {
    /// Neither `http://` nor `https://` is before it.
    #[error("write http://{rest}, or https://{rest} where the server speaks TLS")]
    NoScheme {
        /// What was given.
        rest: String,
    },
    /// Another protocol than HTTP.
    #[error("a log is reached by http:// or https://, not by {scheme}://")]
    OtherScheme {
        /// The scheme.
        scheme: String,
    },
    /// Nothing stands where the host should be.
    #[error("it names no host; write for instance https://log.example")]
    NoHost,
    /// A query or a fragment, which no address of a log has.
    #[error("leave out the question mark or number sign, and what follows: {base}")]
    Query {
        /// The address without it.
        base: String,
    },
    /// The address of something that the log serves, and not of the log.
    #[error("the log itself adds the path {path}: write {base}")]
    OwnPath {
        /// What belongs to the log.
        path: String,
        /// The address without it.
        base: String,
    },
    /// Not a URL by its other rules.
    #[error("{0}")]
    Malformed(String),
}
