//! Sigstore bundles: one file with a signature, what it verifies with, and the proof that it was logged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::json::JsonError;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::bundle::v1 as proto;
use ledgerstone_proto::sigstore::bundle::v1::bundle::Content as ProtoContent;
use ledgerstone_proto::sigstore::bundle::v1::verification_material::Content as ProtoMaterial;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::HashOutput;
use ledgerstone_proto::sigstore::common::v1::MessageSignature;
use ledgerstone_proto::sigstore::common::v1::PublicKeyIdentifier;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::artifact::ArtifactDigest;
use crate::bundle_entry::BundleEntry;
use crate::log_entry::LogEntryError;

/// The media type of the bundles that are written.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The media type of bundles whose entries may come without an inclusion proof.
const OLDEST_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// The longest bundle that is read, in bytes.
pub const MAX_SIGSTORE_BUNDLE_BYTES: usize = 32 << 20;

/// The number of log entries in a bundle that are read.
pub const MAX_LOG_ENTRIES: usize = 32;

/// A bundle of version 0.1 to 0.3 whose parts are all there.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// What the signature verifies with.
    pub material: BundleMaterial,
    /// What was signed.
    pub content: BundleContent,
    /// The log entries: at least one, at most [`MAX_LOG_ENTRIES`].
    pub entries: Vec<BundleEntry>,
    /// RFC 3161 time stamps, DER. They are carried, not verified.
    pub timestamps: Vec<Bytes>,
}

/// What the signature of a bundle verifies with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum BundleMaterial {
    /// A public key that the verifier must have; the bundle only says which.
    PublicKey {
        /// Base64 of SHA-256 of the SubjectPublicKeyInfo, by convention. Not trusted.
        hint: String,
    },
    /// The signer's certificate, DER.
    Certificate(Bytes),
}

/// What a bundle is about.
#[derive(Clone, Debug, PartialEq)]
pub enum BundleContent {
    /// A signature over an artifact that is elsewhere.
    Message {
        /// The digest of the artifact, to find it by. Not trusted.
        digest: Option<ArtifactDigest>,
        /// The signature.
        signature: Bytes,
    },
    /// A DSSE envelope with its payload and one signature.
    Dsse(Envelope),
}

impl Bundle {
    /// Reads the JSON of a bundle.
    ///
    /// # Errors
    /// [`BundleError`] with the rule that it breaks.
    pub fn parse(json: &[u8]) -> Result<Self, BundleError> {
        if json.len() > MAX_SIGSTORE_BUNDLE_BYTES {
            return Err(BundleError::TooLong);
        }
        let bundle: proto::Bundle = from_slice(json).map_err(BundleError::Json)?;
        if !is_known_media_type(&bundle.media_type) {
            return Err(BundleError::MediaType(bundle.media_type));
        }
        // Later versions demand a proof.
        let promise_will_do = bundle.media_type == OLDEST_MEDIA_TYPE;
        let material = bundle
            .verification_material
            .ok_or(BundleError::Missing("verificationMaterial"))?;
        let content = read_content(
            bundle
                .content
                .ok_or(BundleError::Missing("messageSignature or dsseEnvelope"))?,
        )?;
        let timestamps = material
            .timestamp_verification_data
            .map(|data| data.rfc3161_timestamps)
            .unwrap_or_default();
        if material.tlog_entries.is_empty() || material.tlog_entries.len() > MAX_LOG_ENTRIES {
            return Err(BundleError::EntryCount(material.tlog_entries.len()));
        }
        let entries = material
            .tlog_entries
            .into_iter()
            .map(|entry| BundleEntry::new(entry, promise_will_do))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            material: read_material(material.content)?,
            content,
            entries,
            timestamps: timestamps
                .into_iter()
                .map(|timestamp| timestamp.signed_timestamp)
                .collect(),
        })
    }

    /// The JSON of the bundle as of version 0.3, with a line feed at the end.
    pub fn to_json(&self) -> String {
        let bundle = proto::Bundle {
            media_type: BUNDLE_MEDIA_TYPE.to_owned(),
            verification_material: Some(proto::VerificationMaterial {
                content: Some(self.material.to_message()),
                tlog_entries: self
                    .entries
                    .iter()
                    .map(|entry| entry.message().clone())
                    .collect(),
                timestamp_verification_data: self.timestamps_message(),
            }),
            content: Some(self.content.to_message()),
        };
        let mut value = serde_json::to_value(&bundle).expect("messages have string keys");
        if let Some(entries) = value
            .pointer_mut("/verificationMaterial/tlogEntries")
            .and_then(Value::as_array_mut)
        {
            entries.iter_mut().for_each(remove_unset);
        }
        format!("{value:#}\n")
    }

    fn timestamps_message(&self) -> Option<proto::TimestampVerificationData> {
        use ledgerstone_proto::sigstore::common::v1::Rfc3161SignedTimestamp;
        let timestamps = self.timestamps.iter().cloned();
        let rfc3161_timestamps: Vec<_> = timestamps
            .map(|signed_timestamp| Rfc3161SignedTimestamp { signed_timestamp })
            .collect();
        (!rfc3161_timestamps.is_empty())
            .then_some(proto::TimestampVerificationData { rfc3161_timestamps })
    }
}

impl BundleMaterial {
    /// The material for a signature that verifies with `verifier`.
    pub fn of(verifier: &VerifierMaterial) -> Self {
        match verifier {
            VerifierMaterial::PublicKey(der) => Self::PublicKey {
                hint: key_hint(der),
            },
            VerifierMaterial::Certificate(der) => Self::Certificate(der.clone()),
        }
    }

    fn to_message(&self) -> ProtoMaterial {
        match self {
            Self::PublicKey { hint } => {
                ProtoMaterial::PublicKey(PublicKeyIdentifier { hint: hint.clone() })
            }
            Self::Certificate(der) => ProtoMaterial::Certificate(X509Certificate {
                raw_bytes: der.clone(),
            }),
        }
    }
}

impl BundleContent {
    fn to_message(&self) -> ProtoContent {
        match self {
            Self::Message { digest, signature } => {
                ProtoContent::MessageSignature(MessageSignature {
                    message_digest: digest.as_ref().map(|digest| HashOutput {
                        algorithm: digest.algorithm().into(),
                        digest: Bytes::copy_from_slice(digest.bytes()),
                    }),
                    signature: signature.clone(),
                })
            }
            Self::Dsse(envelope) => ProtoContent::DsseEnvelope(envelope.clone()),
        }
    }
}

/// What a bundle by convention calls the key with this SubjectPublicKeyInfo.
pub fn key_hint(spki_der: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(spki_der))
}

/// Why a file is not a bundle that can be verified.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More than [`MAX_SIGSTORE_BUNDLE_BYTES`].
    #[error("the bundle is longer than {MAX_SIGSTORE_BUNDLE_BYTES} bytes")]
    TooLong,
    /// Not the JSON of a bundle.
    #[error("the file is not a Sigstore bundle: {0}")]
    Json(#[source] JsonError),
    /// A media type other than those of versions 0.1 to 0.3.
    #[error(
        "bundles of the media type {0:?} cannot be read, only versions 0.1 to 0.3 of Sigstore's"
    )]
    MediaType(String),
    /// A part is missing.
    #[error("the bundle has no {0}")]
    Missing(&'static str),
    /// None or too many log entries.
    #[error("the bundle has {0} log entries; 1 to {MAX_LOG_ENTRIES} can be verified")]
    EntryCount(usize),
    /// An envelope in a bundle has exactly one signature.
    #[error("the envelope in the bundle has {0} signatures instead of one")]
    SignatureCount(usize),
    /// The digest of the message cannot be one.
    #[error("the message digest of the bundle cannot be read: {0}")]
    Digest(#[source] crate::artifact::ArtifactError),
    /// A log entry cannot be read.
    #[error(transparent)]
    LogEntry(#[from] LogEntryError),
}

fn is_known_media_type(media_type: &str) -> bool {
    media_type == BUNDLE_MEDIA_TYPE
        || media_type
            .strip_prefix("application/vnd.dev.sigstore.bundle+json;version=")
            .is_some_and(|version| matches!(version, "0.1" | "0.2" | "0.3"))
}

fn read_material(material: Option<ProtoMaterial>) -> Result<BundleMaterial, BundleError> {
    let certificate = match material.ok_or(BundleError::Missing("key or certificate"))? {
        ProtoMaterial::PublicKey(key) => return Ok(BundleMaterial::PublicKey { hint: key.hint }),
        ProtoMaterial::Certificate(certificate) => Some(certificate),
        // The signer's comes first; the rest is for building a path to a root.
        ProtoMaterial::X509CertificateChain(chain) => chain.certificates.into_iter().next(),
    };
    let der = certificate
        .map(|certificate| certificate.raw_bytes)
        .filter(|der| !der.is_empty());
    Ok(BundleMaterial::Certificate(
        der.ok_or(BundleError::Missing("certificate"))?,
    ))
}

fn read_content(content: ProtoContent) -> Result<BundleContent, BundleError> {
    match content {
        ProtoContent::MessageSignature(message) => {
            if message.signature.is_empty() {
                return Err(BundleError::Missing("signature"));
            }
            let digest = message
                .message_digest
                .map(read_digest)
                .transpose()
                .map_err(BundleError::Digest)?;
            Ok(BundleContent::Message {
                digest,
                signature: message.signature,
            })
        }
        ProtoContent::DsseEnvelope(envelope) => match envelope.signatures.len() {
            1 if envelope.payload.is_empty() => Err(BundleError::Missing("payload")),
            1 => Ok(BundleContent::Dsse(envelope)),
            count => Err(BundleError::SignatureCount(count)),
        },
    }
}

fn read_digest(digest: HashOutput) -> Result<ArtifactDigest, crate::artifact::ArtifactError> {
    let algorithm = HashAlgorithm::try_from(digest.algorithm).unwrap_or_default();
    ArtifactDigest::new(algorithm, digest.digest.to_vec())
}

/// Log entries are replies, and replies have all fields; in a bundle the unset ones are left out.
fn remove_unset(entry: &mut Value) {
    if let Some(entry) = entry.as_object_mut() {
        let is_unset = |name: &str, value: &Value| {
            value.is_null() || (name == "integratedTime" && value == "0")
        };
        entry.retain(|name, value| !is_unset(name, value));
    }
}
