//! The trees of a log, and their keys.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1 as proto;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::trust::description::KeyPeriod;
use crate::trust::description::LogDescription;
use crate::trust::log::TrustedLog;

impl LogApi {
    /// The trees that the log holds: its own, oldest first, and then copies of other logs. Nothing
    /// about them is verified.
    ///
    /// # Errors
    /// When the log cannot be asked.
    pub async fn trees(&self) -> Result<Vec<proto::Tree>, ApiError> {
        let path = "/log/v1/trees";
        let reply: Option<proto::ListTreesResponse> = self.transport().fetch_json(path).await?;
        Ok(reply.ok_or_else(|| self.not_this_api())?.trees)
    }

    /// Who the log says it is. Nothing vouches for it but the connection.
    ///
    /// # Errors
    /// When the log cannot be asked, or a key is none that signs checkpoints.
    pub async fn description(&self) -> Result<LogDescription, ApiError> {
        Ok(LogDescription::from_trees(&self.trees().await?)?)
    }

    /// The imported trees of the log that have entries, oldest first, under the keys that Rekor v1
    /// clients verify with. Nothing vouches for them but the connection.
    ///
    /// # Errors
    /// When the log cannot be asked, or a key is none that signs checkpoints.
    pub async fn predecessors(&self) -> Result<Vec<KeyPeriod>, ApiError> {
        let mut predecessors = Vec::new();
        for tree in self.trees().await? {
            let head = tree.head.unwrap_or_default();
            let is_imported =
                tree.role == proto::TreeRole::Predecessor as i32 && tree.protocol.is_empty();
            if !is_imported || head.size == 0 {
                continue;
            }
            let first = EntryLookup::Index(LeafIndex::new(0));
            let first = self.tree(head.tree_id).entry(first).await?;
            let log = TrustedLog::from_spki_der(&tree.log_name, &tree.rekor_v1_key)?;
            predecessors.push(KeyPeriod::starting(log, first.integrated_time));
        }
        Ok(predecessors)
    }
}
