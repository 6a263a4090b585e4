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
use ledgerstone_log::Tree;
use ledgerstone_log::Trees;
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
    answer(&state, Sought::Index(index)).await
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
    answer(&state, Sought::Id(id)).await
}

/// The entry with this virtual index.
pub(crate) async fn at_virtual_index(
    trees: &Trees,
    index: u64,
) -> Result<Option<(&Tree, ProvenEntry)>, ReadError> {
    let Some((tree, index)) = trees.locate(index) else {
        return Ok(None);
    };
    Ok(tree.proven_entry(index).await?.map(|proven| (tree, proven)))
}

/// The entry with this leaf hash in `tree`.
pub(crate) async fn with_leaf_hash<'s>(
    tree: &'s Tree,
    leaf_hash: &Hash,
) -> Result<Option<(&'s Tree, ProvenEntry)>, ReadError> {
    let Some(index) = tree.index_of(leaf_hash).await? else {
        return Ok(None);
    };
    Ok(tree.proven_entry(index).await?.map(|proven| (tree, proven)))
}

/// The entry with this id: in its tree, or else in the one that takes entries of Rekor v1, or else
/// in the first inactive one that has it, or else in the first copy.
async fn first_with_id<'s>(
    trees: &'s Trees,
    id: &EntryId,
) -> Result<Option<(&'s Tree, ProvenEntry)>, ReadError> {
    if let Some(tree_id) = id.tree_id {
        return match readable_tree(trees, tree_id) {
            Some(tree) => with_leaf_hash(tree, &id.leaf_hash).await,
            None => Ok(None),
        };
    }
    let growing = trees.counted().iter().filter(|tree| tree.grows());
    for tree in growing.chain(trees.inactive()).chain(trees.copies()) {
        let found = with_leaf_hash(tree, &id.leaf_hash).await?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The tree with this id, if it is one that clients of Rekor v1 can read.
pub(crate) fn readable_tree(trees: &Trees, tree_id: u64) -> Option<&Tree> {
    trees
        .by_tree_id(tree_id)
        .filter(|tree| tree.v1_key().is_some())
}

/// How a caller names an entry.
enum Sought {
    /// By its virtual index.
    Index(u64),
    Id(EntryId),
}

async fn answer(state: &State, sought: Sought) -> Result<Response, V1Error> {
    let attestations = state.settings().rekor_v1.keep_attestations;
    let body = operation::read(state, async move |trees| {
        let found = match sought {
            Sought::Index(index) => at_virtual_index(&trees, index).await,
            Sought::Id(id) => first_with_id(&trees, &id).await,
        };
        let (tree, proven) = found?.ok_or_else(V1Error::absent)?;
        let entries = log_entry::render_read(tree, &proven, attestations).await?;
        Ok(json_line(&entries))
    })
    .await?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, JSON)], body).into_response())
}
