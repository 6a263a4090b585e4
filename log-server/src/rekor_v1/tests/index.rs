//! The search index.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;
use crate::rekor_v1::tests::proposals::sha256;
use crate::rekor_v1::tests::proposals::statement;

async fn found(site: &Site, query: Value) -> Vec<String> {
    let answer = site.search(query).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_slice(&answer.body).unwrap()
}

fn key_query(signer: &Signer) -> Value {
    json!({"format": "x509", "content": signer.public_key_base64()})
}

#[tokio::test]
async fn hashes_and_keys_find_entries_of_every_kind_that_these_clients_read() {
    let site = Site::new().await;
    let (ann, bob) = (Signer::new(), Signer::new());
    let (one, _) = site.create(&ann.hashedrekord(b"artifact")).await;
    let (two, _) = site.create(&bob.dsse(&statement(b"artifact"))).await;
    let (three, _) = site.create(&ann.intoto_v002(&statement(b"artifact"))).await;
    let (four, _) = site.create(&ann.rekord(b"artifact")).await;
    let v2 = ann.hashedrekord_v2(b"artifact").to_string();
    let answer = site.post("/api/v2/log/entries", v2).await;
    assert_eq!(answer.status, 201);
    // It is in a tree of its own, where the log's own search finds it, and these clients neither
    // find nor count it.
    let path = format!("/log/v1/search?hash={}", sha256(b"artifact"));
    let page = site.get(&path).await;
    assert_eq!(page.json()["hits"].as_array().unwrap().len(), 5);
    let none = site.get("/api/v1/log/entries?logIndex=4").await;
    none.must_be_absent();

    let digest = sha256(b"artifact");
    for hash in [
        digest.clone(),
        format!("sha256:{digest}"),
        digest.to_uppercase(),
    ] {
        let ids = found(&site, json!({"hash": hash})).await;
        let all = [&one, &two, &three, &four];
        assert_eq!(ids.iter().collect::<Vec<_>>(), all);
    }
    let by_ann = [&one, &three, &four];
    let ids = found(&site, json!({"publicKey": key_query(&ann)})).await;
    assert_eq!(ids.iter().collect::<Vec<_>>(), by_ann);
    let ids = found(&site, json!({"publicKey": key_query(&bob)})).await;
    assert_eq!(ids, [two.as_str()]);
    // The hash of the key finds them too.
    let key_hash = sha256(bob.public_key_pem().as_bytes());
    let ids = found(&site, json!({"hash": key_hash})).await;
    assert_eq!(ids, [two.as_str()]);

    let both =
        |operator| json!({"hash": digest, "publicKey": key_query(&bob), "operator": operator});
    assert_eq!(found(&site, both(json!("and"))).await, [two.as_str()]);
    assert_eq!(found(&site, both(json!("or"))).await.len(), 4);
    assert_eq!(found(&site, both(Value::Null)).await.len(), 4);
}

#[tokio::test]
async fn nothing_asked_for_and_nothing_found_are_an_empty_list() {
    let site = Site::new().await;
    site.create(&Signer::new().hashedrekord(b"artifact")).await;
    for query in [
        json!({}),
        json!({"operator": "and"}),
        json!({"email": "", "hash": "", "subject": null}),
        json!({"hash": sha256(b"another")}),
        json!({"email": "nobody@example.com"}),
        json!({"subject": "https://example.com/nobody"}),
        json!({"publicKey": key_query(&Signer::new())}),
    ] {
        let answer = site.search(query).await;
        assert_eq!(&answer.body[..], b"[]\n");
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn what_breaks_the_schema_is_refused() {
    let site = Site::new().await;
    let content = Signer::new().public_key_base64();
    for (query, code, message) in [
        (
            json!({"email": "nobody"}),
            601,
            "email in body must be of type email: \"nobody\"",
        ),
        (
            json!({"hash": "sha256:abc"}),
            605,
            "hash in body should match '^(sha512:)?",
        ),
        (json!({"hash": "a".repeat(96)}), 605, "hash in body"),
        (
            json!({"hash": format!("sha384:{}", "a".repeat(96))}),
            605,
            "hash in body",
        ),
        (
            json!({"hash": format!("sha512:{}", "a".repeat(64))}),
            605,
            "hash in body",
        ),
        (json!({"hash": "g".repeat(64)}), 605, "hash in body"),
        (
            json!({"operator": "xor"}),
            606,
            "operator in body should be one of [and or]",
        ),
        (
            json!({"publicKey": {"content": content}}),
            602,
            "publicKey.format in body is required",
        ),
        (
            json!({"publicKey": {"format": "pem", "content": content}}),
            606,
            "publicKey.format in body should be one of [pgp x509 minisign ssh tuf]",
        ),
        (
            json!({"subject": "s".repeat(513)}),
            603,
            "subject in body should be at most 512 chars long",
        ),
    ] {
        site.search(query).await.must_fail(422, code, message);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_and_no_key_is_fetched() {
    let site = Site::new().await;
    let key = |content: &str| json!({"publicKey": {"format": "x509", "content": content}});
    for (query, message) in [
        (
            key(&STANDARD.encode("no key")),
            "public key provided could not be parsed",
        ),
        (key(""), "public key provided could not be parsed"),
        (key("%%%"), "base64"),
        (
            json!({"publicKey": {"format": "x509", "url": "http://127.0.0.1:1/"}}),
            "fetches nothing",
        ),
        (
            json!({"publicKey": {"format": "tuf", "content": "e30="}}),
            "the PKI format requested is not supported by this server",
        ),
        (json!({"hash": 7}), "parsing body failed"),
        (json!({"publicKey": "text"}), "parsing body failed"),
    ] {
        site.search(query).await.must_fail(400, 400, message);
    }
    let answer = site.post("/api/v1/index/retrieve", "").await;
    answer.must_fail(422, 602, "query in body is required");
}
