//! Whether what Rekor v1 logs of an envelope is about a statement that was handed in later.

use crate::attached::statement::AttachedStatement;
use crate::v1::digest::LoggedDigest;
use crate::v1::x509_key::X509Key;

/// Whether `hash` is the one of the payload.
pub(crate) fn has_payload_hash(statement: &AttachedStatement, hash: &LoggedDigest) -> bool {
    let hash = hash.to_bytes();
    hash.is_ok_and(|hash| statement.has_payload_digest(&hash))
}

/// Whether the holder of the logged key made `signature` over the statement.
pub(crate) fn signed_by(statement: &AttachedStatement, pem: &[u8], signature: &[u8]) -> bool {
    let key = X509Key::from_pem(pem).and_then(|key| key.verifying_key());
    key.is_ok_and(|key| statement.is_signed(&key, signature))
}
