//! What an operator asks of a server that runs, at its admin port.

use bytes::Bytes;
use serde::Deserialize;
use serde::Deserializer;

use crate::transport::error::TransportError;
use crate::transport::http::MAX_SHORT_JSON_BYTES;
use crate::transport::http::Transport;

/// The path at which rebuilds of the search index are begun and asked about.
const REINDEX: &str = "/reindex";

/// The admin port of a Ledgerstone server.
#[derive(Clone, Debug)]
pub struct AdminPort {
    transport: Transport,
}

/// How far the rebuild of a server's search index is.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
pub struct ReindexReport {
    /// Whether there is one, and how it ended.
    pub state: ReindexPhase,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<String>,
    /// How far it is; `None` when there was none since the server started.
    #[serde(flatten)]
    pub progress: Option<ReindexCounts>,
}

/// Whether a rebuild is under way.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum ReindexPhase {
    /// There was none since the server started.
    Idle,
    /// It is under way.
    Running,
    /// It ended well.
    Complete,
    /// The server is ending. The next one goes on.
    Interrupted,
    /// It ended by an error.
    Failed,
}

/// The progress of a rebuild.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ReindexCounts {
    /// The number of shards.
    pub shards: u64,
    /// The entries that were looked at.
    #[serde(deserialize_with = "number")]
    pub entries: u64,
    /// How many there are to look at.
    #[serde(deserialize_with = "number")]
    pub of_entries: u64,
    /// The rows of the index that were looked at.
    #[serde(deserialize_with = "number")]
    pub rows: u64,
    /// The rows that the index lacked.
    #[serde(deserialize_with = "number")]
    pub added: u64,
    /// The rows that were wrong.
    #[serde(deserialize_with = "number")]
    pub removed: u64,
    /// The rows that nothing in the log bears out or disproves, and that were left as they are.
    #[serde(deserialize_with = "number")]
    pub kept: u64,
    /// Whether it goes on from an earlier one that was interrupted.
    pub resumed: bool,
}

/// What a server removed of a statement.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct RemovedStatement {
    /// The number of the tree.
    #[serde(deserialize_with = "number")]
    pub tree_id: u64,
    /// Of how many entries the statement was.
    #[serde(deserialize_with = "number")]
    pub entries: u64,
}

impl AdminPort {
    /// The admin port behind `transport`.
    pub fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Starts to rebuild the search index, or goes on with an interrupted rebuild. One that is
    /// under way goes on as it is, so that asking twice does no harm.
    ///
    /// # Errors
    /// [`TransportError`] when the server cannot be reached, or this is no admin port.
    pub async fn start_reindex(&self) -> Result<ReindexReport, TransportError> {
        let nothing = Bytes::from_static(b"{}");
        let reply = self
            .transport
            .post_json(REINDEX, nothing, MAX_SHORT_JSON_BYTES);
        let reply = reply.await?;
        if !reply.status.is_success() {
            return Err(reply.into_error());
        }
        self.read(&reply.body)
    }

    /// How far the rebuild is.
    ///
    /// # Errors
    /// As for [`start_reindex`](Self::start_reindex).
    pub async fn reindex(&self) -> Result<ReindexReport, TransportError> {
        let reply = self.transport.fetch(REINDEX, MAX_SHORT_JSON_BYTES).await?;
        let reply = reply.ok_or_else(|| {
            let reason = "there is no rebuild to ask about: this is no admin port".to_owned();
            self.transport.bad_reply(REINDEX, reason)
        })?;
        self.read(&reply)
    }

    /// Removes what the server's log has of the statement of an entry: of the tree with this
    /// number, or for 0 of the one that takes entries of Rekor v2, or else of Rekor v1.
    ///
    /// # Errors
    /// [`TransportError`] when the server cannot be reached, has no such statement, or is no admin
    /// port.
    pub async fn remove_statement(
        &self,
        tree_id: u64,
        index: u64,
    ) -> Result<RemovedStatement, TransportError> {
        let path = format!("/statements/remove?treeId={tree_id}&index={index}");
        let nothing = Bytes::from_static(b"{}");
        let reply = self
            .transport
            .post_json(&path, nothing, MAX_SHORT_JSON_BYTES);
        let reply = reply.await?;
        if !reply.status.is_success() {
            return Err(reply.into_error());
        }
        let removed = serde_json::from_slice(&reply.body);
        removed.map_err(|error| self.transport.bad_reply(&path, error.to_string()))
    }

    fn read(&self, reply: &[u8]) -> Result<ReindexReport, TransportError> {
        let report = serde_json::from_slice(reply);
        report.map_err(|error| self.transport.bad_reply(REINDEX, error.to_string()))
    }
}

/// A number that is written as a string, as in all JSON of the log.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_read() {
        let idle: ReindexReport = serde_json::from_str(r#"{"state":"idle"}"#).unwrap();
        assert_eq!((idle.state, idle.progress), (ReindexPhase::Idle, None));
        let failed = r#"{"state":"failed","error":"the disk is full","shard":0,"shards":2,
            "pass":"index","entries":"7","ofEntries":"9","rows":"5","added":"4","removed":"3",
            "kept":"2","resumed":true}"#;
        let failed: ReindexReport = serde_json::from_str(failed).unwrap();
        assert_eq!(failed.state, ReindexPhase::Failed);
        assert_eq!(failed.error.as_deref(), Some("the disk is full"));
        let progress = failed.progress.unwrap();
        assert_eq!((progress.entries, progress.of_entries), (7, 9));
        assert_eq!((progress.added, progress.removed, progress.kept), (4, 3, 2));
        assert!(progress.resumed);
    }
}
