//! The one place where errors become the codes of gRPC, and the HTTP ones that go with them.
//!
//! [`failure`] says what went wrong behind the faces; this module says which code that is. Rekor
//! v1, which has codes and texts of its own, renders the same failures in its own error.

pub(crate) mod failure;

use axum::Json;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderValue;
use http::StatusCode;
use http::header::ACCEPT_ENCODING;
use http::header::CACHE_CONTROL;
use http::header::RETRY_AFTER;
use ledgerstone_entry::Reject;
use ledgerstone_log::AppendError;
use ledgerstone_log::ReadError;
use serde::Serialize;
use tonic::Code;
use tonic::Status;

use crate::error::failure::Failure;

/// The header, and gRPC metadata key, that names the index of an entry that was submitted before
/// (rekor-v2, section 1.5).
pub(crate) const LOG_INDEX_HEADER: &str = "x-log-index";

/// How long a caller that was turned away should wait where nothing else is known, in seconds.
const RETRY_AFTER_SECONDS: u32 = 1;

/// An error as a caller sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ApiError {
    code: Code,
    /// What goes with the code, but for a few.
    status: StatusCode,
    message: String,
    /// The index of the entry that is in the way of a duplicate.
    log_index: Option<u64>,
    /// How long to wait before the same may succeed, in seconds.
    retry_after: Option<u32>,
}

impl ApiError {
    /// 400: the caller must change the request.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// 404: proven absent.
    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    /// 409: the setting `on_duplicate = "conflict"` asks for upstream's answer.
    pub(crate) fn already_exists(index: u64) -> Self {
        let message = format!(
            "an equivalent entry already exists in the transparency log with index {index}"
        );
        Self {
            log_index: Some(index),
            ..Self::new(Code::AlreadyExists, message)
        }
    }

    /// 500, without a word on what happened inside.
    pub(crate) fn internal() -> Self {
        Failure::Panicked.into()
    }

    /// 501.
    pub(crate) fn unimplemented(message: impl Into<String>) -> Self {
        Self::new(Code::Unimplemented, message)
    }

    /// 503 with Retry-After.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(Code::Unavailable, message).retry_after(Some(RETRY_AFTER_SECONDS))
    }

    /// 429: the caller has all that one caller may have.
    pub(crate) fn exhausted(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceExhausted, message).retry_after(Some(RETRY_AFTER_SECONDS))
    }

    /// 403: the operator decided so.
    pub(crate) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(Code::PermissionDenied, message)
    }

    /// 413: the statement is longer than this many bytes.
    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("the statement is too long: the limit is {limit} bytes");
        Self {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..Self::new(Code::InvalidArgument, message)
        }
    }

    /// 507: the log keeps as much as its operator allows.
    pub(crate) fn full(message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::INSUFFICIENT_STORAGE,
            ..Self::new(Code::ResourceExhausted, message)
        }
    }

    /// A rejected entry. `prefix` is upstream's literal text, which some clients match.
    pub(crate) fn rejected(reject: &Reject) -> Self {
        Self::invalid(format!("{}: {reject}", reject.prefix()))
    }

    fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            status: http_status(code),
            message: message.into(),
            log_index: None,
            retry_after: None,
        }
    }

    fn retry_after(self, retry_after: Option<u32>) -> Self {
        Self {
            retry_after,
            ..self
        }
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let text = failure.text();
        let error = match &failure {
            Failure::QueueFull => Self::unavailable("reached max pushback; retry"),
            Failure::Closed
            | Failure::NotKept
            | Failure::NotServed
            | Failure::NoRoom
            | Failure::Busy => Self::unavailable(text),
            Failure::CallerShare | Failure::TooFast { .. } => Self::exhausted(text),
            Failure::DiskFull => Self {
                status: StatusCode::SERVICE_UNAVAILABLE,
                ..Self::exhausted(text)
            },
            Failure::NotTaken => Self::unimplemented(text),
            Failure::EntryTooLarge(why) => Self::invalid(format!("invalid entry: {why}")),
            Failure::OutOfRange(_) => Self::new(Code::OutOfRange, text),
            Failure::SizesReversed(_) | Failure::BodyCut => Self::invalid(text),
            Failure::BodyTooLarge(_) => Self::invalid("http: request body too large"),
            Failure::Encoded => Self {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                ..Self::invalid(text)
            },
            Failure::Unproven => Self::new(Code::Unknown, "failed to integrate entry"),
            Failure::Unsigned | Failure::Unreadable | Failure::Panicked => {
                Self::new(Code::Internal, text)
            }
            Failure::Late => Self::new(Code::DeadlineExceeded, text),
        };
        error.retry_after(failure.retry_after())
    }
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        Failure::from(error).into()
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        Failure::from(error).into()
    }
}

impl From<ApiError> for Status {
    fn from(error: ApiError) -> Self {
        let mut status = Self::new(error.code, error.message);
        if let Some(index) = error.log_index {
            status.metadata_mut().insert(LOG_INDEX_HEADER, index.into());
        }
        if let Some(seconds) = error.retry_after {
            status.metadata_mut().insert("retry-after", seconds.into());
        }
        status
    }
}

/// `{"code":<gRPC code>,"message":"...","details":[]}`, as grpc-gateway renders it (rekor-v2,
/// section 1.5).
impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = ErrorBody {
            code: self.code as i32,
            message: &self.message,
            details: [],
        };
        let mut response = (self.status(), Json(body)).into_response();
        let headers = response.headers_mut();
        // What is absent now may be there in a moment: no cache may keep the answer.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(index) = self.log_index {
            headers.insert(LOG_INDEX_HEADER, index.into());
        }
        if self.status == StatusCode::UNSUPPORTED_MEDIA_TYPE {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: i32,
    message: &'a str,
    details: [(); 0],
}

/// The HTTP status of a gRPC code, as grpc-gateway maps them, but for one: an index or a size
/// beyond the head is proven absent, which over HTTP is 404.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument | Code::FailedPrecondition => StatusCode::BAD_REQUEST,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::NotFound | Code::OutOfRange => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        // Cancelled would be 499, which only a caller that is gone could read.
        Code::Cancelled | Code::Unknown | Code::Internal | Code::DataLoss => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rendered(error: ApiError) -> (StatusCode, http::HeaderMap, String) {
        let response = error.into_response();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        (
            parts.status,
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn a_duplicate_names_its_index_in_both_protocols() {
        let (status, headers, body) = rendered(ApiError::already_exists(7)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(headers[LOG_INDEX_HEADER], "7");
        assert_eq!(
            body,
            concat!(
                r#"{"code":6,"message":"an equivalent entry already exists in the transparency "#,
                r#"log with index 7","details":[]}"#
            )
        );
        let status = Status::from(ApiError::already_exists(7));
        assert_eq!(status.metadata().get(LOG_INDEX_HEADER).unwrap(), "7");
    }

    #[tokio::test]
    async fn a_full_queue_says_when_to_come_back() {
        let (status, headers, _) = rendered(
            AppendError::QueueFull {
                waiting: 1,
                limit: 1,
            }
            .into(),
        )
        .await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers[RETRY_AFTER], "1");
    }

    #[tokio::test]
    async fn damage_is_a_500_that_tells_the_caller_nothing_of_it() {
        let error = ReadError::MissingEntry(ledgerstone_merkle::LeafIndex::new(123_456));
        let (status, _, body) = rendered(error.into()).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.contains("123456"), "{body}");
    }
}
