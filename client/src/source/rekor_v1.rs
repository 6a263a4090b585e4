//! Reading a whole tree from a Rekor v1 by its API, ten entries a request (rekor-v1, sections 1.5,
//! 1.7 and 1.8).

use std::ops::Range;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_proto::json::from_slice;
use serde::Deserialize;
use serde_json::json;

use crate::source::entry::SourceEntry;
use crate::source::error::EntryFault;
use crate::source::error::SourceError;
use crate::source::head::SourceHead;
use crate::source::in_order::Pace;
use crate::source::in_order::fetch_in_order;
use crate::source::rekor_v1_entries::MAX_RETRIEVED;
use crate::source::rekor_v1_entries::RetrievedEntries;
use crate::source::rekor_v1_tree::RekorV1Tree;
use crate::transport::http::MAX_JSON_BYTES;
use crate::transport::http::MAX_SHORT_JSON_BYTES;
use crate::transport::http::Transport;

pub(crate) async fn rekor_v1_entries(
    log: &RekorV1,
    tree: &RekorV1Tree,
    head: &SourceHead,
    range: Range<u64>,
    parallel: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let paces = [
        Pace::wide(MAX_RETRIEVED, parallel, MAX_JSON_BYTES),
        Pace::narrow(MAX_RETRIEVED, parallel, MAX_JSON_BYTES),
        // Attestations may be so large that only one of them fits into an answer.
        Pace::narrow(1, parallel, MAX_JSON_BYTES),
    ];
    fetch_in_order(range, &paces, |wanted, limit| {
        let [first, end] = [wanted.start, wanted.end].map(|index| index.saturating_add(tree.start));
        log.entries(tree, &head.signed.key, first..end, limit)
    })
    .await
}

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
        let info = self.transport.fetch(LOG_PATH, MAX_SHORT_JSON_BYTES).await?;
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

    /// The entries with these virtual indexes, at most [`MAX_RETRIEVED`], by an answer of at most
    /// `limit` bytes. Each is the one that its id names, and its time is signed with `key`.
    pub(crate) async fn entries(
        &self,
        tree: &RekorV1Tree,
        key: &VerifierKey,
        wanted: Range<u64>,
        limit: usize,
    ) -> Result<Vec<SourceEntry>, SourceError> {
        let indexes: Vec<u64> = wanted.collect();
        let request = json!({ "logIndexes": indexes }).to_string();
        let reply = self
            .transport
            .post_json(RETRIEVE_PATH, request.into(), limit)
            .await?;
        if !reply.status.is_success() {
            return Err(reply.into_error().into());
        }
        let found: RetrievedEntries = from_slice(&reply.body)
            .map_err(|error| self.transport.bad_reply(RETRIEVE_PATH, error.to_string()))?;
        let mut found = found.by_virtual_index();
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
        let read: Vec<_> = trees
            .iter()
            .map(|tree| (tree.tree_id, tree.start, tree.checkpoint.as_str()))
            .collect();
        assert_eq!(read, [(1, 0, "a"), (2, 10, "b"), (3, 30, "c")]);
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
