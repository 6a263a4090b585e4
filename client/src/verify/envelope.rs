//! The signature of an envelope, and what it is over.

use aws_lc_rs::digest;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::artifact::hash_function;

/// The signature that counts: the first. A bundle's envelope has no other, and of an envelope with
/// several the one of the signer was put in front. Without one nothing verifies.
pub(crate) fn signature_of(envelope: &Envelope) -> &[u8] {
    envelope
        .signatures
        .first()
        .map(|signature| signature.sig.as_ref())
        .unwrap_or_default()
}

/// SHA-256 of the payload.
pub(crate) fn payload_hash(envelope: &Envelope) -> Vec<u8> {
    digest::digest(&digest::SHA256, &envelope.payload)
        .as_ref()
        .to_vec()
}

/// The digest of what the signature of an envelope is made over.
pub(crate) fn signed_digest(envelope: &Envelope, algorithm: HashAlgorithm) -> Vec<u8> {
    let function = hash_function(algorithm).unwrap_or(&digest::SHA256);
    let signed = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
    digest::digest(function, &signed).as_ref().to_vec()
}
