//! The admin port: metrics, and whether the process lives and is ready. It is not for the public.

use axum::Router;
use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use http::StatusCode;
use http::header::CONTENT_TYPE;

use crate::state::State;

/// The content type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn router(state: State) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(state)
}

async fn metrics(Extract(state): Extract<State>) -> Response {
    (
        [(CONTENT_TYPE, OPENMETRICS)],
        state.metrics().render(state.log()),
    )
        .into_response()
}

/// Ready while the log takes entries: not while the server drains. When the log fails, the process ends.
async fn ready(Extract(state): Extract<State>) -> Response {
    if state.draining().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    "ready\n".into_response()
}
