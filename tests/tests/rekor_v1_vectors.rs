//! Published entries over the wire (rekor-v1, section 5): a client that canonicalises for itself
//! finds its own leaf hash.

use std::fs;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_tests::vectors::VECTORS;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::V1;

fn body(entry: &Value) -> Vec<u8> {
    STANDARD.decode(entry["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn the_entries_of_upstreams_test_files() {
    let v1 = V1::start().await;
    for vector in &VECTORS {
        let (id, entry) = v1.create(&vector.proposal()).await;
        assert_eq!(id[16..], *vector.leaf_hash);
        assert_eq!(body(&entry).len(), vector.body_length);
        let content = STANDARD.encode(vector.public_key_pem());
        for query in [
            json!({"publicKey": {"format": "x509", "content": content}}),
            json!({"hash": vector.key_hash}),
        ] {
            assert_eq!(v1.search(&query).await.json(), json!([id]));
        }
    }
}

/// What a real bundle holds of its entry is a proposal too, where the kind is one whose body is all
/// that was signed.
#[tokio::test]
async fn bodies_of_published_bundles_are_logged_under_their_leaf_hashes() {
    let bundles = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/fixtures/bundles");
    if !bundles.is_dir() {
        eprintln!("skipped: {} is not there", bundles.display());
        return;
    }
    let v1 = V1::start().await;
    let mut logged = 0;
    for directory in fs::read_dir(bundles).unwrap() {
        let directory = directory.unwrap().path();
        if !directory
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with("v1-")
        {
            continue;
        }
        let bundle = fs::read(directory.join("bundle.sigstore.json")).unwrap();
        let bundle: Value = serde_json::from_slice(&bundle).unwrap();
        let published = &bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"];
        let published = STANDARD.decode(published.as_str().unwrap()).unwrap();
        let leaf = leaf_hash(&published).to_string();
        let proposal: Value = serde_json::from_slice(&published).unwrap();
        if proposal["kind"] == "hashedrekord" {
            let reply = v1.post(ENTRIES, published.clone()).await;
            assert_eq!(reply.status, 201, "{}: {reply:?}", directory.display());
            let (id, entry) = reply.only_entry();
            v1.verify(&id, &entry);
            assert_eq!(id[16..], leaf);
            assert_eq!(body(&entry), published);
            logged += 1;
        }
        // Each is a look-up: canonical forms are read, and found if they are there.
        let found = v1.retrieve(&json!({"entries": [proposal]})).await.ids();
        let expected = usize::from(proposal["kind"] == "hashedrekord");
        assert_eq!(found.len(), expected, "{}", directory.display());
    }
    assert!(logged >= 2);
}
