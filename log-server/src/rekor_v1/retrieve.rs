//! Reading up to ten entries by ids, virtual indexes, or proposals.

use axum::extract::Request;
use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;
use http::header;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_entry::v1::canonical;
use ledgerstone_log::Trees;
use ledgerstone_merkle::Hash;
use serde_json::value::RawValue;

use crate::rekor_v1::body;
use crate::rekor_v1::entry_id;
use crate::rekor_v1::entry_id::EntryId;
use crate::rekor_v1::entry_id::EntryIdError;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::error::schema;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::log_entry;
use crate::rekor_v1::log_entry::LogEntries;
use crate::rekor_v1::lookup;
use crate::rekor_v1::members::Members;
use crate::rekor_v1::members::UpTo;
use crate::rekor_v1::operation;
use crate::rekor_v1::operation::admit;
use crate::rekor_v1::settings::V1Endpoint;
use crate::state::State;

/// The most entries that one request may ask for.
const MAX_ENTRIES: usize = 10;

/// `POST /api/v1/log/entries/retrieve` (rekor-v1, section 1.5).
pub(crate) async fn retrieve(
    Extract(state): Extract<State>,
    request: Request,
) -> Result<Response, V1Error> {
    let (parts, content) = request.into_parts();
    admit(&state, V1Endpoint::SearchLogQuery, &parts)?;
    let bytes = body::read(&state, &parts, content, "entry").await?;
    let policy = *state.v1_policy();
    let attestations = state.settings().rekor_v1.keep_attestations;
    let answer = operation::read(&state, async move |trees| {
        let query = Query::parse(&bytes, &policy);
        // What was proposed has become hashes.
        drop(bytes);
        let found = query?.run(&trees, attestations).await?;
        Ok(json_line(&found))
    })
    .await?;
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, JSON)], answer).into_response())
}

/// What a request asks for.
struct Query {
    ids: Vec<EntryId>,
    /// Of proposals.
    leaf_hashes: Vec<Hash>,
    indexes: Vec<u64>,
}

impl Query {
    fn parse(body: &Bytes, policy: &V1Policy) -> Result<Self, V1Error> {
        let members = Members::parse(body)?;
        let entries: Option<UpTo<&RawValue, MAX_ENTRIES>> = members.list("entries")?;
        let ids: Option<UpTo<Option<String>, MAX_ENTRIES>> = members.list("entryUUIDs")?;
        let indexes: Option<UpTo<i64, MAX_ENTRIES>> = members.list("logIndexes")?;
        let entries = within_limits("entries", entries)?;
        let proposed: Vec<ProposedEntry> = entries
            .into_iter()
            .map(|raw| {
                let json = body.slice_ref(raw.get().as_bytes());
                ProposedEntry::parse_bytes(json).map_err(|reject| V1Error::rejected(&reject, ""))
            })
            .collect::<Result<_, _>>()?;
        let ids = parse_ids(within_limits("entryUUIDs", ids)?)?;
        let indexes = parse_indexes(within_limits("logIndexes", indexes)?)?;
        if proposed.len() + ids.len() + indexes.len() > MAX_ENTRIES {
            let message = format!("more than max allowed {MAX_ENTRIES} entries in request");
            return Err(V1Error::new(StatusCode::UNPROCESSABLE_ENTITY, message));
        }
        let ids = ids.into_iter().collect::<Result<_, _>>()?;
        // Last, since it verifies signatures.
        let leaf_hashes = proposed
            .iter()
            .map(|proposed| match canonical(proposed, policy) {
                Ok(prepared) => Ok(prepared.leaf_hash),
                Err(reject) => Err(V1Error::rejected(&reject, "")),
            })
            .collect::<Result<_, _>>()?;
        Ok(Self {
            ids,
            leaf_hashes,
            indexes,
        })
    }

    /// Ids with a tree first, in their order; then leaf hashes, in every tree of the log that has
    /// them, or else in a copy; then indexes. What is not there is left out.
    async fn run(&self, trees: &Trees, attestations: bool) -> Result<Vec<LogEntries>, V1Error> {
        let mut found = Vec::new();
        for id in &self.ids {
            let tree = id
                .tree_id
                .and_then(|tree_id| lookup::readable_tree(trees, tree_id));
            if let Some(tree) = tree {
                found.extend(lookup::with_leaf_hash(tree, &id.leaf_hash).await?);
            }
        }
        let bare = self.ids.iter().filter(|id| id.tree_id.is_none());
        for leaf_hash in bare.map(|id| &id.leaf_hash).chain(&self.leaf_hashes) {
            let before = found.len();
            for tree in trees.counted() {
                found.extend(lookup::with_leaf_hash(tree, leaf_hash).await?);
            }
            // A copy speaks for another log: only where this one has nothing to say, and only one
            // of them. Clients that ask for one entry expect one.
            for tree in trees.copies() {
                if found.len() > before {
                    break;
                }
                found.extend(lookup::with_leaf_hash(tree, leaf_hash).await?);
            }
        }
        for index in &self.indexes {
            found.extend(lookup::at_virtual_index(trees, *index).await?);
        }
        let mut rendered = Vec::with_capacity(found.len());
        for (tree, proven) in &found {
            rendered.push(log_entry::render_read(tree, proven, attestations).await?);
        }
        Ok(rendered)
    }
}

/// The elements of a list, nothing if there is none. Refuses one that is there but empty, or longer
/// than the whole request may be.
fn within_limits<T, const N: usize>(
    name: &str,
    list: Option<UpTo<T, N>>,
) -> Result<Vec<T>, V1Error> {
    match list {
        Some(UpTo { count: 0, .. }) => Err(V1Error::schema(
            schema::MIN_ITEMS,
            format!("{name} in body should have at least 1 items"),
        )),
        Some(UpTo { count, .. }) if count > N => Err(V1Error::schema(
            schema::MAX_ITEMS,
            format!("{name} in body should have at most {N} items"),
        )),
        Some(list) => Ok(list.items),
        None => Ok(Vec::new()),
    }
}

/// The ids. One that has the form of an id but a tree that cannot be is an error of its own, which
/// waits until the request has been checked against the schema.
fn parse_ids(ids: Vec<Option<String>>) -> Result<Vec<Result<EntryId, V1Error>>, V1Error> {
    let parse = |(position, id): (usize, Option<String>)| {
        let id = id.unwrap_or_default();
        match EntryId::parse(&id) {
            Ok(parsed) => Ok(Ok(parsed)),
            Err(EntryIdError::Tree) => Ok(Err(V1Error::invalid(format!("invalid entryID {id}")))),
            Err(EntryIdError::Pattern) => {
                let pattern = entry_id::PATTERN;
                let message = format!("entryUUIDs.{position} in body should match '{pattern}'");
                Err(V1Error::schema(schema::PATTERN, message))
            }
        }
    };
    ids.into_iter().enumerate().map(parse).collect()
}

fn parse_indexes(indexes: Vec<i64>) -> Result<Vec<u64>, V1Error> {
    let parse = |(position, index): (usize, i64)| {
        u64::try_from(index).map_err(|_| {
            let message =
                format!("logIndexes.{position} in body should be greater than or equal to 0");
            V1Error::schema(schema::MINIMUM, message)
        })
    };
    indexes.into_iter().enumerate().map(parse).collect()
}
