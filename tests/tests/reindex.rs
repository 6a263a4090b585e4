//! `ledgerstone reindex`: on a data directory, and by a server under load that is killed in the
//! middle.

use std::fs;
use std::process::Output;
use std::sync::Arc;

use ledgerstone_entry::SearchKey;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::Correction;
use ledgerstone_storage::MAX_CORRECTION_ROWS;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::admin::admin_get;
use crate::client::Reply;
use crate::client::fill;
use crate::client::http_client;
use crate::client::log_client;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;

const SHARD: ShardId = ShardId::new(0);

/// A log with `count` entries of others and three of `signer`, stopped.
async fn site_of(signer: &Signer, count: usize) -> Site {
    let server = Site::new().start();
    let mut client = log_client(&server).await;
    for artifact in ["one", "two", "three"] {
        let entry = signer.hashedrekord(artifact.as_bytes());
        client.append(append_request(entry)).await.unwrap();
    }
    fill(&server, count).await;
    server.stop().await
}

/// Takes every row out of the search index, and puts one for each entry in that is not true.
/// Returns how many there were.
fn damage(site: &Site) -> (usize, u64) {
    let store = Store::open_rocksdb(&site.data_dir(), &RocksOptions::default()).unwrap();
    let size = store.head(SHARD).unwrap().unwrap().size;
    let mut lost = 0;
    loop {
        let rows = store.search_rows(SHARD, None, MAX_CORRECTION_ROWS).unwrap();
        if rows.is_empty() {
            break;
        }
        lost += rows.len();
        correct(&store, size, Vec::new(), rows);
    }
    let lies = (0..size.get()).map(|position| {
        let text = format!("{position:064x}");
        let key = SearchKey::artifact_digest_text(&text).unwrap();
        row(&key, position)
    });
    let lies: Vec<SearchRow> = lies.collect();
    for some in lies.chunks(MAX_CORRECTION_ROWS) {
        correct(&store, size, some.to_vec(), Vec::new());
    }
    (lost, size.get())
}

fn row(key: &SearchKey, position: u64) -> SearchRow {
    SearchRow {
        key: ledgerstone_storage::StoredSearchKey {
            kind: key.kind.number(),
            hash: key.hash,
        },
        index: LeafIndex::new(position),
    }
}

fn correct(store: &Store, size: TreeSize, add: Vec<SearchRow>, remove: Vec<SearchRow>) {
    let correction = Correction {
        names: Vec::new(),
        seen: size,
        add,
        remove,
        progress: None,
    };
    store.correct(SHARD, &correction).unwrap();
}

fn run(arguments: &[&str]) -> Output {
    command().args(arguments).output().unwrap()
}

fn reindex(arguments: &[&str]) -> Value {
    let output = run(&[&["--json", "reindex"], arguments].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fsck(site: &Site) -> (Option<i32>, String) {
    let data_dir = site.data_dir();
    let output = run(&["fsck", "--data-dir", data_dir.to_str().unwrap()]);
    let told = String::from_utf8(output.stdout).unwrap();
    (output.status.code(), told)
}

/// The indexes of the entries by `signer`, as a monitor finds them.
fn found(server: &Server, signer: &Signer) -> Vec<u64> {
    let key = server.site.path().join("signer.pub");
    fs::write(&key, crate::search::pem(&signer.spki())).unwrap();
    let log_key = server.ed25519.to_string();
    let output = run(&[
        "--json",
        "search",
        "--url",
        &server.url,
        "--log-key",
        &log_key,
        "--limit",
        "100000",
        "--key",
        key.to_str().unwrap(),
    ]);
    crate::search::indexes(&output)
}

async fn start_reindex(server: &Server) -> Reply {
    let request = http_client().post(format!("{}/reindex", server.admin_url));
    Reply::read(request.send().await.unwrap()).await
}

async fn status(server: &Server) -> Value {
    let reply = admin_get(server, "/reindex").await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()
}

#[tokio::test]
async fn a_damaged_index_is_rebuilt_offline() {
    let signer = Signer::new();
    let site = site_of(&signer, 300).await;
    let data_dir = site.data_dir();
    let data_dir = data_dir.to_str().unwrap();
    let (rows, size) = damage(&site);
    assert_eq!(size, 303);
    let (code, told) = fsck(&site);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("ledgerstone reindex"), "{told}");
    let server = site.start();
    assert!(found(&server, &signer).is_empty());

    let locked = run(&["reindex", "--data-dir", data_dir]);
    assert_eq!(locked.status.code(), Some(1), "{locked:?}");
    let told = String::from_utf8(locked.stderr).unwrap();
    assert!(told.contains("--admin-url"), "{told}");
    server.stop().await;

    let expected = json!({
        "jsonVersion": 1,
        "searchIndex": "complete",
        "shards": 2,
        "entries": "303",
        "rows": (rows + 303).to_string(),
        "added": rows.to_string(),
        "removed": "303",
        "kept": "0",
        "resumed": false,
    });
    assert_eq!(reindex(&["--data-dir", data_dir]), expected);
    let again = reindex(&["--data-dir", data_dir]);
    assert_eq!(
        (&again["added"], &again["removed"]),
        (&json!("0"), &json!("0"))
    );
    let (code, told) = fsck(&site);
    assert_eq!(code, Some(0), "{told}");
    let server = site.start();
    assert_eq!(found(&server, &signer), [0, 1, 2]);
    assert_eq!(status(&server).await, json!({"state": "idle"}));

    let text = run(&["reindex", "--admin-url", &server.admin_url]);
    assert_eq!(text.status.code(), Some(0), "{text:?}");
    let told = String::from_utf8(text.stdout).unwrap();
    assert!(told.starts_with("search index   complete\n"), "{told}");
    assert_eq!(status(&server).await["state"], "complete");
    server.stop().await;
    let elsewhere = site.path().join("elsewhere");
    let nowhere = run(&["reindex", "--data-dir", elsewhere.to_str().unwrap()]);
    assert_eq!(nowhere.status.code(), Some(1), "{nowhere:?}");
    assert!(!elsewhere.exists());
    let nobody = run(&["reindex", "--admin-url", &server_url_of_nobody()]);
    assert_eq!(nobody.status.code(), Some(3), "{nobody:?}");
}

/// The URL of a port on which nobody listens.
fn server_url_of_nobody() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", socket.local_addr().unwrap())
}

/// What `signer` gets logged until the server is gone: how many entries were acknowledged.
async fn load(server: &Server, signer: Arc<Signer>, name: &str) -> tokio::task::JoinHandle<usize> {
    let mut client = log_client(server).await;
    let name = name.to_owned();
    tokio::spawn(async move {
        let mut acknowledged = 0;
        loop {
            let artifact = format!("{name} {acknowledged}");
            let entry = signer.hashedrekord(artifact.as_bytes());
            if client.append(append_request(entry)).await.is_err() {
                return acknowledged;
            }
            acknowledged += 1;
        }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_under_load_survives_a_kill() {
    let signer = Arc::new(Signer::new());
    let site = site_of(&signer, 5_000).await;
    let mut expected = 3;
    // Until a kill has come in the middle: a machine may be so fast, or so slow to ask, that the
    // first one comes too late.
    let server = loop {
        damage(&site);
        let server = site.start();
        let load = load(&server, Arc::clone(&signer), &format!("load at {expected}")).await;
        let started = start_reindex(&server).await;
        assert_eq!(started.status, 202, "{started:?}");
        assert_eq!(started.json()["resumed"], false);
        let before = loop {
            let status = status(&server).await;
            let entries: u64 = status["entries"].as_str().unwrap().parse().unwrap();
            if status["state"] != "running" || entries >= 256 {
                break status;
            }
        };
        server.kill();
        // An answer may be lost on its way, but the entry was logged: at most one more.
        let acknowledged = load.await.unwrap();
        let server = site.start();
        expected = found_after(&server, &signer, expected + acknowledged).await;
        if before["state"] == "running" {
            break server;
        }
        server.stop().await;
    };
    let status = status(&server).await;
    assert_eq!(
        (&status["state"], &status["resumed"]),
        (&json!("complete"), &json!(true))
    );
    assert_eq!(found(&server, &signer).len(), expected);
    let digest = hex::encode(Sha256::digest(b"two"));
    let log_key = server.ed25519.to_string();
    let output = run(&[
        "--json",
        "search",
        "--url",
        &server.url,
        "--log-key",
        &log_key,
        "--digest",
        &format!("sha256:{digest}"),
    ]);
    assert_eq!(crate::search::indexes(&output), [1]);
    server.stop().await;
    let (code, told) = fsck(&site);
    assert_eq!(code, Some(0), "{told}");
    let whole = reindex(&["--data-dir", site.data_dir().to_str().unwrap()]);
    assert_eq!(
        (&whole["added"], &whole["removed"], &whole["resumed"]),
        (&json!("0"), &json!("0"), &json!(false))
    );
}

/// Waits until the server, which was started after a kill, has rebuilt its index, and counts what
/// it finds.
async fn found_after(server: &Server, signer: &Signer, acknowledged: usize) -> usize {
    while status(server).await["state"] == "running" {
        tokio::task::yield_now().await;
    }
    let found = found(server, signer).len();
    assert!(
        found == acknowledged || found == acknowledged + 1,
        "{found} found of {acknowledged}"
    );
    found
}
