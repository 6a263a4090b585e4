//! Which paths are those of the face, however many slashes they have.

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

/// What the paths of the face start with.
const PREFIX: &str = "/api/v1";

/// The paths of the face beside its prefix.
const BESIDE: [&str; 3] = ["/ping", "/docs", "/swagger.json"];

/// Takes empty segments out of the path of a request to this face, as upstream does: clients write
/// slashes at the end, and join a base URL that ends in one with a path that starts with one
/// (rekor-v1, section 1.1). Requests to other faces stay as they are.
pub(crate) fn clean(mut request: Request) -> Request {
    if let Some(uri) = cleaned(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// Whether a clean path lies below the prefix of the face.
pub(crate) fn is_v1(path: &str) -> bool {
    path.strip_prefix(PREFIX)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn cleaned(uri: &Uri) -> Option<Uri> {
    let mut clean = clean_text(uri.path())?;
    if let Some(query) = uri.query() {
        clean.push('?');
        clean.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(clean).ok()?);
    Uri::from_parts(parts).ok()
}

/// A path of the face without its empty segments, when it has any.
pub(crate) fn clean_text(path: &str) -> Option<String> {
    if !path.contains("//") && !path.ends_with('/') {
        return None;
    }
    let mut clean = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        clean.push('/');
        clean.push_str(segment);
    }
    (is_v1(&clean) || BESIDE.contains(&clean.as_str())).then_some(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(uri: &str) -> String {
        let request = Request::builder().uri(uri).body(Default::default());
        clean(request.unwrap()).uri().to_string()
    }

    #[test]
    fn empty_segments_go_and_everything_else_stays() {
        for (uri, expected) in [
            (
                "/api/v1/log/entries/retrieve/",
                "/api/v1/log/entries/retrieve",
            ),
            ("//api/v1/log", "/api/v1/log"),
            (
                "/api//v1/log///entries/?logIndex=1//&x=/",
                "/api/v1/log/entries?logIndex=1//&x=/",
            ),
            (
                "http://log.example//api/v1/log/",
                "http://log.example/api/v1/log",
            ),
            ("/ping/", "/ping"),
            ("/api/v1/log/a%2F%2Fb", "/api/v1/log/a%2F%2Fb"),
            ("/api/v1", "/api/v1"),
        ] {
            assert_eq!(after(uri), expected);
        }
    }

    #[test]
    fn paths_of_other_faces_are_left_alone() {
        for uri in [
            "/tile/0/000/",
            "//checkpoint",
            "/api/v2//log",
            "/",
            "//",
            "/api/v1x/",
        ] {
            assert_eq!(after(uri), uri);
        }
    }
}
