//! A log behind its own interface: its trees and their heads.

use ledgerstone_proto::log::v1 as proto;
use serde::de::DeserializeOwned;

use crate::api::error::ApiError;
use crate::transport::http::Transport;
use crate::trust::checkpoint::CheckpointFault;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;

/// A Ledgerstone log, or one of the trees that it holds.
#[derive(Clone, Debug)]
pub struct LogApi {
    transport: Transport,
    /// The only tree to read, instead of the one that grows.
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

    /// The tree `tree_id` that the log holds: an older one of its own, or one of another log.
    /// Heads, entries, proofs and searches are those of this tree.
    pub fn tree(&self, tree_id: u64) -> Self {
        Self {
            transport: self.transport.clone(),
            tree_id: Some(tree_id),
        }
    }

    /// The trees that the log holds: its own, oldest first, and then copies of other logs. Nothing
    /// about them is verified.
    ///
    /// # Errors
    /// When the log cannot be asked.
    pub async fn trees(&self) -> Result<Vec<proto::Tree>, ApiError> {
        let reply: Option<proto::ListTreesResponse> = self.fetch("/log/v1/trees").await?;
        Ok(reply.ok_or_else(|| self.not_this_api())?.trees)
    }

    /// The current head, signed by one of `logs`.
    ///
    /// # Errors
    /// When the log cannot be asked, or none of `logs` signed its head.
    pub async fn head(&self, logs: &TrustedLogs) -> Result<SignedCheckpoint, ApiError> {
        self.open_checkpoint(&self.tree_head().await?.checkpoint, logs)
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
        let path = match self.tree_id {
            None => path.to_owned(),
            Some(tree_id) => {
                let separator = if path.contains('?') { '&' } else { '?' };
                format!("{path}{separator}treeId={tree_id}")
            }
        };
        Ok(self.transport.fetch_json(&path).await?)
    }

    /// The error for a server that lacks a path of the interface.
    pub(crate) fn not_this_api(&self) -> ApiError {
        ApiError::NotLedgerstone(self.transport.url().to_owned())
    }
}
