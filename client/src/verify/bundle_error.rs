//! The limits of bundles, and why a file is none.

use ledgerstone_proto::json::JsonError;

use crate::verify::log_entry_error::LogEntryError;

/// The longest bundle that is read, in bytes.
pub const MAX_SIGSTORE_BUNDLE_BYTES: usize = 32 << 20;

/// The number of log entries in a bundle that are read.
pub const MAX_LOG_ENTRIES: usize = 32;

/// The number of time stamps in a bundle that are read.
pub const MAX_TIMESTAMPS: usize = 32;

/// The number of certificates in a bundle that are read.
pub const MAX_CHAIN_CERTIFICATES: usize = 8;

/// The number of signatures of an envelope outside of a bundle that are looked at.
pub const MAX_ENVELOPE_SIGNATURES: usize = 16;

/// Why a file is not a bundle that can be verified.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// More than [`MAX_SIGSTORE_BUNDLE_BYTES`].
    #[error("the bundle is longer than {MAX_SIGSTORE_BUNDLE_BYTES} bytes")]
    TooLong,
    /// Not the JSON of a bundle.
    #[error("the file is not a Sigstore bundle: {0}")]
    Json(#[source] JsonError),
    /// Not what cosign wrote before Sigstore's bundles.
    #[error("the file is not a bundle of cosign: {0}")]
    Cosign(String),
    /// Not what cosign attaches to images.
    #[error("this is no signature as cosign attaches it to images: {0}")]
    CosignImage(String),
    /// Not an entry as a Rekor v1 answers with it.
    #[error("the file is not a log entry as a Rekor v1 answers with it: {0}")]
    RekorV1(String),
    /// A media type other than those of versions 0.1 to 0.3.
    #[error(
        "bundles of the media type {0:?} cannot be read, only versions 0.1 to 0.3 of Sigstore's"
    )]
    MediaType(String),
    /// A part is missing.
    #[error("the bundle has no {0}")]
    Missing(&'static str),
    /// Too many log entries.
    #[error("the bundle has {0} log entries; at most {MAX_LOG_ENTRIES} can be verified")]
    EntryCount(usize),
    /// Too many time stamps.
    #[error("the bundle has {0} time stamps; at most {MAX_TIMESTAMPS} can be verified")]
    TimestampCount(usize),
    /// Too many certificates.
    #[error("the bundle has {0} certificates; at most {MAX_CHAIN_CERTIFICATES} can be verified")]
    ChainLength(usize),
    /// A chain where one certificate belongs (Sigstore bundle, field certificate).
    #[error("the bundle holds a chain of certificates; from version 0.3 on it has one certificate")]
    Chain,
    /// A root among the certificates: which roots are trusted is not for the bundle to say.
    #[error("the bundle holds a root certificate, which no bundle may")]
    Root,
    /// An envelope in a bundle has exactly one signature (Sigstore bundle, field dsse_envelope).
    #[error(
        "the envelope in the bundle has {0} signatures, and a Sigstore bundle has exactly one: \
         verify it as a file of its own"
    )]
    SignatureCount(usize),
    /// An envelope outside of a bundle has none, or more than are looked at.
    #[error(
        "the envelope has {0} signatures; it needs one, and at most {MAX_ENVELOPE_SIGNATURES} are \
         looked at"
    )]
    EnvelopeSignatures(usize),
    /// The digest of the message cannot be one.
    #[error("the message digest of the bundle cannot be read: {0}")]
    Digest(#[source] crate::artifact::ArtifactError),
    /// A log entry cannot be read.
    #[error(transparent)]
    LogEntry(#[from] LogEntryError),
}
