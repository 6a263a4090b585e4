//! A tree for each protocol, in one process: no client meets what it cannot read.

use std::collections::BTreeMap;

use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1::AppendRequest;
use ledgerstone_proto::log::v1::WatchEntriesRequest;
use ledgerstone_proto::log::v1::WatchTreeHeadsRequest;
use ledgerstone_tests::proposals;
use ledgerstone_tests::proposals::sha256;
use serde_json::Value;
use serde_json::json;
use tonic::Code;

use crate::client::get;
use crate::client::http_client;
use crate::client::log_client;
use crate::client::submit_proven;
use crate::client::verified_checkpoint;
use crate::rekor_v1::V1;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::server::Site;

/// A server that took entries of both protocols in turns, all about one artifact.
async fn mixed(rounds: usize) -> V1 {
    let v1 = V1::start().await;
    let (of_v1, of_v2) = (proposals::Signer::new(), Signer::new());
    for number in 0..rounds {
        // Deterministic signatures are the same entry: each needs a content of its own, but the
        // first.
        let artifact = format!("artifact {number}");
        v1.create(&of_v1.hashedrekord(artifact.as_bytes())).await;
        submit_proven(&v1.server, &of_v2.hashedrekord(artifact.as_bytes())).await;
    }
    v1
}

/// The bodies in the bundles of the tree at `prefix`, and the checkpoint over them.
async fn tiled(server: &Server, prefix: &str, key: &VerifierKey) -> (String, Vec<Value>) {
    let note = get(server, &format!("{prefix}/checkpoint")).await;
    let checkpoint = verified_checkpoint_of(key, note.text());
    let width = checkpoint.size.get();
    let bundle = get(server, &format!("{prefix}/tile/entries/000.p/{width}")).await;
    let bodies = EntryBundle::decode(&bundle.body).unwrap();
    let mut edge = ledgerstone_merkle::RightEdge::new();
    edge.extend(
        &bodies
            .iter()
            .map(|body| leaf_hash(body))
            .collect::<Vec<_>>(),
    );
    assert_eq!(edge.root(), checkpoint.root);
    let bodies = bodies
        .into_iter()
        .map(|body| serde_json::from_slice(body).unwrap());
    (checkpoint.origin, bodies.collect())
}

fn verified_checkpoint_of(key: &VerifierKey, note: &str) -> ledgerstone_merkle::Checkpoint {
    let note = ledgerstone_merkle::SignedNote::parse(note).unwrap();
    note.verify(std::slice::from_ref(key)).unwrap();
    ledgerstone_merkle::Checkpoint::parse(note.text()).unwrap()
}

/// The trees of the server by their protocols.
async fn trees(server: &Server) -> BTreeMap<String, Value> {
    let trees = get(server, "/log/v1/trees").await.json();
    let trees = trees["trees"].as_array().unwrap().iter();
    trees
        .map(|tree| (tree["protocol"].as_str().unwrap().to_owned(), tree.clone()))
        .collect()
}

#[tokio::test]
async fn each_protocol_has_a_tree_with_its_own_entries_and_no_others() {
    let v1 = mixed(3).await;
    let server = &v1.server;
    let (origin, bodies) = tiled(server, "", &server.ed25519).await;
    assert_eq!((origin.as_str(), bodies.len()), (ORIGIN, 3));
    assert!(bodies.iter().all(|body| body["apiVersion"] == "0.0.2"));

    let trees = trees(server).await;
    assert_eq!(trees.len(), 2);
    let of_v1 = &trees["rekor-v1"];
    let key: VerifierKey = of_v1["key"].as_str().unwrap().parse().unwrap();
    let prefix = format!("/trees/{}", server.v1_tree_id);
    let (origin, bodies) = tiled(server, &prefix, &key).await;
    assert_eq!(origin, format!("{ORIGIN}/trees/{}", server.v1_tree_id));
    assert_eq!(key.name(), origin);
    assert_eq!(bodies.len(), 3);
    assert!(bodies.iter().all(|body| body["apiVersion"] == "0.0.1"));

    // No key signs for both, and the one for readers by tiles is none of Rekor's.
    let ids = [&key, &server.ed25519, &server.ecdsa].map(VerifierKey::log_id);
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
    let info = v1.get("/api/v1/log").await.json();
    assert_eq!(
        (&info["treeSize"], &info["inactiveShards"]),
        (&json!(3), &json!([]))
    );
    assert_eq!(info["treeID"], server.v1_tree_id);
}

/// Upstream's monitor of Rekor v1 reads all entries by index, and its command reads what a search
/// yields.
#[tokio::test]
async fn clients_of_rekor_v1_find_and_read_what_they_understand() {
    let v1 = mixed(4).await;
    for index in 0..4 {
        let entry = v1
            .get(&format!("/api/v1/log/entries?logIndex={index}"))
            .await;
        let (id, entry) = entry.only_entry();
        assert_eq!(v1.verify(&id, &entry).1, 4);
    }
    let none = v1.get("/api/v1/log/entries?logIndex=4").await;
    none.must_be_absent();
    for number in 0..4 {
        let hash = sha256(format!("artifact {number}").as_bytes());
        let found = v1.search(&json!({"hash": hash})).await.json();
        assert_eq!(found.as_array().unwrap().len(), 1);
        let id = found[0].as_str().unwrap();
        let entry = v1.get(&format!("/api/v1/log/entries/{id}")).await;
        assert_eq!(entry.only_entry().0, id);
    }
    // By an id of the other tree they are told that there is nothing.
    let leaf = get(&v1.server, "/log/v1/entries/0").await.json()["leafHash"].clone();
    let leaf = leaf
        .as_str()
        .unwrap()
        .trim_start_matches("sha256:")
        .to_owned();
    let tree_id: u64 = v1.server.tree_id.parse().unwrap();
    for id in [leaf.clone(), format!("{tree_id:016x}{leaf}")] {
        let entry = v1.get(&format!("/api/v1/log/entries/{id}")).await;
        entry.must_be_absent();
    }
}

#[tokio::test]
async fn the_log_s_own_search_and_watches_span_the_trees() {
    let v1 = mixed(3).await;
    let server = &v1.server;
    let hash = sha256(b"artifact 1");
    let page = get(server, &format!("/log/v1/search?hash={hash}"))
        .await
        .json();
    let hits = page["hits"].as_array().unwrap();
    let found: Vec<_> = hits.iter().map(|hit| &hit["entry"]["treeId"]).collect();
    assert_eq!(found.len(), 2);
    assert!(found.contains(&&json!(server.tree_id)));
    assert!(found.contains(&&json!(server.v1_tree_id)));

    let mut client = log_client(server).await;
    let mut watched = Vec::new();
    let request = WatchEntriesRequest::default();
    let mut entries = client.watch_entries(request).await.unwrap().into_inner();
    for _ in 0..6 {
        watched.push(entries.message().await.unwrap().unwrap());
    }
    assert!(watched.is_sorted_by_key(|entry| entry.integrated_time));
    v1.create(&proposals::Signer::new().hashedrekord(b"new"))
        .await;
    let new = entries.message().await.unwrap().unwrap();
    assert_eq!(
        (new.tree_id.to_string(), new.index),
        (server.v1_tree_id.clone(), 3)
    );

    // Who was cut off names where it was in each tree.
    let request = WatchEntriesRequest {
        from: format!("{}:3,{}:2", server.tree_id, server.v1_tree_id),
        ..WatchEntriesRequest::default()
    };
    let mut resumed = client.watch_entries(request).await.unwrap().into_inner();
    for index in [2, 3] {
        let entry = resumed.message().await.unwrap().unwrap();
        assert_eq!(
            (entry.tree_id.to_string(), entry.index),
            (server.v1_tree_id.clone(), index)
        );
    }
    for wrong in [
        WatchEntriesRequest {
            start: 1,
            ..Default::default()
        },
        WatchEntriesRequest {
            from: "x".to_owned(),
            ..Default::default()
        },
        WatchEntriesRequest {
            from: "1:1".to_owned(),
            tree_id: new.tree_id,
            ..Default::default()
        },
    ] {
        let status = client.watch_entries(wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }

    let request = WatchTreeHeadsRequest::default();
    let mut heads = client.watch_tree_heads(request).await.unwrap().into_inner();
    let mut sizes = BTreeMap::new();
    for _ in 0..2 {
        let head = heads.message().await.unwrap().unwrap();
        sizes.insert(head.tree_id.to_string(), head.size);
    }
    let expected = [(server.tree_id.clone(), 3), (server.v1_tree_id.clone(), 4)];
    assert_eq!(sizes, expected.into_iter().collect());
}

#[tokio::test]
async fn an_append_names_the_tree_of_its_protocol_or_none() {
    let v1 = V1::start().await;
    let mut client = log_client(&v1.server).await;
    let request = |tree_id: &str| AppendRequest {
        tree_id: tree_id.parse().unwrap(),
        ..append_request(Signer::new().hashedrekord(b"artifact"))
    };
    for tree_id in [&v1.server.v1_tree_id, "1"] {
        let status = client.append(request(tree_id)).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status}");
    }
    for tree_id in [&v1.server.tree_id, "0"] {
        client.append(request(tree_id)).await.unwrap();
    }
}

#[tokio::test]
async fn a_face_that_is_switched_off_takes_nothing_and_the_other_goes_on() {
    let site = Site::new();
    let server = site.clone().with("--rekor-v1", "false").start();
    assert_eq!(get(&server, "/api/v1/log").await.status, 404);
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert_eq!(trees(&server).await.len(), 1);
    server.stop().await;

    // Switched on later, it gets its tree then.
    let v1 = V1::serving(&site).await;
    v1.create(&proposals::Signer::new().hashedrekord(b"artifact"))
        .await;
    assert_eq!(trees(&v1.server).await.len(), 2);
    v1.server.stop().await;

    let server = site.with("--rekor-v2", "false").start();
    let path = server.at("/api/v2/log/entries");
    let reply = http_client().post(path).body("{}").send().await.unwrap();
    assert_eq!(reply.status(), 404);
    assert_eq!(get(&server, "/api/v1/log").await.status, 200);
    let head = get(&server, "/checkpoint").await;
    verified_checkpoint(&server.ed25519, head.text());
    server.stop().await;
}
