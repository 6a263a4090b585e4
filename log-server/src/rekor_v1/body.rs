//! The JSON bodies of the face.

use axum::body::Body;
use bytes::Bytes;
use http::request::Parts;

use crate::layers::body;
use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::error::schema;
use crate::rekor_v1::negotiate;
use crate::state::State;

/// Reads a JSON body within the limit of the face. `name` is what the schema calls it.
///
/// # Errors
/// 415, 413, 422 when it is missing, 503 or 429 when there is no room for it, 400 when it ends
/// early.
pub(crate) async fn read(
    state: &State,
    parts: &Parts,
    content: Body,
    name: &str,
) -> Result<Bytes, V1Error> {
    if body::announced(&parts.headers) != Some(0) {
        negotiate::is_json(&parts.headers)?;
    }
    let limit = state.settings().v1_body_limit();
    let bytes = body::read(parts, content, limit).await?;
    if bytes.is_empty() {
        let message = format!("{name} in body is required");
        return Err(V1Error::schema(schema::REQUIRED, message));
    }
    Ok(bytes)
}
