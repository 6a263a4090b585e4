//! What holds for every operation of Rekor v1 (rekor-v1, section 1.1), header by header.

use ledgerstone_tests::proposals::Signer;
use serde_json::json;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::INDEX;
use crate::rekor_v1::LOG;
use crate::rekor_v1::RETRIEVE;
use crate::rekor_v1::V1;
use crate::rekor_v1::exchange;
use crate::server::Site;

const JSON: (&str, &str) = ("content-type", "application/json");

/// Every operation: its name in the settings, its title in a 501, a method, and a path that it
/// takes.
const OPERATIONS: [(&str, &str, &str, &str); 8] = [
    ("getLogInfo", "Get Log Info", "GET", LOG),
    (
        "getLogProof",
        "Get Log Proof",
        "GET",
        "/api/v1/log/proof?lastSize=1",
    ),
    (
        "getPublicKey",
        "Get Public Key",
        "GET",
        "/api/v1/log/publicKey",
    ),
    (
        "getLogEntryByIndex",
        "Get Log Entry by Index",
        "GET",
        "/api/v1/log/entries?logIndex=0",
    ),
    (
        "getLogEntryByUUID",
        "Get Log Entry by UUID",
        "GET",
        "/api/v1/log/entries/0000000000000000000000000000000000000000000000000000000000000000",
    ),
    ("createLogEntry", "Create Entry", "POST", ENTRIES),
    ("searchLogQuery", "Search Log Query", "POST", RETRIEVE),
    ("searchIndex", "Search Index", "POST", INDEX),
];

/// What says that an answer must not be kept, and who may read it.
const UNCACHED: [&str; 5] = [
    "access-control-allow-origin: *",
    "cache-control: no-cache, no-store, no-transform, must-revalidate, private, max-age=0",
    "expires: Thu, 01 Jan 1970 00:00:00 GMT",
    "pragma: no-cache",
    "x-accel-expires: 0",
];

/// Sends a request as it stands, and checks all of the answer: the status line, every header, and
/// the body.
async fn check(v1: &V1, request: &str, status_line: &str, headers: &[&str], body: &str) {
    let (line, rest) = request.split_once("\r\n").unwrap();
    let request = format!("{line}\r\nhost: log\r\nx-request-id: t\r\nconnection: close\r\n{rest}");
    let answer = exchange(&v1.server, request.as_bytes()).await;
    assert_eq!(answer.status_line, status_line, "{request}");
    assert_eq!(answer.body, body, "{request}");
    let length = format!("content-length: {}", body.len());
    let mut expected: Vec<&str> = headers.to_vec();
    expected.extend([length.as_str(), "x-request-id: t"]);
    expected.sort_unstable();
    assert_eq!(answer.headers, expected, "{request}");
}

#[tokio::test]
async fn answers_are_these_bytes() {
    let v1 = V1::start().await;
    let none = "0".repeat(64);
    let json = ["content-type: application/json"];
    let open = [json[0], UNCACHED[0]];
    let uncached = [&json[..], &UNCACHED].concat();
    let error =
        |code: u16, message: &str| format!("{{\"code\":{code},\"message\":{}}}\n", json!(message));
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\n\r\n");
    let post = |path: &str, body: &str| {
        let length = body.len();
        format!(
            "POST {path} HTTP/1.1\r\ncontent-type: application/json\r\ncontent-length: \
             {length}\r\n\r\n{body}"
        )
    };

    let not_found = "HTTP/1.1 404 Not Found";
    for path in [format!("{ENTRIES}?logIndex=0"), format!("{ENTRIES}/{none}")] {
        check(&v1, &get(&path), not_found, &UNCACHED, "").await;
    }
    let told = error(404, "path /api/v1/version was not found");
    check(&v1, &get("/api/v1/version"), not_found, &open, &told).await;

    let unprocessable = "HTTP/1.1 422 Unprocessable Entity";
    let told = error(602, "logIndex in query is required");
    check(&v1, &get(ENTRIES), unprocessable, &uncached, &told).await;
    let told = error(611, "logIndexes in body should have at most 10 items");
    let many = json!({"logIndexes": vec![0; 11]}).to_string();
    check(&v1, &post(RETRIEVE, &many), unprocessable, &open, &told).await;

    let allowed = [&open[..], &["allow: GET,POST"]].concat();
    let told = error(405, "method DELETE is not allowed, but [GET,POST] are");
    let delete = format!("DELETE {ENTRIES} HTTP/1.1\r\n\r\n");
    check(
        &v1,
        &delete,
        "HTTP/1.1 405 Method Not Allowed",
        &allowed,
        &told,
    )
    .await;

    let ok = "HTTP/1.1 200 OK";
    let nulls = r#"{"entries":null,"entryUUIDs":null,"logIndexes":null}"#;
    check(&v1, &post(RETRIEVE, nulls), ok, &open, "[]\n").await;
    check(&v1, &post(INDEX, "{}"), ok, &open, "[]\n").await;
    // Bytes that are not HTML need no escapes: upstream's encoder writes them as they are.
    let told = error(601, r#"email in body must be of type email: "<a&b>""#);
    let query = r#"{"email":"<a&b>"}"#;
    check(&v1, &post(INDEX, query), unprocessable, &open, &told).await;

    let ping = ["content-type: text/plain; charset=utf-8"];
    let ping = [&ping[..], &UNCACHED].concat();
    check(&v1, &get("/ping"), ok, &ping, ".").await;
}

#[tokio::test]
async fn a_submission_is_answered_with_these_headers() {
    let v1 = V1::start().await;
    let body = Signer::new().hashedrekord(b"artifact").to_string();
    let length = body.len();
    let request = format!(
        "POST {ENTRIES}/?apiKey=secret&a=1 HTTP/1.1\r\nhost: log\r\nconnection: \
         close\r\nx-request-id: t\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let answer = exchange(&v1.server, request.as_bytes()).await;
    assert_eq!(answer.status_line, "HTTP/1.1 201 Created");
    let entry = v1.get(&format!("{ENTRIES}?logIndex=0")).await;
    let (id, _) = entry.only_entry();
    let expected = [
        "access-control-allow-origin: *".to_owned(),
        format!("content-length: {}", answer.body.len()),
        "content-type: application/json".to_owned(),
        format!("etag: {id}"),
        format!("location: {ENTRIES}/{id}?a=1"),
        "vary: accept-encoding".to_owned(),
        "x-request-id: t".to_owned(),
    ];
    assert_eq!(answer.headers, expected);
    assert!(
        answer
            .body
            .starts_with(&format!("{{\"{id}\":{{\"body\":\""))
    );
    assert!(answer.body.ends_with("}\n"));
}

#[tokio::test]
async fn reads_are_never_cached_and_conditions_are_ignored() {
    let v1 = V1::start().await;
    v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    let (id, _) = v1.get(&format!("{ENTRIES}?logIndex=0")).await.only_entry();
    let paths = OPERATIONS.iter().filter(|operation| operation.2 == "GET");
    let mut paths: Vec<String> = paths.map(|operation| operation.3.to_owned()).collect();
    paths.push(format!("{ENTRIES}/{id}"));
    let conditions = [
        ("if-none-match", "*"),
        ("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT"),
        ("if-match", "\"another\""),
        ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("range", "bytes=0-1"),
    ];
    for path in paths {
        let plain = v1.get(&path).await;
        let conditional = v1.send("GET", &path, &conditions, "").await;
        assert_eq!(plain.status, conditional.status, "{path}");
        assert_eq!(plain.body.len(), conditional.body.len(), "{path}");
        for expected in UNCACHED {
            let (name, value) = expected.split_once(": ").unwrap();
            assert_eq!(conditional.header(name), value, "{path}");
        }
    }
}

#[tokio::test]
async fn slashes_too_many_change_nothing() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let (id, _) = v1.create(&signer.hashedrekord(b"artifact")).await;
    for path in ["/api/v1/log/", "//api/v1/log", "/api//v1///log//"] {
        assert_eq!(v1.get(path).await.json()["treeSize"], 1, "{path}");
    }
    for path in [
        format!("{ENTRIES}/?logIndex=0"),
        format!("{ENTRIES}/{id}/"),
        format!("/api/v1//log/entries//{id}"),
    ] {
        assert_eq!(v1.get(&path).await.only_entry().0, id, "{path}");
    }
    let query = json!({"entryUUIDs": [id]}).to_string();
    for path in [format!("{RETRIEVE}/"), format!("/{RETRIEVE}//")] {
        assert_eq!(v1.post(&path, query.clone()).await.ids(), [id.as_str()]);
    }
    assert_eq!(v1.post(&format!("{INDEX}/"), "{}").await.text(), "[]\n");
    let proposal = signer.hashedrekord(b"another").to_string();
    let created = v1.post(&format!("{ENTRIES}/"), proposal).await;
    let (id, _) = created.only_entry();
    assert_eq!(created.header("location"), format!("{ENTRIES}/{id}"));
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there() {
    let v1 = V1::start().await;
    for path in [
        "/api/v1",
        "/api/v1/version",
        "/api/v1/timestamp",
        "/api/v1/log/timestamp",
        "/api/v1/log/entries/a/b",
        "/api/v1/index",
        "/api/v1/healthz",
    ] {
        for method in ["GET", "POST", "DELETE"] {
            let reply = v1.send(method, path, &[JSON], "{}").await;
            reply.must_fail(404, 404, &format!("path {path} was not found"));
            assert_eq!(reply.header("content-type"), "application/json");
            assert_eq!(reply.header("access-control-allow-origin"), "*");
        }
    }
    let none = format!("{ENTRIES}/{}", "0".repeat(64));
    for (path, allowed) in [
        (LOG, "GET"),
        ("/api/v1/log/proof", "GET"),
        ("/api/v1/log/publicKey", "GET"),
        (ENTRIES, "GET,POST"),
        (&none, "GET"),
        (RETRIEVE, "GET,POST"),
        (INDEX, "POST"),
    ] {
        for method in [
            "GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "INVENTED",
        ] {
            if allowed.split(',').any(|one| one == method) {
                continue;
            }
            let reply = v1.send(method, path, &[JSON], "{}").await;
            let message = format!("method {method} is not allowed, but [{allowed}] are");
            reply.must_fail(405, 405, &message);
            assert_eq!(reply.header("allow"), allowed);
        }
    }
}

#[tokio::test]
async fn bodies_have_to_be_called_json() {
    let v1 = V1::start().await;
    let posts = [ENTRIES, RETRIEVE, INDEX];
    for path in posts {
        for (headers, named) in [
            (&[][..], "application/octet-stream"),
            (&[("content-type", "text/plain")][..], "text/plain"),
            (
                &[("content-type", "application/jsonx")][..],
                "application/jsonx",
            ),
            (
                &[("content-type", "application/x-www-form-urlencoded; a=b")][..],
                "application/x-www-form-urlencoded",
            ),
        ] {
            let reply = v1.send("POST", path, headers, "{}").await;
            let message =
                format!("unsupported media type \"{named}\", only [application/json] are allowed");
            reply.must_fail(415, 415, &message);
        }
    }
    for named in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/json;v=1",
    ] {
        let reply = v1
            .send("POST", INDEX, &[("content-type", named)], "{}")
            .await;
        assert_eq!(reply.text(), "[]\n", "{named}");
    }
}

#[tokio::test]
async fn callers_have_to_take_what_is_answered() {
    let v1 = V1::start().await;
    for (_, _, method, path) in OPERATIONS {
        let offered = match path {
            "/api/v1/log/publicKey" => "application/x-pem-file",
            _ => "application/json",
        };
        for refused in ["text/html", "text/*, image/png", "application/jsonx"] {
            let headers = [("accept", refused), JSON];
            let reply = v1.send(method, path, &headers, "{}").await;
            let message =
                format!("unsupported media type requested, only [{offered}] are available");
            reply.must_fail(406, 406, &message);
        }
        for taken in [offered, "*/*", "application/*", "text/html,*/*;q=0.1"] {
            let headers = [("accept", taken), JSON];
            let reply = v1.send(method, path, &headers, "{}").await;
            assert_ne!(reply.status, 406, "{path} {taken}");
        }
    }
}

#[tokio::test]
async fn what_is_switched_off_says_so() {
    for (name, title, method, path) in OPERATIONS {
        let others = OPERATIONS.iter().map(|operation| operation.0);
        let others: Vec<&str> = others.filter(|other| *other != name).collect();
        let site = Site::new().with("--enabled-api-endpoints", &others.join(","));
        // Without the checks of [`V1`], which need all of them.
        let server = site.start();
        let request = crate::client::http_client()
            .request(method.parse().unwrap(), server.at(path))
            .header(JSON.0, JSON.1)
            .body("{}");
        let reply = crate::client::Reply::read(request.send().await.unwrap()).await;
        let message = format!("{title} API not enabled in this Rekor instance");
        reply.must_fail(501, 501, &message);
        let other = match path {
            LOG => "/api/v1/log/publicKey",
            _ => LOG,
        };
        assert_eq!(crate::client::get(&server, other).await.status, 200);
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_call() {
    let v1 = V1::start().await;
    for (_, _, method, path) in OPERATIONS {
        let headers = [
            ("origin", "https://search.example.com"),
            ("access-control-request-method", method),
            ("access-control-request-headers", "content-type"),
        ];
        let reply = v1.send("OPTIONS", path, &headers, "").await;
        assert_eq!(reply.status, 204);
        assert!(reply.body.is_empty());
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, POST, HEAD"),
            ("access-control-allow-headers", "content-type"),
        ] {
            assert_eq!(reply.header(name), value, "{path}");
        }
        let headers = [headers[0], JSON];
        let reply = v1.send(method, path, &headers, "{}").await;
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_413_however_they_come() {
    let artifact = 3 << 20;
    let site = Site::new()
        .with("--max-artifact-bytes", &artifact.to_string())
        .with("--max-statement-bytes", "65536")
        .with("--max-request-bytes", "65536");
    let v1 = V1::serving(&site).await;
    let limit = (4 << 20) + (256 << 10);
    let message = format!("Request Entity Too Large. Limit set to {limit}");
    for path in [ENTRIES, RETRIEVE, INDEX] {
        for length in [limit + 1, 8 * limit] {
            let announced = v1.post(path, vec![b' '; length]).await;
            announced.must_fail(413, 413, &message);
            let chunk = move || Ok::<_, std::io::Error>(vec![b' '; limit / 2 + 1]);
            let chunks =
                futures::stream::iter((0..length.div_ceil(limit) + 1).map(move |_| chunk()));
            let streamed = v1.post(path, reqwest::Body::wrap_stream(chunks)).await;
            streamed.must_fail(413, 413, &message);
        }
        // Exactly at the limit a body is read: this one is nothing but space.
        let reply = v1.post(path, vec![b' '; limit]).await;
        reply.must_fail(400, 400, "");
    }
    // The largest artifact has room.
    v1.create(&Signer::new().rekord(&vec![7; artifact])).await;
}

/// A caller that is refused before its body was looked at reads why, though it still writes.
#[tokio::test]
async fn refusals_reach_callers_that_still_write() {
    let v1 = V1::start().await;
    let body = || vec![b' '; 24 << 20];
    let text = [("content-type", "text/plain")];
    let html = [("accept", "text/html"), JSON];
    for (method, path, headers, status) in [
        ("POST", ENTRIES, &text[..], 415),
        ("POST", RETRIEVE, &html[..], 406),
        ("DELETE", ENTRIES, &[JSON][..], 405),
        ("POST", "/api/v1/nothing", &[JSON][..], 404),
        // As the reference server of Rekor v2 says it.
        ("POST", "/api/v2/log/entries", &[JSON][..], 400),
        ("POST", "/nothing", &[JSON][..], 404),
    ] {
        let reply = v1.send(method, path, headers, body()).await;
        assert_eq!(reply.status, status, "{path}: {reply:?}");
    }
    // Whoever asks before it sends is told at once, and sends nothing.
    let request = format!(
        "POST {INDEX} HTTP/1.1\r\nhost: log\r\nconnection: close\r\nexpect: 100-continue\r\n\
         content-type: text/plain\r\ncontent-length: 1000000\r\n\r\n"
    );
    let answer = exchange(&v1.server, request.as_bytes()).await;
    assert_eq!(answer.status_line, "HTTP/1.1 415 Unsupported Media Type");
}

#[tokio::test]
async fn the_pages_beside_the_api_are_there() {
    let v1 = V1::start().await;
    for path in ["/ping", "/ping/"] {
        assert_eq!(v1.get(path).await.text(), ".");
    }
    for path in ["/", "/docs"] {
        let page = v1.get(path).await;
        assert_eq!(page.status, 200);
        assert!(
            page.header("content-type").starts_with("text/html"),
            "{path}"
        );
    }
    let document = v1.get("/swagger.json").await.json();
    assert_eq!(document["swagger"], "2.0");
    for (name, _, method, path) in OPERATIONS {
        let path = path.split('?').next().unwrap();
        let path = match path.strip_prefix("/api/v1/log/entries/00") {
            Some(_) => "/api/v1/log/entries/{entryUUID}",
            None => path,
        };
        let operation = &document["paths"][path][method.to_lowercase()];
        assert_eq!(operation["operationId"], name, "{path}");
    }
}
