//! Finding entries through Rekor v1 (rekor-v1, section 1.6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::sha256;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::INDEX;
use crate::rekor_v1::V1;

async fn finds(v1: &V1, query: Value, expected: &[&String]) {
    let found = v1.search(&query).await;
    assert_eq!(found.status, 200, "{query}: {found:?}");
    assert_eq!(found.json(), json!(expected), "{query}");
}

fn x509(signer: &Signer) -> Value {
    json!({"format": "x509", "content": signer.public_key_base64()})
}

#[tokio::test]
async fn entries_of_every_kind_are_found_by_hash_and_by_key() {
    let v1 = V1::start().await;
    let (ann, bob) = (Signer::new(), Signer::new());
    let about = |name: &str| statement(name.as_bytes());
    let (one, _) = v1.create(&ann.hashedrekord(b"artifact")).await;
    let (two, _) = v1.create(&bob.dsse(&about("artifact"))).await;
    let (three, _) = v1.create(&ann.intoto_v002(&about("artifact"))).await;
    let (four, _) = v1.create(&ann.rekord(b"artifact")).await;
    let (five, _) = v1.create(&ann.intoto_v001(&about("another"))).await;

    let digest = sha256(b"artifact");
    for hash in [
        digest.clone(),
        format!("sha256:{digest}"),
        digest.to_uppercase(),
    ] {
        finds(&v1, json!({"hash": hash}), &[&one, &two, &three, &four]).await;
    }
    finds(
        &v1,
        json!({"publicKey": x509(&ann)}),
        &[&one, &three, &four, &five],
    )
    .await;
    finds(&v1, json!({"publicKey": x509(&bob)}), &[&two]).await;
    // The two forms of upstream's keys: with the name of the hash function, and without.
    for key_hash in [
        sha256(bob.public_key_pem().as_bytes()),
        format!("sha256:{}", sha256(bob.public_key_pem().as_bytes())),
    ] {
        finds(&v1, json!({"hash": key_hash}), &[&two]).await;
    }
    // Payload and envelope.
    finds(&v1, json!({"hash": sha256(&about("another"))}), &[&five]).await;

    let both =
        |operator: Value| json!({"hash": digest, "publicKey": x509(&bob), "operator": operator});
    finds(&v1, both(json!("and")), &[&two]).await;
    for or in [json!("or"), json!(null), json!("")] {
        finds(&v1, both(or), &[&one, &two, &three, &four]).await;
    }
    let neither = json!({"hash": digest, "email": "nobody@example.com", "operator": "and"});
    finds(&v1, neither, &[]).await;
}

#[tokio::test]
async fn nothing_asked_for_and_nothing_found_are_an_empty_list() {
    let v1 = V1::start().await;
    v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    for query in [
        json!({}),
        json!({"operator": "and"}),
        json!({"email": null, "hash": null, "subject": null, "publicKey": null, "operator": null}),
        json!({"email": "", "hash": "", "subject": ""}),
        json!({"hash": sha256(b"another")}),
        json!({"hash": "a".repeat(40)}),
        json!({"hash": format!("sha1:{}", "a".repeat(40))}),
        json!({"hash": format!("sha512:{}", "a".repeat(128))}),
        json!({"email": "nobody@example.com"}),
        json!({"subject": "https://example.com/nobody"}),
        json!({"subject": "s".repeat(512)}),
        json!({"publicKey": x509(&Signer::new())}),
        json!({"unknown": [{}]}),
    ] {
        let reply = v1.search(&query).await;
        assert_eq!((reply.status, reply.text()), (200, "[]\n"), "{query}");
    }
}

#[tokio::test]
async fn what_breaks_the_schema_or_cannot_be_read_is_refused() {
    let v1 = V1::start().await;
    let content = Signer::new().public_key_base64();
    let pattern = "hash in body should match '^(sha512:)?[0-9a-fA-F]{128}$|\
                   ^(sha256:)?[0-9a-fA-F]{64}$|^(sha1:)?[0-9a-fA-F]{40}$'";
    let key =
        |format: &str, content: &str| json!({"publicKey": {"format": format, "content": content}});
    let unparsed = "public key provided could not be parsed";
    for (query, status, code, message) in [
        (
            json!({"email": "nobody"}),
            422,
            601,
            "email in body must be of type email: \"nobody\"",
        ),
        (
            json!({"email": "a b@example.com"}),
            422,
            601,
            "email in body must be of type email",
        ),
        (json!({"hash": "sha256:abc"}), 422, 605, pattern),
        (json!({"hash": "a".repeat(96)}), 422, 605, pattern),
        (
            json!({"hash": format!("sha384:{}", "a".repeat(96))}),
            422,
            605,
            pattern,
        ),
        (
            json!({"hash": format!("sha512:{}", "a".repeat(64))}),
            422,
            605,
            pattern,
        ),
        (
            json!({"hash": format!("SHA256:{}", "a".repeat(64))}),
            422,
            605,
            pattern,
        ),
        (json!({"hash": "g".repeat(64)}), 422, 605, pattern),
        (
            json!({"operator": "xor"}),
            422,
            606,
            "operator in body should be one of [and or]",
        ),
        (
            json!({"subject": "s".repeat(513)}),
            422,
            603,
            "subject in body should be at most 512 chars long",
        ),
        (
            json!({"publicKey": {"content": content}}),
            422,
            602,
            "publicKey.format in body is required",
        ),
        (
            json!({"publicKey": {}}),
            422,
            602,
            "publicKey.format in body is required",
        ),
        (
            key("pem", &content),
            422,
            606,
            "publicKey.format in body should be one of [pgp x509 minisign ssh tuf]",
        ),
        (key("x509", ""), 400, 400, unparsed),
        (key("x509", &STANDARD.encode("no key")), 400, 400, unparsed),
        (key("pgp", &content), 400, 400, unparsed),
        (key("ssh", &content), 400, 400, unparsed),
        (key("minisign", &content), 400, 400, unparsed),
        (
            key("x509", "%%%"),
            400,
            400,
            "publicKey.content has to be standard base64",
        ),
        (
            key("tuf", "e30="),
            400,
            400,
            "the PKI format requested is not supported by this server",
        ),
        (json!({"hash": 7}), 400, 400, "parsing body failed"),
        (
            json!({"email": ["a@example.com"]}),
            400,
            400,
            "parsing body failed",
        ),
        (
            json!({"publicKey": "text"}),
            400,
            400,
            "parsing body failed",
        ),
        (
            json!({"publicKey": {"format": 1}}),
            400,
            400,
            "parsing body failed",
        ),
        (json!([]), 400, 400, "parsing body failed"),
        (json!("text"), 400, 400, "parsing body failed"),
    ] {
        v1.search(&query).await.must_fail(status, code, message);
    }
    for malformed in ["{", "nonsense", "{\"hash\":\"}"] {
        v1.post(INDEX, malformed)
            .await
            .must_fail(400, 400, "parsing body failed");
    }
    v1.post(INDEX, "")
        .await
        .must_fail(422, 602, "query in body is required");
}
