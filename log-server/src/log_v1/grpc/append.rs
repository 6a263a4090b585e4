//! One append, alone or in a stream.

use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::AppendResponse;

use crate::error::ApiError;
use crate::state::State;

/// Logs one entry.
pub(crate) async fn append(
    state: &State,
    request: AppendRequest,
) -> Result<AppendResponse, ApiError> {
    check_writable(state)?;
    let entry = request
        .entry
        .ok_or_else(|| ApiError::invalid("the request has no entry"))?;
    let submitted = state.submit(entry).await?;
    Ok(AppendResponse {
        duplicate: submitted.appended.duplicate,
        leaf_hash: bytes::Bytes::copy_from_slice(submitted.leaf_hash.as_ref()),
        entry: Some(submitted.into_transparency_log_entry(state.log())),
    })
}

/// Refuses writes to a log that is read only.
pub(crate) fn check_writable(state: &State) -> Result<(), ApiError> {
    if state.settings().log.read_only {
        return Err(ApiError::unimplemented("log frozen"));
    }
    Ok(())
}
