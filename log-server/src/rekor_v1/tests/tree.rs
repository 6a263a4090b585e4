//! The heads, the proofs between them, and the key.

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;

const EMPTY_ROOT: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn hash(value: &Value) -> Hash {
    Hash::from_slice(&hex::decode(value.as_str().unwrap()).unwrap()).unwrap()
}

#[tokio::test]
async fn an_empty_log_has_a_signed_head() {
    let site = Site::new().await;
    let info = site.get("/api/v1/log").await.json();
    assert_eq!(info["treeSize"], 0);
    assert_eq!(info["rootHash"], EMPTY_ROOT);
    assert_eq!(info["inactiveShards"], json!([]));
    let tree_id = site.v1_tree().tree_id().to_string();
    assert_eq!(info["treeID"], json!(tree_id));
    let note = info["signedTreeHead"].as_str().unwrap();
    assert!(
        note.starts_with(&format!("log.example.com - {tree_id}\n0\n")),
        "{note}"
    );
}

#[tokio::test]
async fn proofs_lead_from_each_size_to_each_later_one() {
    let site = Site::new().await;
    let signer = Signer::new();
    let mut roots = vec![EMPTY_ROOT.to_owned()];
    for number in 0..9_u8 {
        site.create(&signer.hashedrekord(&[number])).await;
        let info = site.get("/api/v1/log").await.json();
        roots.push(info["rootHash"].as_str().unwrap().to_owned());
    }
    let root = |size: usize| hash(&json!(roots[size]));
    for first in 1..=9 {
        for last in first..=9 {
            let path = format!("/api/v1/log/proof?firstSize={first}&lastSize={last}");
            let answer = site.get(&path).await.json();
            let hashes = answer["hashes"].as_array().unwrap();
            let proof = ConsistencyProof {
                old: TreeSize::new(first as u64),
                new: TreeSize::new(last as u64),
                hashes: hashes.iter().map(hash).collect(),
            };
            proof.verify(&root(first), &root(last)).unwrap();
            // The current root, not that of the last size.
            assert_eq!(answer["rootHash"], json!(roots[9]));
        }
    }
    let default = site.get("/api/v1/log/proof?lastSize=5").await.json();
    let explicit = site
        .get("/api/v1/log/proof?firstSize=1&lastSize=5")
        .await
        .json();
    assert_eq!(default, explicit);
    let same = site
        .get("/api/v1/log/proof?firstSize=5&lastSize=5")
        .await
        .json();
    assert_eq!(same["hashes"], json!([]));
    let tree_id = site.v1_tree().tree_id();
    let path = format!("/api/v1/log/proof?lastSize=5&treeID={tree_id}");
    assert_eq!(site.get(&path).await.json(), explicit);
}

#[tokio::test]
async fn sizes_and_trees_that_do_not_exist_are_refused() {
    let site = Site::new().await;
    site.create(&Signer::new().hashedrekord(b"artifact")).await;
    for (query, status, code, message) in [
        ("", 422, 602, "lastSize in query is required"),
        ("?firstSize=1", 422, 602, "lastSize in query is required"),
        (
            "?lastSize=0",
            422,
            609,
            "lastSize in query should be greater than or equal to 1",
        ),
        ("?lastSize=-4", 422, 609, "lastSize in query"),
        (
            "?firstSize=0&lastSize=1",
            422,
            609,
            "firstSize in query should be greater than or equal to 1",
        ),
        (
            "?firstSize=x&lastSize=1",
            422,
            601,
            "firstSize in query must be of type int64: \"x\"",
        ),
        (
            "?lastSize=1&treeID=abc",
            422,
            605,
            "treeID in query should match '^[0-9]+$'",
        ),
        (
            "?lastSize=1&treeID=-1",
            422,
            605,
            "treeID in query should match",
        ),
        (
            "?firstSize=2&lastSize=1",
            400,
            400,
            "firstSize(2) must be less than lastSize(1)",
        ),
        (
            "?lastSize=2",
            400,
            400,
            "the tree size requested(2) was greater than what is currently observable(1)",
        ),
        (
            "?lastSize=1&treeID=99999999999999999999",
            400,
            400,
            "invalid tree ID specified: 99999999999999999999",
        ),
        (
            "?lastSize=1&treeID=0",
            400,
            400,
            "no log range found for tree ID 0",
        ),
        (
            "?lastSize=1&treeID=12",
            400,
            400,
            "no log range found for tree ID 12",
        ),
    ] {
        let answer = site.get(&format!("/api/v1/log/proof{query}")).await;
        answer.must_fail(status, code, message);
    }
}

#[tokio::test]
async fn the_public_key_is_pem_and_so_is_the_type_of_its_errors() {
    let site = Site::new().await;
    let answer = site.get("/api/v1/log/publicKey").await;
    assert_eq!(answer.header("content-type"), "application/x-pem-file");
    let pem = std::str::from_utf8(&answer.body).unwrap();
    assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
    assert!(pem.ends_with("\n-----END PUBLIC KEY-----\n"), "{pem}");
    assert!(pem.lines().all(|line| line.len() <= 64));
    let tree_id = site.v1_tree().tree_id();
    let same = site
        .get(&format!("/api/v1/log/publicKey?treeID={tree_id}"))
        .await;
    assert_eq!(same.body, answer.body);

    for tree_id in ["1", "0", "99999999999999999999"] {
        let answer = site
            .get(&format!("/api/v1/log/publicKey?treeID={tree_id}"))
            .await;
        answer.must_fail(400, 400, "Bad Request");
        assert_eq!(answer.header("content-type"), "application/x-pem-file");
    }
    let answer = site.get("/api/v1/log/publicKey?treeID=x").await;
    answer.must_fail(422, 605, "treeID in query should match");
    assert_eq!(answer.header("content-type"), "application/json");
}
