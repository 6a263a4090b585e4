//! The one reader of request bodies.

use axum::body::Body;
use axum::body::BodyDataStream;
use bytes::Bytes;
use bytes::BytesMut;
use futures::StreamExt;
use http::HeaderMap;
use http::header;
use http::request::Parts;

use crate::admission::room::Room;
use crate::error::failure::Failure;
use crate::layers::metered::NotRead;

/// How much is made ready for a body because its head announces it, in bytes: who announces more
/// has to send it.
const READY: usize = 64 << 10;

/// Reads a body of up to `limit` bytes.
///
/// The request keeps room for what is made of the body too.
///
/// # Errors
/// [`Failure::Encoded`], [`Failure::BodyTooLarge`], [`Failure::BodyCut`], and where there is no
/// memory for it [`Failure::NoRoom`] or [`Failure::CallerShare`].
pub(crate) async fn read(parts: &Parts, body: Body, limit: usize) -> Result<Bytes, Failure> {
    if is_encoded(&parts.headers) {
        return Err(Failure::Encoded);
    }
    let announced = announced(&parts.headers);
    if announced.is_some_and(|length| length > limit) {
        return Err(Failure::BodyTooLarge(limit));
    }
    let ready = announced.unwrap_or(0).min(READY);
    let bytes = collect(body.into_data_stream(), limit, ready).await?;
    if let Some(room) = parts.extensions.get::<Room>() {
        room.for_decoding(bytes.len())?;
    }
    Ok(bytes)
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

async fn collect(mut stream: BodyDataStream, limit: usize, ready: usize) -> Result<Bytes, Failure> {
    let mut bytes = BytesMut::with_capacity(ready);
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|error| NotRead::failure(&error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(Failure::BodyTooLarge(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
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
