//! The Rekor v1 face: everything under `/api/v1/`, and the few paths beside it that its clients
//! know.
//!
//! Codes, headers and texts are those of the reference server, the odd ones included, since clients
//! rely on them (rekor-v1, section 1): a lookup that finds nothing is a 404 without a body, a value
//! that breaks the schema is a 422 whose body has a code of its own, `ETag` is not quoted,
//! `Location` is relative, and a list is never `null` in an answer though it may be in a request.
//!
//! | module | operations |
//! |---|---|
//! | `create` | `POST /api/v1/log/entries` |
//! | `lookup` | `GET /api/v1/log/entries`, `GET /api/v1/log/entries/{entryUUID}` |
//! | `retrieve` | `POST /api/v1/log/entries/retrieve` |
//! | `index` | `POST /api/v1/index/retrieve` |
//! | `tree` | `GET /api/v1/log`, `/api/v1/log/proof`, `/api/v1/log/publicKey` |
//! | `pages` | `/`, `/ping`, `/docs`, `/swagger.json` |

mod body;
mod create;
mod entry_id;
mod error;
mod index;
mod json;
mod log_entry;
mod lookup;
mod members;
mod negotiate;
mod operation;
mod pages;
mod parameters;
mod path;
mod retrieve;
pub(crate) mod settings;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

use axum::Router;
use axum::middleware;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use tower_http::catch_panic::CatchPanicLayer;

use crate::error::failure::Failure;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::operation::around;
use crate::rekor_v1::operation::only;
use crate::rekor_v1::operation::panicked;
use crate::state::State;

pub(crate) use self::path::clean;
pub(crate) use self::path::is_v1;

/// The routes of the face.
pub(crate) fn router(state: &State) -> Router<State> {
    let entries = get(lookup::by_index).post(create::create);
    // A GET here is a lookup of the entry called "retrieve", which is no id.
    let retrieve = post(retrieve::retrieve).get(lookup::by_id);
    Router::new()
        .route("/api/v1/log", only(get(tree::info), "GET"))
        .route("/api/v1/log/proof", only(get(tree::proof), "GET"))
        .route("/api/v1/log/publicKey", only(get(tree::public_key), "GET"))
        .route("/api/v1/log/entries", only(entries, "GET,POST"))
        .route("/api/v1/log/entries/retrieve", only(retrieve, "GET,POST"))
        .route(
            "/api/v1/log/entries/{entryUUID}",
            only(get(lookup::by_id), "GET"),
        )
        .route("/api/v1/index/retrieve", only(post(index::search), "POST"))
        .merge(pages::router(!state.settings().page.page))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.clone(), around))
}

/// A request that is refused before it comes to a route of the face.
pub(crate) fn failed(failure: Failure) -> Response {
    V1Error::from(failure).into_response()
}

/// What no route takes, below the prefix of the face.
pub(crate) fn not_found(path: &str) -> Response {
    V1Error::not_found(format!("path {path} was not found")).into_response()
}
