//! Reads over `/log/v1/` from a log that tells the truth, and from ones that do not.

use std::collections::HashMap;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use ledgerstone_client::ApiError;
use ledgerstone_client::EntryLookup;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::LogApi;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_entry::EntryView;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1 as proto;
use serde_json::Value;
use serde_json::json;

use crate::support::MemoryLog;
use crate::support::ORIGIN;
use crate::support::Seen;
use crate::support::Server;
use crate::support::transport;
use crate::support::trusted;

const SIZE: usize = 300;

fn log() -> MemoryLog {
    MemoryLog::of(SIZE, "entry")
}

fn index(index: u64) -> EntryLookup {
    EntryLookup::Index(LeafIndex::new(index))
}

/// A log whose answers `change` may change.
async fn api(change: impl Fn(&str, &mut Value) + Send + Sync + 'static) -> (LogApi, Server) {
    let log = log();
    let server = Server::start(move |seen| answer(&log, seen, &change)).await;
    (LogApi::new(transport(server.address)), server)
}

/// What a log says about its entries and trees, as `change` changes it.
pub(crate) fn answer(log: &MemoryLog, seen: &Seen, change: impl Fn(&str, &mut Value)) -> Response {
    let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
    let query: HashMap<&str, &str> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .collect();
    let number = |name: &str| query.get(name).and_then(|value| value.parse::<u64>().ok());
    let found = match path {
        "/log/v1/tree-head" => json(&proto::TreeHead {
            origin: ORIGIN.to_owned(),
            size: log.size().get(),
            checkpoint: log.checkpoint(log.size()),
            ..proto::TreeHead::default()
        }),
        "/log/v1/entries" => {
            let start = number("start").unwrap();
            let end = (start + number("limit").unwrap().min(100)).min(log.size().get());
            let entries: Vec<_> = (start..end)
                .map(|index| json(&entry(log, index)).unwrap())
                .collect();
            Some(json!({ "entries": entries, "next": end.to_string() }))
        }
        "/log/v1/proofs/inclusion" => inclusion(
            log,
            number("index"),
            query.get("leafHash").copied(),
            number("treeSize"),
        ),
        "/log/v1/proofs/consistency" => {
            consistency(log, number("oldSize").unwrap(), number("newSize").unwrap())
        }
        _ => match path.rsplit_once('/') {
            Some(("/log/v1/entries/by-leaf-hash", hash)) => {
                find(log, hash).and_then(|index| json(&entry(log, index)))
            }
            Some(("/log/v1/entries", index)) => {
                let index: u64 = index.parse().unwrap();
                (index < log.size().get())
                    .then(|| json(&entry(log, index)))
                    .flatten()
            }
            _ => None,
        },
    };
    let Some(mut found) = found else {
        return StatusCode::NOT_FOUND.into_response();
    };
    change(path, &mut found);
    found.to_string().into_response()
}

fn json<T: serde::Serialize>(message: &T) -> Option<Value> {
    serde_json::to_value(message).ok()
}

fn bytes(hash: Hash) -> axum::body::Bytes {
    axum::body::Bytes::copy_from_slice(hash.as_bytes())
}

fn find(log: &MemoryLog, hash: &str) -> Option<u64> {
    log.bodies
        .iter()
        .position(|body| leaf_hash(body).to_string() == hash)
        .map(|index| index as u64)
}

pub(crate) fn entry(log: &MemoryLog, index: u64) -> EntryView {
    EntryView::new(&log.bodies[index as usize]).at(index)
}

fn inclusion(
    log: &MemoryLog,
    index: Option<u64>,
    hash: Option<&str>,
    size: Option<u64>,
) -> Option<Value> {
    let index = index.or_else(|| find(log, hash?))?;
    let head = log.size().get();
    let size = TreeSize::new(size.filter(|size| *size != 0).unwrap_or(head));
    if index >= size.get() {
        return None;
    }
    let hashes = log.inclusion(index, size).hashes;
    json(&proto::InclusionProofResponse {
        index,
        tree_size: size.get(),
        root_hash: bytes(log.root(size)),
        leaf_hash: bytes(leaf_hash(&log.bodies[index as usize])),
        hashes: hashes.into_iter().map(bytes).collect(),
        checkpoint: if size.get() == head {
            log.checkpoint(size)
        } else {
            String::new()
        },
    })
}

fn consistency(log: &MemoryLog, old: u64, new: u64) -> Option<Value> {
    json(&proto::ConsistencyProofResponse {
        old_size: old,
        new_size: new,
        old_root: bytes(log.root(TreeSize::new(old))),
        new_root: bytes(log.root(TreeSize::new(new))),
        hashes: log
            .consistency(old, new)
            .hashes
            .into_iter()
            .map(bytes)
            .collect(),
    })
}

fn failure(error: ApiError) -> Failure {
    Error::from(error).failure()
}

#[tokio::test]
async fn entries_are_found_and_proven() {
    let (api, _server) = api(|_, _| {}).await;
    let hash = leaf_hash(b"entry 7");
    for lookup in [index(7), EntryLookup::LeafHash(hash)] {
        let proven = api.proven_entry(lookup, &trusted()).await.unwrap();
        assert_eq!(proven.entry.body, b"entry 7"[..]);
        assert_eq!(
            (proven.inclusion.proof.index.get(), proven.inclusion.leaf),
            (7, hash)
        );
        assert_eq!(proven.inclusion.signed.checkpoint.size.get(), SIZE as u64);
    }
    let page = api.entries(LeafIndex::new(250), 1_000).await.unwrap();
    assert_eq!(
        page.iter().map(|entry| entry.index).collect::<Vec<_>>(),
        (250..300).collect::<Vec<_>>()
    );
    assert_eq!(api.entries(LeafIndex::new(300), 10).await.unwrap().len(), 0);
}

#[tokio::test]
async fn what_is_absent_is_said_to_be() {
    let (api, _server) = api(|_, _| {}).await;
    for lookup in [index(300), EntryLookup::LeafHash(Hash::default())] {
        let error = api.entry(lookup).await.unwrap_err();
        assert!(matches!(error, ApiError::NoSuchEntry(other) if other == lookup));
        assert_eq!(failure(error), Failure::Undone);
        let error = api.inclusion(lookup, None, &trusted()).await.unwrap_err();
        assert!(matches!(error, ApiError::NoSuchEntry(_)));
    }
}

#[tokio::test]
async fn proofs_at_any_size_end_at_a_signed_tree() {
    let (api, _server) = api(|_, _| {}).await;
    for (size, extended) in [
        (None, false),
        (Some(SIZE as u64), false),
        (Some(8), true),
        (Some(299), true),
    ] {
        let proven = api
            .inclusion(index(7), size.map(TreeSize::new), &trusted())
            .await
            .unwrap();
        assert_eq!(proven.extension.is_some(), extended);
        assert_eq!(proven.root, log().root(proven.proof.size));
    }
    for (old, new, extended) in [
        (1, None, false),
        (0, Some(5), true),
        (7, Some(7), true),
        (255, Some(300), false),
    ] {
        let proven = api
            .consistency(TreeSize::new(old), new.map(TreeSize::new), &trusted())
            .await
            .unwrap();
        assert_eq!(proven.extension.is_some(), extended, "{old} {new:?}");
        assert_eq!(proven.old_root, log().root(TreeSize::new(old)));
    }
}

#[tokio::test]
async fn changed_entries_are_refused() {
    let (api, _server) = api(|_, answer| {
        if let Some(entries) = answer.get_mut("entries") {
            entries[3]["bodyBase64"] = "AAAA".into();
        } else {
            answer["bodyBase64"] = "AAAA".into();
        }
    })
    .await;
    let error = api.entry(index(7)).await.unwrap_err();
    assert!(matches!(error, ApiError::Body { index: 7 }));
    assert_eq!(failure(error), Failure::Untrue);
    assert!(matches!(
        api.entries(LeafIndex::new(0), 10).await,
        Err(ApiError::Body { index: 3 })
    ));
}

#[tokio::test]
async fn other_entries_are_refused() {
    let (api, _server) = api(|path, answer| {
        let other = entry(&log(), 8);
        match path {
            "/log/v1/entries" => answer["entries"][3] = json(&other).unwrap(),
            "/log/v1/proofs/inclusion" => *answer = inclusion(&log(), Some(8), None, None).unwrap(),
            _ => *answer = json(&other).unwrap(),
        }
    })
    .await;
    for lookup in [index(7), EntryLookup::LeafHash(leaf_hash(b"entry 7"))] {
        assert!(matches!(
            api.entry(lookup).await,
            Err(ApiError::OtherEntry(_))
        ));
        assert!(matches!(
            api.inclusion(lookup, None, &trusted()).await,
            Err(ApiError::OtherEntry(_))
        ));
    }
    assert!(matches!(
        api.entries(LeafIndex::new(0), 10).await,
        Err(ApiError::OtherEntry(_))
    ));
}

#[tokio::test]
async fn an_entry_and_a_proof_for_another_leaf_do_not_go_together() {
    let (api, _server) = api(|path, answer| {
        if path == "/log/v1/entries/7" {
            *answer = json(&entry(&log(), 8).at(7)).unwrap();
        }
    })
    .await;
    let refused = api.proven_entry(index(7), &trusted()).await;
    assert!(matches!(refused, Err(ApiError::OtherEntry(_))));
}

#[tokio::test]
async fn proofs_that_do_not_hold_are_refused() {
    let (api, _server) = api(|path, answer| {
        if path.starts_with("/log/v1/proofs/") {
            let hashes = answer["hashes"].as_array_mut().unwrap();
            hashes.swap(0, 1);
        }
    })
    .await;
    let inclusion = api.inclusion(index(7), None, &trusted()).await.unwrap_err();
    assert!(matches!(inclusion, ApiError::OtherRoot { .. }));
    assert_eq!(failure(inclusion), Failure::Untrue);
    let consistency = api
        .consistency(TreeSize::new(7), None, &trusted())
        .await
        .unwrap_err();
    assert!(matches!(consistency, ApiError::Proof(_)));
}

#[tokio::test]
async fn trees_that_no_signed_tree_contains_are_refused() {
    // A proof that is right in itself, in a tree that nobody signed.
    let (api, _server) = api(|path, answer| {
        let other = MemoryLog::of(SIZE, "other");
        match path {
            "/log/v1/proofs/inclusion" => {
                *answer = inclusion(&other, Some(7), None, Some(100)).unwrap()
            }
            "/log/v1/proofs/consistency" if answer["newSize"] == "100" => {
                *answer = consistency(&other, 50, 100).unwrap()
            }
            _ => {}
        }
    })
    .await;
    let size = Some(TreeSize::new(100));
    assert!(matches!(
        api.inclusion(index(7), size, &trusted()).await,
        Err(ApiError::Proof(_))
    ));
    assert!(matches!(
        api.consistency(TreeSize::new(50), size, &trusted()).await,
        Err(ApiError::Proof(_))
    ));
}

/// Trusted roots name the key that clients of Rekor v1 know, and not that of readers of tiles.
#[tokio::test]
async fn a_tree_of_rekor_v1_is_proven_under_the_key_of_its_clients() {
    const TREE_ID: u64 = 4;
    let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
    let signer = EcdsaP256Signer::from_pkcs8_pem(ORIGIN, &pem).unwrap();
    let logs = TrustedLog::new(signer.verifier().clone()).unwrap();
    let logs = TrustedLogs::new(vec![logs]).unwrap();
    for is_honest in [true, false] {
        let (log, size) = (log(), log().size());
        let root = if is_honest {
            log.root(size)
        } else {
            Hash::default()
        };
        let text = Checkpoint::new(format!("{ORIGIN} - {TREE_ID}"), size, root).unwrap();
        let note = SignedNote::sign(text.to_text(), &[&signer])
            .unwrap()
            .to_string();
        let info = json!({
            "treeSize": size.get(),
            "rootHash": root.to_string(),
            "signedTreeHead": note,
            "treeID": TREE_ID.to_string(),
            "inactiveShards": [],
        });
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/api/v1/log" => info.to_string().into_response(),
            _ => answer(&log, seen, |_, reply| {
                if let Some(tree_id) = reply.get_mut("treeId") {
                    *tree_id = json!(TREE_ID);
                }
            }),
        })
        .await;
        let api = LogApi::new(transport(server.address)).tree(TREE_ID);
        let proven = api.proven_entry(index(7), &logs).await;
        let grown = api.consistency(TreeSize::new(50), None, &logs).await;
        if is_honest {
            assert_eq!(proven.unwrap().inclusion.signed.key, *signer.verifier());
            assert_eq!(grown.unwrap().signed.checkpoint.size, size);
        } else {
            assert!(matches!(proven, Err(ApiError::OtherRoot { .. })));
            assert!(grown.is_err());
        }
    }
}

#[tokio::test]
async fn another_server_is_recognised() {
    let server = Server::start(|_| StatusCode::NOT_FOUND.into_response()).await;
    let api = LogApi::new(transport(server.address));
    let error = api.description().await.unwrap_err();
    assert!(matches!(error, ApiError::NotLedgerstone(_)));
    assert_eq!(failure(error), Failure::Undone);
}
