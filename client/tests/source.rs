//! Reading whole logs to copy them: by tiles, from a directory, and from a Rekor v1.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::CheckpointFault;
use ledgerstone_client::EntryFault;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::LogSource;
use ledgerstone_client::MAX_BUNDLE_BYTES;
use ledgerstone_client::SOURCE_ROUND_BYTES;
use ledgerstone_client::SourceError;
use ledgerstone_client::TiledLog;
use ledgerstone_client::TiledLogError;
use ledgerstone_client::TransportError;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use serde_json::Value;
use serde_json::json;

use crate::support::MemoryLog;
use crate::support::ORIGIN;
use crate::support::Seen;
use crate::support::Server;
use crate::support::ShownLog;
use crate::support::fixtures;
use crate::support::transport;
use crate::support::trusted;

/// Reads everything from `first` on in rounds, and checks each round's proof.
async fn read_all(
    source: &LogSource,
    logs: &TrustedLogs,
    tree_id: Option<u64>,
    log: &MemoryLog,
    ends: &[u64],
) -> Result<Vec<(Vec<u8>, i64)>, SourceError> {
    let head = source.head(logs, tree_id).await?;
    let mut read = Vec::new();
    let mut first = 0;
    for end in ends {
        let round = source.round(&head, first..*end, 3).await?;
        let root = &head.signed.checkpoint.root;
        let old = log.root(TreeSize::new(*end));
        round.proof.verify(&old, root).unwrap();
        let entries = round.entries.into_iter();
        read.extend(entries.map(|entry| (entry.body.to_vec(), entry.integrated_time)));
        first = *end;
    }
    Ok(read)
}

#[tokio::test]
async fn a_log_with_tiles_is_read_over_http() {
    let log = MemoryLog::of(1_000, "entry");
    let (_shown, server) = ShownLog::start(log.clone()).await;
    let source = LogSource::detect(transport(server.address)).await.unwrap();
    let ends = [5, 256, 257, 900, 1_000];
    let read = read_all(&source, &trusted(), None, &log, &ends).await;
    let expected: Vec<_> = log.bodies.iter().map(|body| (body.clone(), 0)).collect();
    assert_eq!(read.unwrap(), expected);
}

#[tokio::test]
async fn the_tiles_of_a_rekor_v2_are_found() {
    let log = MemoryLog::of(3, "entry");
    let served = log.clone();
    let server = Server::start(move |seen| {
        let path = seen.path.strip_prefix("/api/v2");
        let body = path.and_then(|path| served.serve(path));
        body.map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            IntoResponse::into_response,
        )
    })
    .await;
    let source = LogSource::detect(transport(server.address)).await.unwrap();
    let read = read_all(&source, &trusted(), None, &log, &[3]).await;
    assert_eq!(read.unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_no_log_is_refused() {
    let server = Server::script(vec![(
        StatusCode::NOT_FOUND,
        Default::default(),
        Vec::new(),
    )])
    .await;
    let error = LogSource::detect(transport(server.address))
        .await
        .unwrap_err();
    assert!(matches!(error, SourceError::NoLog { .. }), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Undone);

    let empty = tempfile::tempdir().unwrap();
    let source = LogSource::tiles(TiledLog::in_directory(empty.path()));
    let error = source.head(&trusted(), None).await.unwrap_err();
    assert!(
        matches!(error, SourceError::Read(TiledLogError::Missing { .. })),
        "{error}"
    );
    let error = source.head(&trusted(), Some(1)).await.unwrap_err();
    assert!(matches!(error, SourceError::NoTree { .. }), "{error}");
}

/// The published log at `size`: its checkpoint of that size, and its tiles.
fn published(fixtures: &Path, size: u64, directory: &Path) {
    let log = fixtures.join("tiles-log");
    let checkpoint = fs::read(log.join(format!("checkpoint.{size}"))).unwrap();
    fs::write(directory.join("checkpoint"), checkpoint).unwrap();
    let tiles = directory.join("tile");
    if !tiles.exists() {
        std::os::unix::fs::symlink(log.join("tile"), tiles).unwrap();
    }
}

#[tokio::test]
async fn a_published_log_is_read_from_its_directory() {
    let Some(fixtures) = fixtures() else {
        return;
    };
    let key = "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx";
    let logs = TrustedLogs::new(vec![key.parse::<TrustedLog>().unwrap()]).unwrap();
    let leaves =
        "one two three four five six seven eit nain ten ileven twelf threeten fourten fivten";
    let bodies = leaves.split(' ').map(|leaf| leaf.as_bytes().to_vec());
    let log = MemoryLog::new(bodies.collect());
    let directory = tempfile::tempdir().unwrap();
    let source = LogSource::tiles(TiledLog::in_directory(directory.path()));
    for size in 0..=15 {
        published(&fixtures, size, directory.path());
        let head = source.head(&logs, None).await.unwrap();
        assert_eq!((head.size().get(), head.tree_id()), (size, None));
        let ends: Vec<u64> = (1..=size).collect();
        let read = read_all(&source, &logs, None, &log, &ends).await.unwrap();
        let read: Vec<_> = read.into_iter().map(|(body, _)| body).collect();
        assert_eq!(read, log.bodies[..size as usize]);
    }
    let error = source.head(&trusted(), None).await.unwrap_err();
    assert!(
        matches!(error, SourceError::Checkpoint(CheckpointFault::Note(_))),
        "{error}"
    );
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
}

#[tokio::test]
async fn a_file_that_is_too_long_is_not_read_whole() {
    let directory = tempfile::tempdir().unwrap();
    let file = fs::File::create(directory.path().join("checkpoint")).unwrap();
    file.set_len(1 << 40).unwrap();
    let log = TiledLog::in_directory(directory.path());
    let error = log.checkpoint().await.unwrap_err();
    assert!(
        matches!(error, TiledLogError::FileTooLong { .. }),
        "{error}"
    );
    fs::create_dir_all(directory.path().join("tile/entries/000")).unwrap();
    let width = ledgerstone_merkle::TileWidth::FULL;
    let error = log.bodies(0, width).await.unwrap_err();
    assert!(matches!(error, TiledLogError::File { .. }), "{error}");
}

/// Reads everything in rounds that each ask for all that is left. Checks each round's proof, and
/// that it holds no more than it may. Returns how many entries each round has.
async fn read_in_rounds(source: &LogSource, logs: &TrustedLogs, log: &MemoryLog) -> Vec<usize> {
    let head = source.head(logs, None).await.unwrap();
    let mut rounds = Vec::new();
    let mut next = 0;
    while next < head.size().get() {
        let round = source.round(&head, next..head.size().get(), 1).await;
        let round = round.unwrap();
        let held = round.entries.iter().map(|entry| {
            let beside = [&entry.timestamp, &entry.attestation];
            let beside = beside.into_iter().flatten().map(|bytes| bytes.len());
            entry.body.len() + beside.sum::<usize>()
        });
        let held: usize = held.sum();
        assert!(held <= SOURCE_ROUND_BYTES + MAX_BUNDLE_BYTES, "{held}");
        for (entry, body) in round.entries.iter().zip(&log.bodies[next as usize..]) {
            assert_eq!(entry.body, body.as_slice());
        }
        next += round.entries.len() as u64;
        let old = log.root(TreeSize::new(next));
        let root = &head.signed.checkpoint.root;
        round.proof.verify(&old, root).unwrap();
        rounds.push(round.entries.len());
    }
    rounds
}

#[tokio::test]
async fn a_round_of_large_entries_has_only_the_first_of_them() {
    let log = MemoryLog::new(vec![vec![7; MAX_ENTRY_BYTES]; 4 * 256]);
    let (_shown, server) = ShownLog::start(log.clone()).await;
    let source = LogSource::tiles(TiledLog::new(transport(server.address)));
    let rounds = read_in_rounds(&source, &trusted(), &log).await;
    assert_eq!(rounds, [768, 256]);

    let directory = tempfile::tempdir().unwrap();
    for path in server.seen().into_iter().map(|seen| seen.path) {
        let file = directory.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, log.serve(&path).unwrap()).unwrap();
    }
    let source = LogSource::tiles(TiledLog::in_directory(directory.path()));
    let rounds = read_in_rounds(&source, &trusted(), &log).await;
    assert_eq!(rounds, [768, 256]);
}

#[tokio::test]
async fn a_round_of_a_rekor_v1_with_large_attestations_has_only_the_first_of_them() {
    let rekor = RekorV1::new(0, 45);
    let (source, _server) = rekor.start().await;
    *rekor.spoil.lock().unwrap() = |found| attest(found, 1 << 20);
    let rounds = read_in_rounds(&source, &rekor.trusted(), &rekor.trees[1].1).await;
    assert_eq!(rounds, [40, 5]);
    // Ten of them are longer than an answer may be.
    *rekor.spoil.lock().unwrap() = |found| attest(found, 5 << 20);
    let rounds = read_in_rounds(&source, &rekor.trusted(), &rekor.trees[1].1).await;
    assert_eq!(rounds, [7, 7, 7, 7, 7, 7, 3]);
}

/// Adds an attestation of `bytes` to each entry of an answer.
fn attest(found: &mut Value, bytes: usize) {
    let data = STANDARD.encode(vec![0; bytes]);
    for object in found.as_array_mut().unwrap() {
        for entry in object.as_object_mut().unwrap().values_mut() {
            entry["attestation"] = json!({ "data": data });
        }
    }
}

/// A Rekor v1 with an inactive tree before the active one.
#[derive(Clone)]
struct RekorV1 {
    signer: Arc<EcdsaP256Signer>,
    trees: Vec<(u64, MemoryLog)>,
    /// What a test changes in the answers to requests for entries.
    spoil: Arc<Mutex<fn(&mut Value)>>,
}

impl RekorV1 {
    fn new(older: usize, newer: usize) -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        let signer = EcdsaP256Signer::from_pkcs8_pem(ORIGIN, &pem).unwrap();
        Self {
            signer: Arc::new(signer),
            trees: vec![
                (11, MemoryLog::of(older, "older")),
                (0x7fff_0000_0000_0012, MemoryLog::of(newer, "newer")),
            ],
            spoil: Arc::new(Mutex::new(|_| ())),
        }
    }

    fn trusted(&self) -> TrustedLogs {
        let log = TrustedLog::new(self.signer.verifier().clone()).unwrap();
        TrustedLogs::new(vec![log]).unwrap()
    }

    async fn start(&self) -> (LogSource, Server) {
        let log = self.clone();
        let server = Server::start(move |seen| log.answer(seen)).await;
        let source = LogSource::detect(transport(server.address)).await.unwrap();
        (source, server)
    }

    fn answer(&self, seen: &Seen) -> Response {
        let (path, query) = seen.path.split_once('?').unwrap_or((&seen.path, ""));
        let reply = match path {
            "/api/v1/log" => self.info(),
            "/api/v1/log/proof" => self.proof(query),
            "/api/v1/log/entries/retrieve" => {
                let request: Value = serde_json::from_slice(&seen.body).unwrap();
                let indexes = request["logIndexes"].as_array().unwrap();
                assert!((1..=10).contains(&indexes.len()));
                let found = indexes
                    .iter()
                    .map(|index| self.entry(index.as_u64().unwrap()));
                let mut found = Value::Array(found.collect());
                self.spoil.lock().unwrap()(&mut found);
                found
            }
            _ => return StatusCode::NOT_FOUND.into_response(),
        };
        reply.to_string().into_response()
    }

    fn info(&self) -> Value {
        let tree = |(id, log): &(u64, MemoryLog)| {
            let root = log.root(log.size());
            let checkpoint = Checkpoint::new(format!("{ORIGIN} - {id}"), log.size(), root).unwrap();
            let signers: [&dyn NoteSigner; 1] = [self.signer.as_ref()];
            let note = SignedNote::sign(checkpoint.to_text(), &signers).unwrap();
            json!({
                "rootHash": root.to_string(),
                "treeSize": log.size().get(),
                "signedTreeHead": note.to_string(),
                "treeID": id.to_string(),
            })
        };
        let mut info = tree(&self.trees[1]);
        info["inactiveShards"] = json!([tree(&self.trees[0])]);
        info
    }

    fn proof(&self, query: &str) -> Value {
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let found = pairs.find(|(found, _)| *found == name);
            found.unwrap().1.parse::<u64>().unwrap()
        };
        let mut trees = self.trees.iter();
        let (_, log) = trees.find(|(id, _)| *id == value("treeID")).unwrap();
        let proof = log.consistency(value("firstSize"), value("lastSize"));
        let hashes: Vec<_> = proof.hashes.iter().map(Hash::to_string).collect();
        json!({ "rootHash": log.root(log.size()).to_string(), "hashes": hashes })
    }

    fn entry(&self, virtual_index: u64) -> Value {
        let older = self.trees[0].1.size().get();
        let (tree, index) = match virtual_index.checked_sub(older) {
            Some(index) => (&self.trees[1], index),
            None => (&self.trees[0], virtual_index),
        };
        let body = &tree.1.bodies[index as usize];
        let time = 1_600_000_000 + index;
        let log_id = Hash::new(self.signer.verifier().log_id()).to_string();
        let text = STANDARD.encode(body);
        let (body_and_time, log_and_index) = (
            format!(r#""body":"{text}","integratedTime":{time}"#),
            format!(r#""logID":"{log_id}","logIndex":{virtual_index}"#),
        );
        let payload = format!("{{{body_and_time},{log_and_index}}}");
        let timestamp = self.signer.sign_bytes(payload.as_bytes()).unwrap();
        let id = format!("{:016x}{}", tree.0, leaf_hash(body));
        json!({ id: {
            "body": text,
            "integratedTime": time,
            "logID": log_id,
            "logIndex": virtual_index,
            "verification": { "signedEntryTimestamp": STANDARD.encode(timestamp) },
        }})
    }

    fn expected(&self, tree: usize) -> Vec<(Vec<u8>, i64)> {
        let bodies = self.trees[tree].1.bodies.iter().cloned();
        bodies.zip(1_600_000_000..).collect()
    }
}

#[tokio::test]
async fn each_tree_of_a_rekor_v1_is_read_with_its_times() {
    let rekor = RekorV1::new(33, 57);
    let (source, server) = rekor.start().await;
    let logs = rekor.trusted();
    let active = read_all(&source, &logs, None, &rekor.trees[1].1, &[20, 57]).await;
    assert_eq!(active.unwrap(), rekor.expected(1));
    let seen = server.seen().len();
    let older = read_all(&source, &logs, Some(11), &rekor.trees[0].1, &[33]).await;
    assert_eq!(older.unwrap(), rekor.expected(0));
    // The head and four pages; the last round needs no proof.
    assert_eq!(server.seen().len(), seen + 5);

    let head = source.head(&logs, None).await.unwrap();
    assert_eq!(head.tree_id(), Some(0x7fff_0000_0000_0012));
    let error = source.head(&logs, Some(12)).await.unwrap_err();
    assert!(matches!(error, SourceError::NoTree { .. }), "{error}");
    assert!(error.to_string().contains("it has 11, "), "{error}");
    let error = source.head(&RekorV1::new(1, 1).trusted(), None).await;
    assert!(matches!(error, Err(SourceError::Checkpoint(_))));
}

#[tokio::test]
async fn entries_of_a_rekor_v1_are_what_they_say() {
    let rekor = RekorV1::new(3, 12);
    let (source, _server) = rekor.start().await;
    let head = source.head(&rekor.trusted(), None).await.unwrap();
    fn first(found: &mut Value) -> &mut Value {
        found[0]
            .as_object_mut()
            .unwrap()
            .values_mut()
            .next()
            .unwrap()
    }
    type Spoil = fn(&mut Value);
    type IsFault = fn(&EntryFault) -> bool;
    let spoilers: [(Spoil, IsFault); 8] = [
        (
            |found| drop(found.as_array_mut().unwrap().remove(0)),
            |fault| *fault == EntryFault::Missing,
        ),
        (
            |found| first(found)["body"] = "****".into(),
            |fault| *fault == EntryFault::Base64,
        ),
        (
            |found| first(found)["body"] = "bmV3ZXIgMQ==".into(),
            |fault| matches!(fault, EntryFault::Id { .. }),
        ),
        (
            |found| first(found)["logID"] = "00".repeat(32).into(),
            |fault| *fault == EntryFault::LogId,
        ),
        (
            |found| first(found)["integratedTime"] = 1_700_000_000.into(),
            |fault| *fault == EntryFault::Timestamp,
        ),
        (
            |found| drop(first(found).as_object_mut().unwrap().remove("verification")),
            |fault| *fault == EntryFault::Timestamp,
        ),
        (
            |found| first(found)["logIndex"] = 99.into(),
            |fault| *fault == EntryFault::Missing,
        ),
        (
            |found| {
                // Entries 0 and 1 of the tree under each other's index: their signatures are over
                // the index.
                first(found)["logIndex"] = 4.into();
                let second = found[1].as_object_mut().unwrap().values_mut().next();
                second.unwrap()["logIndex"] = 3.into();
            },
            |fault| *fault == EntryFault::Timestamp,
        ),
    ];
    for (number, (spoil, expected)) in spoilers.into_iter().enumerate() {
        *rekor.spoil.lock().unwrap() = spoil;
        match source.round(&head, 0..10, 1).await {
            Err(SourceError::Entry { index: 0, reason }) if expected(&reason) => {
                let error = SourceError::Entry { index: 0, reason };
                assert_eq!(Error::from(error).failure(), Failure::Untrue);
            }
            other => panic!("spoiler {number}: {other:?}"),
        }
    }
    *rekor.spoil.lock().unwrap() = |_| ();
    assert_eq!(
        source.round(&head, 0..10, 1).await.unwrap().entries.len(),
        10
    );
}

#[tokio::test]
async fn a_rekor_v1_that_talks_nonsense_is_refused() {
    let nonsense = |path: &'static str, reply: &'static str| async move {
        let rekor = RekorV1::new(1, 12);
        let (log, logs) = (rekor.clone(), rekor.trusted());
        let server = Server::start(move |seen| {
            if seen.path.starts_with(path) {
                return reply.into_response();
            }
            log.answer(seen)
        })
        .await;
        let source = LogSource::rekor_v1(transport(server.address));
        let head = source.head(&logs, None).await?;
        source.round(&head, 0..5, 1).await.map(drop)
    };
    for (path, reply) in [
        ("/api/v1/log", "{}"),
        (
            "/api/v1/log",
            r#"{"treeSize":1,"signedTreeHead":"","treeID":"x"}"#,
        ),
        ("/api/v1/log/proof", r#"{"hashes":["00"]}"#),
        ("/api/v1/log/entries", "[7]"),
    ] {
        let error = nonsense(path, reply).await.unwrap_err();
        assert!(
            matches!(error, SourceError::Transport(TransportError::Reply { .. })),
            "{path}: {error}"
        );
    }
}
