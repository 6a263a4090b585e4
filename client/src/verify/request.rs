//! Requests to a log, from the parts that a signer or a bundle has.

use aws_lc_rs::digest;
use bytes::Bytes;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2 as proto;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;

use crate::artifact::hash_function;

/// The request for a hashedrekord 0.0.2 entry.
pub(crate) fn hashedrekord_request(
    digest: &[u8],
    signature: &[u8],
    verifier: &VerifierMaterial,
    algorithm: SigningAlgorithm,
) -> CreateEntryRequest {
    let request = proto::HashedRekordRequestV002 {
        digest: Bytes::copy_from_slice(digest),
        signature: Some(proto::Signature {
            content: Bytes::copy_from_slice(signature),
            verifier: Some(verifier_message(verifier, algorithm)),
        }),
    };
    CreateEntryRequest {
        spec: Some(Spec::HashedRekordRequestV002(request)),
    }
}

/// The request for an envelope as a hashedrekord 0.0.2 entry: over the digest of what its signature
/// is over, which is how Rekor v2 takes envelopes since it has no dsse entries (specification,
/// section 2.3).
pub(crate) fn envelope_as_hashedrekord(
    envelope: &Envelope,
    signature: &[u8],
    verifier: &VerifierMaterial,
    key: &PublicKey,
) -> CreateEntryRequest {
    let algorithm = key.default_algorithm();
    let function = algorithm.hash_algorithm().unwrap_or(HashAlgorithm::Sha2256);
    let message = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
    let digest = digest::digest(hash_function(function).unwrap_or(&digest::SHA256), &message);
    hashedrekord_request(digest.as_ref(), signature, verifier, algorithm)
}

/// The request for a dsse 0.0.2 entry.
pub(crate) fn dsse_request(
    envelope: &Envelope,
    verifiers: &[(VerifierMaterial, SigningAlgorithm)],
) -> CreateEntryRequest {
    let verifiers = verifiers
        .iter()
        .map(|(material, algorithm)| verifier_message(material, *algorithm));
    let request = proto::DsseRequestV002 {
        envelope: Some(envelope.clone()),
        verifiers: verifiers.collect(),
    };
    CreateEntryRequest {
        spec: Some(Spec::DsseRequestV002(request)),
    }
}

fn verifier_message(material: &VerifierMaterial, algorithm: SigningAlgorithm) -> proto::Verifier {
    use proto::verifier::Verifier;
    let verifier = match material {
        VerifierMaterial::PublicKey(der) => Verifier::PublicKey(proto::PublicKey {
            raw_bytes: der.clone(),
        }),
        VerifierMaterial::Certificate(der) => Verifier::X509Certificate(X509Certificate {
            raw_bytes: der.clone(),
        }),
    };
    proto::Verifier {
        verifier: Some(verifier),
        key_details: algorithm.details().into(),
    }
}
