//! Why a certificate does not show who signed.

/// Why a certificate does not show who signed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CertificateFault {
    /// Not a certificate as RFC 5280 has them.
    #[error("the certificate cannot be read: {0}")]
    Malformed(der::Error),
    /// The certificate may not be used for this.
    #[error("the certificate is not one for {purpose}: {reason}")]
    Usage {
        /// What it was used for.
        purpose: &'static str,
        /// What it lacks.
        reason: &'static str,
    },
    /// The trusted root lists no authority that was trusted then.
    #[error(
        "no authority in the trusted root was trusted at {time}: there are {authorities}, each \
         with a window (validFor)"
    )]
    NoAuthority {
        /// RFC 3339.
        time: String,
        /// How many the trusted root lists.
        authorities: usize,
    },
    /// No path leads to an authority.
    #[error("the certificate was not issued by {authority}, or not for {time}: {reason}")]
    NoPath {
        /// The authority that came closest.
        authority: String,
        /// RFC 3339.
        time: String,
        /// What was wrong.
        reason: String,
    },
}

/// Why a certificate is not shown to be public.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SctFault {
    /// The list cannot be read.
    #[error("the signed certificate timestamps cannot be read: {0}")]
    Malformed(&'static str),
    /// The certificate has none.
    #[error("the certificate has no signed certificate timestamp")]
    None,
    /// None is by a certificate log that is trusted.
    #[error("no signed certificate timestamp is by a certificate log of the trusted root: {0}")]
    UnknownLog(String),
    /// A log signed when it was not trusted.
    #[error(
        "the certificate log {log} signed at {time} (milliseconds since 1970), when it was not \
         trusted (validFor)"
    )]
    OutsideWindow {
        /// The URL of the log.
        log: String,
        /// In milliseconds since 1970.
        time: u64,
    },
    /// The signature is not the log's.
    #[error("the certificate log {log} did not sign this certificate")]
    Signature {
        /// The URL of the log.
        log: String,
    },
}
