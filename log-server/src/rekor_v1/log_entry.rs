//! An entry as Rekor v1 answers with it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_entry::v1::attestation_key;
use ledgerstone_log::ProvenEntry;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_merkle::Hash;
use serde::Serialize;

use crate::rekor_v1::entry_id::EntryId;

/// An answer: one entry under its id (rekor-v1, section 2).
pub(crate) type LogEntries = BTreeMap<String, LogEntry>;

/// An entry as Rekor v1 returns it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LogEntry {
    #[serde(skip_serializing_if = "Option::is_none")]
    attestation: Option<Attestation>,
    /// Base64 of the canonical bytes. The signed timestamp covers this text.
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    /// Over all trees.
    log_index: u64,
    verification: Verification,
}

#[derive(Serialize)]
struct Attestation {
    data: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    inclusion_proof: InclusionProof,
    #[serde(skip_serializing_if = "Option::is_none")]
    signed_entry_timestamp: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InclusionProof {
    checkpoint: String,
    hashes: Vec<String>,
    /// In its own tree.
    log_index: u64,
    root_hash: String,
    tree_size: u64,
}

/// Renders an entry of `tree` as a create answers it: without its attestation.
///
/// # Errors
/// [`ReadError::Signing`].
pub(crate) async fn render(tree: &Tree, proven: &ProvenEntry) -> Result<LogEntries, ReadError> {
    render_with(tree, proven, None).await
}

/// Renders an entry of `tree` as a read answers it: with its attestation, when those are kept and
/// it has one.
///
/// # Errors
/// [`ReadError`] when the store fails.
pub(crate) async fn render_read(
    tree: &Tree,
    proven: &ProvenEntry,
    attestations: bool,
) -> Result<LogEntries, ReadError> {
    let key = attestations
        .then(|| attestation_key(&proven.entry.body))
        .flatten();
    let attestation = match key {
        Some(key) => tree.attestation_of(proven.index, key.as_ref()).await?,
        None => None,
    };
    render_with(tree, proven, attestation.as_deref()).await
}

async fn render_with(
    tree: &Tree,
    proven: &ProvenEntry,
    attestation: Option<&[u8]>,
) -> Result<LogEntries, ReadError> {
    let key = tree.v1_key();
    let key = key.ok_or_else(|| ReadError::NotRekorV1(tree.tree_id()))?;
    let body = STANDARD.encode(&proven.entry.body);
    let time = proven.entry.integrated_time;
    let timestamp = tree.signed_entry_timestamp(proven.index, time, &body);
    let timestamp = timestamp.await?;
    let inclusion_proof = InclusionProof {
        checkpoint: tree.v1_checkpoint(&proven.head)?,
        hashes: proven.proof.hashes.iter().map(Hash::to_string).collect(),
        log_index: proven.index.get(),
        root_hash: proven.head.root().to_string(),
        tree_size: proven.head.size().get(),
    };
    let entry = LogEntry {
        attestation: attestation.map(|data| Attestation {
            data: STANDARD.encode(data),
        }),
        body,
        integrated_time: time,
        log_id: Hash::new(key.log_id()).to_string(),
        log_index: tree.virtual_index(proven.index),
        verification: Verification {
            inclusion_proof,
            signed_entry_timestamp: timestamp.map(|signature| STANDARD.encode(signature)),
        },
    };
    let id = EntryId::new(tree.tree_id(), proven.leaf_hash).to_string();
    Ok(LogEntries::from([(id, entry)]))
}
