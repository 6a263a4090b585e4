//! The page at `/`: a few files that are part of the program, and the rules by which a browser
//! keeps to them. All that it shows it reads from `/log/v1/`, as any other client does.

mod file;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::header::CONTENT_SECURITY_POLICY;
use http::header::CONTENT_TYPE;
use http::header::ETAG;
use http::header::IF_NONE_MATCH;
use http::header::REFERRER_POLICY;
use http::header::X_CONTENT_TYPE_OPTIONS;

use crate::error::ApiError;
use crate::face::Routes;
use crate::page::file::File;

/// The routes of the page. `/openapi.json` does not have them: it is for programs.
pub(crate) fn routes() -> Routes {
    Routes::new()
        .get("/", index)
        .get("/page/{name}", named_file)
}

async fn index(headers: HeaderMap) -> Result<Response, ApiError> {
    render("index.html", &headers)
}

async fn named_file(
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let name = name.map_or_else(|_| String::new(), |Path(name)| name);
    render(&name, &headers)
}

fn render(name: &str, asked: &HeaderMap) -> Result<Response, ApiError> {
    let file = File::named(name).ok_or_else(|| ApiError::not_found("Not Found"))?;
    let caching = [
        (ETAG, file.tag()),
        (CACHE_CONTROL, HeaderValue::from_static(REVALIDATE)),
    ];
    let mut known = asked.get_all(IF_NONE_MATCH).iter();
    if known.any(|tags| file.is_one_of(tags)) {
        return Ok((StatusCode::NOT_MODIFIED, caching).into_response());
    }
    let kind = [(CONTENT_TYPE, file.kind)];
    Ok((caching, kind, RULES, file.content).into_response())
}

/// A browser asks each time whether a file is still the same: files of two versions of the program
/// do not fit together.
const REVALIDATE: &str = "no-cache";

/// What a browser may do with the page. Scripts, styles, the icon and answers come from the log
/// alone; no text can become a script or an element; and no other page can frame it or reach into
/// it.
const RULES: [(HeaderName, &str); 5] = [
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src \
         'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
    ),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];
