//! Signatures and attestations of images as cosign before version 3 keeps them: a layer of a
//! manifest, with signature, certificate and log entry in its annotations (cosign,
//! "SIGNATURE_SPEC").

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::pem;
use serde::Deserialize;

use crate::verify::bundle::Bundle;
use crate::verify::bundle::is_root;
use crate::verify::bundle::read_chain;
use crate::verify::bundle_error::BundleError;
use crate::verify::bundle_parts::BundleContent;
use crate::verify::bundle_parts::BundleMaterial;
use crate::verify::cosign_bundle::RekorBundle;
use crate::verify::cosign_bundle::no_key;
use crate::verify::cosign_bundle::read_envelope;

const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";

const SIGNATURE: &str = "dev.cosignproject.cosign/signature";
const CERTIFICATE: &str = "dev.sigstore.cosign/certificate";
const CHAIN: &str = "dev.sigstore.cosign/chain";
const LOG_ENTRY: &str = "dev.sigstore.cosign/bundle";
const TIMESTAMP: &str = "dev.sigstore.cosign/rfc3161timestamp";

impl Bundle {
    /// Reads the layer of this type with these annotations, which cosign attached to an image.
    ///
    /// # Errors
    /// [`BundleError`] with what is wrong with it.
    pub fn of_cosign_layer(
        media_type: &str,
        payload: Bytes,
        annotations: &BTreeMap<String, String>,
    ) -> Result<Self, BundleError> {
        let annotation = |name: &str| {
            let text = annotations.get(name).map(String::as_str);
            text.filter(|text| !text.is_empty())
        };
        let content = match media_type {
            SIMPLE_SIGNING => {
                let text = annotation(SIGNATURE).ok_or(BundleError::Missing("signature"))?;
                let signature = STANDARD.decode(text.trim());
                BundleContent::SimpleSigning {
                    payload: payload.clone(),
                    signature: signature
                        .map_err(|_| wrong("the signature is not base64"))?
                        .into(),
                }
            }
            ENVELOPE => read_envelope(&payload)?,
            other => return Err(wrong(&format!("{other:?} is no type of a signature"))),
        };
        let (material, intermediates) = match annotation(CERTIFICATE) {
            Some(certificate) => read_certificates(certificate, annotation(CHAIN))?,
            None => (no_key(), Vec::new()),
        };
        let entry = annotation(LOG_ENTRY).map(|json| {
            let bundle: RekorBundle =
                serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))?;
            bundle.into_entry()
        });
        let timestamp = annotation(TIMESTAMP).map(read_timestamp).transpose()?;
        // cosign has no signature beside an envelope, and so stamps all of that.
        let is_envelope = matches!(content, BundleContent::Dsse(_));
        let stamped = (is_envelope && timestamp.is_some()).then_some(payload);
        Ok(Self {
            material,
            intermediates,
            content,
            entries: entry.transpose()?.into_iter().collect(),
            timestamps: timestamp.into_iter().collect(),
            stamped,
        })
    }
}

/// The signer's certificate and those behind it. cosign keeps the root among them, which is not
/// believed there and left out.
fn read_certificates(
    certificate: &str,
    chain: Option<&str>,
) -> Result<(BundleMaterial, Vec<Bytes>), BundleError> {
    let blocks = |text: &str| {
        let blocks = pem::blocks(text, pem::CERTIFICATE).into_iter();
        blocks.map(Bytes::from).collect::<Vec<_>>()
    };
    let mut certificates = blocks(certificate);
    let others = chain.map(blocks).unwrap_or_default();
    certificates.extend(others.into_iter().filter(|der| !is_root(der)));
    read_chain(certificates)
}

#[derive(Deserialize)]
struct Timestamp {
    #[serde(rename = "SignedRFC3161Timestamp")]
    signed: String,
}

fn read_timestamp(json: &str) -> Result<Bytes, BundleError> {
    let timestamp: Timestamp =
        serde_json::from_str(json).map_err(|error| wrong(&error.to_string()))?;
    let signed = STANDARD.decode(timestamp.signed);
    signed
        .map(Bytes::from)
        .map_err(|_| wrong("the time stamp is not base64"))
}

fn wrong(reason: &str) -> BundleError {
    BundleError::CosignImage(reason.to_owned())
}
