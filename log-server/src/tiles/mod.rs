//! The C2SP tlog-tiles face: `/checkpoint`, `/tile/<L>/<N>` and `/tile/entries/<N>`, full and
//! partial. The same stands for every tree under `/trees/<tree id>`: whoever reads logs by tiles
//! can check a copy against the log that it is of.
//!
//! An object beyond the published head does not exist: 404, whatever the store may hold already.
//! Partial tiles and bundles of every size ever published stay readable, since each is a prefix of
//! a later one.

use axum::extract::Path;
use axum::extract::State as Extract;
use axum::extract::rejection::PathRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use http::header::HeaderName;
use http::header::X_CONTENT_TYPE_OPTIONS;
use ledgerstone_log::Shard;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::TilePath;

use crate::error::ApiError;
use crate::face::Routes;
use crate::layers::encoding::Incompressible;
use crate::state::State;

/// The content type of a checkpoint.
pub(crate) const CHECKPOINT_TYPE: &str = "text/plain; charset=utf-8";

/// The content type of tiles and entry bundles.
pub(crate) const TILE_TYPE: &str = "application/octet-stream";

/// A tile never changes: a week, as the reference servers say.
const IMMUTABLE: &str = "max-age=604800,immutable";

/// A checkpoint changes with every round.
const MUTABLE: &str = "no-cache";

/// The routes of the face.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/checkpoint", checkpoint)
        .get("/tile/{*path}", tile)
        .get("/trees/{tree}/checkpoint", checkpoint_of)
        .get("/trees/{tree}/tile/{*path}", tile_of)
}

pub(crate) async fn checkpoint(Extract(state): Extract<State>) -> Response {
    render_checkpoint(state.shards().active())
}

async fn checkpoint_of(
    Extract(state): Extract<State>,
    tree: Result<Path<u64>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(tree) = tree.map_err(|_| no_tree())?;
    Ok(render_checkpoint(state.tree(tree)?))
}

fn render_checkpoint(shard: &Shard) -> Response {
    let body = shard.head().checkpoint().to_owned();
    (headers(CHECKPOINT_TYPE, MUTABLE), body).into_response()
}

pub(crate) async fn tile(
    Extract(state): Extract<State>,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(path) = path.map_err(|_| ApiError::not_found("no such tile"))?;
    render_tile(&state, state.shards().active(), &path).await
}

async fn tile_of(
    Extract(state): Extract<State>,
    path: Result<Path<(u64, String)>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path((tree, path)) = path.map_err(|_| no_tree())?;
    render_tile(&state, state.tree(tree)?, &path).await
}

async fn render_tile(state: &State, shard: &Shard, path: &str) -> Result<Response, ApiError> {
    let path = parse(&format!("tile/{path}"))?;
    let body = object(state, shard, path).await?;
    let mut response = (headers(TILE_TYPE, IMMUTABLE), body).into_response();
    if matches!(path, TilePath::Hashes { .. }) {
        response.extensions_mut().insert(Incompressible);
    }
    Ok(response)
}

fn no_tree() -> ApiError {
    ApiError::not_found("no such tree: a tree is named by its decimal number")
}

/// The path of a tile or a bundle. What is no such path names nothing that exists.
pub(crate) fn parse(path: &str) -> Result<TilePath, ApiError> {
    path.parse()
        .map_err(|error| ApiError::not_found(format!("no such tile: {error}")))
}

/// The bytes of a tile or a bundle under the published head.
pub(crate) async fn object(
    state: &State,
    shard: &Shard,
    path: TilePath,
) -> Result<Bytes, ApiError> {
    let object = state
        .read(shard, move |shard| match path {
            TilePath::Hashes { id, width } => shard.tile(id, width),
            TilePath::Entries { number, width } => {
                let bundle = shard.bundle(number, width)?;
                // The store takes no body that a bundle could not carry.
                Ok(bundle
                    .and_then(|bundle| EntryBundle::encode(&bundle.bodies).ok())
                    .map(Bytes::from))
            }
        })
        .await?;
    object.ok_or_else(|| ApiError::not_found("the published checkpoint does not cover this tile"))
}

fn headers(content_type: &'static str, caching: &'static str) -> [(HeaderName, HeaderValue); 3] {
    [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static(caching)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}
