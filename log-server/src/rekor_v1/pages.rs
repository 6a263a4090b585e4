//! The paths beside the API: what a person sees first, what a load balancer asks, and the
//! description of the API.

use axum::Router;
use axum::response::Html;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::header;

use crate::rekor_v1::json::JSON;
use crate::state::State;

/// The description of the API in Swagger 2.0, of our own writing.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

const PAGE: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head><meta charset=\"utf-8\"><title>Ledgerstone</title></head>
<body>
<h1>Ledgerstone</h1>
<p>A transparency log for signed software artifacts.</p>
<ul>
<li><a href=\"/swagger.json\">/swagger.json</a> describes the Rekor v1 API under
<code>/api/v1/</code></li>
<li><a href=\"/api/v1/log\">/api/v1/log</a> is its tree head</li>
<li><a href=\"/checkpoint\">/checkpoint</a> is the same for C2SP and Rekor v2 clients</li>
<li><a href=\"/log/v1/tree-head\">/log/v1/tree-head</a> is the same in the log's own form</li>
</ul>
</body>
</html>
";

/// `/docs` shows what stands at `/` too, where the page of the log is switched off.
pub(crate) fn router(is_at_root: bool) -> Router<State> {
    let router = match is_at_root {
        true => Router::new().route("/", get(|| async { Html(PAGE) })),
        false => Router::new(),
    };
    router
        .route("/docs", get(|| async { Html(PAGE) }))
        .route("/ping", get(|| async { "." }))
        .route("/swagger.json", get(openapi))
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, JSON)], OPENAPI).into_response()
}
