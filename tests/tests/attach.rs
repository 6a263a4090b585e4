//! Statements that come after their entries: handed in by command and over HTTP, found, shown, and
//! removed by the operator.

use std::process::Output;

use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::sha256;
use serde_json::Value;
use serde_json::json;

use crate::admin::metric;
use crate::client::Reply;
use crate::client::http_client;
use crate::rekor_v1::V1;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;
use crate::verify_formats::Desk;
use crate::verify_formats::layout;

/// The command in the folder of a desk, against a server.
fn run(desk: &Desk, server: &Server, line: &str) -> Output {
    let mut command = command();
    command.current_dir(desk.folder.path());
    command.env("LEDGERSTONE_URL", &server.url);
    command.arg("--json").args(line.split_whitespace());
    command.output().unwrap()
}

/// What the command tells, which has this exit code.
fn told(code: i32, output: &Output) -> Value {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    let first = output.stdout.split(|byte| *byte == b'\n').next();
    serde_json::from_slice(first.unwrap_or_default()).unwrap_or_default()
}

/// Asks until all is indexed, and then for what is found.
async fn search(server: &Server, query: &str) -> Value {
    loop {
        let path = format!("/log/v1/search?coverage=true&q={query}");
        let page = crate::client::get(server, &path).await.json();
        let coverage = page["coverage"].as_array().unwrap();
        if coverage.iter().all(|tree| tree["unindexed"] == 0) {
            return page;
        }
    }
}

fn statement(package: &str) -> Vec<u8> {
    json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "app", "digest": { "sha256": "ab".repeat(32) } }],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": { "buildDefinition": { "resolvedDependencies": [{ "uri": package }] } },
    })
    .to_string()
    .into_bytes()
}

async fn hand_in(server: &Server, body: impl Into<reqwest::Body>) -> Reply {
    let request = http_client().post(server.at("/log/v1/statements"));
    let request = request.header("content-type", "application/json");
    let reply = Reply::read(request.body(body).send().await.unwrap()).await;
    reply.described(&http::Method::POST, "/log/v1/statements")
}

#[tokio::test]
async fn an_entry_is_found_by_what_was_handed_in_until_it_is_removed() {
    let v1 = V1::start().await;
    let (server, desk) = (&v1.server, Desk::new(&v1));
    let signer = Signer::new();
    let payload = statement("pkg:npm/left-pad@1.3.0");
    let envelope = signer.envelope(&payload);
    desk.write("key.pub", signer.public_key_pem());
    desk.write("envelope.json", envelope.to_string());
    let submitted = run(
        &desk,
        server,
        "submit --dsse envelope.json --key key.pub --bundle built.sigstore.json",
    );
    assert_eq!(told(0, &submitted)["kind"], "hashedrekord 0.0.2");
    let query = "package:pkg:npm/left-pad";
    assert_eq!(search(server, query).await["hits"], json!([]));
    told(5, &run(&desk, server, &format!("search {query}")));

    let other = desk.write(
        "other.json",
        Signer::new()
            .envelope(&statement("pkg:npm/other@1"))
            .to_string(),
    );
    told(1, &run(&desk, server, "attach --envelope other.json"));
    let reply = hand_in(server, std::fs::read(other).unwrap()).await;
    assert_eq!(reply.status, 404, "{reply:?}");
    let kept = told(
        0,
        &run(&desk, server, "attach --bundle built.sigstore.json"),
    );
    assert_eq!((&kept["index"], &kept["known"]), (&json!(0), &json!(false)));
    let reply = hand_in(server, envelope.to_string()).await;
    assert_eq!(
        (reply.status, &reply.json()["entries"][0]["known"]),
        (200, &json!(true))
    );

    let page = search(server, query).await;
    assert_eq!(page["hits"][0]["entry"]["index"], 0, "{page}");
    assert_eq!(page["hits"][0]["shownByBody"], false);
    told(0, &run(&desk, server, &format!("search {query}")));
    let shown = told(0, &run(&desk, server, "get --index 0"));
    assert_eq!(shown["statement"]["state"], "kept");
    let mut get = command();
    get.args(["get", "--index", "0", "--statement", "--url", &server.url]);
    assert_eq!(get.output().unwrap().stdout, payload);
    let path = "/log/v1/entries/0/statement?withoutPayload=true";
    let statement = crate::client::get(server, path).await.json();
    assert_eq!(statement["length"], payload.len().to_string());
    assert_eq!(metric(server, "ledgerstone_statements").await, 1.0);
    let bytes = metric(server, "ledgerstone_statements_bytes").await;
    assert_eq!(bytes, payload.len() as f64);
    assert_eq!(metric(server, "ledgerstone_unindexed_entries").await, 0.0);

    let line = format!("detach --index 0 --admin-url {}", server.admin_url);
    assert_eq!(told(0, &run(&desk, server, &line))["entries"], 1);
    told(
        1,
        &run(&desk, server, &line.replace("--index 0", "--index 9")),
    );
    let page = search(server, query).await;
    assert_eq!(page["hits"], json!([]));
    let coverage = page["coverage"].as_array().unwrap();
    let removed = coverage
        .iter()
        .map(|tree| tree["removedStatements"].as_u64());
    assert_eq!(removed.map(Option::unwrap).sum::<u64>(), 1, "{page}");
    let none = run(&desk, server, &format!("search {query}"));
    told(5, &none);
    let text = String::from_utf8(none.stderr).unwrap();
    assert!(
        text.contains("1 whose statement the log's operator removed"),
        "{text}"
    );
    let shown = told(0, &run(&desk, server, "get --index 0"));
    assert_eq!(shown["statement"]["state"], "removed");
    let reply = hand_in(server, envelope.to_string()).await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

#[tokio::test]
async fn an_image_that_cosign_2_signed_is_found_by_its_digest_once_its_payload_is_there() {
    let v1 = V1::start().await;
    let (server, desk) = (&v1.server, Desk::new(&v1));
    let signer = Signer::new();
    let image = br#"{"schemaVersion":2,"layers":[]}"#;
    let digest = format!("sha256:{}", sha256(image));
    let payload = json!({"critical": {
        "identity": {"docker-reference": "r.example/acme/app"},
        "image": {"docker-manifest-digest": digest},
        "type": "cosign container image signature",
    }, "optional": null})
    .to_string();
    let proposal = signer.hashedrekord(payload.as_bytes());
    v1.create(&proposal).await;
    let annotations = json!({
        "dev.cosignproject.cosign/signature": proposal["spec"]["signature"]["content"],
    });
    let simple = "application/vnd.dev.cosign.simplesigning.v1+json";
    layout(
        &desk,
        image,
        ".sig",
        &[(payload.as_bytes(), simple, annotations)],
    );
    let query = format!("r.example/acme/app@{digest}");
    assert_eq!(search(server, &query).await["hits"], json!([]));
    told(0, &run(&desk, server, "attach --oci oci-layout:images:1.2"));
    let page = search(server, &query).await;
    assert_eq!(page["hits"][0]["entry"]["kind"], "hashedrekord", "{page}");
    // Rekor v1 asks the same index.
    let found = v1.search(&json!({"hash": digest})).await.json();
    assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
    told(1, &run(&desk, server, "attach --oci oci-layout:nowhere"));

    // Without a server as with one.
    let site = v1.server.stop().await;
    let mut detach = command();
    detach
        .args(["detach", "--index", "0", "--data-dir"])
        .arg(site.data_dir());
    let output = detach.args(["--json"]).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(1),
        "no tree is named: {output:?}"
    );
    let v1 = V1::serving(&site).await;
    assert_eq!(
        search(&v1.server, &query).await["hits"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let tree = v1.server.v1_tree_id.clone();
    let site = v1.server.stop().await;
    let mut detach = command();
    detach.args([
        "--json",
        "detach",
        "--index",
        "0",
        "--tree-id",
        &tree,
        "--data-dir",
    ]);
    let output = detach.arg(site.data_dir()).output().unwrap();
    assert_eq!(told(0, &output)["entries"], 1);
    let v1 = V1::serving(&site).await;
    assert_eq!(search(&v1.server, &query).await["hits"], json!([]));
}

#[tokio::test]
async fn what_is_switched_off_too_long_or_no_statement_is_refused() {
    let site = Site::new().with("--max-statement-bytes", "65536");
    let server = site.start();
    for (body, status) in [
        (String::new(), 400),
        ("{}".to_owned(), 400),
        (json!({ "messageSignature": {} }).to_string(), 400),
        (Signer::new().envelope(&[b'x'; 65_537]).to_string(), 413),
        (" ".repeat(2 << 20), 413),
    ] {
        let reply = hand_in(&server, body).await;
        assert_eq!(reply.status, status, "{reply:?}");
        if status == 413 {
            assert!(
                reply.text().contains("the limit is 65536 bytes"),
                "{reply:?}"
            );
        }
    }
    let server = Site::new().with("--keep-statements", "false").start();
    let reply = hand_in(&server, "{}").await;
    assert_eq!(reply.status, 501, "{reply:?}");
}
