//! Tree heads, consistency proofs and public keys.

use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use http::StatusCode;
use http::header;
use http::request::Parts;
use ledgerstone_entry::pem;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_log::Trees;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::TreeKind;
use serde::Serialize;

use crate::error::failure::Failure;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::lookup;
use crate::rekor_v1::negotiate;
use crate::rekor_v1::operation;
use crate::rekor_v1::operation::admit;
use crate::rekor_v1::parameters::Parameters;
use crate::rekor_v1::settings::V1Endpoint;
use crate::state::State;

/// The content type of a public key.
const PEM: &str = "application/x-pem-file";

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
    let trees = state.trees();
    let inactive = trees.inactive().map(tree_info);
    let info = LogInfo {
        inactive_shards: inactive.collect::<Result<_, _>>()?,
        active: tree_info(growing(&trees)?)?,
    };
    Ok(json(&info))
}

/// The tree that takes entries of Rekor v1, which is there wherever the face is.
fn growing(trees: &Trees) -> Result<&Tree, V1Error> {
    let tree = trees.growing_of(TreeKind::REKOR_V1);
    tree.ok_or_else(|| V1Error::from(Failure::NotTaken))
}

fn tree_info(tree: &Tree) -> Result<TreeInfo, ReadError> {
    let head = tree.head();
    Ok(TreeInfo {
        root_hash: head.root().to_string(),
        signed_tree_head: tree.v1_checkpoint(&head)?,
        tree_id: tree.tree_id().to_string(),
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
    let proof = operation::read(&state, async move |trees| {
        let tree = tree_called(&trees, tree_id.as_deref())?;
        let head = tree.head();
        let proof = tree.consistency_proof(TreeSize::new(first), TreeSize::new(last));
        match proof.await {
            Ok(proof) => Ok(ConsistencyProof {
                hashes: proof.hashes.iter().map(Hash::to_string).collect(),
                // The current root, whatever the sizes, as upstream has it.
                root_hash: head.root().to_string(),
            }),
            Err(ReadError::BeyondHead { head, .. }) => Err(V1Error::invalid(format!(
                "the tree size requested({last}) was greater than what is currently \
                 observable({head})"
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
    let trees = state.trees();
    let key = tree_called(&trees, tree_id).ok().and_then(Tree::v1_key);
    let key = key.ok_or_else(|| V1Error::invalid("Bad Request").with_content_type(PEM))?;
    let pem = pem::encode(pem::PUBLIC_KEY, &key.public_key_der());
    Ok((StatusCode::OK, [(header::CONTENT_TYPE, PEM)], pem).into_response())
}

/// The tree with this id, in decimal; the one that takes entries when none is named.
fn tree_called<'s>(trees: &'s Trees, tree_id: Option<&str>) -> Result<&'s Tree, V1Error> {
    let Some(text) = tree_id else {
        return growing(trees);
    };
    let parsed = text.parse().ok().filter(|id| i64::try_from(*id).is_ok());
    let tree_id: u64 =
        parsed.ok_or_else(|| V1Error::invalid(format!("invalid tree ID specified: {text}")))?;
    lookup::readable_tree(trees, tree_id)
        .ok_or_else(|| V1Error::invalid(format!("no log range found for tree ID {tree_id}")))
}

fn json(value: &impl Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, JSON)];
    (StatusCode::OK, headers, json_line(value)).into_response()
}
