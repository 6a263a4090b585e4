use std::sync::Arc;

use axum::body::Body;
use axum::body::BodyDataStream;
use bytes::Bytes;
use bytes::BytesMut;
use futures::StreamExt;
use http::header;
use http::request::Parts;
use tokio::sync::OwnedSemaphorePermit;

use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::error::schema;
use crate::rekor_v1::negotiate;
use crate::state::LARGE_BODY_UNIT;
use crate::state::State;

/// A body up to this length, in bytes, is read without asking for room.
const SMALL_BODY: usize = 1 << 20;

/// A body that was read, with the room that it takes.
pub(crate) struct JsonBody {
    pub(crate) bytes: Bytes,
    /// Given back when the request is done with the body.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Reads a JSON body within the limit of the face. `name` is what the schema calls it.
///
/// Whole artifacts come this way, so that the bodies of many requests could fill the memory: those that are not small share a
/// bounded room.
///
/// # Errors
/// 415, 413, 422 when it is missing, 503 when there is no room for it, 400 when it ends early.
pub(crate) async fn read(
    state: &State,
    parts: &Parts,
    body: Body,
    name: &str,
) -> Result<JsonBody, V1Error> {
    let limit = state.settings().v1_body_limit();
    let announced = parts
        .headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced != Some(0) {
        negotiate::is_json(&parts.headers)?;
    }
    if announced.is_some_and(|length| length > limit) {
        return Err(V1Error::too_large(limit));
    }
    let read = collect(state, body.into_data_stream(), limit, announced).await?;
    if read.bytes.is_empty() {
        let message = format!("{name} in body is required");
        return Err(V1Error::schema(schema::REQUIRED, message));
    }
    Ok(read)
}

async fn collect(
    state: &State,
    mut stream: BodyDataStream,
    limit: usize,
    announced: Option<usize>,
) -> Result<JsonBody, V1Error> {
    let mut bytes = BytesMut::new();
    let mut room = None;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| V1Error::invalid("the request body ended early"))?;
        let length = bytes.len() + chunk.len();
        if length > limit {
            return Err(V1Error::too_large(limit));
        }
        if length > SMALL_BODY && room.is_none() {
            room = Some(make_room(state, announced.unwrap_or(limit))?);
            bytes.reserve(announced.unwrap_or(0).saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(JsonBody {
        bytes: bytes.freeze(),
        room,
    })
}

/// Takes room for `length` bytes, which does not change while the body comes: two bodies that each wait for the other's room
/// would wait for ever.
fn make_room(state: &State, length: usize) -> Result<OwnedSemaphorePermit, V1Error> {
    let units = u32::try_from(length.div_ceil(LARGE_BODY_UNIT)).unwrap_or(u32::MAX);
    Arc::clone(state.large_bodies())
        .try_acquire_many_owned(units)
        .map_err(|_| V1Error::unavailable("too many large requests are under way; retry later"))
}
