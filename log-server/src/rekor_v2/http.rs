//! Rekor v2 over HTTP, as the reference server's gateway renders it.

use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use ledgerstone_proto::json;
use ledgerstone_proto::json::RekorReply;

use crate::error::ApiError;
use crate::error::LOG_INDEX_HEADER;
use crate::face::Routes;
use crate::layers::body;
use crate::layers::host::Host;
use crate::state::Proposal;
use crate::state::State;
use crate::tiles;

/// The routes of the face. Reads are those of C2SP under another prefix.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .post("/api/v2/log/entries", create_entry)
        .get("/api/v2/checkpoint", tiles::checkpoint)
        .get("/api/v2/tile/{*path}", tiles::tile)
}

async fn create_entry(
    axum::extract::State(state): axum::extract::State<State>,
    host: Host,
    request: Request,
) -> Result<Response, ApiError> {
    if state.settings().log.read_only || !state.tree_of_host(&host)?.grows() {
        return Ok(frozen());
    }
    state.check_turn()?;
    let (parts, content) = request.into_parts();
    let limit = state.settings().server.max_request_bytes;
    let body = body::read(&parts, content, limit).await?;
    let submitted = state.submit(Proposal::Json(body)).await?;
    let (index, duplicate) = (submitted.appended.index.get(), submitted.appended.duplicate);
    let entry = submitted.into_transparency_log_entry();
    let body = json::to_vec(&RekorReply(&entry)).map_err(|_| ApiError::internal())?;
    let content_type = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut response = (StatusCode::CREATED, [content_type], body).into_response();
    if duplicate {
        response
            .headers_mut()
            .insert(LOG_INDEX_HEADER, index.into());
    }
    Ok(response)
}

/// What a frozen shard answers to writes, in plain text.
fn frozen() -> Response {
    let text = "This log has been frozen, please switch to the latest log.\n";
    (StatusCode::METHOD_NOT_ALLOWED, text).into_response()
}
