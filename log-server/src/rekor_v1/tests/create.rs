//! Submissions.

use http::StatusCode;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::entry_rules::verify;
use crate::rekor_v1::tests::new_log_with;
use crate::rekor_v1::tests::proposals::Signer;
use crate::settings::Overrides;

const PATH: &str = "/api/v1/log/entries";

#[tokio::test]
async fn answers_201_with_an_unquoted_etag_and_a_relative_location() {
    let site = Site::new().await;
    let proposal = Signer::new().hashedrekord(b"artifact").to_string();
    let answer = site
        .post(&format!("{PATH}/?apiKey=secret&x=1"), proposal)
        .await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let (id, _) = answer.only_entry();
    assert_eq!(answer.header("etag"), id);
    assert_eq!(answer.header("location"), format!("{PATH}/{id}?x=1"));
    assert!(answer.body.ends_with(b"}\n"));
}

#[tokio::test]
async fn a_retry_gets_the_same_entry_with_a_fresh_proof() {
    let site = Site::new().await;
    let signer = Signer::new();
    let proposal = signer.hashedrekord(b"artifact");
    let (id, first) = site.create(&proposal).await;
    site.create(&signer.hashedrekord(b"another")).await;
    let answer = site.submit(&proposal).await;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert_eq!(answer.header("etag"), id);
    let (again, second) = answer.only_entry();
    assert_eq!(again, id);
    assert_eq!(verify(&site, &again, &second).await, (0, 2));
    assert_eq!(second["integratedTime"], first["integratedTime"]);
    assert_eq!(site.v1_tree().head().size().get(), 2);
}

#[tokio::test]
async fn a_retry_conflicts_where_the_log_is_set_so() {
    let site = Site::set("on-duplicate = 'conflict'").await;
    let proposal = Signer::new().hashedrekord(b"artifact");
    let (id, _) = site.create(&proposal).await;
    let answer = site.submit(&proposal).await;
    let message =
        format!("an equivalent entry already exists in the transparency log with UUID {id}");
    answer.must_fail(409, 409, &message);
    assert_eq!(answer.header("location"), format!("{PATH}/{id}"));
    // What it names can be read at once.
    let found = site.get(answer.header("location")).await;
    assert_eq!(found.only_entry().0, id);
}

#[tokio::test]
async fn reads_proposals_as_the_reference_server_does() {
    let site = Site::new().await;
    let signer = Signer::new();
    let proposal = signer.hashedrekord(b"artifact");
    let text = proposal.to_string();
    let (id, _) = site.create(&proposal).await;
    let mut unknown = proposal.clone();
    unknown["unknown"] = json!({"deep": [1]});
    unknown["spec"]["unknown"] = json!(1);
    let folded = text
        .replace("\"kind\"", "\"KIND\"")
        .replace("apiVersion", "apiversion");
    let repeated = text.replacen('{', "{\"kind\":\"dsse\",", 1);
    for same in [
        format!("{text} trailing bytes"),
        format!("{text}\n"),
        unknown.to_string(),
        folded,
        repeated,
    ] {
        let answer = site.post(PATH, same.clone()).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{same}: {answer:?}");
        assert_eq!(answer.only_entry().0, id);
    }
}

#[tokio::test]
async fn refuses_what_breaks_the_schema_with_422_and_a_code_of_its_own() {
    let site = Site::new().await;
    let good = Signer::new().hashedrekord(b"artifact");
    let without = |name: &str| {
        let mut proposal = good.clone();
        proposal.as_object_mut().unwrap().remove(name);
        proposal
    };
    let with = |name: &str, value: Value| {
        let mut proposal = good.clone();
        proposal[name] = value;
        proposal
    };
    for (proposal, code, message) in [
        (without("kind"), 602, "kind in body is required"),
        (without("apiVersion"), 602, "apiVersion in body is required"),
        (without("spec"), 602, "spec in body is required"),
        (with("spec", Value::Null), 602, "spec in body is required"),
        (
            with("apiVersion", json!("one")),
            605,
            "apiVersion in body should match",
        ),
        (
            with("kind", json!("book")),
            422,
            "invalid kind value: \"book\"",
        ),
    ] {
        site.submit(&proposal).await.must_fail(422, code, message);
    }
    site.post(PATH, "")
        .await
        .must_fail(422, 602, "proposedEntry in body is required");
    assert!(site.v1_tree().head().size().is_empty());
}

#[tokio::test]
async fn refuses_what_cannot_be_logged_with_400() {
    let site = Site::new().await;
    let signer = Signer::new();
    let good = signer.hashedrekord(b"artifact");
    let mut wrong_digest = good.clone();
    wrong_digest["spec"]["data"]["hash"]["value"] = json!("0".repeat(64));
    let mut wrong_version = good.clone();
    wrong_version["apiVersion"] = json!("0.0.9");
    let mut key_url = good.clone();
    key_url["spec"]["signature"]["publicKey"] = json!({"url": "http://127.0.0.1:1/key"});
    let mut jar = good.clone();
    jar["kind"] = json!("jar");
    for (proposal, message) in [
        (wrong_digest, "verifying signature"),
        (
            wrong_version,
            "implementation for version '0.0.9' not found",
        ),
        (key_url, "URL"),
        (jar, "jar"),
    ] {
        let answer = site.submit(&proposal).await;
        answer.must_fail(400, 400, "error processing entry: ");
        answer.must_fail(400, 400, message);
    }
    for malformed in ["{", "nonsense", "[]", "7", "\"text\"", "{\"kind\":", "null"] {
        site.post(PATH, malformed)
            .await
            .must_fail(400, 400, "error processing entry: ");
    }
    let deep = format!("{{\"kind\":{}", "[".repeat(100_000));
    assert_eq!(site.post(PATH, deep).await.status, StatusCode::BAD_REQUEST);
    assert!(site.v1_tree().head().size().is_empty());
}

#[tokio::test]
async fn takes_only_the_kinds_that_are_enabled_and_looks_up_all() {
    let site = Site::set("enabled-entry-types = ['dsse']").await;
    let signer = Signer::new();
    let refused = signer.hashedrekord(b"artifact");
    site.submit(&refused)
        .await
        .must_fail(400, 400, "hashedrekord");
    site.create(&signer.dsse(b"payload")).await;
    let found = site.retrieve(json!({"entries": [refused]})).await;
    assert!(found.ids().is_empty());
}

#[tokio::test]
async fn a_canonical_dsse_entry_is_looked_up_but_not_logged() {
    let site = Site::new().await;
    let (id, entry) = site.create(&Signer::new().dsse(b"payload")).await;
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD
        .decode(entry["body"].as_str().unwrap())
        .unwrap();
    let logged: Value = serde_json::from_slice(&body).unwrap();
    site.submit(&logged)
        .await
        .must_fail(400, 400, "error processing entry: ");
    let found = site.retrieve(json!({"entries": [logged]})).await;
    assert_eq!(found.ids(), [id]);
}

#[tokio::test]
async fn a_read_only_log_takes_nothing_and_answers_reads() {
    let site = Site::set("read-only = true").await;
    let message = "Create Entry API not enabled in this Rekor instance";
    let proposal = Signer::new().hashedrekord(b"artifact");
    site.submit(&proposal).await.must_fail(501, 501, message);
    assert_eq!(site.get("/api/v1/log").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let options = ledgerstone_log::LogOptions {
        queue_bytes: 1,
        ..Default::default()
    };
    let site = Site::serving(new_log_with(options), Overrides::default()).await;
    let answer = site.submit(&Signer::new().hashedrekord(b"artifact")).await;
    answer.must_fail(503, 503, "retry");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn null_is_the_same_as_absent_as_go_clients_send_it() {
    let site = Site::new().await;
    let mut proposal = Signer::new().dsse(b"payload");
    for name in ["signatures", "envelopeHash", "payloadHash"] {
        proposal["spec"][name] = Value::Null;
    }
    let (id, _) = site.create(&proposal).await;
    let found = site.retrieve(json!({"entries": [proposal]})).await;
    assert_eq!(found.ids(), [id]);
}
