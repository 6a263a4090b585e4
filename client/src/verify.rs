//! Offline verification of a bundle: signature, logged body, inclusion and checkpoint.

use bytes::Bytes;
use ledgerstone_entry::BadSignature;
use ledgerstone_entry::BodyError;
use ledgerstone_entry::Policy;
use ledgerstone_entry::Reject;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::prepare;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use serde::Deserialize;

use crate::artifact::Artifact;
use crate::artifact::ArtifactError;
use crate::bundle::Bundle;
use crate::bundle::BundleContent;
use crate::bundle::BundleMaterial;
use crate::bundle_entry::BundleEntry;
use crate::bundle_entry::Shown;
use crate::log_entry::LogEntryFault;
use crate::promise::VerifiedPromise;
use crate::request::dsse_request;
use crate::request::envelope_as_hashedrekord;
use crate::request::hashedrekord_request;
use crate::submit::read_verifier_pem;
use crate::trusted_log::TrustedLogs;
use crate::v1_body::V1Body;
use crate::v1_body::signed_digest;

/// The payload type of in-toto statements, whose subjects are the artifacts.
const IN_TOTO_PAYLOAD: &str = "application/vnd.in-toto+json";

/// Verifies that `bundle` signs `artifact`, and that one of `logs` holds the signature.
///
/// `key` is the signer's public key. A bundle with a certificate brings its own; then a `key` that is given must be the
/// certified one. No network is used. What is not checked is in [`Verified::not_checked`].
///
/// The body of each entry has to be about this signature, key and artifact, and the log has to be shown to hold it: by the
/// inclusion proof and the checkpoint that the log signed, or in bundles of version 0.1 by its promise, the signed entry
/// timestamp of Rekor v1. A promise is verified wherever there is one, and with it the time at which the entry was logged,
/// which has to lie in the time of the log's key.
///
/// # Errors
/// [`VerifyError`] with the first check that fails.
pub fn verify(
    bundle: &Bundle,
    artifact: &Artifact,
    key: Option<&PublicKey>,
    logs: &TrustedLogs,
) -> Result<Verified, VerifyError> {
    let signer = Signer::find(&bundle.material, key)?;
    let bodies = bundle.entries.iter().map(V1Body::read);
    let bodies = bodies.collect::<Result<Vec<_>, _>>()?;
    let v1_hash = bodies.first().and_then(Option::as_ref);
    let v1_hash = v1_hash.map(V1Body::hash_algorithm);
    signer.verify_content(&bundle.content, artifact, v1_hash)?;
    let (mut entries, mut shown) = (Vec::new(), Vec::new());
    for (entry, v1_body) in bundle.entries.iter().zip(&bodies) {
        match v1_body {
            Some(body) => {
                let is_signer = &|pem: &[u8]| signer.is_in(pem);
                body.check(entry, &bundle.content, artifact, is_signer)?;
            }
            None => signer.verify_body(entry, &bundle.content, artifact)?,
        }
        let found = entry.verify(logs)?;
        entries.push(VerifiedEntry::of(entry, &found));
        shown.push(found);
    }
    Ok(Verified {
        key: signer.key,
        certified: matches!(signer.material, VerifierMaterial::Certificate(_)),
        entries,
        not_checked: not_checked(bundle, &bodies, &shown),
    })
}

/// What a successful verification has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// The key that signed.
    pub key: PublicKey,
    /// Whether the key came from a certificate in the bundle. Then nothing says whose it is: see
    /// [`not_checked`](Self::not_checked).
    pub certified: bool,
    /// The log entries that hold the signature.
    pub entries: Vec<VerifiedEntry>,
    /// What the bundle claims beyond that, and nobody verified.
    pub not_checked: Vec<Unchecked>,
}

/// A log entry that holds the signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct VerifiedEntry {
    /// Kind and version.
    pub kind: String,
    /// The name of the log; for a Rekor v1 with the number of the tree, where that was signed.
    pub origin: String,
    /// Where the log was shown to hold the entry; `None` when it only promised to, see [`Unchecked::Inclusion`].
    pub inclusion: Option<VerifiedInclusion>,
    /// What the log promised, which only Rekor v1 does.
    pub promise: Option<VerifiedPromise>,
}

/// That a log holds an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VerifiedInclusion {
    /// The position in the tree.
    pub index: LeafIndex,
    /// The size of the tree that the log signed.
    pub size: TreeSize,
    /// How many signatures of others, such as witnesses, are on the checkpoint. They were not verified.
    pub other_signatures: usize,
}

impl VerifiedEntry {
    fn of(entry: &BundleEntry, shown: &Shown) -> Self {
        let checkpoint = shown.checkpoint.as_ref();
        let origin = checkpoint.map(|signed| signed.checkpoint.origin.as_str());
        let origin = origin.unwrap_or_else(|| shown.log.origin());
        Self {
            kind: format!("{} {}", entry.kind(), entry.version()),
            origin: origin.to_owned(),
            inclusion: checkpoint.map(|signed| VerifiedInclusion {
                index: entry.index(),
                size: signed.checkpoint.size,
                other_signatures: signed.other_signatures,
            }),
            promise: shown.promise,
        }
    }
}

/// A claim that was not verified.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Unchecked {
    /// The certificate's chain, validity, extended usage and transparency: it proves nothing about who signed.
    Certificate,
    /// RFC 3161 time stamps.
    Timestamps,
    /// Whether the log holds the entry: it promised to, and the bundle has no proof that it does.
    Inclusion,
    /// Whether the log holds this signature: the oldest kind of envelope names what was signed, and by whom, and no more.
    LoggedSignature,
    /// Signatures of witnesses on the checkpoint.
    Cosignatures,
    /// When the entry was logged: the key of the log is no longer valid, and the entry has no verified time.
    LogKeyEnded,
}

impl std::fmt::Display for Unchecked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Certificate => "who the certificate was issued to, by whom and for when",
            Self::Timestamps => "the signed time stamps",
            Self::Inclusion => "whether the log holds the entry: it only promised to",
            Self::LoggedSignature => {
                "whether the log holds this very signature: its entry names payload and key only"
            }
            Self::Cosignatures => "the signatures of witnesses",
            Self::LogKeyEnded => {
                "whether it was logged while the log's key was valid: that time has ended (validFor)"
            }
        })
    }
}

/// Which check failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The bundle names a key that was not given.
    #[error(
        "the bundle was signed with a key that it does not hold (hint {hint:?}); give the public key"
    )]
    KeyNeeded {
        /// The name of the key in the bundle.
        hint: String,
    },
    /// The certificate certifies another key than the given one.
    #[error("the certificate in the bundle is for another key than the one given")]
    OtherKey,
    /// The certificate or its key cannot be read.
    #[error("the certificate in the bundle cannot be used: {0}")]
    Certificate(#[source] PublicKeyError),
    /// The artifact has no digest that could be compared.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The bundle says that it is about another artifact.
    #[error(
        "the bundle is about another artifact: the digest in it is {claimed}, the artifact's is {actual}"
    )]
    OtherArtifact {
        /// What the bundle says.
        claimed: String,
        /// What was computed.
        actual: String,
    },
    /// No subject of the in-toto statement is the artifact.
    #[error("none of the {subjects} subjects of the statement is the artifact {actual}")]
    NoSuchSubject {
        /// How many subjects the statement has.
        subjects: usize,
        /// The digest of the artifact.
        actual: String,
    },
    /// The payload says that it is a statement but cannot be read as one.
    #[error("the payload of the envelope is not an in-toto statement: {0}")]
    Statement(#[source] serde_json::Error),
    /// The signature is not by the key, or not over this.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// The log holds a kind of entry that no bundle has.
    #[error(
        "entries of the kind {kind} {version} cannot be verified here, only hashedrekord 0.0.2 and dsse 0.0.2, and of Rekor v1 \
         hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.1 and intoto 0.0.2"
    )]
    Kind {
        /// The kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// A bundle with a signature over an artifact has an entry that is only made of envelopes.
    #[error(
        "the log entry is of the kind {kind} {version}, which holds envelopes, but the bundle holds a message signature"
    )]
    MessageKind {
        /// The kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// The bundle's content cannot be logged as the kind that the entry says.
    #[error("what the bundle holds cannot be in a {kind} entry: {reason}")]
    Rebuild {
        /// The kind.
        kind: String,
        /// The rule that forbids it.
        #[source]
        reason: Reject,
    },
    /// The body of the log entry cannot be read.
    #[error("the log entry {index} cannot be read: {reason}")]
    Body {
        /// The position in the log.
        index: LeafIndex,
        /// The rule that it breaks.
        #[source]
        reason: BodyError,
    },
    /// The log entry is about another signature, key or artifact.
    #[error("the log entry {index} is not about this signature, key and artifact")]
    OtherBody {
        /// The position in the log.
        index: LeafIndex,
    },
    /// The log entry is not in the log, or the log is not trusted.
    #[error(transparent)]
    LogEntry(#[from] LogEntryFault),
}

struct Signer {
    key: PublicKey,
    material: VerifierMaterial,
}

impl Signer {
    fn find(material: &BundleMaterial, given: Option<&PublicKey>) -> Result<Self, VerifyError> {
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
    fn is_in(&self, pem: &[u8]) -> bool {
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

    /// Checks that the content is about the artifact and signed with the key: by the hash function that goes with the key, or
    /// by the one that the entry of Rekor v1 says.
    fn verify_content(
        &self,
        content: &BundleContent,
        artifact: &Artifact,
        v1_hash: Option<HashAlgorithm>,
    ) -> Result<(), VerifyError> {
        match content {
            BundleContent::Message { digest, signature } => {
                let function = v1_hash.unwrap_or_else(|| self.hash_algorithm());
                let actual = artifact.digest(function)?;
                if let Some(claimed) = digest {
                    let same = artifact.digest(claimed.algorithm())?;
                    if same != *claimed {
                        return Err(VerifyError::OtherArtifact {
                            claimed: claimed.to_string(),
                            actual: same.to_string(),
                        });
                    }
                }
                Ok(self
                    .key
                    .verify_digest(function, actual.bytes(), signature)?)
            }
            BundleContent::Dsse(envelope) => {
                self.verify_envelope(envelope, v1_hash)?;
                verify_subject(envelope, artifact)
            }
        }
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
    fn verify_body(
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

/// A bundle's envelope has one signature: [`Bundle::parse`] sees to that. Without one nothing verifies.
pub(crate) fn signature_of(envelope: &Envelope) -> &[u8] {
    envelope
        .signatures
        .first()
        .map(|signature| signature.sig.as_ref())
        .unwrap_or_default()
}

/// The first block of a PEM text: the signer's certificate, where a chain follows.
fn first_block(pem: &str) -> &str {
    let end = pem.find("-----END ").and_then(|end| {
        let line = pem[end..].find('\n')?;
        Some(end + line + 1)
    });
    end.map_or(pem, |end| &pem[..end])
}

fn verify_subject(envelope: &Envelope, artifact: &Artifact) -> Result<(), VerifyError> {
    if envelope.payload_type != IN_TOTO_PAYLOAD {
        let actual = artifact.digest(HashAlgorithm::Sha2256)?;
        let claimed = Artifact::Bytes(envelope.payload.to_vec()).digest(HashAlgorithm::Sha2256)?;
        if actual == claimed {
            return Ok(());
        }
        return Err(VerifyError::OtherArtifact {
            claimed: claimed.to_string(),
            actual: actual.to_string(),
        });
    }
    let statement: Statement =
        serde_json::from_slice(&envelope.payload).map_err(VerifyError::Statement)?;
    let digests = [
        ("sha256", HashAlgorithm::Sha2256),
        ("sha512", HashAlgorithm::Sha2512),
    ]
    .into_iter()
    .filter(|(name, _)| {
        statement
            .subject
            .iter()
            .any(|subject| subject.digest.contains_key(*name))
    });
    for (name, algorithm) in digests {
        let actual = hex::encode(artifact.digest(algorithm)?.bytes());
        let is_artifact = |subject: &Subject| {
            subject
                .digest
                .get(name)
                .and_then(|claimed| claimed.as_str())
                == Some(actual.as_str())
        };
        if statement.subject.iter().any(is_artifact) {
            return Ok(());
        }
    }
    let subjects = statement.subject.len();
    let digest = match artifact {
        Artifact::Digest(digest) => digest.clone(),
        other => other.digest(HashAlgorithm::Sha2256)?,
    };
    Err(VerifyError::NoSuchSubject {
        subjects,
        actual: digest.to_string(),
    })
}

/// The part of an in-toto statement that names the artifacts.
#[derive(Deserialize)]
struct Statement {
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: serde_json::Map<String, serde_json::Value>,
}

fn not_checked(bundle: &Bundle, bodies: &[Option<V1Body>], shown: &[Shown]) -> Vec<Unchecked> {
    let unproven = |shown: &Shown| shown.checkpoint.is_none();
    let unsigned = |body: &V1Body| !body.holds_signature();
    let cosigned = |shown: &Shown| {
        let signed = shown.checkpoint.as_ref();
        signed.is_some_and(|signed| signed.note.matches("\n\u{2014} ").count() > 1)
    };
    // With a time that the log signed, the key was valid then.
    let ended = |shown: &Shown| shown.log.ended() && shown.promise.is_none();
    let claims = [
        (
            matches!(bundle.material, BundleMaterial::Certificate(_)),
            Unchecked::Certificate,
        ),
        (!bundle.timestamps.is_empty(), Unchecked::Timestamps),
        (shown.iter().any(unproven), Unchecked::Inclusion),
        (
            bodies.iter().flatten().any(unsigned),
            Unchecked::LoggedSignature,
        ),
        (shown.iter().any(cosigned), Unchecked::Cosignatures),
        (shown.iter().any(ended), Unchecked::LogKeyEnded),
    ];
    claims
        .into_iter()
        .filter_map(|(present, claim)| present.then_some(claim))
        .collect()
}
