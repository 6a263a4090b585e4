//! DSSE envelopes, as Rekor v1 takes them.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use aws_lc_rs::digest;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::dsse::MAX_SIGNATURES;
use crate::dsse::MAX_VERIFIERS;
use crate::dsse::pre_authentication_head;
use crate::encoding::decode_base64_of_envelope;
use crate::key::public_key::PublicKey;
use crate::signature::BadSignature;
use crate::v1::json::Json;
use crate::v1::reject::V1Reject;
use crate::v1::x509_key::X509Key;

/// A DSSE envelope, as Rekor v1 takes it.
pub(crate) struct Envelope {
    pub(crate) payload_type: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) signatures: Vec<EnvelopeSignature>,
}

/// A signature of an envelope.
pub(crate) struct EnvelopeSignature {
    pub(crate) key_id: String,
    /// As it stands in the envelope: base64 of either alphabet. Upstream tells signatures apart by
    /// this.
    pub(crate) text: String,
    bytes: Vec<u8>,
}

impl Envelope {
    pub(crate) fn parse(text: &str) -> Result<Self, V1Reject> {
        let envelope =
            Json::whole(text.as_bytes()).map_err(|error| V1Reject::Envelope(error.to_string()))?;
        let mut signatures = Vec::new();
        for signature in envelope.list("signatures").unwrap_or_default() {
            let text = signature.text("sig").unwrap_or_default();
            let key_id = signature.text("keyid").unwrap_or_default();
            signatures.push((key_id, text));
        }
        let payload = envelope.text("payload").unwrap_or_default();
        let payload = decode_base64_of_envelope(payload)
            .ok_or(V1Reject::Base64("the payload of the envelope"))?;
        let payload_type = envelope.text("payloadType").unwrap_or_default();
        Self::new(payload_type, payload, &signatures)
    }

    /// The envelope with these signatures, each a key id and base64 of the signature itself.
    pub(crate) fn new(
        payload_type: &str,
        payload: Vec<u8>,
        signatures: &[(&str, &str)],
    ) -> Result<Self, V1Reject> {
        let count = signatures.len();
        if count == 0 {
            return Err(V1Reject::NoSignatures);
        }
        if count > MAX_SIGNATURES {
            return Err(V1Reject::TooManySignatures {
                count,
                limit: MAX_SIGNATURES,
            });
        }
        let signatures = signatures
            .iter()
            .map(|(key_id, text)| EnvelopeSignature::new(key_id, text))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            payload_type: payload_type.to_owned(),
            payload,
            signatures,
        })
    }

    /// Finds for each signature the verifier that it verifies with: the texts of the signatures in
    /// order, each with its verifier's position in the second list.
    ///
    /// As upstream, a verifier stands for the first signature that it verifies, and there must be
    /// one. With `stop`, those that come when all signatures have been verified are not looked at.
    pub(crate) fn match_verifiers(
        &self,
        verifiers: &[Vec<u8>],
        stop: bool,
    ) -> Result<(BTreeMap<&str, usize>, Vec<X509Key>), V1Reject> {
        let count = verifiers.len();
        if count > MAX_VERIFIERS {
            return Err(V1Reject::TooManyVerifiers {
                count,
                limit: MAX_VERIFIERS,
            });
        }
        let message = Message::new(self);
        let is_complete = |found: &BTreeMap<&str, usize>| {
            self.signatures
                .iter()
                .all(|one| found.contains_key(&*one.text))
        };
        let mut found = BTreeMap::new();
        let mut keys = Vec::with_capacity(count);
        for verifier in verifiers {
            if stop && is_complete(&found) {
                break;
            }
            let key = X509Key::from_pem(verifier)?;
            let verifying_key = key.verifying_key()?;
            let mut signatures = self.signatures.iter();
            let verified = signatures
                .find(|signature| message.is_signed(&verifying_key, &signature.bytes))
                .ok_or(V1Reject::UnverifiedEnvelope)?;
            found.insert(verified.text.as_str(), keys.len());
            keys.push(key);
        }
        if !is_complete(&found) {
            return Err(V1Reject::UnmatchedSignature);
        }
        Ok((found, keys))
    }

    /// Whether `key` signed the envelope. A signature that names a key counts only if that is
    /// `fingerprint`.
    pub(crate) fn is_signed(&self, key: &PublicKey, fingerprint: &str) -> bool {
        let message = Message::new(self);
        self.signatures
            .iter()
            .filter(|signature| signature.key_id.is_empty() || signature.key_id == fingerprint)
            .any(|signature| message.is_signed(key, &signature.bytes))
    }
}

impl EnvelopeSignature {
    fn new(key_id: &str, text: &str) -> Result<Self, V1Reject> {
        Ok(Self {
            key_id: key_id.to_owned(),
            text: text.to_owned(),
            bytes: decode_base64_of_envelope(text)
                .ok_or(V1Reject::Base64("a signature of the envelope"))?,
        })
    }
}

/// What the signatures of an envelope are made over: its payload can be large, and is not copied.
struct Message<'a> {
    head: String,
    payload: &'a [u8],
    sha256: OnceCell<digest::Digest>,
}

impl<'a> Message<'a> {
    fn new(envelope: &'a Envelope) -> Self {
        Self {
            head: pre_authentication_head(&envelope.payload_type, &envelope.payload),
            payload: &envelope.payload,
            sha256: OnceCell::new(),
        }
    }

    /// Rekor v1 hashes with SHA-256 for all types of keys but Ed25519, which signs the message
    /// itself.
    fn is_signed(&self, key: &PublicKey, signature: &[u8]) -> bool {
        let streamed = key.verify_streamed::<BadSignature>(signature, |piece| {
            piece(self.head.as_bytes());
            piece(self.payload);
            Ok(())
        });
        if let Some(verified) = streamed {
            return verified.is_ok();
        }
        let digest = self.sha256.get_or_init(|| {
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(self.head.as_bytes());
            context.update(self.payload);
            context.finish()
        });
        key.verify_digest(HashAlgorithm::Sha2256, digest.as_ref(), signature)
            .is_ok()
    }
}
