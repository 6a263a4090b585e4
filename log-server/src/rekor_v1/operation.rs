//! What all operations of the face have in common.

use std::any::Any;
use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State as Extract;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::MethodRouter;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;
use http::request::Parts;
use ledgerstone_log::Trees;
use tokio::time::timeout;
use tracing::error;

use crate::error::failure::Failure;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::negotiate;
use crate::rekor_v1::settings::V1Endpoint;
use crate::state::State;

/// What has to hold before an operation looks at its request: it is switched on, and the caller
/// takes what it answers.
pub(crate) fn admit(state: &State, endpoint: V1Endpoint, parts: &Parts) -> Result<(), V1Error> {
    if !state
        .settings()
        .rekor_v1
        .enabled_api_endpoints
        .contains(&endpoint)
    {
        return Err(V1Error::switched_off(endpoint));
    }
    // What is not in the trees that are served may be in one that is not.
    if state.log().lacking().others {
        return Err(Failure::NotServed.into());
    }
    negotiate::accepts(&parts.headers, JSON)
}

/// Runs a read of the trees where it may wait for the disk.
pub(crate) async fn read<T, R, F>(state: &State, read: R) -> Result<T, V1Error>
where
    T: Send + 'static,
    R: FnOnce(Arc<Trees>) -> F,
    F: Future<Output = Result<T, V1Error>> + Send + 'static,
{
    state.run(read(state.trees())).await?
}

/// Answers 405 to other methods than those of `route`, which are `allowed`.
pub(crate) fn only(route: MethodRouter<State>, allowed: &'static str) -> MethodRouter<State> {
    route.fallback(move |method: Method| async move {
        let message = format!("method {method} is not allowed, but [{allowed}] are");
        let error = V1Error::new(StatusCode::METHOD_NOT_ALLOWED, message);
        ([(header::ALLOW, allowed)], error)
    })
}

/// What all operations have in common: the time limit, and no caching of reads.
pub(crate) async fn around(
    Extract(state): Extract<State>,
    request: Request,
    next: Next,
) -> Response {
    let method = request.method().clone();
    let answered = timeout(state.settings().server.request_timeout(), next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| V1Error::from(Failure::Late).into_response());
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

pub(crate) fn panicked(_panic: Box<dyn Any + Send + 'static>) -> Response {
    error!("a handler panicked");
    V1Error::from(Failure::Panicked).into_response()
}
