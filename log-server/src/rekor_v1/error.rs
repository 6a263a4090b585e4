//! Errors as clients of Rekor v1 know them.

use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_log::AppendError;
use ledgerstone_log::ReadError;
use serde::Serialize;

use crate::error::failure::Failure;
use crate::rekor_v1::json::JSON;
use crate::rekor_v1::json::json_line;
use crate::rekor_v1::settings::V1Endpoint;

/// The longest message, in bytes. Some say what was sent, which may be megabytes.
const MAX_MESSAGE: usize = 1_024;

/// The codes of a body that breaks the schema, all with the status 422 (rekor-v1, section 1.1).
pub(crate) mod schema {
    /// Of another type.
    pub(crate) const TYPE: u16 = 601;
    /// Missing.
    pub(crate) const REQUIRED: u16 = 602;
    /// Too long.
    pub(crate) const TOO_LONG: u16 = 603;
    /// Not of the pattern.
    pub(crate) const PATTERN: u16 = 605;
    /// Not one of a list.
    pub(crate) const ENUM: u16 = 606;
    /// Too small.
    pub(crate) const MINIMUM: u16 = 609;
    /// Too many items.
    pub(crate) const MAX_ITEMS: u16 = 611;
    /// Too few items.
    pub(crate) const MIN_ITEMS: u16 = 612;
}

/// An error as a Rekor v1 client sees it: `{"code":...,"message":"..."}`, or nothing at all for a
/// lookup that finds nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct V1Error {
    status: StatusCode,
    /// What the body says, which for a broken schema is not the status.
    code: u16,
    message: String,
    content_type: &'static str,
    has_body: bool,
    /// Whether the body of the request was.
    is_encoded: bool,
    /// How long to wait before the same may succeed, in seconds.
    retry_after: Option<u32>,
}

impl V1Error {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            code: status.as_u16(),
            message: shortened(message.into()),
            content_type: JSON,
            has_body: true,
            is_encoded: false,
            retry_after: None,
        }
    }

    /// 400.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 422 with a code of [`schema`].
    pub(crate) fn schema(code: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
        }
    }

    /// 404 for a lookup: proven absent, and said without a body.
    pub(crate) fn absent() -> Self {
        Self {
            has_body: false,
            ..Self::new(StatusCode::NOT_FOUND, "")
        }
    }

    /// 404 for a path.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 500, with one of upstream's texts, none of which says what happened inside.
    fn internal(message: &'static str) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// 501.
    pub(crate) fn switched_off(endpoint: V1Endpoint) -> Self {
        let message = format!(
            "{} API not enabled in this Rekor instance",
            endpoint.title()
        );
        Self::new(StatusCode::NOT_IMPLEMENTED, message)
    }

    /// A proposed entry that is not taken: 422 where it breaks the schema, else 400 with `prefix`
    /// before the reason.
    pub(crate) fn rejected(reject: &V1Reject, prefix: &str) -> Self {
        match reject.schema_code() {
            Some(code) => Self::schema(code, reject.to_string()),
            None => Self::invalid(format!("{prefix}{reject}")),
        }
    }

    /// The same under another content type.
    pub(crate) fn with_content_type(self, content_type: &'static str) -> Self {
        Self {
            content_type,
            ..self
        }
    }
}

/// Upstream's texts where it has some.
impl From<Failure> for V1Error {
    fn from(failure: Failure) -> Self {
        let text = failure.text();
        let error = match &failure {
            Failure::QueueFull
            | Failure::Closed
            | Failure::DiskFull
            | Failure::NotKept
            | Failure::NotServed
            | Failure::NoRoom
            | Failure::Busy => Self::new(StatusCode::SERVICE_UNAVAILABLE, text),
            Failure::CallerShare | Failure::TooFast { .. } => {
                Self::new(StatusCode::TOO_MANY_REQUESTS, text)
            }
            Failure::NotTaken => Self::new(StatusCode::NOT_IMPLEMENTED, text),
            Failure::EntryTooLarge(why) => Self::invalid(format!("error processing entry: {why}")),
            Failure::OutOfRange(_) | Failure::SizesReversed(_) | Failure::BodyCut => {
                Self::invalid(text)
            }
            Failure::BodyTooLarge(limit) => {
                let message = format!("Request Entity Too Large. Limit set to {limit}");
                Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
            }
            Failure::Encoded => Self {
                is_encoded: true,
                ..Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, text)
            },
            Failure::Unproven | Failure::Unreadable => {
                Self::internal("unexpected result from transparency log")
            }
            Failure::Unsigned => Self::internal("error signing"),
            Failure::Panicked => Self::internal("Internal Server Error"),
            Failure::Late => Self::new(StatusCode::GATEWAY_TIMEOUT, text),
        };
        Self {
            retry_after: failure.retry_after(),
            ..error
        }
    }
}

impl From<AppendError> for V1Error {
    fn from(error: AppendError) -> Self {
        Failure::from(error).into()
    }
}

impl From<ReadError> for V1Error {
    fn from(error: ReadError) -> Self {
        Failure::from(error).into()
    }
}

impl IntoResponse for V1Error {
    fn into_response(self) -> Response {
        if !self.has_body {
            return self.status.into_response();
        }
        let body = Body {
            code: self.code,
            message: &self.message,
        };
        let mut response = (self.status, json_line(&body)).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.content_type),
        );
        if self.is_encoded {
            headers.insert(
                header::ACCEPT_ENCODING,
                HeaderValue::from_static("identity"),
            );
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// The start of a message that is too long.
fn shortened(mut message: String) -> String {
    if message.len() > MAX_MESSAGE {
        message.truncate(message.floor_char_boundary(MAX_MESSAGE));
        message.push_str("...");
        message.shrink_to_fit();
    }
    message
}

#[derive(Serialize)]
struct Body<'a> {
    code: u16,
    message: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_messages_are_cut_between_letters() {
        let whole = "\u{e9}".repeat(MAX_MESSAGE / 2);
        assert_eq!(V1Error::invalid(whole.clone()).message, whole);
        let long = format!("a{whole}");
        let cut = V1Error::invalid(long.clone()).message;
        assert_eq!(cut, format!("{}...", &long[..MAX_MESSAGE - 1]));
    }
}
