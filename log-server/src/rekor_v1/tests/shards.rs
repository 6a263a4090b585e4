//! A log that goes on where earlier ones ended.

use serde_json::json;

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::entry_rules::verify;
use crate::rekor_v1::tests::proposals::Signer;
use crate::rekor_v1::tests::proposals::sha256;

#[tokio::test]
async fn entries_of_all_trees_are_found_proven_and_signed() {
    let signer = Signer::new();
    let site = Site::with_frozen(&[3, 2], &signer).await;
    let (active, entry) = site.create(&signer.hashedrekord(b"new")).await;
    assert_eq!(entry["logIndex"], 5);
    assert_eq!(entry["verification"]["inclusionProof"]["logIndex"], 0);

    let mut log_ids = Vec::new();
    for (index, place) in [(0, 3), (1, 3), (2, 3), (0, 2), (1, 2), (0, 1)]
        .iter()
        .enumerate()
    {
        let answer = site
            .get(&format!("/api/v1/log/entries?logIndex={index}"))
            .await;
        let (id, entry) = answer.only_entry();
        assert_eq!(verify(&site, &id, &entry).await, *place, "at {index}");
        assert_eq!(entry["logIndex"], index);
        for id in [&id[..], &id[16..]] {
            let again = site.get(&format!("/api/v1/log/entries/{id}")).await;
            assert_eq!(again.only_entry().1["logIndex"], index);
        }
        log_ids.push(entry["logID"].clone());
    }
    // One key of Rekor v1 serves all trees of the log.
    assert!(log_ids.iter().all(|id| *id == log_ids[0]));
    site.get("/api/v1/log/entries?logIndex=6")
        .await
        .must_be_absent();

    let ids = site.retrieve(json!({"logIndexes": [5, 0, 4]})).await.ids();
    assert_eq!(ids[0], active);
    // In one tree an id of another finds nothing.
    let mixed = format!("{}{}", &ids[1][..16], &active[16..]);
    site.get(&format!("/api/v1/log/entries/{mixed}"))
        .await
        .must_be_absent();
}

#[tokio::test]
async fn the_log_tells_of_its_frozen_trees_oldest_first() {
    let signer = Signer::new();
    let site = Site::with_frozen(&[3, 0, 2], &signer).await;
    site.create(&signer.hashedrekord(b"new")).await;
    let info = site.get("/api/v1/log").await.json();
    let inactive = info["inactiveShards"].as_array().unwrap();
    let sizes: Vec<_> = inactive
        .iter()
        .map(|tree| tree["treeSize"].clone())
        .collect();
    assert_eq!(sizes, [3, 0, 2]);
    assert_eq!(info["treeSize"], 1);
    let again = site.get("/api/v1/log").await.json();
    assert_eq!(info["inactiveShards"], again["inactiveShards"]);

    let tree_id = inactive[0]["treeID"].as_str().unwrap();
    let proof = site
        .get(&format!(
            "/api/v1/log/proof?firstSize=1&lastSize=3&treeID={tree_id}"
        ))
        .await
        .json();
    assert_eq!(proof["rootHash"], inactive[0]["rootHash"]);
    let keys: Vec<_> = [inactive[0]["treeID"].as_str(), info["treeID"].as_str()]
        .map(Option::unwrap)
        .into();
    let first = site
        .get(&format!("/api/v1/log/publicKey?treeID={}", keys[0]))
        .await;
    let active = site
        .get(&format!("/api/v1/log/publicKey?treeID={}", keys[1]))
        .await;
    assert_eq!(first.body, active.body);
}

#[tokio::test]
async fn an_entry_of_a_frozen_tree_is_logged_again_and_then_found_in_both() {
    let signer = Signer::new();
    let site = Site::with_frozen(&[1], &signer).await;
    // The signature has to be the same for the entry to be.
    let (old, entry) = site
        .get("/api/v1/log/entries?logIndex=0")
        .await
        .only_entry();
    use base64::Engine;
    let body = base64::engine::general_purpose::STANDARD
        .decode(entry["body"].as_str().unwrap())
        .unwrap();
    let proposal: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let (new, logged) = site.create(&proposal).await;
    assert_eq!(logged["logIndex"], 1);
    assert_eq!(old[16..], new[16..]);
    assert_ne!(old[..16], new[..16]);
    let found = site
        .retrieve(json!({"entryUUIDs": [&old[16..]]}))
        .await
        .ids();
    assert_eq!(found, [old.as_str(), new.as_str()]);
    let found = site.retrieve(json!({"entries": [proposal]})).await.ids();
    assert_eq!(found, [old.as_str(), new.as_str()]);
    let by_leaf = site
        .get(&format!("/api/v1/log/entries/{}", &old[16..]))
        .await;
    assert_eq!(by_leaf.only_entry().0, new);
    let answer = site.search(json!({"hash": sha256(b"0/0")})).await;
    assert_eq!(answer.json(), json!([old, new]));
}
