//! Who signed a bundle, and what they signed.

use bytes::Bytes;
use ledgerstone_entry::BadSignature;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::LoggedSignature;
use ledgerstone_entry::Policy;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::describe;
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
use crate::verify::document_signature::verify_signature;
use crate::verify::envelope::payload_hash;
use crate::verify::envelope::signature_of;
use crate::verify::envelope::signed_digest;
use crate::verify::error::VerifyError;
use crate::verify::message::Message;
use crate::verify::message::message_of;
use crate::verify::request::dsse_request;
use crate::verify::request::envelope_as_hashedrekord;
use crate::verify::request::hashedrekord_request;
use crate::verify::signed_as::SignedAs;
use crate::verify::simple_signing::verify_image;
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
        artifact: Option<&Artifact>,
        signed_as: Option<SignedAs>,
    ) -> Result<Vec<String>, VerifyError> {
        match content {
            BundleContent::Message { digest, .. } => {
                let message = message_of(content, artifact)?;
                if let Some(claimed) = digest {
                    check_digest(&message.signed, claimed)?;
                }
                self.verify_message(&message, signed_as)?;
                Ok(Vec::new())
            }
            BundleContent::SimpleSigning { payload, .. } => {
                self.verify_message(&message_of(content, artifact)?, signed_as)?;
                if let Some(artifact) = artifact {
                    verify_image(payload, artifact)?;
                }
                Ok(Vec::new())
            }
            BundleContent::Dsse(envelope) => {
                let hash = signed_as.and_then(SignedAs::hash_algorithm);
                self.verify_envelope_signature(envelope, signature_of(envelope), hash)?;
                match artifact {
                    Some(artifact) => verify_subject(envelope, artifact),
                    None => Ok(Vec::new()),
                }
            }
        }
    }

    fn verify_message(
        &self,
        message: &Message<'_>,
        signed_as: Option<SignedAs>,
    ) -> Result<(), VerifyError> {
        let Message { signature, signed } = message;
        let function = match signed_as {
            Some(SignedAs::Document) => {
                let pem = verifier_pem(&self.material);
                let format = PublicKeyFormat::X509;
                verify_signature(format, pem.as_bytes(), signature, signed)?;
                return Ok(());
            }
            Some(SignedAs::Digest(function)) => function,
            None => self.hash_algorithm(),
        };
        let actual = signed.digest(function)?;
        let verified = self.key.verify_digest(function, actual.bytes(), signature);
        Ok(verified?)
    }

    /// Checks that `signature` is one of the key over `envelope`: by the hash function that goes
    /// with the key, or by `v1_hash`.
    pub(crate) fn verify_envelope_signature(
        &self,
        envelope: &Envelope,
        signature: &[u8],
        v1_hash: Option<HashAlgorithm>,
    ) -> Result<(), BadSignature> {
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
        artifact: Option<&Artifact>,
    ) -> Result<(), VerifyError> {
        if let ("dsse", "0.0.2", BundleContent::Dsse(envelope)) =
            (entry.kind(), entry.version(), content)
            && envelope.signatures.len() > 1
        {
            return self.verify_shared_body(entry, envelope);
        }
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

    /// Checks that the body of `entry` holds the signature in front of `envelope` with this signer,
    /// and no signature that the envelope has not. Whose the others are, nobody here knows, so that
    /// the body cannot be made again.
    fn verify_shared_body(
        &self,
        entry: &BundleEntry,
        envelope: &Envelope,
    ) -> Result<(), VerifyError> {
        let index = entry.index();
        let described = describe(entry.body());
        let described = described.map_err(|reason| VerifyError::Body { index, reason })?;
        let is_same = described.content::<DsseV002>().is_some_and(|body| {
            let own = signature_of(envelope);
            let mut logged = body.signatures.iter();
            let is_in = |one: &LoggedSignature| {
                let mut signatures = envelope.signatures.iter();
                signatures.any(|signature| signature.sig == one.content)
            };
            body.payload_hash_algorithm == HashAlgorithm::Sha2256
                && body.payload_hash == payload_hash(envelope)
                && body.signatures.iter().all(is_in)
                && logged.any(|one| one.content == own && one.verifier.material == self.material)
        });
        match is_same {
            true => Ok(()),
            false => Err(VerifyError::OtherBody { index }),
        }
    }

    fn rebuild(
        &self,
        entry: &BundleEntry,
        content: &BundleContent,
        artifact: Option<&Artifact>,
    ) -> Result<CreateEntryRequest, VerifyError> {
        match (entry.kind(), entry.version(), content) {
            (
                "hashedrekord",
                "0.0.2",
                BundleContent::Message { .. } | BundleContent::SimpleSigning { .. },
            ) => {
                let Message { signature, signed } = message_of(content, artifact)?;
                let digest = signed.digest(self.hash_algorithm())?;
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
            (kind @ "dsse", version @ "0.0.2", _) => Err(VerifyError::MessageKind {
                kind: kind.to_owned(),
                version: version.to_owned(),
            }),
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
