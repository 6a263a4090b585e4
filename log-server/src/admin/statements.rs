//! Removing what the log has of the statement of an entry.

use axum::Json;
use axum::extract::Query;
use axum::extract::State as Extract;
use axum::extract::rejection::QueryRejection;
use ledgerstone_log::DetachError;
use ledgerstone_merkle::LeafIndex;
use serde::Deserialize;
use serde::Serialize;
use tracing::error;

use crate::error::ApiError;
use crate::state::State;

/// The entry whose statement is removed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RemoveQuery {
    index: u64,
    /// 0: the tree that takes entries of Rekor v2, or else of Rekor v1.
    #[serde(default)]
    tree_id: u64,
}

/// What was removed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Removed {
    tree_id: String,
    /// Of how many entries: a document that came with the submissions of several was of all.
    entries: String,
}

/// Removes the statement of an entry. Answers when no answer rests on it any more; what is left of
/// it goes afterwards.
pub(super) async fn remove(
    Extract(state): Extract<State>,
    query: Result<Query<RemoveQuery>, QueryRejection>,
) -> Result<Json<Removed>, ApiError> {
    let query = query.map_err(|rejection| ApiError::invalid(rejection.body_text()))?;
    let Query(RemoveQuery { index, tree_id }) = query;
    let tree_id = state.tree(tree_id)?.tree_id();
    let removed = state.log().detach(tree_id, LeafIndex::new(index)).await?;
    Ok(Json(Removed {
        tree_id: tree_id.to_string(),
        entries: removed.to_string(),
    }))
}

/// Those who reach this port are operators, and get the words of the store.
impl From<DetachError> for ApiError {
    fn from(error: DetachError) -> Self {
        match error {
            DetachError::NoEntry { .. } | DetachError::NoStatement(_) | DetachError::NoTree(_) => {
                Self::not_found(error.to_string())
            }
            DetachError::TooMany(_) => Self::invalid(error.to_string()),
            DetachError::ReadOnly => Self::unimplemented(error.to_string()),
            DetachError::Storage(_) => {
                error!(%error, "a statement cannot be removed");
                Self::internal()
            }
        }
    }
}
