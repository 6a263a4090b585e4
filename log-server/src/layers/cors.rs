//! Leave for the pages of other sites to call and to read every answer: all that is here is public.
//!
//! Not tower-http's layer: that answers each OPTIONS, and Rekor v1 answers 405 to those that are no
//! preflight.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderValue;
use http::Method;
use http::StatusCode;
use http::header;

/// What a page may send, to any path.
const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, HEAD");

/// How long a browser may rely on the answer to a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");

const ANY: HeaderValue = HeaderValue::from_static("*");

/// Answers preflights, and lets pages of other origins read all other answers, errors included.
pub(crate) async fn allow(request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let from_page = request.headers().contains_key(header::ORIGIN);
    let mut response = match is_preflight {
        true => preflight(request.headers()),
        false => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    if from_page && !is_preflight {
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, ANY);
    }
    response
}

/// Leave for a page to send what it asks for.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    response
}
