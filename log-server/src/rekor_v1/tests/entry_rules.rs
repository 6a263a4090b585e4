//! What clients demand of an entry, with the key as a client fetches it.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_tests::entry_rules;
use serde_json::Value;

use crate::rekor_v1::tests::ORIGIN;
use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;
use crate::rekor_v1::tests::proposals::statement;

/// Verifies an entry with nothing but the log's public keys. Yields its index in its tree, and the
/// size of that.
pub(crate) async fn verify(site: &Site, id: &str, entry: &Value) -> (u64, u64) {
    let tree_id = entry_rules::tree_id(id);
    let answer = site
        .get(&format!("/api/v1/log/publicKey?treeID={tree_id}"))
        .await;
    let pem = String::from_utf8(answer.body.to_vec()).unwrap();
    entry_rules::verify(&entry_rules::key_from_pem(ORIGIN, &pem), id, entry)
}

fn unix_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_secs()).unwrap()
}

#[tokio::test]
async fn hold_for_every_kind_at_once_and_later() {
    let site = Site::new().await;
    let signer = Signer::new();
    let proposals = [
        signer.hashedrekord(b"one"),
        signer.dsse(&statement(b"two")),
        signer.intoto_v002(&statement(b"three")),
        signer.rekord(b"four"),
    ];
    let mut created = Vec::new();
    for (index, proposal) in proposals.iter().enumerate() {
        let (id, entry) = site.create(proposal).await;
        let place = verify(&site, &id, &entry).await;
        assert_eq!(place, (index as u64, index as u64 + 1));
        assert_eq!(entry["logIndex"], index);
        assert!(entry.get("attestation").is_none());
        created.push((id, entry));
    }
    for (index, (id, entry)) in created.iter().enumerate() {
        // An entry that was acknowledged is there through every operation, against the newest head.
        for answer in [
            site.get(&format!("/api/v1/log/entries?logIndex={index}"))
                .await,
            site.get(&format!("/api/v1/log/entries/{id}")).await,
            site.get(&format!("/api/v1/log/entries/{}", &id[16..]))
                .await,
        ] {
            let (found, read) = answer.only_entry();
            assert_eq!(&found, id);
            let place = verify(&site, &found, &read).await;
            assert_eq!(place, (index as u64, created.len() as u64));
            for same in ["body", "integratedTime", "logID", "logIndex"] {
                assert_eq!(read[same], entry[same]);
            }
        }
    }
}

#[tokio::test]
async fn hold_for_the_first_entry_whose_proof_is_an_empty_list() {
    let site = Site::new().await;
    let (id, entry) = site.create(&Signer::new().hashedrekord(b"only")).await;
    let hashes = &entry["verification"]["inclusionProof"]["hashes"];
    assert_eq!(hashes, &serde_json::json!([]));
    verify(&site, &id, &entry).await;
}

#[tokio::test]
async fn hold_over_several_tiles() {
    let site = Site::new().await;
    let signer = Signer::new();
    for number in 0..260_u32 {
        site.create(&signer.hashedrekord(&number.to_be_bytes()))
            .await;
    }
    for index in [0, 1, 255, 256, 259] {
        let (id, entry) = site
            .get(&format!("/api/v1/log/entries?logIndex={index}"))
            .await
            .only_entry();
        assert_eq!(verify(&site, &id, &entry).await, (index, 260));
    }
}

#[tokio::test]
async fn the_body_holds_the_key_in_canonical_pem() {
    let site = Site::new().await;
    let signer = Signer::new();
    let mut proposal = signer.hashedrekord(b"artifact");
    // As some clients send it: other line ends, and none at the end.
    let untidy = signer.public_key_pem().trim_end().replace('\n', "\r\n");
    proposal["spec"]["signature"]["publicKey"]["content"] = STANDARD.encode(untidy).into();
    let (_, entry) = site.create(&proposal).await;
    let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let logged = body["spec"]["signature"]["publicKey"]["content"].as_str();
    assert_eq!(logged, Some(signer.public_key_base64().as_str()));
}

#[tokio::test]
async fn the_time_is_not_before_the_submission() {
    let site = Site::new().await;
    // Clients take it for the time at which a short-lived certificate has to be valid.
    let before = unix_time();
    let (_, entry) = site.create(&Signer::new().hashedrekord(b"artifact")).await;
    let time = entry["integratedTime"].as_i64().unwrap();
    assert!(time >= before, "{time} is before {before}");
}

#[tokio::test]
async fn an_entry_alone_is_one_line_from_its_id_to_its_last_brace() {
    let site = Site::new().await;
    let created = site.submit(&Signer::new().hashedrekord(b"artifact")).await;
    let id = created.header("etag").to_owned();
    // The crate `sigstore` takes the id and the entry by their places in the text, not by parsing
    // it.
    for answer in [
        site.get("/api/v1/log/entries?logIndex=0").await,
        site.get(&format!("/api/v1/log/entries/{id}")).await,
        created,
    ] {
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text.starts_with(&format!("{{\"{id}\":{{\"")), "{text}");
        assert!(text.ends_with("}}\n"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }
}
