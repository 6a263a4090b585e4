//! The C2SP tlog-tiles face: `/checkpoint`, `/tile/<L>/<N>` and `/tile/entries/<N>`, full and
//! partial, of the tree that takes entries of Rekor v2, or of the frozen one that has the name
//! which the server is called by. The same stands for every tree under `/trees/<tree id>`: whoever
//! reads logs by tiles can check a copy against the log that it is of.
//!
//! An object beyond the published head does not exist: 404, whatever the store may hold already.
//! Partial tiles and bundles of every size ever published stay readable, since each is a prefix of
//! a later one.

#[cfg(test)]
mod tests;

use std::future::ready;

use axum::body::Body;
use axum::extract::Path;
use axum::extract::State as Extract;
use axum::extract::rejection::PathRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream::once;
use futures::stream::try_unfold;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use http::header::HeaderName;
use http::header::X_CONTENT_TYPE_OPTIONS;
use ledgerstone_log::BundlePart;
use ledgerstone_log::Tree;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::TileWidth;

use crate::admission::caller;
use crate::error::ApiError;
use crate::face::Routes;
use crate::layers::encoding::Incompressible;
use crate::layers::host::Host;
use crate::state::State;

/// The content type of a checkpoint.
pub(crate) const CHECKPOINT_TYPE: &str = "text/plain; charset=utf-8";

/// The content type of tiles and entry bundles.
pub(crate) const TILE_TYPE: &str = "application/octet-stream";

/// About how much of a bundle is read at a time, in bytes.
const PART_BYTES: usize = 256 << 10;

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

pub(crate) async fn checkpoint(
    Extract(state): Extract<State>,
    host: Host,
) -> Result<Response, ApiError> {
    Ok(render_checkpoint(&state.tree_of_host(&host)?))
}

async fn checkpoint_of(
    Extract(state): Extract<State>,
    tree: Result<Path<u64>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(tree) = tree.map_err(|_| no_tree())?;
    Ok(render_checkpoint(&named(&state, tree)?))
}

fn render_checkpoint(tree: &Tree) -> Response {
    let body = tree.head().checkpoint().to_string();
    (headers(CHECKPOINT_TYPE, MUTABLE), body).into_response()
}

pub(crate) async fn tile(
    Extract(state): Extract<State>,
    host: Host,
    path: Result<Path<String>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path(path) = path.map_err(|_| ApiError::not_found("no such tile"))?;
    render_tile(&state, &state.tree_of_host(&host)?, &path).await
}

async fn tile_of(
    Extract(state): Extract<State>,
    path: Result<Path<(u64, String)>, PathRejection>,
) -> Result<Response, ApiError> {
    let Path((tree, path)) = path.map_err(|_| no_tree())?;
    render_tile(&state, &named(&state, tree)?, &path).await
}

async fn render_tile(state: &State, tree: &Tree, path: &str) -> Result<Response, ApiError> {
    let headers = headers(TILE_TYPE, IMMUTABLE);
    match parse(&format!("tile/{path}"))? {
        TilePath::Entries { number, width } => {
            let bundle = bundle(state, tree, number, width).await?;
            Ok((headers, bundle).into_response())
        }
        path @ TilePath::Hashes { .. } => {
            let mut response = (headers, object(state, tree, path).await?).into_response();
            response.extensions_mut().insert(Incompressible);
            Ok(response)
        }
    }
}

/// A bundle, which can be 16 MiB long: what is not short is read as its reader takes it.
async fn bundle(
    state: &State,
    tree: &Tree,
    number: u64,
    width: TileWidth,
) -> Result<Body, ApiError> {
    let first = bundle_part(state, tree, number, width, 0).await?;
    if first.next >= width.get() {
        return Ok(first.bytes.into());
    }
    let (state, tree, caller) = (state.clone(), tree.clone(), caller::current().caller);
    let next = first.next;
    let rest = try_unfold(next, move |next| {
        let (state, tree) = (state.clone(), tree.clone());
        let read = async move {
            if next >= width.get() {
                return Ok(None);
            }
            let part = bundle_part(&state, &tree, number, width, next).await?;
            Ok::<_, ApiError>(Some((part.bytes, part.next)))
        };
        caller::go_on_for(caller, read)
    });
    let first = once(ready(Ok(first.bytes)));
    Ok(Body::from_stream(first.chain(rest.map_err(cut_off))))
}

/// Why a bundle ends early, for the log lines: who reads it finds that it is cut off.
fn cut_off(error: ApiError) -> std::io::Error {
    std::io::Error::other(error.message().to_owned())
}

async fn bundle_part(
    state: &State,
    tree: &Tree,
    number: u64,
    width: TileWidth,
    from: usize,
) -> Result<BundlePart, ApiError> {
    let part = state
        .read(tree, async move |tree| {
            tree.bundle_part(number, width, from, PART_BYTES).await
        })
        .await?;
    part.ok_or_else(not_covered)
}

/// The tree with this id. Paths name no default.
fn named(state: &State, tree_id: u64) -> Result<Tree, ApiError> {
    match tree_id {
        0 => Err(no_tree()),
        tree_id => state.tree(tree_id),
    }
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
pub(crate) async fn object(state: &State, tree: &Tree, path: TilePath) -> Result<Bytes, ApiError> {
    let object = state
        .read(tree, async move |tree| match path {
            TilePath::Hashes { id, width } => tree.tile(id, width).await,
            TilePath::Entries { number, width } => tree.bundle(number, width).await,
        })
        .await?;
    object.ok_or_else(not_covered)
}

fn not_covered() -> ApiError {
    ApiError::not_found("the published checkpoint does not cover this tile")
}

fn headers(content_type: &'static str, caching: &'static str) -> [(HeaderName, HeaderValue); 3] {
    [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static(caching)),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ]
}
