use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use axum::routing::post;
use bytes::Bytes;
use http::HeaderValue;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use http_body_util::LengthLimitError;
use http_body_util::Limited;
use ledgerstone_proto::json;
use ledgerstone_proto::json::RekorReply;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::error::ApiError;
use crate::error::LOG_INDEX_HEADER;
use crate::layers::host::Host;
use crate::state::State;
use crate::tiles::method_not_allowed;

/// How much of a body over the limit is read for the sake of the answer, in bytes.
const MAX_DISCARDED_BYTES: usize = 16 << 20;

/// The routes of the face. Reads are those of C2SP under another prefix.
pub(crate) fn router() -> Router<State> {
    Router::new()
        .route(
            "/api/v2/log/entries",
            post(create_entry).fallback(method_not_allowed),
        )
        .route(
            "/api/v2/checkpoint",
            get(crate::tiles::checkpoint).fallback(method_not_allowed),
        )
        .route(
            "/api/v2/tile/{*path}",
            get(crate::tiles::tile).fallback(method_not_allowed),
        )
}

async fn create_entry(
    axum::extract::State(state): axum::extract::State<State>,
    host: Host,
    request: Request,
) -> Result<Response, ApiError> {
    if state.settings().read_only || !state.tree_of_host(&host)?.grows() {
        return Ok(frozen());
    }
    let body = read_body(request.into_body(), state.settings().max_request_bytes).await?;
    let request: CreateEntryRequest =
        json::from_slice_first(&body).map_err(|error| ApiError::invalid(error.to_string()))?;
    drop(body);
    let submitted = state.submit(request).await?;
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

/// Reads a body up to `limit` bytes.
async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, ApiError> {
    match Limited::new(&mut body, limit).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(ApiError::invalid("http: request body too large"))
        }
        Err(_) => Err(ApiError::invalid("the request body ended early")),
    }
}

/// Reads on without keeping anything: a client that still sends when its connection is closed would never see the answer.
async fn discard(body: Body) {
    let mut rest = Limited::new(body, MAX_DISCARDED_BYTES);
    while let Some(Ok(_)) = rest.frame().await {}
}

/// What a frozen shard answers to writes, in plain text.
fn frozen() -> Response {
    let text = "This log has been frozen, please switch to the latest log.\n";
    (StatusCode::METHOD_NOT_ALLOWED, text).into_response()
}
