//! The log's own face as JSON under `/log/v1/`: the messages of `ledgerstone.v1` in
//! their protobuf JSON form, but for entries, which have the form that they have everywhere.

use axum::extract::Path;
use axum::extract::Query;
use axum::extract::Request;
use axum::extract::State as Extract;
use axum::extract::rejection::PathRejection;
use axum::extract::rejection::QueryRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use ledgerstone_entry::EntryView;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_proto::json;
use ledgerstone_proto::json::decode_base64;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::SearchCoverage;
use ledgerstone_proto::log::v1::SearchEvidence;
use ledgerstone_proto::log::v1::SearchHit;
use ledgerstone_proto::log::v1::SearchOperator;
use ledgerstone_proto::log::v1::SearchOrder;
use ledgerstone_proto::log::v1::SearchPublicKey;
use ledgerstone_proto::log::v1::SearchRequest;
use ledgerstone_proto::log::v1::SearchTerm;
use ledgerstone_proto::log::v1::search_term::Term;
use ledgerstone_storage::TreeKind;
use serde::Deserialize;
use serde::Serialize;

use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::face::Routes;
use crate::layers::body;
use crate::log_v1::search;
use crate::log_v1::statements;
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
        .get("/log/v1/entries/{index}/statement", statement)
        .post("/log/v1/statements", attach)
}

/// The choice of a tree, in every query but that of a search.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TreeQuery {
    /// 0: the one that takes entries of Rekor v2, or else of Rekor v1.
    #[serde(default)]
    tree_id: u64,
}

async fn trees(Extract(state): Extract<State>) -> Result<Response, ApiError> {
    message(&views::trees(&state.trees()))
}

async fn tree_head(
    Extract(state): Extract<State>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let tree = state.tree(parse(query)?.tree_id)?;
    message(&views::tree_head(&tree, &tree.head()))
}

async fn entry(
    Extract(state): Extract<State>,
    index: Result<Path<String>, PathRejection>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let tree = state.tree(parse(query)?.tree_id)?;
    let lookup = Lookup::Index(LeafIndex::new(index_in(index)?));
    message(&view(&views::entry(&state, &tree, lookup).await?))
}

async fn entry_by_leaf_hash(
    Extract(state): Extract<State>,
    hash: Result<Path<String>, PathRejection>,
    query: Result<Query<TreeQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let tree = state.tree(parse(query)?.tree_id)?;
    let hash = hash.map_or_else(|_| String::new(), |Path(hash)| hash);
    message(&view(
        &views::entry(&state, &tree, hex_lookup(&hash)?).await?,
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EntriesQuery {
    start: u64,
    limit: Option<usize>,
    #[serde(default)]
    tree_id: u64,
}

/// An entry of a tree as machines are told of it everywhere.
fn view(entry: &Entry) -> EntryView {
    EntryView::new(&entry.body)
        .at(entry.index)
        .in_tree(entry.tree_id)
        .integrated_at(entry.integrated_time)
}

/// A page of entries.
#[derive(Serialize)]
struct EntriesPage {
    entries: Vec<EntryView>,
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
    let (tree, limit) = (state.tree(tree_id)?, limit.unwrap_or(views::READ_ENTRIES));
    let entries = views::entries(&state, &tree, start, limit, views::READ_BYTES).await?;
    let next = (start.saturating_add(entries.len() as u64)).to_string();
    let entries = entries.iter().map(view).collect();
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
    let tree = state.tree(tree_id)?;
    let lookup = match (index, leaf_hash) {
        (Some(index), None) => Lookup::Index(LeafIndex::new(index)),
        (None, Some(hash)) => hex_lookup(&hash)?,
        _ => {
            return Err(ApiError::invalid(
                "name the entry by index or by leafHash, not by both",
            ));
        }
    };
    message(&views::inclusion_proof(&state, &tree, lookup, tree_size).await?)
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
    let tree = state.tree(tree_id)?;
    message(&views::consistency_proof(&state, &tree, old_size, new_size).await?)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct StatementQuery {
    #[serde(default)]
    tree_id: u64,
    #[serde(default)]
    without_payload: bool,
}

async fn statement(
    Extract(state): Extract<State>,
    index: Result<Path<String>, PathRejection>,
    query: Result<Query<StatementQuery>, QueryRejection>,
) -> Result<Response, ApiError> {
    let StatementQuery {
        tree_id,
        without_payload,
    } = parse(query)?;
    let tree = state.tree(tree_id)?;
    let index = index_in(index)?;
    message(&statements::statement(&state, &tree, index, !without_payload).await?)
}

async fn attach(
    Extract(state): Extract<State>,
    query: Result<Query<TreeQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, ApiError> {
    statements::check_taken(&state)?;
    let tree_id = parse(query)?.tree_id;
    let (parts, content) = request.into_parts();
    let settings = &state.settings().statements;
    let json = body::read(&parts, content, settings.body_limit()).await;
    let json = json.map_err(|failure| match failure {
        Failure::BodyTooLarge(_) => ApiError::too_large(settings.max_statement_bytes),
        other => other.into(),
    })?;
    let kept = statements::attach(&state, json, tree_id).await?;
    let is_new = kept.entries.iter().any(|entry| !entry.known);
    let mut response = message(&kept)?;
    if is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    Ok(response)
}

/// The index in a path.
fn index_in(path: Result<Path<String>, PathRejection>) -> Result<u64, ApiError> {
    let index = path.ok().and_then(|Path(index)| decimal(&index));
    index.ok_or_else(|| ApiError::invalid("an index is a decimal number from 0 on"))
}

/// What is searched for. Each kind of term can be given once; over gRPC there may be several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SearchParameters {
    /// What has to hold besides, in the query language of the command.
    #[serde(default)]
    q: String,
    order: Option<String>,
    #[serde(default)]
    coverage: bool,
    /// As the command calls it. Its older name is taken too.
    #[serde(alias = "hash")]
    digest: Option<String>,
    email: Option<String>,
    subject: Option<String>,
    /// In base64, either alphabet: a `+` of the standard one has to be escaped in a query.
    public_key: Option<String>,
    public_key_format: Option<String>,
    operator: Option<String>,
    /// Where to begin and to end in each tree.
    #[serde(default)]
    from: String,
    #[serde(default)]
    end: String,
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
    let found = search::search(&state, request).await?;
    message(&SearchPage {
        hits: found.hits.into_iter().map(HitView::new).collect(),
        next: found.next.to_string(),
        complete: found.complete,
        unknown: found.unknown,
        coverage: found.coverage.into_iter().map(CoverageView::new).collect(),
    })
}

/// A page of what a search found.
#[derive(Serialize)]
struct SearchPage {
    hits: Vec<HitView>,
    /// Where the next page starts in each tree: `<tree id>:<index>` with commas between.
    next: String,
    /// Whether no more follows.
    complete: bool,
    /// How many entries were looked at of which nothing that the log holds tells whether they are
    /// hits.
    unknown: u64,
    /// What the search could see of each tree, if that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    coverage: Vec<CoverageView>,
}

/// What a search could see of one tree.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CoverageView {
    tree_id: String,
    first: u64,
    end: u64,
    asks_statements: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    without_statement: Option<u64>,
    removed_statements: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<u64>,
    has_times: bool,
    unindexed: u64,
    index_complete: bool,
    everything: bool,
}

impl CoverageView {
    fn new(covered: SearchCoverage) -> Self {
        Self {
            tree_id: covered.tree_id.to_string(),
            first: covered.first,
            end: covered.end,
            asks_statements: covered.asks_statements,
            without_statement: covered.without_statement,
            removed_statements: covered.removed_statements,
            unreadable: covered.unreadable,
            has_times: covered.has_times,
            unindexed: covered.unindexed,
            index_complete: covered.is_index_complete,
            everything: covered.is_everything,
        }
    }
}

/// An entry that a search found.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HitView {
    /// Its index among all that Rekor v1 counts, where it is one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    virtual_index: Option<u64>,
    /// Whether its body shows that it is what was searched for, or only what was submitted with it.
    shown_by_body: bool,
    entry: EntryView,
}

impl HitView {
    fn new(hit: SearchHit) -> Self {
        let entry = hit.entry.unwrap_or_default();
        Self {
            virtual_index: hit.virtual_index,
            shown_by_body: hit.evidence != SearchEvidence::Submission as i32,
            entry: view(&entry),
        }
    }
}

fn search_request(parameters: SearchParameters) -> Result<SearchRequest, ApiError> {
    let operator = match parameters.operator.as_deref() {
        None => SearchOperator::Unspecified,
        Some("or") => SearchOperator::Or,
        Some("and") => SearchOperator::And,
        Some(_) => return Err(ApiError::invalid("operator is either and or or")),
    };
    let order = match parameters.order.as_deref() {
        None => SearchOrder::Unspecified,
        Some("asc") => SearchOrder::OldestFirst,
        Some("desc") => SearchOrder::NewestFirst,
        Some(_) => return Err(ApiError::invalid("order is either asc or desc")),
    };
    let mut terms: Vec<Term> = parameters.digest.map(Term::Hash).into_iter().collect();
    let subjects = [parameters.email, parameters.subject];
    terms.extend(subjects.into_iter().flatten().map(Term::Subject));
    if let Some(key) = parameters.public_key {
        let content =
            decode_base64(&key).ok_or_else(|| ApiError::invalid("publicKey has to be base64"))?;
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
        from: parameters.from,
        end: parameters.end,
        from_time: parameters.from_time,
        until_time: parameters.until_time,
        limit: parameters.limit,
        query: parameters.q,
        order: order as i32,
        coverage: parameters.coverage,
        tree_id: parameters.tree_id,
    })
}

/// Who the log is: what a client needs to verify it at first sight. All trees, with their times,
/// are under `/log/v1/trees`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Keys {
    origin: String,
    tree_id: String,
    created: String,
    /// Signs for Rekor v2, and for those who read by tiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    ed25519: Option<Key>,
    /// Signs for Rekor v1.
    #[serde(skip_serializing_if = "Option::is_none")]
    ecdsa_p256: Option<Key>,
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
    let key = |key: &VerifierKey| Key {
        vkey: key.to_string(),
        spki: STANDARD.encode(key.public_key_der()),
        log_id: STANDARD.encode(key.log_id()),
    };
    let (trees, shown) = (state.trees(), state.tree(0)?);
    let v2 = trees.growing_of(TreeKind::REKOR_V2);
    let v1 = trees.growing_of(TreeKind::REKOR_V1);
    let keys = Keys {
        origin: shown.log_name().to_owned(),
        tree_id: shown.tree_id().to_string(),
        created: shown.identity().created.to_string(),
        ed25519: v2.map(|tree| key(tree.checkpoint_key())),
        ecdsa_p256: v1.and_then(|tree| tree.v1_key()).map(key),
    };
    json_response(serde_json::to_vec(&keys).ok())
}

/// A decimal number without sign or leading zeros: one number has one form.
fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

fn hex_lookup(text: &str) -> Result<Lookup, ApiError> {
    let digits = text.strip_prefix("sha256:").unwrap_or(text);
    let bytes = hex::decode(digits)
        .map_err(|_| ApiError::invalid("a leaf hash is 64 hexadecimal digits"))?;
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
