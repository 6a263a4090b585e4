//! Attestations, kept and returned.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;
use crate::rekor_v1::tests::proposals::statement;
use crate::settings::Overrides;

#[tokio::test]
async fn are_returned_by_reads_and_not_by_the_submission() {
    let site = Site::new().await;
    let payload = statement(b"artifact");
    let (id, created) = site.create(&Signer::new().intoto_v002(&payload)).await;
    assert!(created.get("attestation").is_none());
    let retrieved = site.retrieve(json!({"entryUUIDs": [id]})).await.json();
    for entry in [
        site.get("/api/v1/log/entries?logIndex=0")
            .await
            .only_entry()
            .1,
        site.get(&format!("/api/v1/log/entries/{id}"))
            .await
            .only_entry()
            .1,
        retrieved[0][&id].clone(),
    ] {
        let data = entry["attestation"]["data"].as_str().unwrap();
        assert_eq!(STANDARD.decode(data).unwrap(), payload);
    }
}

#[tokio::test]
async fn of_dsse_entries_are_not_kept() {
    let site = Site::new().await;
    site.create(&Signer::new().dsse(&statement(b"artifact")))
        .await;
    let (_, entry) = site
        .get("/api/v1/log/entries?logIndex=0")
        .await
        .only_entry();
    assert!(entry.get("attestation").is_none());
}

#[tokio::test]
async fn that_are_too_long_are_left_out_and_the_entry_is_logged() {
    let payload = statement(b"artifact");
    for (limit, kept) in [(payload.len(), true), (payload.len() - 1, false)] {
        let site = Site::set(&format!("max-attestation-bytes = {limit}")).await;
        site.create(&Signer::new().intoto_v002(&payload)).await;
        let (_, entry) = site
            .get("/api/v1/log/entries?logIndex=0")
            .await
            .only_entry();
        assert_eq!(entry.get("attestation").is_some(), kept);
    }
}

#[tokio::test]
async fn are_neither_kept_nor_returned_when_switched_off() {
    let site = Site::new().await;
    let proposal = Signer::new().intoto_v002(&statement(b"artifact"));
    site.create(&proposal).await;
    let off = Overrides::parse("keep-attestations = false").unwrap();
    let same_log = Site::serving(site.log.clone(), off.clone()).await;
    let (_, entry) = same_log
        .get("/api/v1/log/entries?logIndex=0")
        .await
        .only_entry();
    assert!(entry.get("attestation").is_none());

    let never = Site::with(off).await;
    never.create(&proposal).await;
    let on_again = Site::serving(never.log.clone(), Overrides::default()).await;
    let (_, entry) = on_again
        .get("/api/v1/log/entries?logIndex=0")
        .await
        .only_entry();
    assert!(entry.get("attestation").is_none());
}
