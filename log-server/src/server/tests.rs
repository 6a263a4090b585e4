//! Whether `openapi.json` has all that is served.

use std::sync::LazyLock;

use axum::body::Body;
use http::Method;
use http::Request;
use ledgerstone_tests::description::Description;

use crate::admin;
use crate::log_v1;
use crate::rekor_v1::tests::Answer;
use crate::rekor_v1::tests::Site;
use crate::rekor_v2;
use crate::server::routes;
use crate::tiles;

static DESCRIPTION: LazyLock<Description> =
    LazyLock::new(|| Description::new(serde_json::from_str(routes::OPENAPI).unwrap()));

/// Paths of requests to a route.
fn examples(route: &str) -> Vec<String> {
    let path = route.replace("{tree}", "1").replace("{index}", "0");
    let path = path.replace("{hash}", &"0".repeat(64));
    match path.strip_suffix("{*path}") {
        Some(start) => ["0/000", "1/x001/x234/067.p/3", "entries/x001/000"]
            .map(|end| format!("{start}{end}"))
            .to_vec(),
        None => vec![path],
    }
}

#[test]
fn every_route_is_described() {
    for routes in [
        tiles::routes(),
        rekor_v2::routes(),
        log_v1::http::routes(),
        routes::beside(),
        admin::routes(),
    ] {
        assert!(!routes.named.is_empty());
        for (method, route) in routes.named {
            for path in examples(route) {
                assert!(!path.contains('{'), "{route} needs an example");
                assert!(
                    DESCRIPTION.has(&method, &path),
                    "{method} {route} is not described"
                );
            }
        }
    }
}

#[tokio::test]
async fn every_operation_in_it_is_served() {
    let site = Site::new().await;
    let send = async |method: &Method, path: &str| -> Answer {
        let request = Request::builder().method(method).uri(path);
        site.send(request.body(Body::empty()).unwrap()).await
    };
    let served = send(&Method::GET, "/openapi.json").await;
    assert_eq!(served.json(), *DESCRIPTION.document());
    for (template, operations) in DESCRIPTION.document()["paths"].as_object().unwrap() {
        let path = template.replace("{tree}", "1").replace("{level}", "0");
        let path = path
            .replace("{index}", "000")
            .replace("{hash}", &"0".repeat(64));
        for method in [Method::GET, Method::POST] {
            let Some(operation) = operations.get(method.as_str().to_lowercase()) else {
                continue;
            };
            // Those of the admin port are compared by their routes.
            if operation.get("servers").is_some() {
                continue;
            }
            let answer = send(&method, &path).await;
            let text = String::from_utf8_lossy(&answer.body);
            let is_served = answer.status != 501 && !text.contains("\"Not Found\"");
            assert!(is_served, "{method} {template}: {answer:?}");
            let (status, headers) = (answer.status, &answer.headers);
            DESCRIPTION.check(&method, &path, status, headers, &answer.body);
        }
    }
}
