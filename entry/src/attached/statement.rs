//! What is handed in, and what can be compared of it with an entry.

use aws_lc_rs::digest;
use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::dsse::pre_authentication_head;
use crate::key::public_key::PublicKey;
use crate::signature::BadSignature;
use crate::signature::function_of;

/// A statement that is handed in after its entry: a DSSE envelope, or a document that is signed as
/// it is, such as what cosign before version 3 signs for an image. Its signatures are those that
/// came with it, which prove nothing: an entry has its own.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttachedStatement {
    /// Of an envelope; `None` for what is signed as it is.
    payload_type: Option<String>,
    payload: Bytes,
    signatures: Vec<Bytes>,
}

impl AttachedStatement {
    /// From the parts of an envelope.
    pub fn envelope(payload_type: &str, payload: Bytes, signatures: Vec<Bytes>) -> Self {
        Self {
            payload_type: Some(payload_type.to_owned()),
            payload,
            signatures,
        }
    }

    /// From what is signed as it is.
    pub fn bare(payload: Bytes) -> Self {
        Self {
            payload_type: None,
            payload,
            signatures: Vec::new(),
        }
    }

    /// The type of the payload of an envelope; `None` for what is signed as it is.
    pub fn payload_type(&self) -> Option<&str> {
        self.payload_type.as_deref()
    }

    /// The payload of the envelope, or what is signed as it is.
    pub fn payload(&self) -> &Bytes {
        &self.payload
    }

    /// The signatures of the envelope, which need not verify.
    pub fn signatures(&self) -> &[Bytes] {
        &self.signatures
    }

    /// The hash of what is signed: of an envelope the pre-authentication encoding.
    pub(crate) fn signed_digest(&self, algorithm: HashAlgorithm) -> Option<digest::Digest> {
        let mut context = digest::Context::new(function_of(algorithm)?);
        self.feed(&mut |piece| context.update(piece));
        Some(context.finish())
    }

    /// Whether the hash of what is signed is `digest`.
    pub(crate) fn has_signed_digest(&self, algorithm: HashAlgorithm, digest: &[u8]) -> bool {
        let own = self.signed_digest(algorithm);
        own.is_some_and(|own| own.as_ref() == digest)
    }

    /// SHA-256 of the payload of an envelope.
    pub(crate) fn payload_digest(&self) -> Option<digest::Digest> {
        let is_envelope = self.payload_type.is_some();
        is_envelope.then(|| digest::digest(&digest::SHA256, &self.payload))
    }

    /// Whether `digest` is SHA-256 of the payload of an envelope.
    pub(crate) fn has_payload_digest(&self, digest: &[u8]) -> bool {
        let own = self.payload_digest();
        own.is_some_and(|own| own.as_ref() == digest)
    }

    /// Whether `key` made `signature` over it. Rekor v1 hashes with SHA-256 whatever the key is,
    /// Rekor v2 with the function that goes with the key.
    pub(crate) fn is_signed(&self, key: &PublicKey, signature: &[u8]) -> bool {
        let streamed = key.verify_streamed::<BadSignature>(signature, |piece| {
            self.feed(piece);
            Ok(())
        });
        if let Some(verified) = streamed {
            return verified.is_ok();
        }
        let own = key.key_type().hash_algorithm();
        [own, HashAlgorithm::Sha2256].into_iter().any(|algorithm| {
            let digest = self.signed_digest(algorithm);
            digest.is_some_and(|digest| {
                let verified = key.verify_digest(algorithm, digest.as_ref(), signature);
                verified.is_ok()
            })
        })
    }

    /// Gives what is signed in pieces: a payload may be large, and is not copied.
    fn feed(&self, piece: &mut dyn FnMut(&[u8])) {
        if let Some(payload_type) = &self.payload_type {
            piece(pre_authentication_head(payload_type, &self.payload).as_bytes());
        }
        piece(&self.payload);
    }
}
