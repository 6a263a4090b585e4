//! The signature of an envelope, and what it is over.

use aws_lc_rs::digest;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::artifact::hash_function;

/// A bundle's envelope has one signature: [`Bundle::parse`] sees to that. Without one nothing
/// verifies.
pub(crate) fn signature_of(envelope: &Envelope) -> &[u8] {
    envelope
        .signatures
        .first()
        .map(|signature| signature.sig.as_ref())
        .unwrap_or_default()
}

/// The digest of what the signature of an envelope is made over.
pub(crate) fn signed_digest(envelope: &Envelope, algorithm: HashAlgorithm) -> Vec<u8> {
    let function = hash_function(algorithm).unwrap_or(&digest::SHA256);
    let signed = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
    digest::digest(function, &signed).as_ref().to_vec()
}
