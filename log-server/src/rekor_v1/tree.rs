//! Tree heads, consistency proofs and public keys.

use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header;
use http::request::Parts;
use ledgerstone_log::ReadError;
use ledgerstone_log::Shard;
use ledgerstone_log::Shards;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use serde::Serialize;

use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::negotiate;
use crate::rekor_v1::operation;
use crate::rekor_v1::operation::admit;
use crate::rekor_v1::parameters::Parameters;
use crate::rekor_v1::settings::V1Endpoint;
use crate::state::State;

/// The content type of a public key.
const PEM: &str = "application/x-pem-file";

/// The longest line of PEM (RFC 7468, section 2).
const PEM_COLUMNS: usize = 64;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LogInfo {
    #[serde(flatten)]
    active: TreeInfo,
    inactive_shards: Vec<TreeInfo>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TreeInfo {
    root_hash: String,
    signed_tree_head: String,
    /// Decimal, and a text, while ids of entries have it in hexadecimal.
    #[serde(rename = "treeID")]
    tree_id: String,
    tree_size: u64,
}

/// `GET /api/v1/log` (rekor-v1, section 1.7).
pub(crate) async fn info(
    Extract(state): Extract<State>,
    parts: Parts,
) -> Result<Response, V1Error> {
    admit(&state, V1Endpoint::GetLogInfo, &parts)?;
    let shards = state.shards();
    let frozen = shards.frozen().iter().map(tree_info);
    let info = LogInfo {
        inactive_shards: frozen.collect::<Result<_, _>>()?,
        active: tree_info(shards.active())?,
    };
    Ok(json(&info))
}

fn tree_info(shard: &Shard) -> Result<TreeInfo, ReadError> {
    let head = shard.head();
    Ok(TreeInfo {
        root_hash: head.root().to_string(),
        signed_tree_head: shard.v1_checkpoint(&head)?,
        tree_id: shard.tree_id().to_string(),
        tree_size: head.size().get(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConsistencyProof {
    hashes: Vec<String>,
    root_hash: String,
}

/// `GET /api/v1/log/proof` (rekor-v1, section 1.8).
pub(crate) async fn proof(
    Extract(state): Extract<State>,
    parts: Parts,
) -> Result<Response, V1Error> {
    admit(&state, V1Endpoint::GetLogProof, &parts)?;
    let parameters = Parameters::of(&parts.uri)?;
    let first = parameters.integer("firstSize", 1)?.unwrap_or(1);
    let last = parameters.required_integer("lastSize", 1)?;
    let tree_id = parameters.tree_id()?.map(str::to_owned);
    if first > last {
        let message = format!("firstSize({first}) must be less than lastSize({last})");
        return Err(V1Error::invalid(message));
    }
    let proof = operation::read(&state, move |shards| {
        let shard = shard_called(shards, tree_id.as_deref())?;
        let head = shard.head();
        match shard.consistency_proof(TreeSize::new(first), TreeSize::new(last)) {
            Ok(proof) => Ok(ConsistencyProof {
                hashes: proof.hashes.iter().map(Hash::to_string).collect(),
                // The current root, whatever the sizes, as upstream has it.
                root_hash: head.root().to_string(),
            }),
            Err(ReadError::BeyondHead { head, .. }) => Err(V1Error::invalid(format!(
                "the tree size requested({last}) was greater than what is currently observable({head})"
            ))),
            Err(error) => Err(error.into()),
        }
    });
    Ok(json(&proof.await?))
}

/// `GET /api/v1/log/publicKey` (rekor-v1, section 1.9).
pub(crate) async fn public_key(
    Extract(state): Extract<State>,
    parts: Parts,
) -> Result<Response, V1Error> {
    let endpoint = V1Endpoint::GetPublicKey;
    if !state
        .settings()
        .rekor_v1
        .enabled_api_endpoints
        .contains(&endpoint)
    {
        return Err(V1Error::switched_off(endpoint));
    }
    negotiate::accepts(&parts.headers, PEM)?;
    let parameters = Parameters::of(&parts.uri)?;
    let tree_id = parameters.tree_id()?;
    let shard = shard_called(state.shards(), tree_id)
        .map_err(|_| V1Error::invalid("Bad Request").with_content_type(PEM))?;
    let pem = pem(&shard.v1_public_key_der());
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, PEM)], pem).into_response())
}

/// The tree with this id, in decimal; the active one when none is named.
fn shard_called<'s>(shards: &'s Shards, tree_id: Option<&str>) -> Result<&'s Shard, V1Error> {
    let Some(text) = tree_id else {
        return Ok(shards.active());
    };
    let parsed = text.parse().ok().filter(|id| i64::try_from(*id).is_ok());
    let tree_id: u64 =
        parsed.ok_or_else(|| V1Error::invalid(format!("invalid tree ID specified: {text}")))?;
    shards
        .by_tree_id(tree_id)
        .ok_or_else(|| V1Error::invalid(format!("no log range found for tree ID {tree_id}")))
}

/// A DER SubjectPublicKeyInfo as PEM.
fn pem(spki_der: &[u8]) -> String {
    let encoded = STANDARD.encode(spki_der);
    let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_COLUMNS));
        pem.push_str(line);
        pem.push('\n');
        rest = after;
    }
    pem.push_str("-----END PUBLIC KEY-----\n");
    pem
}

fn json(value: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, JSON)];
    (StatusCode::OK, headers, json_line(value)).into_response()
}
