//! The reads of the log's own face as JSON under `/log/v1/`: the messages of `ledgerstone.v1` in
//! their protobuf JSON form.

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::State as Extract;
use axum::extract::rejection::PathRejection;
use axum::extract::rejection::QueryRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use base64::engine::general_purpose::URL_SAFE;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_proto::json;
use ledgerstone_proto::log::v1::SearchOperator;
use ledgerstone_proto::log::v1::SearchPublicKey;
use ledgerstone_proto::log::v1::SearchRequest;
use ledgerstone_proto::log::v1::SearchTerm;
use ledgerstone_proto::log::v1::search_term::Term;
use serde::Deserialize;
use serde::Serialize;

use crate::error::ApiError;
use crate::face::Routes;
use crate::log_v1::search;
use crate::log_v1::views;
use crate::log_v1::views::Lookup;
use crate::state::State;

/// The routes of the face.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/log/v1/trees", trees)
        .get("/log/v1/tree-head", tree_head)
        .get("/log/v1/keys", keys)
        .get("/log/v1/entries", entries)
        .get("/log/v1/entries/{index}", entry)
        .get("/log/v1/entries/by-leaf-hash/{hash}", entry_by_leaf_hash)
        .get("/log/v1/proofs/inclusion", inclusion_proof)
        .get("/log/v1/proofs/consistency", consistency_proof)
        .get("/log/v1/search", search_entries)
}

/// The choice of a tree, in every query but that of a search.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TreeQuery {
    /// 0: the one that grows.
    #[serde(default)]
    tree_id: u64,
}

async fn trees(Extract(state): Extract<State>) -> Result<Response, ApiError> {
    message(&views::trees(state.shards()))
}

async fn tree_head(
    Extract(state): Extract<State>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let shard = state.tree(parse(query)?.tree_id)?;
    message(&views::tree_head(shard, &shard.head()))
}

async fn entry(
    Extract(state): Extract<State>,
    index: Result<Path<String>, PathRejection>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let shard = state.tree(parse(query)?.tree_id)?;
    let index = index.ok().and_then(|Path(index)| decimal(&index));
    let index = index.ok_or_else(|| ApiError::invalid("an index is a decimal number from 0 on"))?;
    let lookup = Lookup::Index(LeafIndex::new(index));
    message(&views::entry(&state, shard, lookup).await?)
}

async fn entry_by_leaf_hash(
    Extract(state): Extract<State>,
    hash: Result<Path<String>, PathRejection>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let shard = state.tree(parse(query)?.tree_id)?;
    let hash = hash.map_or_else(|_| String::new(), |Path(hash)| hash);
    message(&views::entry(&state, shard, hex_lookup(&hash)?).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EntriesQuery {
    start: u64,
    limit: Option<usize>,
    #[serde(default)]
    tree_id: u64,
}

/// A page of entries.
#[derive(Serialize)]
struct EntriesPage {
    entries: Vec<ledgerstone_proto::log::v1::Entry>,
    /// The index to start the next page from.
    next: String,
}

async fn entries(
    Extract(state): Extract<State>,
    query: Result<Query<EntriesQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let EntriesQuery {
        start,
        limit,
        tree_id,
    } = parse(query)?;
    let (shard, limit) = (state.tree(tree_id)?, limit.unwrap_or(views::READ_ENTRIES));
    let entries = views::entries(&state, shard, start, limit).await?;
    let next = (start.saturating_add(entries.len() as u64)).to_string();
    json_response(serde_json::to_vec(&EntriesPage { entries, next }).ok())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct InclusionQuery {
    index: Option<u64>,
    leaf_hash: Option<String>,
    #[serde(default)]
    tree_size: u64,
    #[serde(default)]
    tree_id: u64,
}

async fn inclusion_proof(
    Extract(state): Extract<State>,
    query: Result<Query<InclusionQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let InclusionQuery {
        index,
        leaf_hash,
        tree_size,
        tree_id,
    } = parse(query)?;
    let shard = state.tree(tree_id)?;
    let lookup = match (index, leaf_hash) {
        (Some(index), None) => Lookup::Index(LeafIndex::new(index)),
        (None, Some(hash)) => hex_lookup(&hash)?,
        _ => {
            return Err(ApiError::invalid(
                "name the entry by index or by leafHash, not by both",
            ));
        }
    };
    message(&views::inclusion_proof(&state, shard, lookup, tree_size).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct ConsistencyQuery {
    old_size: u64,
    #[serde(default)]
    new_size: u64,
    #[serde(default)]
    tree_id: u64,
}

async fn consistency_proof(
    Extract(state): Extract<State>,
    query: Result<Query<ConsistencyQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let ConsistencyQuery {
        old_size,
        new_size,
        tree_id,
    } = parse(query)?;
    let shard = state.tree(tree_id)?;
    message(&views::consistency_proof(&state, shard, old_size, new_size).await?)
}

/// What is searched for. Each kind of term can be given once; over gRPC there may be several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SearchParameters {
    /// As the command calls it. Its older name is taken too.
    #[serde(alias = "hash")]
    digest: Option<String>,
    email: Option<String>,
    subject: Option<String>,
    /// In base64, either alphabet: a `+` of the standard one has to be escaped in a query.
    public_key: Option<String>,
    public_key_format: Option<String>,
    operator: Option<String>,
    #[serde(default)]
    start: u64,
    #[serde(default)]
    end: u64,
    #[serde(default)]
    from_time: i64,
    #[serde(default)]
    until_time: i64,
    #[serde(default)]
    limit: u32,
    #[serde(default)]
    tree_id: u64,
}

async fn search_entries(
    Extract(state): Extract<State>,
    query: Result<Query<SearchParameters>, QueryRejection>,
) -> Result<Response, ApiError> {
    let request = search_request(parse(query)?)?;
    message(&search::search(&state, request).await?)
}

fn search_request(parameters: SearchParameters) -> Result<SearchRequest, ApiError> {
    let operator = match parameters.operator.as_deref() {
        None => SearchOperator::Unspecified,
        Some("or") => SearchOperator::Or,
        Some("and") => SearchOperator::And,
        Some(_) => return Err(ApiError::invalid("operator is either and or or")),
    };
    let mut terms: Vec<Term> = parameters.digest.map(Term::Hash).into_iter().collect();
    let subjects = [parameters.email, parameters.subject];
    terms.extend(subjects.into_iter().flatten().map(Term::Subject));
    if let Some(key) = parameters.public_key {
        let content = STANDARD
            .decode(&key)
            .or_else(|_| URL_SAFE.decode(&key))
            .map_err(|_| ApiError::invalid("publicKey has to be base64 with its padding"))?;
        terms.push(Term::PublicKey(SearchPublicKey {
            format: parameters
                .public_key_format
                .unwrap_or_else(|| "x509".to_owned()),
            content: content.into(),
        }));
    }
    let terms = terms.into_iter();
    Ok(SearchRequest {
        terms: terms.map(|term| SearchTerm { term: Some(term) }).collect(),
        operator: operator as i32,
        start: parameters.start,
        end: parameters.end,
        from_time: parameters.from_time,
        until_time: parameters.until_time,
        limit: parameters.limit,
        tree_id: parameters.tree_id,
    })
}

/// Who the log is: what a client needs to verify it, and to make trust files from.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Keys<'a> {
    origin: &'a str,
    tree_id: String,
    created: String,
    ed25519: Key,
    ecdsa_p256: Key,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Key {
    /// C2SP signed-note verifier key.
    vkey: String,
    /// SubjectPublicKeyInfo, DER in base64.
    spki: String,
    /// What Sigstore calls `logId.keyId`, in base64.
    log_id: String,
}

async fn keys(Extract(state): Extract<State>) -> Result<Response, ApiError> {
    let log = state.log();
    let key = |signer: &dyn NoteSigner, spki: &[u8]| Key {
        vkey: signer.verifier().to_string(),
        spki: STANDARD.encode(spki),
        log_id: STANDARD.encode(signer.verifier().log_id()),
    };
    let (ed25519, ecdsa) = (log.keys().ed25519(), log.keys().ecdsa());
    let keys = Keys {
        origin: log.origin(),
        tree_id: log.identity().tree_id.to_string(),
        created: log.identity().created.to_string(),
        ed25519: key(ed25519, ed25519.public_key_der()),
        ecdsa_p256: key(ecdsa, ecdsa.public_key_der()),
    };
    json_response(serde_json::to_vec(&keys).ok())
}

/// A decimal number without sign or leading zeros: one number has one form.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn hex_lookup(text: &str) -> Result<Lookup, ApiError> {
    let bytes =
        hex::decode(text).map_err(|_| ApiError::invalid("a leaf hash is 64 hexadecimal digits"))?;
    Lookup::leaf_hash(&bytes)
}

fn parse<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, ApiError> {
    query
        .map(|Query(query)| query)
        .map_err(|rejection| ApiError::invalid(rejection.body_text()))
}

fn message<T: Serialize>(message: &T) -> Result<Response, ApiError> {
    json_response(json::to_vec(message).ok())
}

fn json_response(body: Option<Vec<u8>>) -> Result<Response, ApiError> {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    Ok((headers, body.ok_or_else(ApiError::internal)?).into_response())
}
