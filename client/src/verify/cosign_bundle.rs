//! Bundles as cosign wrote them before Sigstore had a format for them, and signatures that lie in
//! files of their own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::pem;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1::InclusionPromise;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use serde::Deserialize;

use crate::verify::body_kind::kind_of_body;
use crate::verify::bundle::Bundle;
use crate::verify::bundle::read_chain;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_error::BundleError;
use crate::verify::bundle_error::MAX_ENVELOPE_SIGNATURES;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;

impl Bundle {
    /// A signature, or a DSSE envelope as JSON, and the certificate for it (PEM), which lie in
    /// files of their own; none where the key is known. Nothing shows a time but `timestamps`, RFC
    /// 3161.
    ///
    /// # Errors
    /// When a file is not what it should be.
    pub fn detached(
        signature: &[u8],
        certificate: Option<&str>,
        timestamps: Vec<Bytes>,
    ) -> Result<Self, BundleError> {
        let (material, intermediates) = match certificate {
            Some(text) => read_certificates(text)?,
            None => (no_key(), Vec::new()),
        };
        Ok(Self {
            material,
            intermediates,
            content: read_signature(signature)?,
            entries: Vec::new(),
            timestamps,
            stamped: None,
        })
    }

    /// Reads the JSON that `cosign sign-blob --bundle` wrote before version 3, and still does with
    /// `--new-bundle-format=false`: it has the promise of a Rekor v1, and no proof.
    ///
    /// # Errors
    /// [`BundleError`] with the rule that it breaks.
    pub fn parse_cosign(json: &[u8]) -> Result<Self, BundleError> {
        let bundle: CosignBundle =
            serde_json::from_slice(json).map_err(|error| BundleError::Cosign(error.to_string()))?;
        let signature = decode("base64Signature", &bundle.base64_signature)?;
        let certificate = bundle.cert.filter(|text| !text.is_empty());
        let certificate = certificate.map(|text| read_text("cert", &text));
        let (material, intermediates) = match certificate.transpose()? {
            // Of a key it says nothing that a verifier could believe.
            Some(text) if text.contains("BEGIN CERTIFICATE") => read_certificates(&text)?,
            Some(_) | None => (no_key(), Vec::new()),
        };
        let entry = bundle.rekor_bundle.map(RekorBundle::into_entry);
        Ok(Self {
            material,
            intermediates,
            content: read_signature(&signature)?,
            entries: entry.transpose()?.into_iter().collect(),
            timestamps: Vec::new(),
            stamped: None,
        })
    }

    /// Whether `json` looks like what cosign wrote before Sigstore's bundles.
    pub fn is_cosign(json: &[u8]) -> bool {
        serde_json::from_slice::<CosignBundle>(json).is_ok()
    }
}

/// Names of the fields as cosign has them. It has others, which say nothing that is believed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CosignBundle {
    base64_signature: String,
    #[serde(default)]
    cert: Option<String>,
    #[serde(default)]
    rekor_bundle: Option<RekorBundle>,
}

#[derive(Deserialize)]
pub(crate) struct RekorBundle {
    #[serde(rename = "SignedEntryTimestamp")]
    signed_entry_timestamp: String,
    #[serde(rename = "Payload")]
    payload: Payload,
}

#[derive(Deserialize)]
struct Payload {
    body: String,
    #[serde(rename = "integratedTime")]
    integrated_time: i64,
    #[serde(rename = "logIndex")]
    log_index: i64,
    #[serde(rename = "logID")]
    log_id: String,
}

impl RekorBundle {
    pub(crate) fn into_entry(self) -> Result<BundleEntry, BundleError> {
        let body = decode("rekorBundle.Payload.body", &self.payload.body)?;
        let kind_version = kind_of_body(&body).map_err(BundleError::Cosign)?;
        let log_id = hex::decode(&self.payload.log_id)
            .map_err(|_| BundleError::Cosign("logID is not hexadecimal".to_owned()))?;
        let signed = decode(
            "rekorBundle.SignedEntryTimestamp",
            &self.signed_entry_timestamp,
        )?;
        let message = TransparencyLogEntry {
            log_index: self.payload.log_index,
            log_id: Some(LogId {
                key_id: log_id.into(),
            }),
            kind_version: Some(kind_version),
            integrated_time: self.payload.integrated_time,
            inclusion_promise: Some(InclusionPromise {
                signed_entry_timestamp: signed.into(),
            }),
            inclusion_proof: None,
            canonicalized_body: body.into(),
        };
        Ok(BundleEntry::new(message, true)?)
    }
}

/// A bundle of a key does not hold it.
pub(crate) fn no_key() -> BundleMaterial {
    BundleMaterial::PublicKey {
        hint: String::new(),
    }
}

/// The signature, raw or in base64, or the envelope that holds it.
fn read_signature(bytes: &[u8]) -> Result<BundleContent, BundleError> {
    let trimmed = bytes.trim_ascii();
    if trimmed.starts_with(b"{") {
        return read_envelope(trimmed);
    }
    let text = std::str::from_utf8(trimmed).ok();
    let digits = text.map(|text| text.split_whitespace().collect::<String>());
    let decoded = digits.and_then(|digits| STANDARD.decode(digits).ok());
    let signature = decoded.unwrap_or_else(|| bytes.to_vec());
    if signature.is_empty() {
        return Err(BundleError::Missing("signature"));
    }
    Ok(BundleContent::Message {
        digest: None,
        signature: signature.into(),
    })
}

/// An envelope that lies in a file of its own.
pub(crate) fn read_envelope(json: &[u8]) -> Result<BundleContent, BundleError> {
    let envelope: Envelope = from_slice(json).map_err(BundleError::Json)?;
    match envelope.signatures.len() {
        1..=MAX_ENVELOPE_SIGNATURES => Ok(BundleContent::Dsse(envelope)),
        count => Err(BundleError::EnvelopeSignatures(count)),
    }
}

/// The signer's certificate, and those behind it.
fn read_certificates(text: &str) -> Result<(BundleMaterial, Vec<Bytes>), BundleError> {
    let chain = pem::blocks(text, pem::CERTIFICATE);
    let chain = chain.into_iter().map(Bytes::from).collect();
    read_chain(chain)
}

/// A PEM text in base64, or as it is.
fn read_text(field: &'static str, text: &str) -> Result<String, BundleError> {
    if text.contains("-----BEGIN") {
        return Ok(text.to_owned());
    }
    String::from_utf8(decode(field, text)?)
        .map_err(|_| BundleError::Cosign(format!("{field} is not a text")))
}

fn decode(field: &'static str, text: &str) -> Result<Vec<u8>, BundleError> {
    STANDARD
        .decode(text.trim())
        .map_err(|_| BundleError::Cosign(format!("{field} is not base64")))
}
