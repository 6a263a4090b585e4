//! Monitoring logs that keep their word, and logs that do not.

use std::fs;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::AuditError;
use ledgerstone_client::Contradiction;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::Hit;
use ledgerstone_client::Hook;
use ledgerstone_client::HookError;
use ledgerstone_client::Monitor;
use ledgerstone_client::MonitorStart;
use ledgerstone_client::MonitorState;
use ledgerstone_client::TiledLog;
use ledgerstone_client::TiledLogError;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::matcher::Match;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::leaf_hashes;
use serde_json::Value;
use serde_json::json;
use tempfile::TempDir;

use crate::support::MemoryLog;
use crate::support::ORIGIN;
use crate::support::Server;
use crate::support::ShownLog;
use crate::support::transport;
use crate::support::trusted;

/// A log, and the memory of a monitor that looks for one artifact in it.
struct Watch {
    log: ShownLog,
    server: Server,
    directory: TempDir,
}

impl Watch {
    async fn start(log: MemoryLog) -> Self {
        let (log, server) = ShownLog::start(log).await;
        Self {
            log,
            server,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    /// As after a restart.
    fn monitor(&self) -> Monitor {
        let tiled = TiledLog::new(transport(self.server.address));
        Monitor::new(tiled, trusted(), watch_list(), self.state_path())
    }

    fn state_path(&self) -> PathBuf {
        self.directory.path().join("state.json")
    }

    fn state(&self) -> MonitorState {
        MonitorState::load(&self.state_path()).unwrap().unwrap()
    }

    /// A whole run, with what it found before it ended or failed.
    async fn run_from(&self, from: Option<u64>) -> (Vec<u64>, Result<u64, AuditError>) {
        let mut found = Vec::new();
        let result = self.collect(from, &mut found).await;
        (found, result)
    }

    async fn collect(&self, from: Option<u64>, found: &mut Vec<u64>) -> Result<u64, AuditError> {
        let monitor = self.monitor();
        let mut run = monitor
            .begin(from.map_or(MonitorStart::Resume, |index| {
                MonitorStart::At(LeafIndex::new(index))
            }))
            .await?;
        let mut entries = 0;
        while let Some(page) = run.next_page().await? {
            found.extend(page.hits.iter().map(|hit| hit.index.get()));
            entries += page.entries;
            run.confirm(&page)?;
        }
        Ok(entries)
    }

    /// A run that must end well: which entries were found, and how many were looked at.
    async fn run(&self) -> (Vec<u64>, u64) {
        let (found, result) = self.run_from(None).await;
        (found, result.unwrap())
    }

    async fn expect_contradiction(&self, expected: Contradiction) {
        let before = self.state();
        let (found, result) = self.run_from(None).await;
        let error = result.unwrap_err();
        let AuditError::Contradiction { kind, evidence, .. } = &error else {
            panic!("{error}")
        };
        assert_eq!(*kind, expected);
        let evidence = fs::read_to_string(evidence.as_ref().unwrap()).unwrap();
        assert!(evidence.starts_with(&before.checkpoint));
        assert_eq!((found, self.state()), (Vec::new(), before));
        assert_eq!(Error::from(error).failure(), Failure::Untrue);
    }
}

fn watch_list() -> WatchList {
    let mut list = WatchList::default();
    list.add_digest(&"ab".repeat(32)).unwrap();
    list
}

fn body(index: usize, is_wanted: bool) -> Vec<u8> {
    let digest = STANDARD.encode([if is_wanted { 0xab } else { 0 }; 32]);
    let key = STANDARD.encode(format!("key {index}"));
    let spec = json!({ "hashedRekordV002": {
        "data": { "algorithm": "SHA2_256", "digest": digest },
        "signature": { "content": "AAAA", "verifier": { "publicKey": { "rawBytes": key } } },
    }});
    json!({ "apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec })
        .to_string()
        .into_bytes()
}

/// A log of `size` entries, of which these are wanted.
fn log(size: usize, wanted: &[usize]) -> MemoryLog {
    MemoryLog::new(
        (0..size)
            .map(|index| body(index, wanted.contains(&index)))
            .collect(),
    )
}

#[tokio::test]
async fn each_hit_is_found_once() {
    let wanted = [0, 255, 256, 600, 699, 700, 799, 1_023, 1_024];
    let watch = Watch::start(log(700, &wanted)).await;
    assert_eq!(watch.run().await, (vec![0, 255, 256, 600, 699], 700));
    assert_eq!(watch.run().await, (vec![], 0));
    watch.log.show(log(800, &wanted));
    assert_eq!(watch.run().await, (vec![700, 799], 100));
    watch.log.show(log(1_024, &wanted));
    assert_eq!(watch.run().await, (vec![1_023], 224));
    watch.log.show(log(1_025, &wanted));
    assert_eq!(watch.run().await, (vec![1_024], 1));
    assert_eq!(watch.state().next, LeafIndex::new(1_025));
}

#[tokio::test]
async fn an_empty_log_is_waited_for() {
    let watch = Watch::start(log(0, &[])).await;
    for _ in 0..2 {
        assert_eq!(watch.run().await, (vec![], 0));
        assert_eq!(watch.state().next, LeafIndex::new(0));
    }
    watch.log.show(log(1, &[0]));
    assert_eq!(watch.run().await, (vec![0], 1));
}

#[tokio::test]
async fn a_hit_tells_what_was_found() {
    let watch = Watch::start(log(3, &[1])).await;
    let monitor = watch.monitor();
    let mut run = monitor.begin(MonitorStart::Resume).await.unwrap();
    assert_eq!(run.head().head.checkpoint.size.get(), 3);
    let page = run.next_page().await.unwrap().unwrap();
    let digest = format!("sha256:{}", "ab".repeat(32));
    let hit = Hit {
        index: LeafIndex::new(1),
        entry: EntryView::new(&body(1, true)).at(1),
        matches: vec![Match::ArtifactDigest {
            digest: digest.clone(),
        }],
    };
    let expected = json!({
        "origin": ORIGIN,
        "index": 1,
        "leafHash": format!("sha256:{}", leaf_hash(&body(1, true))),
        "kind": "hashedrekord",
        "version": "0.0.2",
        "body": serde_json::from_slice::<Value>(&body(1, true)).unwrap(),
        "matches": [{ "by": "artifactDigest", "digest": digest }],
    });
    assert_eq!(hit.to_json(ORIGIN), expected);
    assert_eq!((page.hits, page.not_understood), (vec![hit], 0));
    assert_eq!(run.next_page().await.unwrap(), None);
}

#[tokio::test]
async fn hits_that_were_not_dealt_with_are_found_again() {
    let watch = Watch::start(log(600, &[3, 300, 301, 599])).await;
    let monitor = watch.monitor();
    let mut run = monitor.begin(MonitorStart::Resume).await.unwrap();
    let first = run.next_page().await.unwrap().unwrap();
    run.confirm(&first).unwrap();
    let second = run.next_page().await.unwrap().unwrap();
    assert_eq!(second.hits.len(), 2);
    drop(run);
    assert_eq!(watch.run().await, (vec![300, 301, 599], 600 - 256));
}

#[tokio::test]
async fn a_backlog_is_resumed_where_it_was_interrupted() {
    let wanted = [10, 300, 513, 900, 1_999];
    let watch = Watch::start(log(2_000, &wanted)).await;
    watch.log.answer_with("/tile/entries/002", vec![0, 200, 1]);
    let (found, result) = watch.run_from(None).await;
    let error = result.unwrap_err();
    assert!(
        matches!(error, AuditError::Read(TiledLogError::Bundle { .. })),
        "{error}"
    );
    assert_eq!(found, [10, 300]);
    watch.log.heal("/tile/entries/002");
    // The head may have grown meanwhile.
    watch
        .log
        .show(log(2_100, &[10, 300, 513, 900, 1_999, 2_050]));
    assert_eq!(
        watch.run().await,
        (vec![513, 900, 1_999, 2_050], 2_100 - 512)
    );
}

#[tokio::test]
async fn a_run_may_begin_anywhere() {
    let wanted = [10, 300, 513];
    let watch = Watch::start(log(600, &wanted)).await;
    let (found, entries) = watch.run_from(Some(300)).await;
    assert_eq!((found, entries.unwrap()), (vec![300, 513], 300));
    let (found, _) = watch.run_from(Some(10)).await;
    assert_eq!(found, [10, 300, 513]);
    let (found, entries) = watch.run_from(Some(700)).await;
    assert_eq!((found, entries.unwrap()), (vec![], 0));
    watch.log.show(log(800, &[10, 300, 513, 699, 700]));
    assert_eq!(watch.run().await, (vec![700], 100));
}

#[tokio::test]
async fn a_log_that_contradicts_itself_is_caught() {
    let watch = Watch::start(log(300, &[5])).await;
    watch.run().await;
    watch.log.show(log(299, &[5]));
    watch.expect_contradiction(Contradiction::Shrunk).await;
    watch.log.show(log(300, &[6]));
    watch.expect_contradiction(Contradiction::TwoRoots).await;
    watch.log.show(log(400, &[6]));
    watch.expect_contradiction(Contradiction::Fork).await;
    watch.log.show(log(400, &[5, 399]));
    assert_eq!(watch.run().await, (vec![399], 100));
}

#[tokio::test]
async fn the_head_is_remembered_before_its_entries_are_read() {
    let watch = Watch::start(log(300, &[5])).await;
    drop(watch.monitor().begin(MonitorStart::Resume).await.unwrap());
    assert_eq!(watch.state().next, LeafIndex::new(0));
    watch.log.show(log(300, &[6]));
    watch.expect_contradiction(Contradiction::TwoRoots).await;
}

#[tokio::test]
async fn a_body_that_was_exchanged_is_caught() {
    let watch = Watch::start(log(700, &[256, 600])).await;
    // Without its last byte the body is no JSON: the hit would be missed.
    watch.log.damage("/tile/entries/002.p/188");
    let (found, result) = watch.run_from(None).await;
    let error = result.unwrap_err();
    assert!(
        matches!(error, AuditError::Entry { index, .. } if index.get() == 699),
        "{error}"
    );
    assert_eq!(found, [256]);
    assert_eq!(watch.state().next, LeafIndex::new(512));
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
}

#[tokio::test]
async fn a_bundle_that_was_exchanged_with_its_tile_is_caught() {
    let honest = log(700, &[300]);
    let watch = Watch::start(honest.clone()).await;
    let forged = log(700, &[]);
    watch.log.answer_with(
        "/tile/entries/001",
        forged.serve("/tile/entries/001").unwrap(),
    );
    watch
        .log
        .answer_with("/tile/0/001", forged.serve("/tile/0/001").unwrap());
    let (_, result) = watch.run_from(None).await;
    let error = result.unwrap_err();
    let AuditError::NotIncluded { first, last, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!((first.get(), last.get()), (256, 511));
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
    assert_ne!(
        leaf_hashes(&honest.bodies[256..512]),
        leaf_hashes(&forged.bodies[256..512])
    );
}

#[tokio::test]
async fn entries_that_say_nothing_are_counted() {
    let mut bodies = log(10, &[3]).bodies;
    bodies[4] = b"something else".to_vec();
    bodies[5] = br#"{"apiVersion":"0.0.1","kind":"rfc3161","spec":{}}"#.to_vec();
    let watch = Watch::start(MemoryLog::new(bodies)).await;
    let monitor = watch.monitor();
    let page = monitor
        .begin(MonitorStart::Resume)
        .await
        .unwrap()
        .next_page()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (page.hits.len(), page.not_understood, page.entries),
        (1, 2, 10)
    );
}

#[tokio::test]
async fn a_hook_gets_its_input_and_its_failure_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hits");
    let hook = |words: &[&str]| Hook::new(words.iter().map(|word| (*word).to_owned()).collect());
    let append = hook(&["sh", "-c", "cat >> \"$0\"", path.to_str().unwrap()]).unwrap();
    for line in ["one\n", "two\n"] {
        append.run(line.as_bytes()).await.unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
    let long = vec![b'x'; 1 << 20];
    hook(&["true"]).unwrap().run(&long).await.unwrap();
    let error = hook(&["false"]).unwrap().run(b"").await.unwrap_err();
    assert!(matches!(error, HookError::Failed { .. }), "{error}");
    let error = hook(&["/nowhere/program"])
        .unwrap()
        .run(b"")
        .await
        .unwrap_err();
    assert!(matches!(error, HookError::Run { .. }), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Undone);
}
