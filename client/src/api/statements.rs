//! Statements that are handed in after their entries.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::log::v1 as proto;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::transport::http::MAX_JSON_BYTES;
use crate::transport::http::MAX_SHORT_JSON_BYTES;

/// The path at which statements are handed in.
const STATEMENTS: &str = "/log/v1/statements";

impl LogApi {
    /// Hands in a statement: a Sigstore bundle with an envelope, a DSSE envelope, the payload that
    /// cosign before version 3 signs for an image, or a statement or SBOM that was signed as it is.
    /// The log keeps it for the entries that vouch for it; these are yielded.
    ///
    /// # Errors
    /// When the log cannot be asked, or does not take it: no entry vouches for it, its operator
    /// removed it, or it is too long.
    pub async fn attach(&self, json: Bytes) -> Result<Vec<proto::AttachedEntry>, ApiError> {
        let path = self.in_tree(STATEMENTS);
        let transport = self.transport();
        let reply = transport.post_json(&path, json, MAX_SHORT_JSON_BYTES);
        let reply = reply.await?;
        if !reply.status.is_success() {
            return Err(reply.into_error().into());
        }
        let read: Result<proto::AttachStatementResponse, _> = from_slice(&reply.body);
        let read = read.map_err(|error| transport.bad_reply(&path, error.to_string()))?;
        Ok(read.entries)
    }

    /// What the log has of the statement of the entry at `index`, with its payload where
    /// `has_payload`; `None` where it has nothing. Nothing of it is verified.
    ///
    /// # Errors
    /// When the log cannot be asked, or answers otherwise; so does one longer than
    /// [`MAX_JSON_BYTES`].
    pub async fn statement(
        &self,
        index: LeafIndex,
        has_payload: bool,
    ) -> Result<Option<proto::Statement>, ApiError> {
        let path = format!(
            "/log/v1/entries/{index}/statement?withoutPayload={}",
            !has_payload
        );
        let path = self.in_tree(&path);
        let Some(reply) = self.transport().fetch(&path, MAX_JSON_BYTES).await? else {
            return Ok(None);
        };
        let read = from_slice(&reply);
        let read = read.map_err(|error| self.transport().bad_reply(&path, error.to_string()));
        Ok(Some(read?))
    }
}
