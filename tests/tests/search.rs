//! `ledgerstone search` against a running log.

use std::fs;
use std::process::Output;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::client::fill;
use crate::client::log_client;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::Server;
use crate::server::command;

fn search(server: &Server, more: &[&str]) -> Output {
    command()
        .args(["--json", "search", "--url", &server.url])
        .args(["--log-key", &server.ed25519.to_string()])
        .args(more)
        .output()
        .unwrap()
}

pub(crate) fn indexes(output: &Output) -> Vec<u64> {
    let lines = output.stdout.split(|byte| *byte == b'\n');
    let lines: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    match output.status.code() {
        Some(0) => assert!(!lines.is_empty(), "{output:?}"),
        Some(4 | 5) => assert!(lines.is_empty(), "{output:?}"),
        _ => panic!("{output:?}"),
    }
    let hits = lines
        .into_iter()
        .map(|line| serde_json::from_slice::<Value>(line).unwrap());
    hits.map(|hit| {
        assert_eq!(
            (&hit["proven"], &hit["shownByBody"]),
            (&json!(true), &json!(true))
        );
        hit["index"].as_u64().unwrap()
    })
    .collect()
}

#[tokio::test]
async fn entries_are_found_by_what_they_name() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let signer = Signer::new();
    let mut client = log_client(&server).await;
    fill(&server, 20).await;
    for artifact in [b"one", b"two"] {
        let entry = signer.hashedrekord_with(artifact, signer.certificate(0));
        client.append(append_request(entry)).await.unwrap();
        fill(&server, 5).await;
    }
    client
        .append(append_request(signer.hashedrekord(b"one")))
        .await
        .unwrap();

    let digest = format!("sha256:{}", hex::encode(Sha256::digest(b"one")));
    let key = directory.path().join("key.pub");
    fs::write(&key, pem(&signer.spki())).unwrap();
    let key = key.to_str().unwrap();
    let found = |more: &[&str]| indexes(&search(&server, more));
    assert_eq!(found(&["--digest", &digest]), [20, 32]);
    assert_eq!(found(&["--subject", "SIGNER.example.com"]), [20, 26]);
    assert_eq!(found(&["--key", key]), [20, 26, 32]);
    assert_eq!(
        found(&["--key", key, "--digest", &digest, "--and"]),
        [20, 32]
    );
    assert_eq!(
        found(&[
            "--key",
            key,
            "--tree-id",
            &server.tree_id,
            "--start",
            "21",
            "--limit",
            "1"
        ]),
        [26]
    );
    let from = format!("{}:21", server.tree_id);
    assert_eq!(found(&["--key", key, "--from", &from]), [26, 32]);
    assert_eq!(
        found(&["--key", key, "--until", "2020-01-01T00:00:00Z"]),
        [0_u64; 0]
    );
    assert_eq!(
        found(&["--key", key, "--since", "2020-01-01T00:00:00Z"]),
        [20, 26, 32]
    );
    assert_eq!(
        search(&server, &["--digest", "sha256:00"]).status.code(),
        Some(1)
    );
    assert_eq!(search(&server, &[]).status.code(), Some(1));
}

#[tokio::test]
async fn queries_are_answered_in_any_order_and_say_what_was_covered() {
    let server = Server::start();
    let signer = Signer::new();
    let mut client = log_client(&server).await;
    for artifact in [b"one", b"two"] {
        let entry = signer.hashedrekord_with(artifact, signer.certificate(0));
        client.append(append_request(entry)).await.unwrap();
    }
    let digest = hex::encode(Sha256::digest(b"one"));
    let found = |more: &[&str]| indexes(&search(&server, more));
    assert_eq!(
        found(&["subject:*.example.com", "kind:hashedrekord"]),
        [0, 1]
    );
    assert_eq!(found(&["subject:*.EXAMPLE.com", "--newest-first"]), [1, 0]);
    assert_eq!(found(&["--newest-first", "--limit", "1", "kind:*"]), [1]);
    assert_eq!(found(&[&digest.to_uppercase(), "not", "index:1.."]), [0]);
    assert_eq!(found(&["kind:hashedrekord", "--since", "1d"]), [0, 1]);
    assert_eq!(
        found(&["kind:hashedrekord", "--since", "2020-01-01"]),
        [0, 1]
    );
    let expect = |code: i32, more: &[&str], told: &str| {
        let output = search(&server, more);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let all = [output.stdout, output.stderr].concat();
        let all = String::from_utf8(all).unwrap();
        assert!(all.contains(told), "{all}");
    };
    // Who signed stands in the entries; what a statement behind a hash says, nobody knows.
    expect(4, &["subject:nobody@*"], "saw all that it covers");
    expect(5, &["package:pkg:npm/left-pad"], "2 without a statement");
    expect(5, &["--digest", &"ab".repeat(32)], "2 without a statement");
    expect(1, &["colour:red"], "write a field before it");
    let csv = command()
        .args(["search", "--csv", "kind:*", "--url", &server.url])
        .args(["--log-key", &server.ed25519.to_string()])
        .output()
        .unwrap();
    let csv = String::from_utf8(csv.stdout).unwrap();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 3, "{csv}");
    assert!(lines[0].starts_with("tree,index,time,"), "{csv}");
    assert!(
        lines[1].contains(&format!("sha256:{digest},signer.example.com")),
        "{csv}"
    );
}

pub(crate) fn pem(spki: &[u8]) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::STANDARD.encode(spki);
    let lines: Vec<_> = text
        .as_bytes()
        .chunks(64)
        .map(String::from_utf8_lossy)
        .collect();
    format!(
        "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
        lines.join("\n")
    )
}
