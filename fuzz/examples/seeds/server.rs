//! Settings of a server, and requests to it.

use ledgerstone_fuzz::parts::SEPARATOR;
use ledgerstone_log_server::Overrides;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_tests::proposals::Signer;
use serde_json::Value;
use serde_json::json;

use super::ARTIFACT;
use super::write;

/// Files and flags of an operator.
pub(crate) fn settings() {
    let file = [
        "origin = \"log.example.com\"",
        "listen = \"[::1]:3000\"",
        "on-duplicate = \"conflict\"",
        "client-signing-algorithms = [\"ed25519\"]",
        "queue-entries = 16384",
        "read-only = true",
        "webhook-urls = [\"https://a.example/x\"]",
        "enabled-api-endpoints = [\"getLogInfo\"]",
    ];
    let file = file.join("\n");
    write("settings_file", "some", file);
    write(
        "settings_file",
        "all",
        Overrides::default().resolve().unwrap().to_toml(),
    );
    write(
        "settings_flags",
        "some",
        "origin=log.example.com\nlisten=127.0.0.1:0\non-duplicate=conflict\nread-only\n\
         enabled-entry-types=dsse,intoto\nstore-memory=268435456\ndata-dir=./x",
    );
}

/// A request of each form, to the log that the targets start.
pub(crate) fn requests() {
    let digest = "c7c5c1d70c5dec4416ab6158afd0b223ef40c29b1dc1f97ed9428b94d4cadb1c";
    let leaf_hash = leaf_hash(br#"{"kind":"numbered","number":0}"#);
    for (name, path) in [
        ("log", "log".to_owned()),
        (
            "proof",
            "log/proof?firstSize=1&lastSize=8&treeID=3".to_owned(),
        ),
        ("key", "log/publicKey?treeID=3\nAccept: */*".to_owned()),
        (
            "index",
            "log/entries?logIndex=7\nAccept: application/json;q=0.5".to_owned(),
        ),
        ("id", format!("log/entries/0000000000000003{leaf_hash}")),
        ("hash", format!("log/entries/{leaf_hash}")),
    ] {
        write("requests_rekor_v1", name, path);
    }
    let post = |path: &str, body: Value| {
        let separator = String::from_utf8_lossy(SEPARATOR);
        format!("{path}\nContent-Type: application/json{separator}{body}")
    };
    let query = json!({"entryUUIDs": [leaf_hash.to_string()], "logIndexes": [7, 0]});
    write(
        "requests_rekor_v1",
        "retrieve",
        post("log/entries/retrieve", query),
    );
    let query = json!({"hash": format!("sha256:{digest}"), "email": "a@example.com",
        "operator": "or", "publicKey": {"format": "x509", "content": ""}});
    write("requests_rekor_v1", "search", post("index/retrieve", query));
    let proposal = Signer::new().hashedrekord(ARTIFACT);
    write("requests_rekor_v1", "create", post("log/entries", proposal));
    let request = Signer::new().hashedrekord_v2(ARTIFACT);
    write("requests_rekor_v2", "create", post("log/entries", request));
    write(
        "requests_rekor_v2",
        "checkpoint",
        "checkpoint\nHost: old.example",
    );
    for (name, path) in [
        ("full", "tile/0/000"),
        ("partial", "tile/0/001.p/1"),
        ("entries", "tile/entries/000"),
    ] {
        write("requests_rekor_v2", name, path);
        write("requests_tiles", name, path);
        write(
            "requests_tiles",
            &format!("tree-{name}"),
            format!("trees/2/{path}"),
        );
    }
    write("requests_tiles", "checkpoint", "trees/1/checkpoint");
    write(
        "requests_tiles",
        "frozen",
        "tile/entries/000.p/3\nHost: OLD.example:3000",
    );
    for (name, path) in [
        ("trees", "trees".to_owned()),
        ("keys", "keys".to_owned()),
        ("head", "tree-head?treeId=3".to_owned()),
        ("page", "entries?start=0&limit=3&treeId=2".to_owned()),
        ("entry", "entries/257?treeId=2".to_owned()),
        (
            "hash",
            format!("entries/by-leaf-hash/sha256:{leaf_hash}?treeId=3"),
        ),
        (
            "inclusion",
            "proofs/inclusion?index=3&treeSize=200".to_owned(),
        ),
        (
            "inclusion-of-hash",
            format!("proofs/inclusion?leafHash={leaf_hash}"),
        ),
        (
            "consistency",
            "proofs/consistency?oldSize=3&newSize=200".to_owned(),
        ),
        (
            "search",
            format!("search?digest={digest}&operator=and&from=2:0,3:1&end=3:9&fromTime=1&limit=2"),
        ),
        (
            "search-subject",
            "search?email=a%40example.com&publicKey=&publicKeyFormat=x509".to_owned(),
        ),
    ] {
        write("requests_log_v1", name, path);
    }
    headers();
}

/// Headers that the server reads by itself.
fn headers() {
    for (name, choice, lines) in [
        (
            "host",
            0,
            "Host: Old.Example:3000\nX-Request-Id: build-17/a.2",
        ),
        (
            "gzip",
            4,
            "Accept-Encoding: gzip\nOrigin: https://a.example",
        ),
        (
            "accept",
            2,
            "Accept: text/html, application/*;q=0.1\nAccept: application/json;q=0",
        ),
        (
            "type",
            5,
            "Content-Type: application/json; charset=utf-8\nContent-Length: 2\n%%\n{}",
        ),
        ("encoded", 6, "Content-Encoding: identity, gzip\n%%\n{}"),
        (
            "grpc",
            7,
            "Content-Type: application/grpc\nTE: trailers\ngrpc-timeout: 5S\n%%\n\0\0\0\0\0",
        ),
        (
            "preflight",
            8,
            "Origin: null\nAccess-Control-Request-Method: POST\n\
             Access-Control-Request-Headers: content-type",
        ),
    ] {
        write(
            "request_headers",
            name,
            [&[choice], lines.as_bytes()].concat(),
        );
    }
}
