//! Reading a whole tree from a Rekor v1 by its API, ten entries a request (rekor-v1, sections 1.5,
//! 1.7 and 1.8).

use std::collections::HashMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::json::from_slice;
use serde::Deserialize;
use serde_json::json;

use crate::source::entry::SourceEntry;
use crate::source::error::EntryFault;
use crate::source::error::SourceError;
use crate::source::head::SourceHead;
use crate::source::rekor_v1_tree::RekorV1Tree;
use crate::transport::http::MAX_JSON_BYTES;
use crate::transport::http::Transport;

pub(crate) async fn rekor_v1_entries(
    log: &RekorV1,
    tree: &RekorV1Tree,
    head: &SourceHead,
    range: Range<u64>,
    parallel: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let virtual_end = tree.start.saturating_add(range.end);
    let firsts = (range.start..range.end).step_by(MAX_RETRIEVED as usize);
    let pages = firsts.map(|first| {
        let first = tree.start.saturating_add(first);
        let end = first.saturating_add(MAX_RETRIEVED).min(virtual_end);
        log.entries(tree, &head.signed.key, first, end)
    });
    let pages: Vec<Vec<SourceEntry>> = stream::iter(pages)
        .buffered(parallel.max(1))
        .try_collect()
        .await?;
    Ok(pages.into_iter().flatten().collect())
}

/// The most entries that one request may ask for (rekor-v1, section 1.5).
pub(crate) const MAX_RETRIEVED: u64 = 10;

/// A Rekor v1 log.
#[derive(Clone, Debug)]
pub(crate) struct RekorV1 {
    transport: Transport,
}

impl RekorV1 {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Whether there is a Rekor v1 behind the URL.
    pub(crate) async fn is_there(&self) -> Result<bool, SourceError> {
        let info = self.transport.fetch(LOG_PATH, MAX_JSON_BYTES).await?;
        Ok(info.is_some_and(|info| from_slice::<LogInfo>(&info).is_ok()))
    }

    /// The tree with this id, or the one that grows.
    pub(crate) async fn tree(&self, tree_id: Option<u64>) -> Result<RekorV1Tree, SourceError> {
        let info = self.transport.fetch_json::<LogInfo>(LOG_PATH).await?;
        let info = info.ok_or_else(|| SourceError::NoLog {
            url: self.transport.url().to_owned(),
        })?;
        let trees = info
            .trees()
            .map_err(|reason| self.transport.bad_reply(LOG_PATH, reason))?;
        let known: Vec<u64> = trees.iter().map(|tree| tree.tree_id).collect();
        let wanted = match tree_id {
            Some(id) => trees.into_iter().find(|tree| tree.tree_id == id),
            None => trees.into_iter().next_back(),
        };
        wanted.ok_or(SourceError::NoTree { tree_id, known })
    }

    /// The entries from the virtual index `first` up to `end`, at most [`MAX_RETRIEVED`]. Each is
    /// the one that its id names, and its time is signed with `key`.
    pub(crate) async fn entries(
        &self,
        tree: &RekorV1Tree,
        key: &VerifierKey,
        first: u64,
        end: u64,
    ) -> Result<Vec<SourceEntry>, SourceError> {
        let indexes: Vec<u64> = (first..end).collect();
        let request = json!({ "logIndexes": indexes }).to_string();
        let reply = self
            .transport
            .post_json(RETRIEVE_PATH, request.into(), MAX_JSON_BYTES)
            .await?;
        if !reply.status.is_success() {
            return Err(reply.into_error().into());
        }
        let found: Vec<HashMap<String, RetrievedEntry>> = from_slice(&reply.body)
            .map_err(|error| self.transport.bad_reply(RETRIEVE_PATH, error.to_string()))?;
        let mut found: HashMap<u64, (String, RetrievedEntry)> = found
            .into_iter()
            .flatten()
            .map(|(id, entry)| (entry.log_index, (id, entry)))
            .collect();
        let checked = indexes.iter().map(|index| {
            let (id, entry) = found.remove(index).ok_or(EntryFault::Missing)?;
            entry.check(&id, tree, key)
        });
        checked
            .zip(&indexes)
            .map(|(entry, index)| {
                entry.map_err(|reason| SourceError::Entry {
                    index: index - tree.start,
                    reason,
                })
            })
            .collect()
    }

    /// The proof that the tree of `new` entries extends the one of `old`, which has at least one.
    pub(crate) async fn consistency(
        &self,
        tree: &RekorV1Tree,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<ConsistencyProof, SourceError> {
        let mut hashes = Vec::new();
        // The log has nothing to say on equal sizes.
        if old < new {
            let tree_id = tree.tree_id;
            let path = format!("/api/v1/log/proof?firstSize={old}&lastSize={new}&treeID={tree_id}");
            let reply = self.transport.fetch_json::<ProofReply>(&path).await?;
            let reply = reply.ok_or_else(|| SourceError::NoLog {
                url: self.transport.url().to_owned(),
            })?;
            let malformed = || "a hash of the proof is not 64 hexadecimal digits".to_owned();
            for hash in &reply.hashes {
                let hash =
                    parse_hash(hash).ok_or_else(|| self.transport.bad_reply(&path, malformed()))?;
                hashes.push(hash);
            }
        }
        Ok(ConsistencyProof { old, new, hashes })
    }
}

const LOG_PATH: &str = "/api/v1/log";

const RETRIEVE_PATH: &str = "/api/v1/log/entries/retrieve";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogInfo {
    tree_size: u64,
    signed_tree_head: String,
    #[serde(rename = "treeID")]
    tree_id: String,
    #[serde(default)]
    inactive_shards: Option<Vec<Self>>,
}

impl LogInfo {
    /// All trees, the active one last.
    fn trees(self) -> Result<Vec<RekorV1Tree>, String> {
        let mut trees = Vec::new();
        let mut start = 0_u64;
        let mut shards = self.inactive_shards.unwrap_or_default();
        shards.push(Self {
            inactive_shards: None,
            ..self
        });
        for shard in shards {
            let tree_id = shard.tree_id.parse().ok();
            trees.push(RekorV1Tree {
                tree_id: tree_id
                    .ok_or_else(|| format!("the tree id {:?} is not a number", shard.tree_id))?,
                start,
                checkpoint: shard.signed_tree_head,
            });
            start = start
                .checked_add(shard.tree_size)
                .ok_or("the sizes of the trees add up to more than 2^64")?;
        }
        Ok(trees)
    }
}

#[derive(Deserialize)]
struct ProofReply {
    hashes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RetrievedEntry {
    body: String,
    integrated_time: i64,
    #[serde(rename = "logID")]
    log_id: String,
    log_index: u64,
    verification: Option<Verification>,
    attestation: Option<Attestation>,
}

#[derive(Deserialize)]
struct Attestation {
    data: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verification {
    #[serde(default)]
    signed_entry_timestamp: String,
}

impl RetrievedEntry {
    /// The entry, if it is the one that `id` names in `tree`, and `key` signed when it was taken.
    fn check(
        self,
        id: &str,
        tree: &RekorV1Tree,
        key: &VerifierKey,
    ) -> Result<SourceEntry, EntryFault> {
        let body: Bytes = match STANDARD.decode(&self.body) {
            Ok(body) => body.into(),
            Err(_) => return Err(EntryFault::Base64),
        };
        let expected = format!("{:016x}{}", tree.tree_id, leaf_hash(&body));
        if !id.eq_ignore_ascii_case(&expected) {
            return Err(EntryFault::Id {
                id: id.chars().take(80).collect(),
                expected,
            });
        }
        if self.log_id != Hash::new(key.log_id()).to_string() {
            return Err(EntryFault::LogId);
        }
        let timestamp = self.check_timestamp(key)?;
        let attestation = self.attestation.and_then(|attestation| attestation.data);
        let attestation = attestation.and_then(|data| STANDARD.decode(data).ok());
        Ok(SourceEntry {
            body,
            integrated_time: self.integrated_time,
            timestamp: Some(timestamp.into()),
            attestation: attestation.map(Bytes::from),
        })
    }

    /// Checks the signed entry timestamp: without it, nobody but the connection vouches for the
    /// time (rekor-v1, section 2).
    fn check_timestamp(&self, key: &VerifierKey) -> Result<Vec<u8>, EntryFault> {
        let signature = self
            .verification
            .as_ref()
            .and_then(|verification| STANDARD.decode(&verification.signed_entry_timestamp).ok())
            .ok_or(EntryFault::Timestamp)?;
        // Canonical JSON as it stands: the keys are in order. The body decoded as base64, so that
        // it needs no escapes.
        let payload = format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{}","logIndex":{}}}"#,
            self.body, self.integrated_time, self.log_id, self.log_index
        );
        match key.verify(&payload, &signature) {
            Ok(()) => Ok(signature),
            Err(_) => Err(EntryFault::Timestamp),
        }
    }
}

fn parse_hash(text: &str) -> Option<Hash> {
    Hash::from_slice(&hex::decode(text).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_counted_from_the_oldest() {
        let info: LogInfo = from_slice(
            br#"{"rootHash":"","treeSize":5,"signedTreeHead":"c","treeID":"3","inactiveShards":[
                {"rootHash":"","treeSize":10,"signedTreeHead":"a","treeID":"1"},
                {"rootHash":"","treeSize":20,"signedTreeHead":"b","treeID":"2"}]}"#,
        )
        .unwrap();
        let trees = info.trees().unwrap();
        let told: Vec<_> = trees
            .iter()
            .map(|tree| (tree.tree_id, tree.start, tree.checkpoint.as_str()))
            .collect();
        assert_eq!(told, [(1, 0, "a"), (2, 10, "b"), (3, 30, "c")]);
    }

    #[test]
    fn trees_that_make_no_sense_are_refused() {
        let info = |id: &str, size: u64| {
            let tree = |id: &str| {
                json!({"treeSize": size, "signedTreeHead": "", "treeID": id, "roo\
                tHash": ""})
            };
            let mut info = tree(id);
            info["inactiveShards"] = json!([tree("1")]);
            from_slice::<LogInfo>(info.to_string().as_bytes())
                .unwrap()
                .trees()
        };
        assert!(info("2", 1).is_ok());
        assert!(info("0x2", 1).is_err());
        assert!(info("2", u64::MAX).is_err());
    }
}
