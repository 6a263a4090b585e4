//! The one reader of request bodies.
//!
//! Whole artifacts come in bodies, so that those of many requests could fill the memory: bodies
//! that are not small share a bounded room.

use std::sync::Arc;

use axum::body::Body;
use axum::body::BodyDataStream;
use bytes::Bytes;
use bytes::BytesMut;
use futures::StreamExt;
use http::HeaderMap;
use http::header;
use tokio::sync::OwnedSemaphorePermit;

use crate::error::failure::Failure;
use crate::state::LARGE_BODY_UNIT;
use crate::state::State;

/// A body up to this length, in bytes, is read without asking for room.
const SMALL_BODY: usize = 1 << 20;

/// A body that was read, with the room that it takes.
pub(crate) struct ReadBody {
    pub(crate) bytes: Bytes,
    /// Given back when the request is done with the body.
    pub(crate) room: Option<OwnedSemaphorePermit>,
}

/// Reads a body of up to `limit` bytes.
///
/// # Errors
/// [`Failure::Encoded`], [`Failure::BodyTooLarge`], [`Failure::NoRoom`] and [`Failure::BodyCut`].
pub(crate) async fn read(
    state: &State,
    headers: &HeaderMap,
    body: Body,
    limit: usize,
) -> Result<ReadBody, Failure> {
    if is_encoded(headers) {
        return Err(Failure::Encoded);
    }
    let announced = announced(headers);
    if announced.is_some_and(|length| length > limit) {
        return Err(Failure::BodyTooLarge(limit));
    }
    collect(state, body.into_data_stream(), limit, announced).await
}

/// The length that the head of a request says its body has, in bytes.
pub(crate) fn announced(headers: &HeaderMap) -> Option<usize> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// Whether a body has another coding than `identity`, which is none.
fn is_encoded(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.any(|coding| {
        let coding = coding.trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })
}

async fn collect(
    state: &State,
    mut stream: BodyDataStream,
    limit: usize,
    announced: Option<usize>,
) -> Result<ReadBody, Failure> {
    let mut bytes = BytesMut::new();
    let mut room = None;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Failure::BodyCut)?;
        let length = bytes.len() + chunk.len();
        if length > limit {
            return Err(Failure::BodyTooLarge(limit));
        }
        if length > SMALL_BODY && room.is_none() {
            room = Some(make_room(state, announced.unwrap_or(limit))?);
            bytes.reserve(announced.unwrap_or(0).saturating_sub(bytes.len()));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(ReadBody {
        bytes: bytes.freeze(),
        room,
    })
}

/// Takes room for `length` bytes, which does not change while the body comes: two bodies that each
/// wait for the other's room would wait for ever.
fn make_room(state: &State, length: usize) -> Result<OwnedSemaphorePermit, Failure> {
    let units = u32::try_from(length.div_ceil(LARGE_BODY_UNIT)).unwrap_or(u32::MAX);
    Arc::clone(state.large_bodies())
        .try_acquire_many_owned(units)
        .map_err(|_| Failure::NoRoom)
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn a_coding_other_than_identity_is_noticed() {
        let encoded = |value| {
            let value = HeaderValue::from_static(value);
            is_encoded(&HeaderMap::from_iter([(header::CONTENT_ENCODING, value)]))
        };
        for coding in ["gzip", "Identity, gzip", "aws-chunked", "x"] {
            assert!(encoded(coding), "{coding}");
        }
        for coding in ["", "identity", "IDENTITY", " identity , identity"] {
            assert!(!encoded(coding), "{coding:?}");
        }
        assert!(!is_encoded(&HeaderMap::new()));
    }
}
