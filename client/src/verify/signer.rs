//! Who signed a bundle, and what they signed.

use bytes::Bytes;
use ledgerstone_entry::BadSignature;
use ledgerstone_entry::Policy;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::prepare;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::artifact::Artifact;
use crate::verifier_pem::read_verifier_pem;
use crate::verifier_pem::verifier_pem;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::claimed_digest::check_digest;
use crate::verify::document::verify_signature;
use crate::verify::envelope::signature_of;
use crate::verify::envelope::signed_digest;
use crate::verify::error::VerifyError;
use crate::verify::request::dsse_request;
use crate::verify::request::envelope_as_hashedrekord;
use crate::verify::request::hashedrekord_request;
use crate::verify::signed_as::SignedAs;
use crate::verify::subject::verify_subject;

/// Who signed a bundle.
pub(crate) struct Signer {
    pub(crate) key: PublicKey,
    pub(crate) material: VerifierMaterial,
}

impl Signer {
    /// The signer that `material` names, with the key that was given for it.
    pub(crate) fn find(
        material: &BundleMaterial,
        given: Option<&PublicKey>,
    ) -> Result<Self, VerifyError> {
        match material {
            BundleMaterial::PublicKey { hint } => {
                let key = given
                    .ok_or_else(|| VerifyError::KeyNeeded { hint: hint.clone() })?
                    .clone();
                let material = VerifierMaterial::PublicKey(Bytes::copy_from_slice(key.spki_der()));
                Ok(Self { key, material })
            }
            BundleMaterial::Certificate(der) => {
                let key = PublicKey::from_certificate_der(der).map_err(VerifyError::Certificate)?;
                if given.is_some_and(|given| *given != key) {
                    return Err(VerifyError::OtherKey);
                }
                Ok(Self {
                    key,
                    material: VerifierMaterial::Certificate(der.clone()),
                })
            }
        }
    }

    /// Whether the key or certificate in `pem`, the first of a chain, is this one.
    pub(crate) fn is_in(&self, pem: &[u8]) -> bool {
        let read = std::str::from_utf8(pem)
            .ok()
            .and_then(|pem| read_verifier_pem(first_block(pem)).ok());
        read.is_some_and(|(key, material)| match (&material, &self.material) {
            (VerifierMaterial::PublicKey(_), VerifierMaterial::PublicKey(_)) => key == self.key,
            (VerifierMaterial::Certificate(one), VerifierMaterial::Certificate(other)) => {
                one == other
            }
            _ => false,
        })
    }

    /// Checks that the content is about the artifact and signed with the key: by the hash function
    /// that goes with the key, or as the entry of Rekor v1 says. Returns what the subjects of a
    /// statement are called that are the artifact.
    pub(crate) fn verify_content(
        &self,
        content: &BundleContent,
        artifact: &Artifact,
        signed_as: Option<SignedAs>,
    ) -> Result<Vec<String>, VerifyError> {
        match content {
            BundleContent::Message { digest, signature } => {
                if let Some(claimed) = digest {
                    check_digest(artifact, claimed)?;
                }
                self.verify_message(signature, artifact, signed_as)?;
                Ok(Vec::new())
            }
            BundleContent::Dsse(envelope) => {
                let hash = signed_as.and_then(SignedAs::hash_algorithm);
                self.verify_envelope(envelope, hash)?;
                verify_subject(envelope, artifact)
            }
        }
    }

    fn verify_message(
        &self,
        signature: &[u8],
        artifact: &Artifact,
        signed_as: Option<SignedAs>,
    ) -> Result<(), VerifyError> {
        let function = match signed_as {
            Some(SignedAs::Document) => {
                let pem = verifier_pem(&self.material);
                let format = PublicKeyFormat::X509;
                verify_signature(format, pem.as_bytes(), signature, artifact)?;
                return Ok(());
            }
            Some(SignedAs::Digest(function)) => function,
            None => self.hash_algorithm(),
        };
        let actual = artifact.digest(function)?;
        let signed = self.key.verify_digest(function, actual.bytes(), signature);
        Ok(signed?)
    }

    fn verify_envelope(
        &self,
        envelope: &Envelope,
        v1_hash: Option<HashAlgorithm>,
    ) -> Result<(), BadSignature> {
        let signature = signature_of(envelope);
        match v1_hash {
            // Ed25519 signs the message itself, whatever the log.
            Some(function) if self.key.key_type() != KeyType::Ed25519 => {
                let digest = signed_digest(envelope, function);
                self.key.verify_digest(function, &digest, signature)
            }
            _ => {
                let message =
                    pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
                self.key.verify_message(&message, signature)
            }
        }
    }

    /// Checks that the body of `entry` is what the log makes of this content, byte for byte.
    pub(crate) fn verify_body(
        &self,
        entry: &BundleEntry,
        content: &BundleContent,
        artifact: &Artifact,
    ) -> Result<(), VerifyError> {
        let request = self.rebuild(entry, content, artifact)?;
        let prepared =
            prepare(&request, &Policy::default()).map_err(|reason| VerifyError::Rebuild {
                kind: entry.kind().to_owned(),
                reason,
            })?;
        if prepared.body != *entry.body() {
            return Err(VerifyError::OtherBody {
                index: entry.index(),
            });
        }
        Ok(())
    }

    fn rebuild(
        &self,
        entry: &BundleEntry,
        content: &BundleContent,
        artifact: &Artifact,
    ) -> Result<CreateEntryRequest, VerifyError> {
        match (entry.kind(), entry.version(), content) {
            ("hashedrekord", "0.0.2", BundleContent::Message { signature, .. }) => {
                let digest = artifact.digest(self.hash_algorithm())?;
                Ok(hashedrekord_request(
                    digest.bytes(),
                    signature,
                    &self.material,
                    self.key.default_algorithm(),
                ))
            }
            ("hashedrekord", "0.0.2", BundleContent::Dsse(envelope)) => {
                Ok(envelope_as_hashedrekord(
                    envelope,
                    signature_of(envelope),
                    &self.material,
                    &self.key,
                ))
            }
            ("dsse", "0.0.2", BundleContent::Dsse(envelope)) => {
                let algorithm = match self.key.default_algorithm() {
                    // The envelope itself is signed, not a digest of it.
                    SigningAlgorithm::Ed25519Ph => SigningAlgorithm::Ed25519,
                    other => other,
                };
                Ok(dsse_request(
                    envelope,
                    &[(self.material.clone(), algorithm)],
                ))
            }
            (kind @ "dsse", version @ "0.0.2", BundleContent::Message { .. }) => {
                Err(VerifyError::MessageKind {
                    kind: kind.to_owned(),
                    version: version.to_owned(),
                })
            }
            (kind, version, _) => Err(VerifyError::Kind {
                kind: kind.to_owned(),
                version: version.to_owned(),
            }),
        }
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.key
            .default_algorithm()
            .hash_algorithm()
            .unwrap_or(HashAlgorithm::Sha2256)
    }
}

/// The first block of a PEM text: the signer's certificate, where a chain follows.
fn first_block(pem: &str) -> &str {
    let end = pem.find("-----END ").and_then(|end| {
        let line = pem[end..].find('\n')?;
        Some(end + line + 1)
    });
    end.map_or(pem, |end| &pem[..end])
}
