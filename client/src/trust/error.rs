//! Why something does not say which log to trust.

use ledgerstone_entry::key::KeyType;
use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;

/// The most certificates that the chain of an authority may have.
pub const MAX_AUTHORITY_CERTIFICATES: usize = 8;

/// The longest trusted root that is read, in bytes.
pub const MAX_TRUSTED_ROOT_BYTES: usize = 4 << 20;

/// Why something does not say which log to trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// No log that can be used.
    #[error("there is no log with an Ed25519 or ECDSA P-256 key")]
    NoLog,
    /// More than [`MAX_TRUSTED_ROOT_BYTES`].
    #[error("the trusted root is longer than {MAX_TRUSTED_ROOT_BYTES} bytes")]
    TooLong,
    /// Not the JSON of a trusted root.
    #[error("the trusted root cannot be read: {0}")]
    Json(#[source] serde_json::Error),
    /// Another document, or a trusted root of a later version.
    #[error("the file is no trusted root of version 0.1 or 0.2: its mediaType is {0:?}")]
    MediaType(String),
    /// The trusted root has logs, but none that can be used.
    #[error("no log of the trusted root can be used: {0}")]
    NoUsableLog(String),
    /// A log of the trusted root cannot be read.
    #[error("the entry is not one of a log: {0}")]
    Instance(#[source] JsonError),
    /// Trees are made with SHA-256 (RFC 6962).
    #[error("hashAlgorithm is {}, and only SHA2_256 is known", .0.as_str_name())]
    HashAlgorithm(HashAlgorithm),
    /// `keyDetails` are of another key.
    #[error("keyDetails are {}, but the key is {key}", details.as_str_name())]
    KeyDetails {
        /// What the trusted root says.
        details: PublicKeyDetails,
        /// What the key is.
        key: KeyType,
    },
    /// The key is valid at no time.
    #[error("the window validFor ends before it starts")]
    EmptyWindow,
    /// Nothing says since when the key or authority is trusted.
    #[error("the window validFor does not say when it starts")]
    NoStart,
    /// An authority without certificates, or with more than any has.
    #[error("the authority has {0} certificates; 1 to {MAX_AUTHORITY_CERTIFICATES} can be used")]
    ChainLength(usize),
    /// A certificate of an authority cannot be read.
    #[error("a certificate of the authority cannot be read: {0}")]
    Certificate(#[source] der::Error),
    /// The key is not valid yet.
    #[error("the key is not valid before {start} (Unix seconds)")]
    NotYetValid {
        /// The start of its window, in Unix seconds.
        start: i64,
    },
    /// A log of the trusted root lacks something.
    #[error("the log {base_url:?} of the trusted root has no {what}")]
    Incomplete {
        /// Its `baseUrl`.
        base_url: String,
        /// What is missing.
        what: &'static str,
    },
    /// The key cannot be read.
    #[error("the log key cannot be read: {0}")]
    Key(#[from] ledgerstone_entry::key::PublicKeyError),
    /// The key, or its name, is none of a checkpoint's.
    #[error("the log key cannot be used: {0}")]
    VerifierKey(#[source] ledgerstone_merkle::VerifierKeyError),
    /// Only Ed25519 and ECDSA P-256 keys sign checkpoints here.
    #[error("the log key is {0}; checkpoints are verified with Ed25519 or ECDSA P-256 keys")]
    KeyType(KeyType),
    /// A log's private key cannot be read.
    #[error("the private key of the log cannot be read: {0}")]
    PrivateKey(#[source] ledgerstone_merkle::PrivateKeyError),
    /// A witness's key was given as the log's.
    #[error("the key of {0} is a witness's; give the log's own key")]
    CosignerKey(String),
}
