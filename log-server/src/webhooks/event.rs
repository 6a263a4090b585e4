use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::describe;
use ledgerstone_log::LoggedEntry;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::common::v1::LogId;
use ledgerstone_proto::sigstore::rekor::v1::Checkpoint;
use ledgerstone_proto::sigstore::rekor::v1::InclusionPromise;
use ledgerstone_proto::sigstore::rekor::v1::InclusionProof;
use ledgerstone_proto::sigstore::rekor::v1::KindVersion;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use serde::Serialize;

use crate::api_version::is_of_rekor_v2;

/// The type of the event, as upstream publishes it.
pub(crate) const EVENT_TYPE: &str = "dev.sigstore.rekor.events.v1.NewEntry";

/// A new entry as a CloudEvent in structured mode.
pub(crate) struct Event {
    /// The id of the entry: tree id and leaf hash, 80 hexadecimal digits. The same however often
    /// the event is sent.
    pub(crate) id: String,
    /// The JSON document.
    pub(crate) body: Bytes,
}

impl Event {
    /// The event for an entry of `tree`, with its proof against the latest head.
    pub(crate) async fn new(
        tree: &Tree,
        index: LeafIndex,
        entry: &LoggedEntry,
    ) -> Result<Self, ReadError> {
        let id = format!("{:016x}{}", tree.tree_id(), leaf_hash(&entry.body));
        let data = transparency_log_entry(tree, index, entry).await?;
        let kind = data.kind_version.clone().unwrap_or_default();
        let time = jiff::Timestamp::from_second(entry.integrated_time).ok();
        let event = CloudEvent {
            specversion: "1.0",
            id: &id,
            source: "/createLogEntry",
            kind: EVENT_TYPE,
            time: time.filter(|time| time.as_second() > 0),
            datacontenttype: "application/json",
            rekor_entry_kind: kind.kind,
            rekor_signing_subjects: subjects(&entry.body).join(","),
            data,
        };
        let body = json::to_vec(&event).expect("an event has string keys");
        Ok(Self {
            id,
            body: body.into(),
        })
    }
}

#[derive(Serialize)]
struct CloudEvent<'a> {
    specversion: &'static str,
    id: &'a str,
    source: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    /// RFC 3339; left out where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<jiff::Timestamp>,
    datacontenttype: &'static str,
    rekor_entry_kind: String,
    /// Separated by commas: an attribute of a CloudEvent is no list.
    #[serde(skip_serializing_if = "String::is_empty")]
    rekor_signing_subjects: String,
    data: TransparencyLogEntry,
}

/// The entry as the face that takes its kind returns it, so that the message fits into a bundle
/// that the clients of that face verify: with key, index over all trees, checkpoint and timestamp
/// of Rekor v1 (rekor-v1, appendix B), or with those of Rekor v2. The time is told in both.
async fn transparency_log_entry(
    tree: &Tree,
    index: LeafIndex,
    entry: &LoggedEntry,
) -> Result<TransparencyLogEntry, ReadError> {
    let proven = tree.proven_entry(index).await?;
    let proven = proven.ok_or(ReadError::MissingEntry(index))?;
    // A body of a kind that this version does not know is still an entry of the log.
    let description = describe(&entry.body).ok();
    let kind_version = description.as_ref().map(|description| KindVersion {
        kind: description.kind().to_owned(),
        version: description.version().to_owned(),
    });
    let v1_key = tree.v1_key().filter(|_| !is_of_rekor_v2(&entry.body));
    let (log_id, log_index, checkpoint, timestamp) = if let Some(key) = v1_key {
        let body = STANDARD.encode(&entry.body);
        let timestamp = tree.signed_entry_timestamp(index, entry.integrated_time, &body);
        let timestamp = timestamp.await?;
        let checkpoint = tree.v1_checkpoint(&proven.head)?;
        let virtual_index = tree.virtual_index(index);
        (key.log_id(), virtual_index, checkpoint, timestamp)
    } else {
        let checkpoint = proven.head.checkpoint().to_string();
        let log_id = tree.checkpoint_key().log_id();
        (log_id, index.get(), checkpoint, None)
    };
    let bytes = |hash: &ledgerstone_merkle::Hash| Bytes::copy_from_slice(hash.as_ref());
    Ok(TransparencyLogEntry {
        log_index: log_index as i64,
        log_id: Some(LogId {
            key_id: Bytes::copy_from_slice(&log_id),
        }),
        kind_version,
        integrated_time: entry.integrated_time,
        inclusion_promise: timestamp.map(|timestamp| InclusionPromise {
            signed_entry_timestamp: timestamp.into(),
        }),
        inclusion_proof: Some(InclusionProof {
            log_index: index.get() as i64,
            root_hash: bytes(&proven.head.root()),
            tree_size: proven.head.size().get() as i64,
            hashes: proven.proof.hashes.iter().map(bytes).collect(),
            checkpoint: Some(Checkpoint {
                envelope: checkpoint,
            }),
        }),
        canonicalized_body: entry.body.clone(),
    })
}

/// Whom the certificates of an entry name.
fn subjects(body: &[u8]) -> Vec<String> {
    let signers = EntryView::new(body).signers.unwrap_or_default();
    signers.into_iter().flat_map(|one| one.subjects).collect()
}
