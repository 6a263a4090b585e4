//! Appending over the log's own face.

use ledgerstone_log::Tree;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::AppendResponse;
use ledgerstone_storage::TreeKind;

use crate::error::ApiError;
use crate::state::Proposal;
use crate::state::State;

/// Logs one entry.
pub(super) async fn append(
    state: &State,
    request: AppendRequest,
) -> Result<AppendResponse, ApiError> {
    check_writable(state)?;
    let entry = request
        .entry
        .ok_or_else(|| ApiError::invalid("the request has no entry"))?;
    let trees = state.trees();
    let tree = trees.growing_of(TreeKind::REKOR_V2).map(Tree::tree_id);
    if request.tree_id != 0 && Some(request.tree_id) != tree {
        return Err(ApiError::invalid(format!(
            "tree {} does not take entries of Rekor v2; leave out tree_id, or name the one that \
             does",
            request.tree_id
        )));
    }
    let submitted = state.submit(Proposal::Message(entry)).await?;
    Ok(AppendResponse {
        duplicate: submitted.appended.duplicate,
        leaf_hash: bytes::Bytes::copy_from_slice(submitted.appended.leaf_hash.as_ref()),
        entry: Some(submitted.into_transparency_log_entry()),
    })
}

/// Refuses writes where the server takes none.
pub(super) fn check_writable(state: &State) -> Result<(), ApiError> {
    if state.settings().log.read_only {
        return Err(ApiError::unimplemented("log frozen"));
    }
    Ok(())
}
