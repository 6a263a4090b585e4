//! Which types of content a request gives, and which it takes.

use http::HeaderMap;
use http::StatusCode;
use http::header;

use crate::rekor_v1::error::V1Error;
use crate::rekor_v1::json::JSON;

/// What a body without a content type counts as.
const UNNAMED: &str = "application/octet-stream";

/// Refuses a request that takes no answer of the type `offered`.
///
/// # Errors
/// 406.
pub(crate) fn accepts(headers: &HeaderMap, offered: &str) -> Result<(), V1Error> {
    let mut accepted = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|range| !range.is_empty())
        .peekable();
    if accepted.peek().is_none() || accepted.any(|range| covers(range, offered)) {
        return Ok(());
    }
    let message = format!("unsupported media type requested, only [{offered}] are available");
    Err(V1Error::new(StatusCode::NOT_ACCEPTABLE, message))
}

/// Refuses a body that is not called JSON.
///
/// # Errors
/// 415.
pub(crate) fn is_json(headers: &HeaderMap) -> Result<(), V1Error> {
    let given = headers
        .get(header::CONTENT_TYPE)
        .map_or(Some(UNNAMED), |value| value.to_str().ok())
        .unwrap_or(UNNAMED);
    let media_type = given.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(JSON) {
        return Ok(());
    }
    let message = format!("unsupported media type {media_type:?}, only [{JSON}] are allowed");
    Err(V1Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
}

/// Whether the media range `range` (RFC 9110, section 12.5.1) covers the type `offered`.
fn covers(range: &str, offered: &str) -> bool {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().unwrap_or_default().to_ascii_lowercase();
    // Weight 0 means "not this one".
    let refused = parts.any(|parameter| {
        let weight = parameter.strip_prefix("q=").map(str::parse::<f32>);
        weight == Some(Ok(0.0))
    });
    let covered = match media.strip_suffix("/*") {
        Some("*") => true,
        Some(kind) => offered.split('/').next() == Some(kind),
        None => media == offered,
    };
    covered && !refused
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn ranges_cover_the_types_that_they_name() {
        for accept in [
            "application/json",
            "APPLICATION/JSON; charset=utf-8",
            "text/html, application/*;q=0.1",
            "text/html,application/xml;q=0.9,*/*;q=0.8",
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert_eq!(accepts(&headers, JSON), Ok(()), "{accept}");
        }
        for accept in [
            "text/html",
            "application/jsonp",
            "application/json;q=0",
            "text/*",
        ] {
            let headers =
                HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            assert!(accepts(&headers, JSON).is_err(), "{accept}");
        }
        assert_eq!(accepts(&HeaderMap::new(), JSON), Ok(()));
    }
}
