//! What holds for every operation (rekor-v1, section 1.1).

use axum::body::Body;
use bytes::Bytes;
use clap::ValueEnum;
use http::Request;
use serde_json::json;

use crate::rekor_v1::settings::V1Endpoint;
use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;
use crate::settings::Overrides;

const GETS: [&str; 5] = [
    "/api/v1/log",
    "/api/v1/log/proof?lastSize=1",
    "/api/v1/log/publicKey",
    "/api/v1/log/entries?logIndex=0",
    "/api/v1/log/entries/0000000000000000000000000000000000000000000000000000000000000000",
];
const POSTS: [&str; 3] = [
    "/api/v1/log/entries",
    "/api/v1/log/entries/retrieve",
    "/api/v1/index/retrieve",
];

fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &'static str,
) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn reads_are_never_cached_and_conditions_are_ignored() {
    let site = Site::new().await;
    site.create(&Signer::new().hashedrekord(b"artifact")).await;
    for path in GETS {
        let conditional = request("GET", path, &[("if-none-match", "*"), ("origin", "x")], "");
        let answer = site.send(conditional).await;
        let caching = "no-cache, no-store, no-transform, must-revalidate, private, max-age=0";
        assert_eq!(answer.header("cache-control"), caching, "{path}");
        assert_eq!(answer.header("expires"), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(answer.header("pragma"), "no-cache");
        assert_eq!(answer.header("x-accel-expires"), "0");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_ne!(answer.status, 304);
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_call() {
    let site = Site::new().await;
    for path in GETS.iter().chain(&POSTS) {
        let headers = [
            ("origin", "https://search.example.com"),
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type"),
        ];
        let answer = site.send(request("OPTIONS", path, &headers, "")).await;
        assert_eq!(answer.status, 204);
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(
            answer.header("access-control-allow-methods"),
            "GET, POST, HEAD"
        );
        assert_eq!(
            answer.header("access-control-allow-headers"),
            "content-type"
        );
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn slashes_too_many_change_nothing() {
    let site = Site::new().await;
    let expected = site.get("/api/v1/log").await.body;
    for path in ["/api/v1/log/", "//api/v1/log", "/api//v1///log//"] {
        assert_eq!(site.get(path).await.body, expected, "{path}");
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let site = Site::new().await;
    for path in [
        "/api/v1",
        "/api/v1/version",
        "/api/v1/log/entries/a/b",
        "/api/v1/timestamp",
    ] {
        let answer = site.get(path).await;
        answer.must_fail(404, 404, &format!("path {path} was not found"));
        assert_eq!(answer.header("content-type"), "application/json");
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/log/entries", "GET,POST"),
        ("PUT", "/api/v1/log/entries/retrieve", "GET,POST"),
        ("POST", "/api/v1/log", "GET"),
        ("GET", "/api/v1/index/retrieve", "POST"),
    ] {
        let answer = site.send(request(method, path, &[], "")).await;
        let message = format!("method {method} is not allowed, but [{allowed}] are");
        answer.must_fail(405, 405, &message);
        assert_eq!(answer.header("allow"), allowed);
    }
}

#[tokio::test]
async fn bodies_have_to_be_called_json() {
    let site = Site::new().await;
    for path in POSTS {
        for (headers, named) in [
            (&[][..], "application/octet-stream"),
            (&[("content-type", "text/plain")][..], "text/plain"),
            (
                &[("content-type", "application/jsonx; charset=utf-8")][..],
                "application/jsonx",
            ),
        ] {
            let answer = site.send(request("POST", path, headers, "{}")).await;
            let message =
                format!("unsupported media type \"{named}\", only [application/json] are allowed");
            answer.must_fail(415, 415, &message);
        }
    }
    let headers = [("content-type", "Application/JSON; charset=utf-8")];
    let answer = site.send(request("POST", POSTS[1], &headers, "{}")).await;
    assert_eq!(&answer.body[..], b"[]\n");
}

#[tokio::test]
async fn callers_have_to_take_what_is_answered() {
    let site = Site::new().await;
    let available =
        |offered| format!("unsupported media type requested, only [{offered}] are available");
    for path in GETS {
        let answer = site
            .send(request("GET", path, &[("accept", "text/html")], ""))
            .await;
        let pem = path.ends_with("publicKey");
        let offered = if pem {
            "application/x-pem-file"
        } else {
            "application/json"
        };
        answer.must_fail(406, 406, &available(offered));
        let any = site
            .send(request(
                "GET",
                path,
                &[("accept", "text/html,*/*;q=0.8")],
                "",
            ))
            .await;
        assert_ne!(any.status, 406);
    }
    for path in POSTS {
        let headers = [
            ("accept", "text/html"),
            ("content-type", "application/json"),
        ];
        let answer = site.send(request("POST", path, &headers, "{}")).await;
        answer.must_fail(406, 406, &available("application/json"));
    }
}

#[tokio::test]
async fn what_is_switched_off_says_so() {
    for (endpoint, method, path, title) in [
        (V1Endpoint::GetLogInfo, "GET", GETS[0], "Get Log Info"),
        (V1Endpoint::GetLogProof, "GET", GETS[1], "Get Log Proof"),
        (V1Endpoint::GetPublicKey, "GET", GETS[2], "Get Public Key"),
        (
            V1Endpoint::GetLogEntryByIndex,
            "GET",
            GETS[3],
            "Get Log Entry by Index",
        ),
        (
            V1Endpoint::GetLogEntryByUuid,
            "GET",
            GETS[4],
            "Get Log Entry by UUID",
        ),
        (V1Endpoint::CreateLogEntry, "POST", POSTS[0], "Create Entry"),
        (
            V1Endpoint::SearchLogQuery,
            "POST",
            POSTS[1],
            "Search Log Query",
        ),
        (V1Endpoint::SearchIndex, "POST", POSTS[2], "Search Index"),
    ] {
        let all = V1Endpoint::value_variants().iter();
        let others = all.filter(|other| **other != endpoint).copied();
        let mut overrides = Overrides::default();
        overrides.rekor_v1.enabled_api_endpoints = Some(others.collect());
        let site = Site::with(overrides).await;
        let headers = [("content-type", "application/json")];
        let answer = site.send(request(method, path, &headers, "{}")).await;
        let message = format!("{title} API not enabled in this Rekor instance");
        answer.must_fail(501, 501, &message);
        let other = if path == GETS[0] { GETS[2] } else { GETS[0] };
        assert_eq!(site.get(other).await.status, 200);
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused_however_they_come() {
    let text = "max-request-bytes = 65536\nmax-artifact-bytes = 3145728\n\
                max-statement-bytes = 65536";
    let overrides = Overrides::parse(text).unwrap();
    let limit = overrides.clone().resolve().unwrap().v1_body_limit();
    assert_eq!(limit, (4 << 20) + (256 << 10));
    let site = Site::with(overrides).await;
    let message = format!("Request Entity Too Large. Limit set to {limit}");
    for path in POSTS {
        let announced = Request::post(path)
            .header("content-type", "application/json")
            .header("content-length", limit + 1)
            .body(Body::from(vec![b' '; limit + 1]));
        site.send(announced.unwrap())
            .await
            .must_fail(413, 413, &message);
        let chunk = || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; limit / 2 + 1]));
        let chunks = Body::from_stream(futures::stream::iter([chunk(), chunk()]));
        site.post(path, chunks).await.must_fail(413, 413, &message);
    }
    // A large artifact within it is taken.
    let artifact = vec![7; 3 << 20];
    site.create(&Signer::new().rekord(&artifact)).await;
}

/// Bodies take memory as they come: those that stall have what they sent, and what is left is there
/// for others.
#[tokio::test]
async fn bodies_share_a_bounded_memory() {
    use std::sync::Arc;
    use tokio::sync::oneshot;

    let site = Arc::new(Site::set("max-request-memory = 16777216").await);
    // The memory is for one body of the greatest length, with what is made of it.
    let limit = site.state.settings().v1_body_limit();
    let chunk = move || Ok::<_, std::io::Error>(Bytes::from(vec![b' '; limit - 1]));
    let mut stalled = Vec::new();
    for _ in 0..4 {
        let (proceed, wait) = oneshot::channel::<()>();
        let (begin, begun) = oneshot::channel::<()>();
        let end = futures::stream::once(async move {
            begin.send(()).unwrap();
            wait.await.unwrap();
            Ok(Bytes::new())
        });
        let chunks = futures::stream::iter([chunk()]);
        let body = Body::from_stream(futures::StreamExt::chain(chunks, end));
        let site = Arc::clone(&site);
        let answer = tokio::spawn(async move { site.post(POSTS[1], body).await });
        begun.await.unwrap();
        stalled.push((proceed, answer));
    }
    let body = Body::from_stream(futures::stream::iter([chunk()]));
    let refused = site.post(POSTS[1], body).await;
    refused.must_fail(503, 503, "too much is under way");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(site.retrieve(json!({})).await.status, 200);
    // Nobody makes anything of a body that there is no memory for.
    for (proceed, answer) in stalled {
        proceed.send(()).unwrap();
        assert!([400, 503].contains(&answer.await.unwrap().status.as_u16()));
    }
    assert_eq!(site.state.numbers().memory, 0);
}

#[tokio::test]
async fn the_pages_beside_the_api_are_there() {
    let site = Site::new().await;
    assert_eq!(&site.get("/ping").await.body[..], b".");
    for path in ["/", "/docs"] {
        let page = site.get(path).await;
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{path}"
        );
    }
    assert_eq!(site.get("/ping/").await.status, 200);
}

#[tokio::test]
async fn a_panic_is_a_500_in_the_form_of_the_face() {
    async fn panics() -> &'static str {
        panic!("a test");
    }
    let caught = tower_http::catch_panic::CatchPanicLayer::custom(crate::rekor_v1::panicked);
    let router = axum::Router::new()
        .route("/", axum::routing::get(panics))
        .layer(caught);
    let asked = tower::ServiceExt::oneshot(router, request("GET", "/", &[], ""));
    let response = asked.await.unwrap();
    assert_eq!(response.status(), 500);
    let body = axum::body::to_bytes(response.into_body(), 1_000).await;
    assert_eq!(
        &body.unwrap()[..],
        b"{\"code\":500,\"message\":\"Internal Server Error\"}\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_end_is_a_504() {
    let site = Site::new().await;
    let body = Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
    let answer = site.post(POSTS[0], body).await;
    answer.must_fail(504, 504, "submit it again");
}

#[tokio::test]
async fn requests_are_counted_under_their_route() {
    let site = Site::new().await;
    site.get("/api/v1/log/").await;
    site.get(GETS[4]).await;
    let metrics = site
        .state
        .metrics()
        .render(&site.log, &site.state.numbers());
    for route in ["/api/v1/log\"", "/api/v1/log/entries/{entryUUID}\""] {
        let label = format!("route=\"{route}");
        assert!(metrics.contains(&label), "{metrics}");
    }
}
