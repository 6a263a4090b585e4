//! What is the same for every face: who may read, what is compressed, how bodies come, and which
//! faces there are.

use ledgerstone_proto::log::v1::GetTreeHeadRequest;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tonic::Code;

use crate::client::DEADLINE;
use crate::client::ENTRIES;
use crate::client::Reply;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::log_client;
use crate::client::rekor_client;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::Server;
use crate::server::Site;

async fn send(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
    let mut request = http_client().request(method.parse().unwrap(), server.at(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let reply = Reply::read(request.send().await.unwrap()).await;
    match method {
        "GET" | "POST" => reply.described(&method.parse().unwrap(), path),
        _ => reply,
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_read_every_answer() {
    let server = Server::start();
    fill(&server, 3).await;
    for (method, path, status) in [
        ("GET", "/checkpoint", 200),
        ("GET", "/tile/0/000.p/3", 200),
        ("GET", "/tile/entries/000.p/3", 200),
        ("GET", "/tile/0/999", 404),
        ("POST", "/tile/0/999", 501),
        ("GET", "/api/v2/checkpoint", 200),
        ("POST", ENTRIES, 400),
        ("GET", ENTRIES, 501),
        ("GET", "/api/v2/nothing", 404),
        ("GET", "/log/v1/keys", 200),
        ("GET", "/log/v1/search?subject=a@example.com", 200),
        ("GET", "/log/v1/entries/999999999", 404),
        ("GET", "/log/v1/entries/x", 400),
        ("DELETE", "/log/v1/keys", 501),
        ("GET", "/api/v1/log", 200),
        ("DELETE", "/api/v1/log", 405),
        ("GET", "/api/v1/nothing", 404),
        ("GET", "/healthz", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/nothing", 404),
    ] {
        let origin = ("origin", "https://verify.example");
        let reply = send(&server, method, path, &[origin]).await;
        assert_eq!(reply.status, status, "{method} {path}");
        for name in [
            "access-control-allow-origin",
            "access-control-expose-headers",
        ] {
            assert_eq!(reply.header(name), "*", "{method} {path}: {name}");
        }

        let asked = [
            origin,
            ("access-control-request-method", "POST"),
            (
                "access-control-request-headers",
                "content-type,x-request-id",
            ),
        ];
        let preflight = send(&server, "OPTIONS", path, &asked).await;
        assert_eq!(preflight.status, 204, "{path}");
        assert!(preflight.body.is_empty(), "{path}");
        for (name, value) in [
            ("access-control-allow-origin", "*"),
            ("access-control-allow-methods", "GET, POST, HEAD"),
            ("access-control-allow-headers", "content-type,x-request-id"),
            ("access-control-max-age", "3600"),
        ] {
            assert_eq!(preflight.header(name), value, "{path}");
        }
    }
    // The admin port is not for pages.
    let request = http_client().get(format!("{}/reindex", server.admin_url));
    let reply = Reply::read(request.send().await.unwrap()).await;
    assert_eq!(reply.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_shrinks_is_compressed_for_those_who_ask() {
    let server = Server::start();
    fill(&server, 300).await;
    for (path, is_encoded) in [
        ("/tile/entries/000", true),
        ("/api/v2/tile/entries/000", true),
        ("/log/v1/entries?start=0&limit=10", true),
        ("/log/v1/entries/0", true),
        ("/swagger.json", true),
        ("/openapi.json", true),
        // Hashes do not shrink, nor does what is short.
        ("/tile/0/000", false),
        ("/tile/0/000.p/4", false),
        ("/api/v2/tile/0/000", false),
        ("/log/v1/entries/999999999", false),
        ("/healthz", false),
    ] {
        let plain = send(&server, "GET", path, &[]).await;
        let gzip = send(&server, "GET", path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(plain.header("content-encoding"), "", "{path}");
        let (encoding, vary) = match is_encoded {
            true => ("gzip", "accept-encoding"),
            false => ("", ""),
        };
        assert_eq!(gzip.header("content-encoding"), encoding, "{path}");
        // A cache has to know, whichever answer it sees first.
        assert_eq!(gzip.header("vary"), vary, "{path}");
        assert_eq!(plain.header("vary"), vary, "{path}");
        assert_eq!(gzip.body.len() < plain.body.len(), is_encoded, "{path}");
    }
}

#[tokio::test]
async fn an_encoded_body_is_415_on_every_face() {
    let server = Server::start();
    let body = to_json(&Signer::new().hashedrekord(b"artifact"));
    for path in [
        ENTRIES,
        "/api/v1/log/entries",
        "/api/v1/log/entries/retrieve",
        "/api/v1/index/retrieve",
    ] {
        for (coding, is_refused) in [("gzip", true), ("br", true), ("identity", false)] {
            let request = http_client()
                .post(server.at(path))
                .header("content-type", "application/json")
                .header("content-encoding", coding)
                .body(body.clone());
            let reply = Reply::read(request.send().await.unwrap()).await;
            assert_eq!(
                reply.status == 415,
                is_refused,
                "{path} {coding}: {reply:?}"
            );
            if is_refused {
                assert!(reply.text().contains("Content-Encoding"), "{reply:?}");
                assert_eq!(reply.header("accept-encoding"), "identity", "{path}");
            }
        }
    }
}

/// Clients that write all of a body before they read: what they are told has to be there still.
#[tokio::test]
async fn refusals_reach_callers_of_any_length() {
    const PIECE: usize = 1 << 20;
    const PIECES: usize = 80;
    let server = Server::start();
    for (path, status) in [
        (ENTRIES, 400),
        ("/api/v1/log/entries", 413),
        ("/nothing", 404),
    ] {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nhost: log\r\ncontent-type: application/json\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n",
            PIECE * PIECES
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let piece = vec![b' '; PIECE];
        for number in 0..PIECES {
            let written = timeout(DEADLINE, stream.write_all(&piece)).await.unwrap();
            assert!(written.is_ok(), "{path}: cut off after {number} MiB");
        }
        let mut answer = Vec::new();
        let read = timeout(DEADLINE, stream.read_to_end(&mut answer))
            .await
            .unwrap();
        read.unwrap();
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn a_face_can_be_switched_off() {
    let shared = ["/log/v1/tree-head", "/healthz", "/openapi.json"];
    let (v1, v2) = (
        ["/api/v1/log", "/ping", "/swagger.json"],
        ["/api/v2/checkpoint", "/checkpoint"],
    );
    for (setting, off, on) in [
        ("--rekor-v1", &v1[..], &v2[..]),
        ("--rekor-v2", &v2[..], &v1[..]),
    ] {
        let server = Site::new().with(setting, "false").start();
        for path in off {
            // Not described: a path that is switched off is not there.
            let reply = http_client().get(server.at(path)).send().await.unwrap();
            assert_eq!(reply.status(), 404, "{setting}: {path}");
        }
        for path in on.iter().chain(&shared) {
            assert_eq!(get(&server, path).await.status, 200, "{setting}: {path}");
        }
        let described = get(&server, "/openapi.json").await.json();
        let has_v2 = described["paths"].get("/api/v2/checkpoint").is_some();
        assert_eq!(has_v2, setting == "--rekor-v1");

        let mut log = log_client(&server).await;
        log.get_tree_head(GetTreeHeadRequest::default())
            .await
            .unwrap();
        let mut rekor = rekor_client(&server).await;
        let refused = rekor.create_entry(CreateEntryRequest::default()).await;
        let code = match setting {
            "--rekor-v1" => Code::InvalidArgument,
            _ => Code::Unimplemented,
        };
        assert_eq!(refused.unwrap_err().code(), code, "{setting}");
    }
    let refusal = Site::new()
        .with("--rekor-v1", "false")
        .with("--rekor-v2", "false")
        .start_refused();
    refusal.assert(1, &["rekor-v1", "cannot both be off"]);
}
