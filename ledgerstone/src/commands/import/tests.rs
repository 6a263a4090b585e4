//! Tests of `import`: from logs that other processes serve.

use std::collections::BTreeSet;
use std::fs;
use std::sync::Arc;
use std::sync::Mutex;

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::http::Uri;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use ledgerstone_client::SourceError;
use ledgerstone_client::TiledLogError;
use ledgerstone_instance::InstanceError;
use ledgerstone_log::ForeignKey;
use ledgerstone_log::ImportError;
use ledgerstone_log::LogOptions;
use ledgerstone_log::Tree;
use ledgerstone_log::open_imported;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TilePath;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::Store;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::cli::Arguments;
use crate::cli::Command;
use crate::commands::fsck;

const ORIGIN: &str = "other.example.org";
const TREE_ID: u64 = 0x1234;

/// A data directory, and what is done to it.
struct Site {
    directory: TempDir,
}

impl Site {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn command(&self, line: &str) -> Command {
        let data_dir = self.directory.path().join("data");
        let data_dir = ["--data-dir", data_dir.to_str().unwrap()];
        let words = ["ledgerstone"].into_iter().chain(line.split_whitespace());
        Arguments::try_parse_from(words.chain(data_dir))
            .unwrap()
            .command
    }

    async fn import(&self, line: &str) -> anyhow::Result<()> {
        let Command::Import(arguments) = self.command(&format!("import {line}")) else {
            panic!("not an import: {line}");
        };
        run(arguments).await.map(drop)
    }

    fn fsck(&self) -> anyhow::Result<()> {
        let Command::Fsck(arguments) = self.command("fsck") else {
            panic!("not a fsck");
        };
        fsck::run(&arguments, true)
    }

    fn instance(&self) -> Instance {
        Instance::new(self.directory.path().join("data"), None)
    }

    fn store(&self) -> Store {
        self.instance().open_read_only().unwrap()
    }

    fn sizes(&self) -> Vec<(u32, u64)> {
        let store = self.store();
        let shards = store.shards().unwrap();
        let size = |shard| store.head(shard).unwrap().unwrap().size.get();
        shards
            .into_iter()
            .map(|shard| (shard.get(), size(shard)))
            .collect()
    }

    /// Opens the copy in shard 1 as a server would.
    fn open(&self) -> anyhow::Result<Tree> {
        let (store, shard) = (self.store(), ShardId::new(1));
        let key = ForeignKey::load(self.instance().keys().path(), shard)?;
        let key = key.context("not a copy")?;
        Ok(open_imported(store, shard, key, &LogOptions::default())?)
    }
}

/// A log with tiles.
#[derive(Clone)]
struct Tiled {
    bodies: Vec<Vec<u8>>,
    signer: Arc<Ed25519Signer>,
}

impl Tiled {
    fn of(count: usize) -> Self {
        Self {
            bodies: (0..count)
                .map(|number| format!("entry {number}").into())
                .collect(),
            signer: Arc::new(Ed25519Signer::from_seed(ORIGIN, &[9; 32]).unwrap()),
        }
    }

    fn vkey(&self) -> String {
        self.signer.verifier().to_string()
    }

    fn serve(&self, path: &str) -> Option<Vec<u8>> {
        if path == "/checkpoint" {
            let note = sign(ORIGIN, &self.bodies, self.signer.as_ref());
            return Some(note.into_bytes());
        }
        match path.strip_prefix('/')?.parse().ok()? {
            TilePath::Hashes { id, width } => {
                let hashes = self.level(id.level);
                let hashes = hashes.get(id.number as usize * 256..)?.get(..width.get())?;
                Some(hashes.iter().flat_map(|hash| *hash.as_bytes()).collect())
            }
            TilePath::Entries { number, width } => {
                let bodies = self
                    .bodies
                    .get(number as usize * 256..)?
                    .get(..width.get())?;
                EntryBundle::encode(bodies).ok()
            }
        }
    }

    fn level(&self, level: u8) -> Vec<Hash> {
        (0..level).fold(leaf_hashes(&self.bodies), |below, _| {
            let full = below.chunks_exact(256);
            full.map(|tile| Tile::from_hashes(tile).unwrap().root().unwrap())
                .collect()
        })
    }
}

fn sign(origin: &str, bodies: &[Vec<u8>], signer: &dyn NoteSigner) -> String {
    let mut edge = RightEdge::new();
    edge.extend(&leaf_hashes(bodies));
    let checkpoint = Checkpoint::new(origin, edge.size(), edge.root()).unwrap();
    let note = SignedNote::sign(checkpoint.to_text(), &[signer]).unwrap();
    note.to_string()
}

/// Serves `answer` on a port of its own, and returns its URL.
async fn serve(answer: impl Fn(&str, &[u8]) -> Option<Vec<u8>> + Send + Sync + 'static) -> String {
    let answer = Arc::new(answer);
    let handler = move |uri: Uri, body: Bytes| {
        let reply = answer(uri.path(), &body);
        async move { reply.map_or_else(not_found, IntoResponse::into_response) }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(handler);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

fn not_found() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

#[tokio::test]
async fn an_import_over_http_goes_on_where_it_was_interrupted() {
    let log = Tiled::of(5_000);
    let key = log.vkey();
    let missing = Arc::new(Mutex::new("/tile/entries/017"));
    let (served, hidden) = (log.clone(), Arc::clone(&missing));
    let url = serve(move |path, _| {
        let hidden = *hidden.lock().unwrap();
        served.serve(path).filter(|_| path != hidden)
    })
    .await;
    let site = Site::new();
    let line = format!("--from {url} --log-key {key}");
    let error = site.import(&line).await.unwrap_err();
    let error = error.downcast_ref::<Error>();
    assert!(
        matches!(
            error,
            Some(Error::Source(SourceError::Read(
                TiledLogError::Missing { .. }
            )))
        ),
        "{error:?}"
    );
    // The rounds before the missing one are there, but nothing counts as complete.
    assert_eq!(site.sizes(), [(1, 4_096)]);
    assert!(site.open().is_err());
    assert!(site.fsck().is_err());

    *missing.lock().unwrap() = "/tile/entries/000";
    site.import(&line).await.unwrap();
    assert_eq!(site.sizes(), [(1, 5_000)]);
    site.fsck().unwrap();
    let shard = site.open().unwrap();
    let proven = shard
        .proven_entry(LeafIndex::new(4_999))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(proven.entry.body, "entry 4999");
    // With nothing left to copy, it is the same copy.
    drop(shard);
    site.import(&line).await.unwrap();
    assert_eq!(site.sizes(), [(1, 5_000)]);
}

#[tokio::test]
async fn a_flipped_body_is_refused_before_it_is_written() {
    let log = Tiled::of(1_000);
    let (key, served) = (log.vkey(), log.clone());
    let url = serve(move |path, _| {
        let mut bytes = served.serve(path)?;
        if path == "/tile/entries/002" {
            *bytes.last_mut()? ^= 1;
        }
        Some(bytes)
    })
    .await;
    let site = Site::new();
    let line = format!("--from {url} --log-key {key}");
    let error = site.import(&line).await.unwrap_err();
    let error = error.downcast_ref::<ImportError>();
    assert!(
        matches!(error, Some(ImportError::Untrue { .. })),
        "{error:?}"
    );
    assert_eq!(site.sizes(), [(1, 0)]);
    assert!(site.open().is_err());
}

#[tokio::test]
async fn a_checkpoint_with_another_key_makes_no_shard() {
    let log = Tiled::of(10);
    let other = Ed25519Signer::from_seed(ORIGIN, &[8; 32]).unwrap();
    let served = log.clone();
    let url = serve(move |path, _| served.serve(path)).await;
    let site = Site::new();
    let line = format!("--from {url} --log-key {}", other.verifier());
    let error = site.import(&line).await.unwrap_err();
    let error = error.downcast_ref::<Error>();
    assert!(
        matches!(error, Some(Error::Source(SourceError::Checkpoint(_)))),
        "{error:?}"
    );
    assert!(!site.directory.path().join("data").exists());
}

#[tokio::test]
async fn each_log_has_its_shard() {
    let site = Site::new();
    let import = async |log: Tiled, options: &str| {
        let key = log.vkey();
        let url = serve(move |path, _| log.serve(path)).await;
        let line = format!("--from {url} --log-key {key} {options}");
        site.import(&line).await
    };
    import(Tiled::of(10), "").await.unwrap();
    let second = Tiled {
        signer: Arc::new(Ed25519Signer::from_seed(ORIGIN, &[7; 32]).unwrap()),
        ..Tiled::of(20)
    };
    import(second, "").await.unwrap();
    import(Tiled::of(30), "").await.unwrap();
    assert_eq!(site.sizes(), [(1, 30), (2, 20)]);
    let error = import(Tiled::of(40), "--shard 2").await.unwrap_err();
    assert!(
        matches!(
            error.downcast_ref::<InstanceError>(),
            Some(InstanceError::Import(ImportError::OtherLog { .. }))
        ),
        "{error}"
    );
    let error = import(Tiled::of(5), "--shard 7").await.unwrap_err();
    assert!(
        matches!(
            error.downcast_ref::<InstanceError>(),
            Some(InstanceError::Import(ImportError::SameTree { .. }))
        ),
        "{error}"
    );
    let third = Tiled {
        signer: Arc::new(Ed25519Signer::from_seed(ORIGIN, &[8; 32]).unwrap()),
        ..Tiled::of(5)
    };
    import(third, "--shard 7").await.unwrap();
    assert_eq!(site.sizes(), [(1, 30), (2, 20), (7, 5)]);
    site.fsck().unwrap();
}

#[tokio::test]
async fn a_published_log_is_copied_from_its_directory_as_it_grows() {
    let fixtures = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/tiles-log"
    ));
    if !fixtures.exists() {
        eprintln!(
            "skipped: the fixtures are not there: {}",
            fixtures.display()
        );
        return;
    }
    let key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    let site = Site::new();
    let log = site.directory.path().join("log");
    fs::create_dir(&log).unwrap();
    std::os::unix::fs::symlink(fixtures.join("tile"), log.join("tile")).unwrap();
    for size in [0, 5, 15] {
        let checkpoint = fs::read_to_string(fixtures.join(format!("checkpoint.{size}"))).unwrap();
        fs::write(log.join("checkpoint"), &checkpoint).unwrap();
        let line = format!("--from {} --log-key {key}", log.display());
        site.import(&line).await.unwrap();
        assert_eq!(site.sizes(), [(1, size)]);
        site.fsck().unwrap();
        assert_eq!(*site.open().unwrap().head().checkpoint(), checkpoint);
    }
}

/// The answers of a Rekor v1 with one tree.
fn rekor_v1(
    signer: &EcdsaP256Signer,
    bodies: &[Vec<u8>],
    path: &str,
    request: &[u8],
) -> Option<Vec<u8>> {
    let reply = match path {
        "/api/v1/log" => json!({
            "rootHash": "",
            "treeSize": bodies.len(),
            "signedTreeHead": sign(&format!("{ORIGIN} - {TREE_ID}"), bodies, signer),
            "treeID": TREE_ID.to_string(),
        }),
        "/api/v1/log/entries/retrieve" => {
            let request: Value = serde_json::from_slice(request).ok()?;
            let indexes = request["logIndexes"].as_array()?.iter();
            let indexes = indexes.filter_map(Value::as_u64);
            indexes
                .map(|index| rekor_v1_entry(signer, index, &bodies[index as usize]))
                .collect()
        }
        _ => return None,
    };
    Some(reply.to_string().into_bytes())
}

fn rekor_v1_entry(signer: &EcdsaP256Signer, index: u64, body: &[u8]) -> Value {
    let id = format!("{TREE_ID:016x}{}", leaf_hash(body));
    let (body, time) = (STANDARD.encode(body), 1_600_000_000 - index);
    let log_id = Hash::new(signer.verifier().log_id()).to_string();
    let payload = format!(
        r#"{{"body":"{body}","integratedTime":{time},"logID":"{log_id}","logIndex":{index}}}"#
    );
    let timestamp = STANDARD.encode(signer.sign_bytes(payload.as_bytes()).unwrap());
    json!({ id: {
        "body": body,
        "integratedTime": time,
        "logID": log_id,
        "logIndex": index,
        "verification": { "signedEntryTimestamp": timestamp },
    }})
}

#[tokio::test]
async fn a_rekor_v1_is_copied_with_its_times_and_found_by_its_keys() {
    let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
    let signer = EcdsaP256Signer::from_pkcs8_pem(ORIGIN, &pem).unwrap();
    let key = signer.verifier().to_string();
    let spki = STANDARD.encode(signer.public_key_der());
    let body = |number: u8| {
        let digest = STANDARD.encode([number; 32]);
        let body = json!({
            "apiVersion": "0.0.2",
            "kind": "hashedrekord",
            "spec": { "hashedRekordV002": {
                "data": { "algorithm": "SHA2_256", "digest": digest },
                "signature": { "content": "AAAA", "verifier": {
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "publicKey": { "rawBytes": spki },
                }},
            }},
        });
        body.to_string().into_bytes()
    };
    let bodies: Vec<Vec<u8>> = (0..25).map(body).collect();
    let url = serve(move |path, request| rekor_v1(&signer, &bodies, path, request)).await;
    let site = Site::new();
    let line = format!("--from {url} --log-key {key}");
    site.import(&line).await.unwrap();
    site.fsck().unwrap();

    let shard = site.open().unwrap();
    assert_eq!((shard.tree_id(), shard.log_name()), (TREE_ID, ORIGIN));
    let entry = shard.entry(LeafIndex::new(24)).await.unwrap().unwrap();
    assert_eq!(entry.integrated_time, 1_600_000_000 - 24);
    let keys = ledgerstone_entry::search_keys_of_body(&entry.body).unwrap();
    drop(shard);
    let store = site.store();
    let found = keys.iter().map(|key| {
        let key = ledgerstone_storage::StoredSearchKey {
            kind: key.kind.number(),
            hash: key.hash,
        };
        let found = store.search(ShardId::new(1), &key, LeafIndex::new(0), 100);
        found.unwrap().len()
    });
    let found: BTreeSet<usize> = found.collect();
    assert_eq!(found, BTreeSet::from([1, 25]), "artifact, and public key");
}
