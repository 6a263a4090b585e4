//! Reading entries, heads, proofs and keys through Rekor v1 (rekor-v1, sections 1.3, 1.4, 1.7, 1.8
//! and 1.9).

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TreeSize;
use ledgerstone_tests::entry_rules::parse_hash;
use ledgerstone_tests::entry_rules::verify_checkpoint;
use ledgerstone_tests::proposals::Signer;
use serde_json::json;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::LOG;
use crate::rekor_v1::V1;

const EMPTY_ROOT: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[tokio::test]
async fn an_index_is_a_number_that_is_there() {
    let v1 = V1::start().await;
    v1.get(&format!("{ENTRIES}?logIndex=0"))
        .await
        .must_be_absent();
    let (id, _) = v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    for query in [
        "logIndex=0",
        "logIndex=7&logIndex=0",
        "x=1&logIndex=0&treeID=5",
        "logIndex=%30",
    ] {
        let reply = v1.get(&format!("{ENTRIES}?{query}")).await;
        assert_eq!(reply.only_entry().0, id, "{query}");
    }
    for beyond in ["1", "999999999", "9223372036854775807"] {
        let reply = v1.get(&format!("{ENTRIES}?logIndex={beyond}")).await;
        reply.must_be_absent();
    }
    for (query, code, message) in [
        ("", 602, "logIndex in query is required"),
        ("?logIndex=", 602, "logIndex in query is required"),
        ("?logindex=0", 602, "logIndex in query is required"),
        (
            "?logIndex=abc",
            601,
            "logIndex in query must be of type int64: \"abc\"",
        ),
        (
            "?logIndex=1.5",
            601,
            "logIndex in query must be of type int64: \"1.5\"",
        ),
        (
            "?logIndex=0x1",
            601,
            "logIndex in query must be of type int64",
        ),
        (
            "?logIndex=9223372036854775808",
            601,
            "logIndex in query must be of type int64",
        ),
        (
            "?logIndex=-1",
            609,
            "logIndex in query should be greater than or equal to 0",
        ),
    ] {
        let reply = v1.get(&format!("{ENTRIES}{query}")).await;
        reply.must_fail(422, code, message);
    }
}

#[tokio::test]
async fn an_id_is_64_or_80_digits_of_an_entry_that_is_there() {
    let v1 = V1::start().await;
    let (id, _) = v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    let (tree, leaf) = id.split_at(16);
    for text in [&id, &id.to_uppercase(), leaf, &leaf.to_uppercase()] {
        let reply = v1.get(&format!("{ENTRIES}/{text}")).await;
        assert_eq!(reply.only_entry().0, id);
    }
    let zeros = "0".repeat(64);
    for absent in [
        &zeros,
        &format!("{tree}{zeros}"),
        &format!("{:016x}{leaf}", 1),
    ] {
        v1.get(&format!("{ENTRIES}/{absent}"))
            .await
            .must_be_absent();
    }
    let pattern = "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'";
    for text in [
        "retrieve",
        "x",
        &leaf[1..],
        &id[1..],
        &format!("{leaf}0"),
        &format!("{id}0"),
        &"g".repeat(64),
        &"%C3%A9".repeat(32),
        "a%2Fb",
    ] {
        let reply = v1.get(&format!("{ENTRIES}/{text}")).await;
        reply.must_fail(422, 605, pattern);
    }
    for tree in ["0000000000000000", "8000000000000000", "ffffffffffffffff"] {
        let reply = v1.get(&format!("{ENTRIES}/{tree}{leaf}")).await;
        reply.must_fail(400, 400, "validation error: ");
    }
}

#[tokio::test]
async fn heads_are_signed_from_the_empty_tree_on() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    for size in 0..4_u64 {
        let info = v1.get(LOG).await.json();
        assert_eq!(info["treeSize"], size);
        assert_eq!(info["treeID"], json!(v1.server.v1_tree_id));
        let note = info["signedTreeHead"].as_str().unwrap();
        let checkpoint = verify_checkpoint(&v1.key, &v1.server.v1_tree_id, note);
        assert_eq!(checkpoint.size.get(), size);
        assert_eq!(checkpoint.root, parse_hash(&info["rootHash"]));
        assert_eq!(info["rootHash"] == EMPTY_ROOT, size == 0);
        // A proof of an entry leads to the same root.
        let (_, entry) = v1.create(&signer.hashedrekord(&size.to_be_bytes())).await;
        let root = &entry["verification"]["inclusionProof"]["rootHash"];
        assert_eq!(root, &v1.get(LOG).await.json()["rootHash"]);
    }
}

#[tokio::test]
async fn proofs_lead_from_each_size_to_each_later_one() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let mut roots = vec![json!(EMPTY_ROOT)];
    for number in 0..9_u8 {
        v1.create(&signer.hashedrekord(&[number])).await;
        roots.push(v1.get(LOG).await.json()["rootHash"].clone());
    }
    let of = |query: String| format!("/api/v1/log/proof?{query}");
    for first in 1..=9 {
        for last in first..=9 {
            let path = of(format!("firstSize={first}&lastSize={last}"));
            let answer = v1.get(&path).await.json();
            let hashes = answer["hashes"].as_array().unwrap();
            let proof = ConsistencyProof {
                old: TreeSize::new(first as u64),
                new: TreeSize::new(last as u64),
                hashes: hashes.iter().map(parse_hash).collect(),
            };
            let (old, new) = (parse_hash(&roots[first]), parse_hash(&roots[last]));
            proof.verify(&old, &new).unwrap();
            assert_eq!(hashes.is_empty(), first == last);
            assert_eq!(answer["rootHash"], roots[9], "the current root");
        }
    }
    let explicit = v1
        .get(&of("firstSize=1&lastSize=5".to_owned()))
        .await
        .json();
    let tree_id = &v1.server.v1_tree_id;
    for query in [
        "lastSize=5".to_owned(),
        format!("lastSize=5&treeID={tree_id}"),
    ] {
        assert_eq!(v1.get(&of(query)).await.json(), explicit);
    }
}

#[tokio::test]
async fn sizes_and_trees_that_do_not_exist_are_refused() {
    let v1 = V1::start().await;
    let beyond = |size: u64, head: u64| {
        format!(
            "the tree size requested({size}) was greater than what is currently observable({head})"
        )
    };
    let empty = v1.get("/api/v1/log/proof?lastSize=1").await;
    empty.must_fail(400, 400, &beyond(1, 0));
    v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    for (query, status, code, message) in [
        ("", 422, 602, "lastSize in query is required"),
        ("firstSize=1", 422, 602, "lastSize in query is required"),
        (
            "lastSize=0",
            422,
            609,
            "lastSize in query should be greater than or equal to 1",
        ),
        (
            "lastSize=-4",
            422,
            609,
            "lastSize in query should be greater than or equal to 1",
        ),
        (
            "firstSize=0&lastSize=1",
            422,
            609,
            "firstSize in query should be greater than or equal to 1",
        ),
        (
            "firstSize=x&lastSize=1",
            422,
            601,
            "firstSize in query must be of type int64: \"x\"",
        ),
        (
            "lastSize=99999999999999999999",
            422,
            601,
            "lastSize in query must be of type int64",
        ),
        (
            "lastSize=1&treeID=abc",
            422,
            605,
            "treeID in query should match '^[0-9]+$'",
        ),
        (
            "lastSize=1&treeID=-1",
            422,
            605,
            "treeID in query should match '^[0-9]+$'",
        ),
        (
            "firstSize=2&lastSize=1",
            400,
            400,
            "firstSize(2) must be less than lastSize(1)",
        ),
        ("lastSize=2", 400, 400, &beyond(2, 1)),
        ("firstSize=2&lastSize=2", 400, 400, &beyond(2, 1)),
        (
            "lastSize=1&treeID=99999999999999999999",
            400,
            400,
            "invalid tree ID specified: 99999999999999999999",
        ),
        (
            "lastSize=1&treeID=0",
            400,
            400,
            "no log range found for tree ID 0",
        ),
        (
            "lastSize=1&treeID=12",
            400,
            400,
            "no log range found for tree ID 12",
        ),
    ] {
        let reply = v1.get(&format!("/api/v1/log/proof?{query}")).await;
        reply.must_fail(status, code, message);
    }
}

#[tokio::test]
async fn the_public_key_is_pem_and_so_is_the_type_of_its_errors() {
    let v1 = V1::start().await;
    let path = "/api/v1/log/publicKey";
    let key = v1.get(path).await;
    assert_eq!(key.status, 200);
    assert_eq!(key.header("content-type"), "application/x-pem-file");
    assert!(key.text().lines().all(|line| line.len() <= 64));
    assert!(key.text().ends_with("\n-----END PUBLIC KEY-----\n"));
    let named = v1
        .get(&format!("{path}?treeID={}", v1.server.v1_tree_id))
        .await;
    assert_eq!(named.body, key.body);
    for tree_id in ["1", "0", "99999999999999999999"] {
        let reply = v1.get(&format!("{path}?treeID={tree_id}")).await;
        reply.must_fail(400, 400, "Bad Request");
        assert_eq!(reply.header("content-type"), "application/x-pem-file");
    }
    let reply = v1.get(&format!("{path}?treeID=x")).await;
    reply.must_fail(422, 605, "treeID in query should match '^[0-9]+$'");
    assert_eq!(reply.header("content-type"), "application/json");
}
