//! A log behind its own interface, and the heads of its trees.

use ledgerstone_merkle::NoteError;
use ledgerstone_proto::log::v1 as proto;
use serde::de::DeserializeOwned;

use crate::api::error::ApiError;
use crate::source::rekor_v1::RekorV1;
use crate::transport::http::MAX_JSON_BYTES;
use crate::transport::http::Transport;
use crate::trust::checkpoint::CheckpointFault;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;

/// A Ledgerstone log, or one of the trees that it holds.
#[derive(Clone, Debug)]
pub struct LogApi {
    transport: Transport,
    /// The tree to read, instead of the one that takes entries of Rekor v2, or else of Rekor v1.
    tree_id: Option<u64>,
}

impl LogApi {
    /// The log under the base URL of `transport`.
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            tree_id: None,
        }
    }

    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    pub(crate) fn tree_id(&self) -> Option<u64> {
        self.tree_id
    }

    /// The tree `tree_id` that the log holds: any of its own, or one of another log. Heads,
    /// entries, proofs and searches are those of this tree.
    pub fn tree(&self, tree_id: u64) -> Self {
        Self {
            transport: self.transport.clone(),
            tree_id: Some(tree_id),
        }
    }

    /// The current head, signed by one of `logs`.
    ///
    /// # Errors
    /// When the log cannot be asked, or none of `logs` signed its head.
    pub async fn head(&self, logs: &TrustedLogs) -> Result<SignedCheckpoint, ApiError> {
        let head = self.tree_head().await?;
        match self.open_checkpoint(&head.checkpoint, logs) {
            Err(error) if error.is_unknown_key() => {
                let of_v1 = self.rekor_v1_head(head.tree_id, logs).await?;
                of_v1.ok_or(error)
            }
            opened => opened,
        }
    }

    /// The head of a tree as clients of Rekor v1 are given it, if it is such a tree and one of
    /// `logs` signed that: under the key that trusted roots name, where the key of readers of tiles
    /// is in none.
    async fn rekor_v1_head(
        &self,
        tree_id: u64,
        logs: &TrustedLogs,
    ) -> Result<Option<SignedCheckpoint>, ApiError> {
        let log = RekorV1::new(self.transport.clone());
        let Ok(tree) = log.tree(Some(tree_id)).await else {
            return Ok(None);
        };
        match logs.open_rekor_v1_checkpoint(&tree.checkpoint, tree_id) {
            Err(CheckpointFault::Note(NoteError::NoKnownKey)) => Ok(None),
            opened => Ok(Some(opened?)),
        }
    }

    /// A checkpoint of the log; of a tree of a Rekor v1 as well, when such a tree is read.
    pub(crate) fn open_checkpoint(
        &self,
        note: &str,
        logs: &TrustedLogs,
    ) -> Result<SignedCheckpoint, ApiError> {
        match (logs.open_checkpoint(note), self.tree_id) {
            (Err(CheckpointFault::Origin { .. }), Some(tree_id)) => {
                Ok(logs.open_rekor_v1_checkpoint(note, tree_id)?)
            }
            (opened, _) => Ok(opened?),
        }
    }

    /// The current head, not verified.
    pub(crate) async fn tree_head(&self) -> Result<proto::TreeHead, ApiError> {
        let head = self.fetch("/log/v1/tree-head").await?;
        head.ok_or_else(|| self.not_this_api())
    }

    /// The JSON at `path` for the tree that is read; `None` where there is nothing.
    pub(crate) async fn fetch<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, ApiError> {
        Ok(self.transport.fetch_json(&self.in_tree(path)).await?)
    }

    /// An answer with entries, whose bodies are read byte for byte: that is not the JSON form of a
    /// message.
    pub(crate) async fn fetch_entries<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, ApiError> {
        let path = self.in_tree(path);
        let Some(answer) = self.transport.fetch(&path, MAX_JSON_BYTES).await? else {
            return Ok(None);
        };
        match serde_json::from_slice(&answer) {
            Ok(read) => Ok(Some(read)),
            Err(error) => Err(self.transport.bad_reply(&path, error.to_string()).into()),
        }
    }

    pub(crate) fn in_tree(&self, path: &str) -> String {
        match self.tree_id {
            None => path.to_owned(),
            Some(tree_id) => {
                let separator = if path.contains('?') { '&' } else { '?' };
                format!("{path}{separator}treeId={tree_id}")
            }
        }
    }

    /// The error for a server that lacks a path of the interface.
    pub(crate) fn not_this_api(&self) -> ApiError {
        ApiError::NotLedgerstone(self.transport.url().to_owned())
    }
}
