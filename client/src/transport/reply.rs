//! What a server answered.

use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;

use crate::transport::error::TransportError;

/// The longest error text of a server that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

/// What a server answered, whatever the status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) url: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// Whether the body is the error of a log.
    pub(crate) fn is_json_error(&self) -> bool {
        serde_json::from_slice::<ErrorBody>(&self.body).is_ok()
    }

    /// The error for a status that the request does not go on with.
    pub(crate) fn into_error(self) -> TransportError {
        TransportError::Status {
            message: server_message(&self.body),
            retry_after: retry_after(&self.headers),
            status: self.status.as_u16(),
            url: self.url,
        }
    }
}

/// Whether the same request may fare better later.
pub(crate) fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// `Retry-After` in either of its forms (RFC 9110, section 10.2.3).
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = date.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

/// The part of an error body that is for people.
#[derive(Deserialize)]
struct ErrorBody {
    message: String,
}

/// The `message` of an error body, or its first line.
fn server_message(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(error) => error.message,
        Err(_) => String::from_utf8_lossy(body)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    text.chars()
        .filter(|character| !character.is_control())
        .take(MAX_MESSAGE_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;
    use crate::transport::options::MAX_RETRY_AFTER;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let parse = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers)
        };
        assert_eq!(parse("3"), Some(Duration::from_secs(3)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(parse("Fri, 31 Dec 2100 23:59:59 GMT") > Some(MAX_RETRY_AFTER));
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn server_messages_are_cut_and_cleaned() {
        assert_eq!(
            server_message(br#"{"code":3,"message":"invalid entry","details":[]}"#),
            "invalid entry"
        );
        assert_eq!(server_message(b"frozen\nmore"), "frozen");
        assert_eq!(server_message(b"a\x1b[31mb"), "a[31mb");
        assert_eq!(server_message(&[b'x'; 4000]).len(), MAX_MESSAGE_CHARS);
    }
}
