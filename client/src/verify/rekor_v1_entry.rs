//! A log entry as a Rekor v1 answers with it, for signatures that lie in files of their own.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1 as proto;
use ledgerstone_proto::sigstore::rekor::v1::InclusionPromise;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use serde::Deserialize;

use crate::verify::body_kind::kind_of_body;
use crate::verify::bundle_entry::BundleEntry;
use crate::verify::bundle_error::BundleError;
use crate::verify::bundle_error::MAX_SIGSTORE_BUNDLE_BYTES;

impl BundleEntry {
    /// Reads the answer of a Rekor v1 to `GET /api/v1/log/entries/{id}`: an object with one entry
    /// under its id, which is not believed.
    ///
    /// # Errors
    /// [`BundleError`] with the rule that it breaks.
    pub fn parse_rekor_v1(json: &[u8]) -> Result<Self, BundleError> {
        if json.len() > MAX_SIGSTORE_BUNDLE_BYTES {
            return Err(BundleError::TooLong);
        }
        let entries: BTreeMap<String, Entry> =
            serde_json::from_slice(json).map_err(|error| wrong(error.to_string()))?;
        let count = entries.len();
        let mut entries = entries.into_values();
        match (entries.next(), count) {
            (Some(entry), 1) => entry.read(),
            _ => Err(wrong(format!("it has {count} entries instead of one"))),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: i64,
    verification: Option<Verification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: Option<Proof>,
    signed_entry_timestamp: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    checkpoint: String,
    hashes: Vec<String>,
    log_index: i64,
    root_hash: String,
    tree_size: i64,
}

impl Entry {
    fn read(self) -> Result<BundleEntry, BundleError> {
        let body = base64("body", &self.body)?;
        let kind_version = kind_of_body(&body).map_err(wrong)?;
        let verification = self.verification;
        let (proof, promise) = match verification {
            Some(it) => (it.inclusion_proof, it.signed_entry_timestamp),
            None => (None, None),
        };
        let promise = promise.map(|text| {
            let signed_entry_timestamp = base64("signedEntryTimestamp", &text)?.into();
            Ok::<_, BundleError>(InclusionPromise {
                signed_entry_timestamp,
            })
        });
        let message = TransparencyLogEntry {
            log_index: self.log_index,
            log_id: Some(LogId {
                key_id: hexadecimal("logID", &self.log_id)?,
            }),
            kind_version: Some(kind_version),
            integrated_time: self.integrated_time,
            inclusion_promise: promise.transpose()?,
            inclusion_proof: proof.map(Proof::read).transpose()?,
            canonicalized_body: body.into(),
        };
        Ok(BundleEntry::new(message, true)?)
    }
}

impl Proof {
    fn read(self) -> Result<proto::InclusionProof, BundleError> {
        let hashes = self.hashes.iter();
        let hashes = hashes.map(|hash| hexadecimal("hashes", hash));
        Ok(proto::InclusionProof {
            log_index: self.log_index,
            root_hash: hexadecimal("rootHash", &self.root_hash)?,
            tree_size: self.tree_size,
            hashes: hashes.collect::<Result<_, _>>()?,
            checkpoint: Some(proto::Checkpoint {
                envelope: self.checkpoint,
            }),
        })
    }
}

fn wrong(reason: String) -> BundleError {
    BundleError::RekorV1(reason)
}

fn base64(member: &str, text: &str) -> Result<Vec<u8>, BundleError> {
    let decoded = STANDARD.decode(text);
    decoded.map_err(|_| wrong(format!("{member} is not base64")))
}

fn hexadecimal(member: &str, text: &str) -> Result<Bytes, BundleError> {
    let decoded = hex::decode(text).map(Bytes::from);
    decoded.map_err(|_| wrong(format!("{member} is not hexadecimal")))
}
