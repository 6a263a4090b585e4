//! Every error of Rekor v2 over HTTP that the specification lists (section 1.5), and that nothing
//! is logged by it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::DEADLINE;
use crate::client::ENTRIES;
use crate::client::Reply;
use crate::client::checkpoint;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::post;
use crate::client::submit;
use crate::client::submit_proven;
use crate::requests::Signer;
use crate::requests::to_json;
use crate::server::Server;
use crate::server::Site;

const INVALID_ARGUMENT: i32 = 3;
const DEADLINE_EXCEEDED: i32 = 4;
const NOT_FOUND: i32 = 5;
const ALREADY_EXISTS: i32 = 6;
const OUT_OF_RANGE: i32 = 11;
const UNIMPLEMENTED: i32 = 12;

/// A valid request, to be made invalid.
fn request() -> Value {
    serde_json::from_str(&to_json(&Signer::new().hashedrekord(b"artifact"))).unwrap()
}

fn hashedrekord(request: &mut Value) -> &mut Value {
    &mut request["hashedRekordRequestV002"]
}

/// Posts what has to be refused with 400, and checks that nothing was logged.
async fn refused(server: &Server, body: impl Into<reqwest::Body>, message: &str) -> String {
    let rest = post(server, body)
        .await
        .error(400, INVALID_ARGUMENT, message);
    assert_eq!(checkpoint(server).await.size.get(), 0);
    rest
}

#[tokio::test]
async fn malformed_json_is_400() {
    let server = Server::start();
    for body in [
        "{",
        "nonsense",
        "[]",
        "\"text\"",
        "{\"hashedRekordRequestV002\": {]}",
        "\u{0}",
    ] {
        refused(&server, body, "").await;
    }
    refused(&server, vec![0xff, 0xfe], "").await;
    refused(&server, "[".repeat(100_000), "").await;
}

#[tokio::test]
async fn an_unknown_field_is_400_at_any_depth() {
    let server = Server::start();
    refused(&server, r#"{"nonsense": 1}"#, "unknown field `nonsense`").await;
    let mut bad = request();
    hashedrekord(&mut bad)["nonsense"] = 1.into();
    let message = refused(&server, bad.to_string(), "").await;
    assert!(message.contains("nonsense"), "{message}");
    let mut bad = request();
    hashedrekord(&mut bad)["signature"]["verifier"]["nonsense"] = 1.into();
    let message = refused(&server, bad.to_string(), "").await;
    assert!(message.contains("nonsense"), "{message}");
}

#[tokio::test]
async fn bad_base64_is_400_and_names_the_field() {
    let server = Server::start();
    for (path, name) in [
        ("/digest", "digest"),
        ("/signature/content", "content"),
        ("/signature/verifier/publicKey/rawBytes", "rawBytes"),
    ] {
        let mut bad = request();
        *hashedrekord(&mut bad).pointer_mut(path).unwrap() = "%%%".into();
        let message = refused(&server, bad.to_string(), "").await;
        assert!(message.contains(name), "{name}: {message}");
    }
}

#[tokio::test]
async fn no_kind_of_entry_is_400() {
    let server = Server::start();
    let message = "invalid type, must be either hashedrekord or dsse";
    for body in ["", " \n", "{}"] {
        refused(&server, body, message).await;
    }
}

#[tokio::test]
async fn a_kind_that_is_switched_off_is_400() {
    let server = Site::new().with("--accept-dsse", "false").start();
    refused(&server, "{}", "invalid type, must be hashedrekord").await;
    let dsse = to_json(&Signer::new().dsse("{}"));
    refused(&server, dsse, "invalid type, must be hashedrekord").await;
}

#[tokio::test]
async fn an_algorithm_that_is_switched_off_is_400() {
    let server = Site::new()
        .with("--client-signing-algorithms", "ed25519-ph")
        .start();
    refused(
        &server,
        request().to_string(),
        "invalid hashedrekord request",
    )
    .await;
}

#[tokio::test]
async fn a_wrong_signature_is_400_with_a_reason() {
    let server = Server::start();
    let mut bad = request();
    let other = to_json(&Signer::new().hashedrekord(b"artifact"));
    let other: Value = serde_json::from_str(&other).unwrap();
    let content = &other["hashedRekordRequestV002"]["signature"]["content"];
    hashedrekord(&mut bad)["signature"]["content"] = content.clone();
    let reason = refused(&server, bad.to_string(), "invalid hashedrekord request: ").await;
    assert!(reason.contains("signature"), "{reason}");
}

#[tokio::test]
async fn an_invalid_hashedrekord_is_400_with_a_reason() {
    let server = Server::start();
    let cases = [
        ("/digest", json!(""), "digest is missing"),
        ("/digest", json!(STANDARD.encode([1; 31])), "31"),
        ("/signature/content", json!(""), "signature is missing"),
        ("/signature", json!(null), "signature is missing"),
        ("/signature/verifier", json!(null), "verifier"),
        (
            "/signature/verifier/publicKey",
            json!(null),
            "neither a public key nor",
        ),
        (
            "/signature/verifier/publicKey/rawBytes",
            json!(""),
            "missing",
        ),
        (
            "/signature/verifier/publicKey/rawBytes",
            json!("AAAA"),
            "key",
        ),
        (
            "/signature/verifier/keyDetails",
            json!("PKIX_ECDSA_P384_SHA_384"),
            "key details",
        ),
        ("/signature/verifier/keyDetails", json!(0), "key details"),
        (
            "/signature/verifier/keyDetails",
            json!("ML_DSA_65"),
            "not supported",
        ),
    ];
    for (path, value, reason) in cases {
        let mut bad = request();
        *hashedrekord(&mut bad).pointer_mut(path).unwrap() = value.clone();
        let told = refused(&server, bad.to_string(), "invalid hashedrekord request: ").await;
        assert!(told.contains(reason), "{path} = {value}: {told}");
    }
}

#[tokio::test]
async fn an_invalid_dsse_entry_is_400_with_a_reason() {
    let server = Server::start();
    let valid: Value = serde_json::from_str(&to_json(&Signer::new().dsse("{}"))).unwrap();
    let cases = [
        ("/envelope", json!(null), "envelope is missing"),
        ("/envelope/payload", json!(""), "payload"),
        ("/envelope/payload", json!("W10="), "does not verify"),
        ("/envelope/payloadType", json!("other"), "does not verify"),
        ("/envelope/signatures", json!([]), "no signature"),
        ("/verifiers", json!([]), "verifiers"),
    ];
    for (path, value, reason) in cases {
        let mut bad = valid.clone();
        *bad["dsseRequestV002"].pointer_mut(path).unwrap() = value.clone();
        let told = refused(&server, bad.to_string(), "invalid dsse request: ").await;
        assert!(told.contains(reason), "{path} = {value}: {told}");
    }
}

#[tokio::test]
async fn an_entry_over_65535_bytes_is_400() {
    let server = Server::start();
    let signer = Signer::new();
    let fits = signer.hashedrekord_with(b"artifact", signer.certificate(40_000));
    submit_proven(&server, &fits).await;
    let oversized = signer.hashedrekord_with(b"artifact", signer.certificate(60_000));
    let reply = submit(&server, &oversized).await;
    let reason = reply.error(400, INVALID_ARGUMENT, "invalid entry: ");
    assert!(reason.contains("65535"), "{reason}");
    assert_eq!(checkpoint(&server).await.size.get(), 1);
}

#[tokio::test]
async fn a_body_over_the_limit_is_400() {
    let server = Site::new().with("--max-request-bytes", "65536").start();
    let message = "http: request body too large";
    refused(&server, " ".repeat(65_537), message).await;
    // Without a length, in chunks.
    let chunks = (0..100).map(|_| Ok::<_, std::io::Error>(vec![b' '; 1_000]));
    let body = reqwest::Body::wrap_stream(tokio_stream::iter(chunks));
    refused(&server, body, message).await;
    let request = to_json(&Signer::new().hashedrekord(b"artifact"));
    let padded = format!("{request}{}", " ".repeat(65_536 - request.len()));
    assert_eq!(
        post(&server, padded).await.status,
        201,
        "the limit itself is allowed"
    );
}

#[tokio::test]
async fn the_default_limit_is_4_mib() {
    let server = Server::start();
    refused(
        &server,
        vec![b' '; (4 << 20) + 1],
        "http: request body too large",
    )
    .await;
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let server = Server::start();
    for path in [
        "/api/v2/",
        "/api/v2/log",
        "/api/v2/log/entries/",
        "/api/v3/log/entries",
    ] {
        get(&server, path).await.error(404, NOT_FOUND, "Not Found");
    }
}

#[tokio::test]
async fn a_wrong_method_is_501() {
    let server = Server::start();
    let client = http_client();
    for (method, path) in [
        ("GET", ENTRIES),
        ("PUT", ENTRIES),
        ("DELETE", ENTRIES),
        ("POST", "/api/v2/checkpoint"),
        ("POST", "/api/v2/tile/0/000"),
    ] {
        let request = client.request(method.parse().unwrap(), server.at(path));
        let reply = Reply::read(request.send().await.unwrap()).await;
        reply.error(501, UNIMPLEMENTED, "Method Not Allowed");
    }
}

#[tokio::test]
async fn a_duplicate_is_409_where_parity_is_asked_for() {
    let server = Site::new().with("--on-duplicate", "conflict").start();
    fill(&server, 3).await;
    let request = Signer::new().hashedrekord(b"artifact");
    submit_proven(&server, &request).await;
    let reply = submit(&server, &request).await;
    let message = "an equivalent entry already exists in the transparency log with index 3";
    assert_eq!(reply.error(409, ALREADY_EXISTS, message), "");
    assert_eq!(reply.header("x-log-index"), "3");
    assert_eq!(checkpoint(&server).await.size.get(), 4);
}

#[tokio::test]
async fn a_frozen_log_answers_writes_with_405_and_still_reads() {
    let server = Server::start();
    fill(&server, 3).await;
    let server = server.stop().await.with("--read-only", "true").start();
    let reply = submit(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert_eq!(reply.status, 405);
    let text = "This log has been frozen, please switch to the latest log.\n";
    assert_eq!(reply.text(), text);
    assert!(reply.header("content-type").starts_with("text/plain"));
    assert_eq!(checkpoint(&server).await.size.get(), 3);
    assert_eq!(get(&server, "/tile/0/000.p/3").await.body.len(), 3 * 32);
}

#[tokio::test]
async fn an_index_beyond_the_log_is_404() {
    let server = Server::start();
    fill(&server, 3).await;
    for path in [
        "/log/v1/entries/3",
        "/log/v1/entries/18446744073709551615",
        "/log/v1/proofs/inclusion?index=3",
        "/log/v1/proofs/inclusion?index=0&treeSize=4",
        "/log/v1/proofs/consistency?oldSize=1&newSize=4",
    ] {
        get(&server, path).await.error(404, OUT_OF_RANGE, "");
    }
}

/// Sends the head of a submission whose body never comes, and returns the whole answer.
async fn stalled(server: &Server, headers: &str) -> String {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let head =
        format!("POST {ENTRIES} HTTP/1.1\r\nhost: log\r\ncontent-length: 10\r\n{headers}\r\n{{");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(DEADLINE, stream.read_to_end(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8(answer).unwrap()
}

fn assert_deadline_exceeded(answer: &str) {
    assert!(answer.starts_with("HTTP/1.1 504 "), "{answer}");
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["code"], DEADLINE_EXCEEDED);
}

#[tokio::test]
async fn a_deadline_of_the_caller_is_504_when_it_passes() {
    let server = Server::start();
    assert_deadline_exceeded(&stalled(&server, "grpc-timeout: 100m\r\n").await);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_504() {
    let server = Site::new().with("--request-timeout", "1").start();
    assert_deadline_exceeded(&stalled(&server, "").await);
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
}

#[tokio::test]
async fn every_answer_has_a_request_id() {
    let server = Server::start();
    let sent = http_client()
        .get(server.at("/checkpoint"))
        .header("x-request-id", "my-id.1");
    assert_eq!(
        Reply::read(sent.send().await.unwrap())
            .await
            .header("x-request-id"),
        "my-id.1"
    );
    let forged = "a b";
    let sent = http_client()
        .get(server.at("/nonsense"))
        .header("x-request-id", forged);
    let id = Reply::read(sent.send().await.unwrap()).await;
    let id = id.header("x-request-id");
    assert!(!id.is_empty() && id != forged, "{id}");
}
