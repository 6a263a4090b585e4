//! Submitting entries through Rekor v1 (rekor-v1, sections 1.2, 2 and 3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::future::join_all;
use ledgerstone_tests::entry_rules::verify_checkpoint;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::sha256;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::LOG;
use crate::rekor_v1::V1;
use crate::server::ORIGIN;
use crate::server::Site;

/// A proposal of every kind, in both versions where there are two.
fn every_kind(signer: &Signer, name: &str) -> Vec<Value> {
    let artifact = |number: u8| format!("{name} {number}").into_bytes();
    vec![
        signer.hashedrekord(&artifact(0)),
        signer.dsse(&statement(&artifact(1))),
        signer.intoto_v001(&statement(&artifact(2))),
        signer.intoto_v002(&statement(&artifact(3))),
        signer.rekord(&artifact(4)),
    ]
}

#[tokio::test]
async fn every_kind_is_logged_proven_and_signed() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    for (index, proposal) in (0..).zip(every_kind(&signer, "artifact")) {
        let reply = v1.submit(&proposal).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let (id, entry) = reply.only_entry();
        assert_eq!(reply.header("etag"), id);
        assert_eq!(reply.header("location"), format!("{ENTRIES}/{id}"));
        assert_eq!(v1.verify(&id, &entry), (index, index + 1));
        assert_eq!(entry["logIndex"], index);
        assert!(entry.get("attestation").is_none());
        let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        for name in ["kind", "apiVersion"] {
            assert_eq!(body[name], proposal[name]);
        }
    }
}

/// The lines that clients take apart by hand, with no parser of ours (rekor-v1, section 3).
#[tokio::test]
async fn a_checkpoint_has_these_lines() {
    let v1 = V1::start().await;
    for size in 0..3_u64 {
        let info = v1.get(LOG).await.json();
        let note = info["signedTreeHead"].as_str().unwrap();
        let (text, signatures) = note.split_once("\n\n").unwrap();
        let root = hex::decode(info["rootHash"].as_str().unwrap()).unwrap();
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!(
            lines,
            [
                format!("{ORIGIN} - {}", v1.server.v1_tree_id),
                size.to_string(),
                STANDARD.encode(root)
            ]
        );
        let line = signatures.strip_suffix('\n').unwrap();
        let line = line.strip_prefix(&format!("\u{2014} {ORIGIN} ")).unwrap();
        let signature = STANDARD.decode(line).unwrap();
        assert_eq!(signature[..4], Sha256::digest(v1.key.public_key())[..4]);
        let signed = format!("{text}\n");
        v1.key.verify(&signed, &signature[4..]).unwrap();
        let checkpoint = verify_checkpoint(&v1.key, &v1.server.v1_tree_id, note);
        assert_eq!(checkpoint.size.get(), size);
        v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    }
}

#[tokio::test]
async fn proposals_are_read_as_the_reference_server_reads_them() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let proposal = signer.hashedrekord(b"artifact");
    let text = proposal.to_string();
    let (id, _) = v1.create(&proposal).await;
    let mut unknown = proposal.clone();
    unknown["unknown"] = json!({"deep": [1]});
    unknown["spec"]["unknown"] = json!(1);
    unknown["spec"]["data"]["url"] = json!(null);
    let content = proposal["spec"]["signature"]["content"].as_str().unwrap();
    let mut broken_lines = proposal.clone();
    let (one, two) = content.split_at(10);
    broken_lines["spec"]["signature"]["content"] = json!(format!("{one}\r\n{two}\n"));
    let mut untidy_key = proposal.clone();
    let pem = signer.public_key_pem();
    let untidy = pem.trim_end().replace('\n', "\r\n");
    untidy_key["spec"]["signature"]["publicKey"]["content"] = STANDARD.encode(untidy).into();
    for same in [
        format!("{text} trailing bytes"),
        format!("{text}{{\"kind\":\"dsse\"}}"),
        format!(" \r\n\t{text}\n"),
        unknown.to_string(),
        broken_lines.to_string(),
        untidy_key.to_string(),
        text.replace("\"kind\"", "\"KIND\"")
            .replace("apiVersion", "apiversion")
            .replace("\"spec\"", "\"Spec\""),
        text.replacen('{', "{\"kind\":\"dsse\",", 1),
        text.replacen("\"kind\"", "\"k\\u0069nd\"", 1),
    ] {
        let reply = v1.post(ENTRIES, same.clone()).await;
        assert_eq!(reply.status, 201, "{same}: {reply:?}");
        assert_eq!(reply.only_entry().0, id, "{same}");
    }
    // The case of a hash is part of the entry.
    let mut upper = proposal.clone();
    let value = upper["spec"]["data"]["hash"]["value"].as_str().unwrap();
    upper["spec"]["data"]["hash"]["value"] = value.to_uppercase().into();
    assert_ne!(v1.create(&upper).await.0, id);
    assert_eq!(v1.size().await, 2);
}

#[tokio::test]
async fn what_is_no_proposal_is_refused() {
    let v1 = V1::start().await;
    let good = Signer::new().hashedrekord(b"artifact");
    let with = |name: &str, value: Option<Value>| {
        let mut proposal = good.clone();
        match value {
            Some(value) => proposal[name] = value,
            None => drop(proposal.as_object_mut().unwrap().remove(name)),
        }
        proposal.to_string()
    };
    let reason = "error processing entry: ";
    for (body, status, code, message) in [
        (String::new(), 422, 602, "proposedEntry in body is required"),
        (with("kind", None), 422, 602, "kind in body is required"),
        (
            with("kind", Some(json!(null))),
            422,
            602,
            "kind in body is required",
        ),
        (
            with("kind", Some(json!("book"))),
            422,
            422,
            "invalid kind value: \"book\"",
        ),
        (
            with("kind", Some(json!("HashedRekord"))),
            422,
            422,
            "invalid kind value: \"HashedRekord\"",
        ),
        (
            with("apiVersion", None),
            422,
            602,
            "apiVersion in body is required",
        ),
        (
            with("apiVersion", Some(json!("one"))),
            422,
            605,
            "apiVersion in body should match '^(0|[1-9]\\d*)\\.",
        ),
        (
            with("apiVersion", Some(json!("0.0.01"))),
            422,
            605,
            "apiVersion in body should match",
        ),
        (with("spec", None), 422, 602, "spec in body is required"),
        (
            with("spec", Some(json!(null))),
            422,
            602,
            "spec in body is required",
        ),
        (
            with("apiVersion", Some(json!("0.0.9"))),
            400,
            400,
            "error processing entry: hashedrekord implementation for version '0.0.9' not found",
        ),
        (
            with("spec", Some(json!({}))),
            400,
            400,
            "error processing entry: missing signature",
        ),
        (with("spec", Some(json!([]))), 400, 400, reason),
        (with("kind", Some(json!(["dsse"]))), 400, 400, reason),
        ("{".to_owned(), 400, 400, reason),
        ("nonsense".to_owned(), 400, 400, reason),
        ("[]".to_owned(), 400, 400, reason),
        ("null".to_owned(), 400, 400, reason),
        ("7".to_owned(), 400, 400, reason),
        ("\"text\"".to_owned(), 400, 400, reason),
        ("{\"kind\":".to_owned(), 400, 400, reason),
        ("{\"kind\":\"\u{0}\"}".to_owned(), 400, 400, reason),
    ] {
        v1.post(ENTRIES, body)
            .await
            .must_fail(status, code, message);
    }
    v1.post(ENTRIES, &b"{\"kind\":\"\xff\"}"[..])
        .await
        .must_fail(400, 400, reason);
    assert_eq!(v1.size().await, 0);
}

#[tokio::test]
async fn a_retry_gets_the_same_entry_or_conflicts_as_the_log_is_set() {
    let proposal = Signer::new().hashedrekord(b"artifact");
    let v1 = V1::start().await;
    let (id, first) = v1.create(&proposal).await;
    v1.create(&Signer::new().hashedrekord(b"another")).await;
    let again = v1.submit(&proposal).await;
    assert_eq!(again.status, 201);
    assert_eq!(again.header("etag"), id);
    let (same, second) = again.only_entry();
    assert_eq!(same, id);
    assert_eq!(v1.verify(&same, &second), (0, 2));
    assert_eq!(second["integratedTime"], first["integratedTime"]);
    assert_eq!(v1.size().await, 2);

    let v1 = V1::serving(&Site::new().with("--on-duplicate", "conflict")).await;
    let (id, _) = v1.create(&proposal).await;
    let conflict = v1.submit(&proposal).await;
    let told = format!("an equivalent entry already exists in the transparency log with UUID {id}");
    assert_eq!(conflict.json(), json!({"code": 409, "message": told}));
    assert_eq!(conflict.status, 409);
    let location = conflict.header("location").to_owned();
    assert_eq!(location, format!("{ENTRIES}/{id}"));
    let (found, entry) = v1.get(&location).await.only_entry();
    assert_eq!(found, id);
    v1.verify(&found, &entry);
    assert_eq!(v1.size().await, 1);
}

/// Many at once with the same entry: one is logged, and whoever is told of it can read it at that
/// moment.
#[tokio::test]
async fn a_twin_that_is_named_is_there() {
    let v1 = V1::serving(&Site::new().with("--on-duplicate", "conflict")).await;
    for number in 0..8_u8 {
        let proposal = Signer::new().hashedrekord(&[number]);
        let submissions = (0..8).map(|_| async {
            let reply = v1.submit(&proposal).await;
            let location = reply.header("location").to_owned();
            let (id, entry) = v1.get(&location).await.only_entry();
            v1.verify(&id, &entry);
            reply.status
        });
        let mut codes = join_all(submissions).await;
        codes.sort_unstable();
        assert_eq!(codes, [201, 409, 409, 409, 409, 409, 409, 409]);
        assert_eq!(v1.size().await, u64::from(number) + 1);
    }
}

#[tokio::test]
async fn kinds_and_algorithms_are_taken_as_the_log_is_set() {
    let site = Site::new()
        .with("--enabled-entry-types", "hashedrekord,dsse")
        .with("--client-signing-algorithms", "ed25519-ph");
    let v1 = V1::serving(&site).await;
    let signer = Signer::new();
    let p256 = signer.hashedrekord(b"artifact");
    let told = "error processing entry: entry algorithms are not allowed";
    v1.submit(&p256).await.must_fail(400, 400, told);
    // The policy is for hashedrekord alone, and lookups know neither.
    v1.create(&signer.dsse(b"payload")).await;
    let told =
        "error processing entry: entry kind 'rekord' is not enabled for submission on this server";
    let rekord = signer.rekord(b"artifact");
    v1.submit(&rekord).await.must_fail(400, 400, told);
    let found = v1.retrieve(&json!({"entries": [p256, rekord]})).await;
    assert!(found.ids().is_empty());

    let site = Site::new().start().stop().await;
    let v1 = V1::serving(&site.with("--read-only", "true")).await;
    let told = "Create Entry API not enabled in this Rekor instance";
    v1.submit(&p256).await.must_fail(501, 501, told);
    assert_eq!(v1.size().await, 0);
}

/// Right after each 201, under load, an entry is found by everything that can find it, against a
/// head that holds it.
#[tokio::test]
async fn what_was_acknowledged_is_readable_at_once() {
    const CLIENTS: usize = 8;
    let v1 = V1::start().await;
    let clients = (0..CLIENTS).map(|client| {
        let v1 = &v1;
        async move {
            let signer = Signer::new();
            let name = format!("client {client}");
            for (position, proposal) in every_kind(&signer, &name).iter().enumerate() {
                let (id, entry) = v1.create(proposal).await;
                let index = entry["logIndex"].as_u64().unwrap();
                assert!(v1.size().await > index);
                let leaf = &id[16..];
                for path in [
                    format!("{ENTRIES}?logIndex={index}"),
                    format!("{ENTRIES}/{id}"),
                    format!("{ENTRIES}/{leaf}"),
                ] {
                    let (found, read) = v1.get(&path).await.only_entry();
                    assert_eq!(found, id);
                    assert_eq!(v1.verify(&found, &read).0, index);
                    for same in ["body", "integratedTime", "logID", "logIndex"] {
                        assert_eq!(read[same], entry[same]);
                    }
                }
                let query =
                    json!({"entryUUIDs": [id, leaf], "logIndexes": [index], "entries": [proposal]});
                assert_eq!(v1.retrieve(&query).await.ids(), vec![id.clone(); 4]);
                let digest = sha256(format!("{name} {position}").as_bytes());
                let found = v1.search(&json!({"hash": digest})).await.json();
                assert_eq!(found, json!([id]));
                let key = json!({"format": "x509", "content": signer.public_key_base64()});
                let found = v1.search(&json!({"publicKey": key})).await.json();
                assert_eq!(found.as_array().unwrap().last(), Some(&json!(id)));
            }
        }
    });
    join_all(clients).await;
    assert_eq!(v1.size().await, 5 * CLIENTS as u64);
}

#[tokio::test]
async fn attestations_come_with_reads_and_not_with_submissions() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let payload = statement(b"artifact");
    for (index, proposal) in [signer.intoto_v001(&payload), signer.intoto_v002(&payload)]
        .iter()
        .enumerate()
    {
        let (id, created) = v1.create(proposal).await;
        assert!(created.get("attestation").is_none());
        for (_, read) in [
            v1.get(&format!("{ENTRIES}/{id}")).await.only_entry(),
            v1.retrieve(&json!({"logIndexes": [index]})).await.entries()[0].clone(),
        ] {
            let data = STANDARD.decode(read["attestation"]["data"].as_str().unwrap());
            assert_eq!(data.unwrap(), payload);
        }
    }
}
