//! Sigstore bundles: one file with a signature, what it verifies with, and the proof that it was
//! logged.

use bytes::Bytes;
use der::Decode;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::bundle::v1 as proto;
use ledgerstone_proto::sigstore::bundle::v1::bundle::Content as ProtoContent;
use ledgerstone_proto::sigstore::bundle::v1::verification_material::Content as ProtoMaterial;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::HashOutput;
use serde_json::Value;
use x509_cert::Certificate;

use crate::artifact::ArtifactDigest;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_error::BundleError;
use crate::verify::bundle_error::MAX_CHAIN_CERTIFICATES;
use crate::verify::bundle_error::MAX_LOG_ENTRIES;
use crate::verify::bundle_error::MAX_SIGSTORE_BUNDLE_BYTES;
use crate::verify::bundle_error::MAX_TIMESTAMPS;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;

/// The media type of the bundles that are written.
pub const BUNDLE_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// The media type of bundles whose entries may come without an inclusion proof.
const OLDEST_MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle+json;version=0.1";

/// The media types of bundles that may hold a chain of certificates. Later ones have one
/// certificate.
const OLDER_MEDIA_TYPES: [&str; 2] = [
    OLDEST_MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
];

/// A bundle of version 0.1 to 0.3 whose parts are all there.
#[derive(Clone, Debug, PartialEq)]
pub struct Bundle {
    /// What the signature verifies with.
    pub material: BundleMaterial,
    /// Certificates that came with the signer's, DER: none is a root, and nobody vouches for them.
    pub intermediates: Vec<Bytes>,
    /// What was signed.
    pub content: BundleContent,
    /// The log entries: at most [`MAX_LOG_ENTRIES`].
    pub entries: Vec<BundleEntry>,
    /// RFC 3161 time stamps, DER: at most [`MAX_TIMESTAMPS`].
    pub timestamps: Vec<Bytes>,
    /// What the time stamps are over, where that is not the signature: cosign before version 3
    /// stamps the envelopes of images as a whole. No Sigstore bundle has this.
    pub stamped: Option<Bytes>,
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
        if material.tlog_entries.len() > MAX_LOG_ENTRIES {
            return Err(BundleError::EntryCount(material.tlog_entries.len()));
        }
        if timestamps.len() > MAX_TIMESTAMPS {
            return Err(BundleError::TimestampCount(timestamps.len()));
        }
        let entries = material
            .tlog_entries
            .into_iter()
            .map(|entry| BundleEntry::new(entry, promise_will_do))
            .collect::<Result<_, _>>()?;
        let may_chain = OLDER_MEDIA_TYPES.contains(&bundle.media_type.as_str());
        let (material, intermediates) = read_material(material.content, may_chain)?;
        Ok(Self {
            material,
            intermediates,
            content,
            entries,
            timestamps: timestamps
                .into_iter()
                .map(|timestamp| timestamp.signed_timestamp)
                .collect(),
            stamped: None,
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

fn is_known_media_type(media_type: &str) -> bool {
    media_type == BUNDLE_MEDIA_TYPE
        || media_type
            .strip_prefix("application/vnd.dev.sigstore.bundle+json;version=")
            .is_some_and(|version| matches!(version, "0.1" | "0.2" | "0.3"))
}

/// What the signature verifies with, and the certificates beside the signer's.
fn read_material(
    material: Option<ProtoMaterial>,
    may_chain: bool,
) -> Result<(BundleMaterial, Vec<Bytes>), BundleError> {
    let chain = match material.ok_or(BundleError::Missing("key or certificate"))? {
        ProtoMaterial::PublicKey(key) => {
            return Ok((BundleMaterial::PublicKey { hint: key.hint }, Vec::new()));
        }
        ProtoMaterial::Certificate(certificate) => vec![certificate],
        ProtoMaterial::X509CertificateChain(_) if !may_chain => return Err(BundleError::Chain),
        // The signer's comes first; the rest is for building a path to a root.
        ProtoMaterial::X509CertificateChain(chain) => chain.certificates,
    };
    let chain = chain.into_iter().map(|certificate| certificate.raw_bytes);
    read_chain(chain.collect())
}

/// The signer's certificate and the others of `chain`, DER, none of which may be a root.
pub(crate) fn read_chain(chain: Vec<Bytes>) -> Result<(BundleMaterial, Vec<Bytes>), BundleError> {
    if chain.len() > MAX_CHAIN_CERTIFICATES {
        return Err(BundleError::ChainLength(chain.len()));
    }
    let mut chain = chain.into_iter();
    let signers = chain.next().filter(|der| !der.is_empty());
    let signers = signers.ok_or(BundleError::Missing("certificate"))?;
    let others: Vec<Bytes> = chain.collect();
    // A bundle says nothing about which roots are trusted (Sigstore bundle, field
    // x509_certificate_chain).
    if others.iter().any(|der| is_root(der)) {
        return Err(BundleError::Root);
    }
    Ok((BundleMaterial::Certificate(signers), others))
}

/// Whether a certificate names itself as its issuer.
pub(crate) fn is_root(der: &[u8]) -> bool {
    Certificate::from_der(der).is_ok_and(|certificate| {
        let signed = certificate.tbs_certificate();
        signed.issuer() == signed.subject()
    })
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
pub(crate) fn remove_unset(entry: &mut Value) {
    if let Some(entry) = entry.as_object_mut() {
        let is_unset = |name: &str, value: &Value| {
            value.is_null() || (name == "integratedTime" && value == "0")
        };
        entry.retain(|name, value| !is_unset(name, value));
    }
}
