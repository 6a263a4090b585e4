//! Reading one entry.

use axum::extract::Path;
use axum::extract::Request;
use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header;
use http::request::Parts;
use ledgerstone_log::ProvenEntry;
use ledgerstone_log::ReadError;
use ledgerstone_log::Shard;
use ledgerstone_log::Shards;
use ledgerstone_merkle::Hash;

use crate::rekor_v1::entry_id;
use crate::rekor_v1::entry_id::EntryId;
use crate::rekor_v1::entry_id::EntryIdError;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::error::schema;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::log_entry;
use crate::rekor_v1::operation;
use crate::rekor_v1::operation::admit;
use crate::rekor_v1::parameters::Parameters;
use crate::rekor_v1::settings::V1Endpoint;
use crate::state::State;

/// `GET /api/v1/log/entries?logIndex=N` (rekor-v1, section 1.3).
pub(crate) async fn by_index(
    Extract(state): Extract<State>,
    request: Request,
) -> Result<Response, V1Error> {
    let (parts, _) = request.into_parts();
    admit(&state, V1Endpoint::GetLogEntryByIndex, &parts)?;
    let index = Parameters::of(&parts.uri)?.required_integer("logIndex", 0)?;
    answer(&state, move |shards| at_virtual_index(shards, index)).await
}

/// `GET /api/v1/log/entries/{entryUUID}` (rekor-v1, section 1.4).
pub(crate) async fn by_id(
    Extract(state): Extract<State>,
    path: Option<Path<String>>,
    parts: Parts,
) -> Result<Response, V1Error> {
    admit(&state, V1Endpoint::GetLogEntryByUuid, &parts)?;
    // The route of /retrieve has no parameter, and "retrieve" is no id.
    let text = path.map(|Path(text)| text).unwrap_or_default();
    let id = EntryId::parse(&text).map_err(|error| match error {
        EntryIdError::Pattern => {
            let message = format!("entryUUID in path should match '{}'", entry_id::PATTERN);
            V1Error::schema(schema::PATTERN, message)
        }
        EntryIdError::Tree => V1Error::invalid("validation error: invalid tree ID in entryUUID"),
    })?;
    answer(&state, move |shards| first_with_id(shards, &id)).await
}

/// The entry with this virtual index.
pub(crate) fn at_virtual_index(
    shards: &Shards,
    index: u64,
) -> Result<Option<(&Shard, ProvenEntry)>, ReadError> {
    let (shard, index) = shards.locate(index);
    Ok(shard.proven_entry(index)?.map(|proven| (shard, proven)))
}

/// The entry with this leaf hash in `shard`.
pub(crate) fn with_leaf_hash<'s>(
    shard: &'s Shard,
    leaf_hash: &Hash,
) -> Result<Option<(&'s Shard, ProvenEntry)>, ReadError> {
    let Some(index) = shard.index_of(leaf_hash)? else {
        return Ok(None);
    };
    Ok(shard.proven_entry(index)?.map(|proven| (shard, proven)))
}

/// The entry with this id: in its tree, or else in the active one, or else in the first frozen one that has it, or else in the
/// first copy.
fn first_with_id<'s>(
    shards: &'s Shards,
    id: &EntryId,
) -> Result<Option<(&'s Shard, ProvenEntry)>, ReadError> {
    if let Some(tree_id) = id.tree_id {
        let shard = shards.by_tree_id(tree_id);
        return shard.map_or(Ok(None), |shard| with_leaf_hash(shard, &id.leaf_hash));
    }
    let older = shards.frozen().iter().chain(shards.copies());
    for shard in std::iter::once(shards.active()).chain(older) {
        let found = with_leaf_hash(shard, &id.leaf_hash)?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

async fn answer<F>(state: &State, find: F) -> Result<Response, V1Error>
where
    F: FnOnce(&Shards) -> Result<Option<(&Shard, ProvenEntry)>, ReadError> + Send + 'static,
{
    let attestations = state.settings().rekor_v1.keep_attestations;
    let body = operation::read(state, move |shards| {
        let (shard, proven) = find(shards)?.ok_or_else(V1Error::absent)?;
        let entries = log_entry::render_read(shard, &proven, attestations)?;
        Ok(json_line(&entries))
    })
    .await?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, JSON)], body).into_response())
}
