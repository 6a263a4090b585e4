//! What hash functions are called in bodies and digests, and how long their hashes are.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

/// The name before a digest, such as `sha256`, or `None` when `algorithm` names no hash function.
pub(crate) fn hash_name(algorithm: HashAlgorithm) -> Option<&'static str> {
    match algorithm {
        HashAlgorithm::Unspecified => None,
        HashAlgorithm::Sha2256 => Some("sha256"),
        HashAlgorithm::Sha2384 => Some("sha384"),
        HashAlgorithm::Sha2512 => Some("sha512"),
        HashAlgorithm::Sha3256 => Some("sha3-256"),
        HashAlgorithm::Sha3384 => Some("sha3-384"),
    }
}

/// The length of the hashes that `algorithm` gives, in bytes, or `None` when it names no hash
/// function.
pub(crate) fn digest_length(algorithm: HashAlgorithm) -> Option<usize> {
    match algorithm {
        HashAlgorithm::Unspecified => None,
        HashAlgorithm::Sha2256 | HashAlgorithm::Sha3256 => Some(32),
        HashAlgorithm::Sha2384 | HashAlgorithm::Sha3384 => Some(48),
        HashAlgorithm::Sha2512 => Some(64),
    }
}
