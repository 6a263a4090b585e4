//! Why a time stamp shows no time.

use crate::verify::certificate::fault::CertificateFault;

/// The longest time stamp that is read, in bytes.
pub const MAX_TIMESTAMP_BYTES: usize = 64 << 10;

/// Why a time stamp shows no time.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TimestampFault {
    /// More than [`MAX_TIMESTAMP_BYTES`].
    #[error("it is longer than {MAX_TIMESTAMP_BYTES} bytes")]
    TooLong,
    /// Not DER as RFC 3161 and RFC 5652 have it.
    #[error("it cannot be read: {0}")]
    Malformed(#[from] der::Error),
    /// Well formed, but not a time stamp that can be verified.
    #[error("{0}")]
    Unusable(&'static str),
    /// The authority did not grant it.
    #[error("the authority refused it with status {0}")]
    Refused(u8),
    /// It is over something else than the signature.
    #[error("it is not over this signature")]
    OtherImprint,
    /// The trusted root lists no authority that made it.
    #[error("it is by no time stamp authority of the trusted root")]
    UnknownAuthority,
    /// The authority was not trusted then.
    #[error("{authority} made it at {time}, when it was not trusted (validFor)")]
    OutsideWindow {
        /// What the trusted root calls the authority.
        authority: String,
        /// RFC 3339.
        time: String,
    },
    /// The signature is not the authority's.
    #[error("{authority} did not sign it")]
    Signature {
        /// What the trusted root calls the authority.
        authority: String,
    },
    /// The certificate of the authority does not hold at that time.
    #[error("the certificate of its authority: {0}")]
    Certificate(#[from] CertificateFault),
}
