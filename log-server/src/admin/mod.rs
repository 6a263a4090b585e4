//! The admin port: metrics, whether the process lives and is ready, the rebuild of the search
//! index, the rules of webhooks, which are read again, and the removal of statements. It is not for
//! the public.

pub(crate) mod settings;
mod statements;

use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::Router;
use axum::extract::State as Extract;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_TYPE;
use ledgerstone_log::ReindexError;
use ledgerstone_log::ReindexPass;
use ledgerstone_log::ReindexProgress;
use ledgerstone_log::ReindexState;
use ledgerstone_log::ReindexStatus;
use serde::Serialize;
use tracing::error;

use crate::error::ApiError;
use crate::face::Routes;
use crate::layers::encoding;
use crate::server::reading::Reading;
use crate::state::State;
use crate::webhooks::filter::WebhookRules;

/// The content type of OpenMetrics text.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The routes of the face.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/metrics", metrics)
        .get("/healthz", async || "ok\n")
        .get("/readyz", ready)
        .get("/reindex", reindex_status)
        .post("/reindex", reindex)
        .post("/webhook-rules", reload_rules)
        .post("/statements/remove", statements::remove)
}

/// The router of the admin port.
pub(crate) fn router(state: State, reading: Option<Reading>, rules: WebhookRules) -> Router {
    let router = routes().router().layer(encoding::layer());
    let router = router.layer(Extension(Arc::new(reading)));
    let router = router.layer(Extension(rules));
    router.with_state(state)
}

async fn metrics(Extract(state): Extract<State>) -> Response {
    // What cannot be read now is as it was.
    match state.log().statement_counts().await {
        Ok((totals, unindexed)) => state.metrics().statements(totals, unindexed),
        Err(error) => error!(%error, "how much is indexed cannot be read"),
    }
    (
        [(CONTENT_TYPE, OPENMETRICS)],
        state.metrics().render(state.log(), &state.numbers()),
    )
        .into_response()
}

/// Ready while the log takes entries, or answers reads where it is only read: not while the server
/// drains. When the log fails, the process ends.
async fn ready(
    Extract(state): Extract<State>,
    Extension(reading): Extension<Arc<Option<Reading>>>,
) -> Response {
    if state.draining().is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n").into_response();
    }
    match reading.as_ref() {
        Some(reading) => format!("ready, {reading}\n").into_response(),
        None => "ready\n".into_response(),
    }
}

/// How far the rebuild of the search index is.
async fn reindex_status(Extract(state): Extract<State>) -> Response {
    render(&state.log().reindex_status())
}

/// Starts a rebuild of the search index, or goes on with an interrupted one. One that is under way
/// goes on.
async fn reindex(Extract(state): Extract<State>) -> Response {
    if state.draining().is_cancelled() {
        return ApiError::unavailable("the server is shutting down").into_response();
    }
    let log = state.log().clone();
    match tokio::task::spawn_blocking(move || log.start_reindex()).await {
        Ok(Ok(status)) => (StatusCode::ACCEPTED, render(&status)).into_response(),
        Ok(Err(ReindexError::ReadOnly)) => {
            let text = "the log is only read here, and its search index cannot be written";
            ApiError::unimplemented(text).into_response()
        }
        Ok(Err(error)) => {
            error!(%error, "the search index cannot be rebuilt");
            ApiError::internal().into_response()
        }
        Err(_) => ApiError::internal().into_response(),
    }
}

/// Reads the rules of webhooks again. What is wrong with them is for the operator, who reaches this
/// port.
async fn reload_rules(Extension(rules): Extension<WebhookRules>) -> Response {
    match tokio::task::spawn_blocking(move || rules.reload()).await {
        Ok(Ok(true)) => StatusCode::NO_CONTENT.into_response(),
        Ok(Ok(false)) => {
            let text = "no webhook-filter-file is set: every entry is sent";
            ApiError::not_found(text).into_response()
        }
        Ok(Err(error)) => ApiError::invalid(error.to_string()).into_response(),
        Err(_) => ApiError::internal().into_response(),
    }
}

fn render(status: &ReindexStatus) -> Response {
    let reply = Reply {
        state: match &status.state {
            ReindexState::Idle => "idle",
            ReindexState::Running => "running",
            ReindexState::Complete => "complete",
            ReindexState::Interrupted => "interrupted",
            ReindexState::Failed(_) => "failed",
        },
        // Those who reach this port are operators, and get the words of the store.
        error: match &status.state {
            ReindexState::Failed(error) => Some(error.to_string()),
            _ => None,
        },
        progress: status.progress.as_ref().map(Progress::of),
    };
    let no_store = HeaderValue::from_static("no-store");
    ([(CACHE_CONTROL, no_store)], Json(reply)).into_response()
}

#[derive(Serialize)]
struct Reply {
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(flatten)]
    progress: Option<Progress>,
}

/// Numbers of entries and rows are strings, as in all JSON of the log.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Progress {
    shard: u32,
    shards: usize,
    pass: &'static str,
    entries: String,
    of_entries: String,
    rows: String,
    added: String,
    removed: String,
    kept: String,
    resumed: bool,
}

impl Progress {
    fn of(progress: &ReindexProgress) -> Self {
        Self {
            shard: progress.shard.get(),
            shards: progress.shards,
            pass: match progress.pass() {
                ReindexPass::Entries => "entries",
                ReindexPass::Index => "index",
            },
            entries: progress.entries.to_string(),
            of_entries: progress.of_entries.to_string(),
            rows: progress.rows.to_string(),
            added: progress.added.to_string(),
            removed: progress.removed.to_string(),
            kept: progress.kept.to_string(),
            resumed: progress.resumed,
        }
    }
}
