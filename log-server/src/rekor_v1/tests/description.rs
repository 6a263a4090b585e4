//! Whether `openapi.json` describes what is served. Every answer of these tests is checked against
//! it.

use std::sync::LazyLock;

use http::Method;
use ledgerstone_tests::description::Description;

use crate::rekor_v1::pages::OPENAPI;
use crate::rekor_v1::tests::Answer;
use crate::rekor_v1::tests::Site;

static DESCRIPTION: LazyLock<Description> =
    LazyLock::new(|| Description::new(serde_json::from_str(OPENAPI).unwrap()));

/// Checks an answer against the description of the operation.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    DESCRIPTION.check(method, path, *status, headers, body);
}

#[tokio::test]
async fn it_is_served_and_every_operation_in_it_exists() {
    let site = Site::new().await;
    let answer = site.get("/swagger.json").await;
    assert_eq!(answer.json(), *DESCRIPTION.document());
    for (path, methods) in DESCRIPTION.document()["paths"].as_object().unwrap() {
        for method in ["GET", "POST", "PUT", "DELETE"] {
            let request = http::Request::builder()
                .method(method)
                .uri(path.replace("{entryUUID}", "x"))
                .body(axum::body::Body::empty());
            let answer = site.send(request.unwrap()).await;
            // A GET of the retrieval is a lookup of an id that is none.
            let described = methods.get(method.to_lowercase()).is_some()
                || (method == "GET" && path.ends_with("/entries/retrieve"));
            assert_eq!(answer.status != 405, described, "{method} {path}");
            assert_ne!(answer.status, 404, "{method} {path}");
        }
    }
}
