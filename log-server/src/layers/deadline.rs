//! How long a request may take: as long as the settings say, or less when the caller says so.

use std::time::Duration;

use axum::extract::Request;
use axum::extract::State as Extract;
use axum::middleware::Next;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use tokio::time::timeout;
use tonic::Status;

use crate::error::ApiError;
use crate::error::failure::Failure;
use crate::state::State;

/// The header in which a caller gives its patience, over gRPC and, through the reference gateway,
/// over HTTP.
const TIMEOUT_HEADER: &str = "grpc-timeout";

/// The most digits of a time-out (gRPC over HTTP/2, "Timeout").
const MAX_DIGITS: usize = 8;

/// Answers 504 when a request, its body included, takes longer than the settings or its caller
/// allow.
pub(crate) async fn limit_http(
    Extract(state): Extract<State>,
    request: Request,
    next: Next,
) -> Response {
    match timeout(limit(&state, request.headers()), next.run(request)).await {
        Ok(response) => response,
        Err(_) => exceeded().into_response(),
    }
}

/// Answers DEADLINE_EXCEEDED when a call takes longer, until its answer begins, than the settings
/// or its caller allow. The answers of streams begin at once, and may be endless.
pub(crate) async fn limit_grpc(
    Extract(state): Extract<State>,
    request: Request,
    next: Next,
) -> Response {
    match timeout(limit(&state, request.headers()), next.run(request)).await {
        Ok(response) => response,
        Err(_) => Status::from(exceeded())
            .into_http::<tonic::body::Body>()
            .into_response(),
    }
}

fn limit(state: &State, headers: &HeaderMap) -> Duration {
    let limit = state.settings().server.request_timeout();
    of_caller(headers).map_or(limit, |patience| patience.min(limit))
}

fn exceeded() -> ApiError {
    Failure::Late.into()
}

/// The time-out that the caller set: up to eight digits and a unit.
fn of_caller(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(TIMEOUT_HEADER)?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty()
        || digits.len() > MAX_DIGITS
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
    {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn parsed(text: &str) -> Option<Duration> {
        let value = HeaderValue::from_str(text).unwrap();
        of_caller(&HeaderMap::from_iter([(
            TIMEOUT_HEADER.parse().unwrap(),
            value,
        )]))
    }

    #[test]
    fn a_timeout_is_up_to_eight_digits_and_a_unit() {
        assert_eq!(parsed("2H"), Some(Duration::from_secs(7_200)));
        assert_eq!(parsed("3M"), Some(Duration::from_secs(180)));
        assert_eq!(parsed("99999999S"), Some(Duration::from_secs(99_999_999)));
        assert_eq!(parsed("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parsed("7u"), Some(Duration::from_micros(7)));
        assert_eq!(parsed("7n"), Some(Duration::from_nanos(7)));
        for bad in [
            "",
            "S",
            "7",
            "7s",
            "-7S",
            "+7S",
            "1.5S",
            "999999999S",
            "7 S",
        ] {
            assert_eq!(parsed(bad), None, "{bad:?} is read as a time-out");
        }
    }
}
