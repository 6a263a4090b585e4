//! The reads of `ledgerstone.v1.Log` as JSON under `/log/v1/`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1::GetConsistencyProofRequest;
use ledgerstone_proto::log::v1::GetInclusionProofRequest;
use ledgerstone_proto::log::v1::get_inclusion_proof_request::Lookup;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::client::fill;
use crate::client::get;
use crate::client::log_client;
use crate::client::verified_checkpoint;
use crate::server::ORIGIN;
use crate::server::Server;

async fn get_json(server: &Server, path: &str) -> Value {
    let reply = get(server, path).await;
    assert_eq!(reply.status, 200, "{path}: {reply:?}");
    assert_eq!(reply.header("cache-control"), "no-cache");
    reply.json()
}

fn texts(hashes: &[impl AsRef<[u8]>]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

#[tokio::test]
async fn the_head() {
    let server = Server::start();
    fill(&server, 3).await;
    let head = get_json(&server, "/log/v1/tree-head").await;
    let checkpoint = verified_checkpoint(&server.ed25519, head["checkpoint"].as_str().unwrap());
    assert_eq!(head["size"], "3");
    assert_eq!(head["origin"], ORIGIN);
    assert_eq!(head["treeId"], server.tree_id);
    assert_eq!(head["rootHash"], STANDARD.encode(checkpoint.root));
}

#[tokio::test]
async fn the_keys() {
    let server = Server::start();
    let keys = get_json(&server, "/log/v1/keys").await;
    assert_eq!(keys["origin"], ORIGIN);
    assert_eq!(keys["treeId"], server.tree_id);
    for (name, key) in [("ed25519", &server.ed25519), ("ecdsaP256", &server.ecdsa)] {
        assert_eq!(
            keys[name],
            json!({
                "vkey": key.to_string(),
                "spki": STANDARD.encode(key.public_key_der()),
                "logId": STANDARD.encode(key.log_id()),
            })
        );
    }
}

#[tokio::test]
async fn entries_one_by_one() {
    let server = Server::start();
    let bodies = fill(&server, 3).await;
    for (index, body) in bodies.iter().enumerate() {
        let leaf = leaf_hash(body);
        let entry = get_json(&server, &format!("/log/v1/entries/{index}")).await;
        assert_eq!(entry["index"], index);
        assert_eq!(entry["treeId"], server.tree_id);
        assert_eq!(entry["leafHash"], format!("sha256:{leaf}"));
        assert_eq!(entry["body"].to_string().as_bytes(), body);
        assert_eq!(
            (&entry["kind"], &entry["version"]),
            (&json!("hashedrekord"), &json!("0.0.2"))
        );
        let path = format!("/log/v1/entries/by-leaf-hash/{}", hex::encode(leaf));
        assert_eq!(get_json(&server, &path).await, entry);
    }
}

#[tokio::test]
async fn entries_by_pages() {
    let server = Server::start();
    let bodies = fill(&server, 300).await;
    let mut read = Vec::new();
    let mut next = "0".to_owned();
    loop {
        let page = get_json(&server, &format!("/log/v1/entries?start={next}&limit=70")).await;
        let entries = page["entries"].as_array().unwrap();
        assert!(entries.len() <= 70);
        if entries.is_empty() {
            break;
        }
        read.extend(entries.iter().map(|entry| entry["body"].to_string()));
        next = page["next"].as_str().unwrap().to_owned();
    }
    let bodies: Vec<_> = bodies
        .into_iter()
        .map(|body| String::from_utf8(body.to_vec()).unwrap())
        .collect();
    assert_eq!(read, bodies);
    assert_eq!(next, "300");
}

#[tokio::test]
async fn proofs_are_those_of_grpc() {
    let server = Server::start();
    let bodies = fill(&server, 20).await;
    let mut client = log_client(&server).await;
    for (index, tree_size) in [(0, 1), (3, 7), (6, 7), (19, 20), (5, 0)] {
        let lookup = Some(Lookup::Index(index));
        let request = GetInclusionProofRequest {
            lookup,
            tree_size,
            tree_id: 0,
        };
        let proof = client
            .get_inclusion_proof(request)
            .await
            .unwrap()
            .into_inner();
        let path = format!("/log/v1/proofs/inclusion?index={index}&treeSize={tree_size}");
        let same = get_json(&server, &path).await;
        assert_eq!(same["hashes"], json!(texts(&proof.hashes)));
        assert_eq!(same["rootHash"], STANDARD.encode(&proof.root_hash));
        assert_eq!(same["treeSize"], proof.tree_size.to_string());
        assert_eq!(same["checkpoint"], proof.checkpoint);
        let leaf = hex::encode(leaf_hash(&bodies[index as usize]));
        let path = format!("/log/v1/proofs/inclusion?leafHash={leaf}&treeSize={tree_size}");
        assert_eq!(get_json(&server, &path).await, same);
    }
    for (old_size, new_size) in [(0, 20), (1, 20), (7, 13), (16, 0), (20, 20)] {
        let request = GetConsistencyProofRequest {
            old_size,
            new_size,
            tree_id: 0,
        };
        let proof = client
            .get_consistency_proof(request)
            .await
            .unwrap()
            .into_inner();
        let path = format!("/log/v1/proofs/consistency?oldSize={old_size}&newSize={new_size}");
        let same = get_json(&server, &path).await;
        assert_eq!(same["hashes"], json!(texts(&proof.hashes)));
        assert_eq!(same["oldRoot"], STANDARD.encode(&proof.old_root));
        assert_eq!(same["newRoot"], STANDARD.encode(&proof.new_root));
    }
}

#[tokio::test]
async fn a_digest_is_searched_for_by_either_name() {
    let server = Server::start();
    fill(&server, 3).await;
    let digest = hex::encode(Sha256::digest(b"file 1"));
    let found = get_json(&server, &format!("/log/v1/search?digest=sha256:{digest}")).await;
    assert_eq!(found["hits"].as_array().unwrap().len(), 1);
    assert_eq!(found["complete"], true);
    let older = get_json(&server, &format!("/log/v1/search?hash=sha256:{digest}")).await;
    assert_eq!(older, found);
    let both = format!("/log/v1/search?hash={digest}&digest={digest}");
    get(&server, &both).await.error(400, 3, "");
}

#[tokio::test]
async fn what_cannot_be_asked_is_400() {
    let server = Server::start();
    fill(&server, 3).await;
    for path in [
        "/log/v1/entries",
        "/log/v1/entries?start=x",
        "/log/v1/entries?start=-1",
        "/log/v1/entries?start=0&limit=x",
        "/log/v1/entries?start=0&nonsense=1",
        "/log/v1/entries/x",
        "/log/v1/entries/-1",
        "/log/v1/entries/18446744073709551616",
        "/log/v1/entries/by-leaf-hash/00",
        "/log/v1/entries/by-leaf-hash/nonsense",
        "/log/v1/proofs/inclusion",
        "/log/v1/proofs/inclusion?index=0&leafHash=00",
        "/log/v1/proofs/inclusion?leafHash=00",
        "/log/v1/proofs/inclusion?index=x",
        "/log/v1/proofs/consistency",
        "/log/v1/proofs/consistency?oldSize=3&newSize=2",
    ] {
        get(&server, path).await.error(400, 3, "");
    }
}

#[tokio::test]
async fn what_the_log_does_not_hold_is_404() {
    let server = Server::start();
    fill(&server, 3).await;
    let absent = "00".repeat(32);
    for path in [
        format!("/log/v1/entries/by-leaf-hash/{absent}"),
        format!("/log/v1/proofs/inclusion?leafHash={absent}"),
    ] {
        get(&server, &path)
            .await
            .error(404, 5, "the log holds no entry with leaf hash");
    }
}
