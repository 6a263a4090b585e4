//! Why bytes are not the body of an entry.

use crate::body::BodyTooLarge;
use crate::v1::reject::V1Reject;

/// Why bytes are not a body.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BodyError {
    /// No log could hold it.
    #[error(transparent)]
    TooLarge(#[from] BodyTooLarge),
    /// Not the JSON of an entry.
    #[error("the body is not the JSON of an entry: {0}")]
    Json(String),
    /// A member that the kind demands is missing or empty.
    #[error("the body has no {0}")]
    Missing(&'static str),
    /// A hash function or an algorithm that the format does not define.
    #[error("the {0} of the body is not defined")]
    Undefined(&'static str),
    /// A digest of another length than its hash function gives.
    #[error("the digest of the body has {actual} bytes instead of {expected}")]
    DigestLength {
        /// What the hash function gives, in bytes.
        expected: usize,
        /// What the body has, in bytes.
        actual: usize,
    },
    /// The body breaks a rule of its kind of Rekor v1.
    #[error("the body cannot be read: {0}")]
    Rule(Box<V1Reject>),
    /// The same content in other bytes than the canonical ones: it would have another leaf hash.
    #[error("the body is not in canonical form")]
    NotCanonical,
}

impl BodyError {
    pub(crate) fn json(error: serde_json::Error) -> Self {
        Self::Json(error.to_string())
    }
}

impl From<V1Reject> for BodyError {
    fn from(reject: V1Reject) -> Self {
        Self::Rule(Box::new(reject))
    }
}
