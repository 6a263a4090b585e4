//! What the signer of an entry of Rekor v1 signed.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

/// What a signature was made over, as an entry of Rekor v1 or a bundle says it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum SignedAs {
    /// A digest by this hash function.
    Digest(HashAlgorithm),
    /// The artifact itself, as in a rekord entry: by Ed25519 without a digest, by other keys over
    /// SHA-256.
    Document,
}

impl SignedAs {
    pub(crate) fn hash_algorithm(self) -> Option<HashAlgorithm> {
        match self {
            Self::Digest(function) => Some(function),
            Self::Document => None,
        }
    }
}
