//! The Rekor v1 face: everything under `/api/v1/`, and the few paths beside it that its clients know.
//!
//! Codes, headers and texts are those of the reference server, the odd ones included, since clients rely on them (rekor-v1,
//! section 1): a lookup that finds nothing is a 404 without a body, a value that breaks the schema is a 422 whose body has a
//! code of its own, `ETag` is not quoted, `Location` is relative, and a list is never `null` in an answer though it may be in a
//! request.
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
mod log_entry;
mod lookup;
mod members;
mod negotiate;
mod pages;
mod parameters;
mod path;
mod retrieve;
#[cfg(test)]
pub(crate) mod tests;
mod tree;

use std::any::Any;

use axum::Router;
use axum::extract::Request;
use axum::extract::State as Extract;
use axum::middleware;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;
use axum::routing::get;
use axum::routing::post;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use http::request::Parts;
use ledgerstone_log::Trees;
use tokio::time::timeout;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::error;

use crate::rekor_v1::error::V1Error;
use crate::settings::V1Endpoint;
use crate::state::State;

pub(crate) use self::path::clean;
pub(crate) use self::path::is_v1;

/// The content type of every answer but the public key.
const JSON: &str = "application/json";

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
        .merge(pages::router())
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(state.clone(), around))
}

/// What no route takes, below the prefix of the face.
pub(crate) fn not_found(path: &str) -> Response {
    let error = V1Error::not_found(format!("path {path} was not found"));
    ([FOR_ALL_ORIGINS], error).into_response()
}

/// Lets pages of other origins read the answer.
const FOR_ALL_ORIGINS: (HeaderName, HeaderValue) = (
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
    HeaderValue::from_static("*"),
);

/// Answers 405 to other methods than those of `route`, which are `allowed`.
fn only(route: MethodRouter<State>, allowed: &'static str) -> MethodRouter<State> {
    route.fallback(move |method: Method| async move {
        let message = format!("method {method} is not allowed, but [{allowed}] are");
        let error = V1Error::new(StatusCode::METHOD_NOT_ALLOWED, message);
        ([(header::ALLOW, allowed)], error)
    })
}

/// What all operations have in common: the time limit, leave for pages of other origins to call, and no caching of reads.
async fn around(Extract(state): Extract<State>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    if method == Method::OPTIONS
        && request
            .headers()
            .contains_key("access-control-request-method")
    {
        return preflight(request.headers());
    }
    let answered = timeout(state.settings().request_timeout(), next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| V1Error::deadline().into_response());
    let (name, value) = FOR_ALL_ORIGINS;
    response.headers_mut().insert(name, value);
    if method == Method::GET || response.status().is_server_error() {
        let headers = response.headers_mut();
        NEVER_CACHED.into_iter().for_each(|(name, value)| {
            headers.insert(name, HeaderValue::from_static(value));
        });
    }
    response
}

/// What is true of the log now is not true a moment later (rekor-v1, section 1.1).
const NEVER_CACHED: [(HeaderName, &str); 4] = [
    (
        header::CACHE_CONTROL,
        "no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
    ),
    (header::EXPIRES, "Thu, 01 Jan 1970 00:00:00 GMT"),
    (header::PRAGMA, "no-cache"),
    (HeaderName::from_static("x-accel-expires"), "0"),
];

/// Leave for a page of another origin to send what it asks for.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    let (name, value) = FOR_ALL_ORIGINS;
    headers.insert(name, value);
    let methods = HeaderValue::from_static("GET, POST, HEAD");
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, methods);
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    response
}

fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    error!("a handler panicked");
    V1Error::internal("Internal Server Error").into_response()
}

/// What has to hold before an operation looks at its request: it is switched on, and the caller takes what it answers.
fn admit(state: &State, endpoint: V1Endpoint, parts: &Parts) -> Result<(), V1Error> {
    if !state.settings().enabled_api_endpoints.contains(&endpoint) {
        return Err(V1Error::switched_off(endpoint));
    }
    negotiate::accepts(&parts.headers, JSON)
}

/// Runs a read of the trees where it may wait for the disk.
async fn read<T, F>(state: &State, read: F) -> Result<T, V1Error>
where
    T: Send + 'static,
    F: FnOnce(&Trees) -> Result<T, V1Error> + Send + 'static,
{
    let trees = state.trees();
    let result = tokio::task::spawn_blocking(move || read(&trees)).await;
    result.map_err(|_| V1Error::internal("Internal Server Error"))?
}
