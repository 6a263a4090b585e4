//! Audits of logs that keep their word, and of logs that do not.

use std::fs;
use std::path::PathBuf;

use ledgerstone_client::AuditError;
use ledgerstone_client::AuditState;
use ledgerstone_client::Auditor;
use ledgerstone_client::Contradiction;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::FullReport;
use ledgerstone_client::SAVED_EVERY;
use ledgerstone_client::TiledLog;
use ledgerstone_client::TiledLogError;
use ledgerstone_client::TransportError;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use tempfile::TempDir;

use crate::support::MemoryLog;
use crate::support::Server;
use crate::support::ShownLog;
use crate::support::signer;
use crate::support::transport;
use crate::support::trusted;

/// An auditor with a memory of its own, and the log that it watches.
struct Watch {
    log: ShownLog,
    auditor: Auditor,
    directory: TempDir,
    server: Server,
}

impl Watch {
    async fn start(log: MemoryLog) -> Self {
        let (log, server) = ShownLog::start(log).await;
        let directory = tempfile::tempdir().unwrap();
        let tiled = TiledLog::new(transport(server.address));
        let auditor = Auditor::new(tiled, trusted(), directory.path().join("state.json"));
        Self {
            log,
            auditor,
            directory,
            server,
        }
    }

    fn state(&self) -> AuditState {
        AuditState::load(&self.path("state.json")).unwrap().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    async fn head(&self) -> Result<u64, AuditError> {
        self.auditor
            .audit_head()
            .await
            .map(|report| report.head.checkpoint.size.get())
    }

    async fn full(&self) -> Result<FullReport, AuditError> {
        let head = self.auditor.audit_head().await?.head;
        self.auditor.audit_all(&head, |_| {}).await
    }

    /// Checks that the log is caught, and that nothing of it was remembered.
    async fn expect_contradiction(&self, expected: Contradiction) {
        let before = self.state();
        let error = self.auditor.audit_head().await.unwrap_err();
        let AuditError::Contradiction {
            kind,
            kept,
            seen,
            evidence,
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(*kind, expected);
        let evidence = fs::read_to_string(evidence.as_ref().unwrap()).unwrap();
        for checkpoint in [kept, seen] {
            assert!(evidence.contains(&checkpoint.to_text()));
        }
        assert_eq!(self.state(), before);
        assert_eq!(Error::from(error).failure(), Failure::Untrue);
    }
}

#[tokio::test]
async fn a_log_that_grows_is_followed() {
    let watch = Watch::start(MemoryLog::of(0, "entry")).await;
    for size in [0, 1, 255, 256, 256, 257, 700] {
        watch.log.show(MemoryLog::of(size, "entry"));
        let report = watch.auditor.audit_head().await.unwrap();
        assert_eq!(report.head.checkpoint.size.get(), size as u64);
        assert_eq!(watch.state().checkpoint, report.head.note);
    }
    let report = watch.auditor.audit_head().await.unwrap();
    assert_eq!(report.previous.unwrap().size.get(), 700);
}

#[tokio::test]
async fn the_first_head_is_believed_but_not_its_tiles() {
    let watch = Watch::start(MemoryLog::of(300, "entry")).await;
    watch.log.damage("/tile/0/001.p/44");
    let error = watch.head().await.unwrap_err();
    assert!(matches!(error, AuditError::Root { .. }), "{error}");
    assert!(!watch.path("state.json").exists());
}

#[tokio::test]
async fn a_fork_is_caught() {
    let watch = Watch::start(MemoryLog::of(300, "entry")).await;
    watch.head().await.unwrap();
    let mut other = MemoryLog::of(400, "entry").bodies;
    other[5] = b"something else".to_vec();
    watch.log.show(MemoryLog::new(other));
    watch.expect_contradiction(Contradiction::Fork).await;
}

#[tokio::test]
async fn a_second_root_for_one_size_is_caught() {
    let watch = Watch::start(MemoryLog::of(300, "entry")).await;
    watch.head().await.unwrap();
    watch.log.show(MemoryLog::of(300, "other"));
    watch.expect_contradiction(Contradiction::TwoRoots).await;
}

#[tokio::test]
async fn a_rollback_is_caught() {
    let watch = Watch::start(MemoryLog::of(300, "entry")).await;
    watch.head().await.unwrap();
    watch.log.show(MemoryLog::of(299, "entry"));
    watch.expect_contradiction(Contradiction::Shrunk).await;
}

#[tokio::test]
async fn a_head_by_another_key_is_refused() {
    let watch = Watch::start(MemoryLog::of(3, "entry")).await;
    let text = Checkpoint::new("log.example", TreeSize::new(3), Hash::default())
        .unwrap()
        .to_text();
    let stranger = Ed25519Signer::from_seed("log.example", &[2; 32]).unwrap();
    watch.log.answer_with(
        "/checkpoint",
        SignedNote::sign(text, &[&stranger])
            .unwrap()
            .to_string()
            .into_bytes(),
    );
    assert!(matches!(watch.head().await, Err(AuditError::Checkpoint(_))));
    watch.log.answer_with("/checkpoint", b"hello".to_vec());
    assert!(matches!(watch.head().await, Err(AuditError::Checkpoint(_))));
}

#[tokio::test]
async fn a_memory_is_for_one_log() {
    let watch = Watch::start(MemoryLog::of(3, "entry")).await;
    watch.head().await.unwrap();
    let other = Ed25519Signer::from_seed("other.example", &[1; 32]).unwrap();
    let text = Checkpoint::new("other.example", TreeSize::new(3), Hash::default())
        .unwrap()
        .to_text();
    watch.log.answer_with(
        "/checkpoint",
        SignedNote::sign(text, &[&other])
            .unwrap()
            .to_string()
            .into_bytes(),
    );

    let log = |key: &Ed25519Signer| TrustedLog::new(key.verifier().clone()).unwrap();
    let auditor = |logs| {
        let tiled = TiledLog::new(transport(watch.server.address));
        Auditor::new(
            tiled,
            TrustedLogs::new(logs).unwrap(),
            watch.path("state.json"),
        )
    };
    let both = auditor(vec![log(&signer()), log(&other)])
        .audit_head()
        .await;
    assert!(matches!(both, Err(AuditError::OtherLog { .. })));
    let only_other = auditor(vec![log(&other)]).audit_head().await;
    assert!(matches!(only_other, Err(AuditError::OtherLog { .. })));
}

#[tokio::test]
async fn other_keys_for_the_same_name_are_a_contradiction() {
    let watch = Watch::start(MemoryLog::of(3, "entry")).await;
    watch.head().await.unwrap();
    let before = watch.state();
    assert_eq!(before.key.as_ref(), Some(signer().verifier()));

    // A log that calls itself the same, made anew, is trusted by itself; the memory is not.
    let stranger = Ed25519Signer::from_seed("log.example", &[2; 32]).unwrap();
    let log = MemoryLog::of(3, "entry");
    let text = Checkpoint::new("log.example", log.size(), log.root(log.size()));
    let note = SignedNote::sign(text.unwrap().to_text(), &[&stranger]);
    let note = note.unwrap().to_string();
    watch
        .log
        .answer_with("/checkpoint", note.clone().into_bytes());
    for key in [&stranger, &signer()] {
        let logs = TrustedLogs::new(vec![TrustedLog::new(key.verifier().clone()).unwrap()]);
        let tiled = TiledLog::new(transport(watch.server.address));
        let auditor = Auditor::new(tiled, logs.unwrap(), watch.path("state.json"));
        let error = auditor.audit_head().await.unwrap_err();
        let AuditError::OtherKeys { evidence, .. } = &error else {
            panic!("{error}")
        };
        let evidence = fs::read_to_string(evidence.as_ref().unwrap()).unwrap();
        assert!(evidence.contains(&note) && evidence.contains(&before.checkpoint));
        assert!(error.to_string().contains("contradicts what it showed"));
        assert_eq!(Error::from(error).failure(), Failure::Untrue);
        assert_eq!(watch.state(), before);
    }
}

#[tokio::test]
async fn evidence_is_never_written_over() {
    let watch = Watch::start(MemoryLog::of(300, "entry")).await;
    watch.head().await.unwrap();
    let mut names = Vec::new();
    for text in ["one", "two", "two", "three"] {
        watch.log.show(MemoryLog::of(300, text));
        let error = watch.auditor.audit_head().await.unwrap_err();
        let AuditError::Contradiction { evidence, .. } = error else {
            panic!("{error}")
        };
        names.push(evidence.unwrap());
    }
    let expected = [
        "state.json.conflict",
        "state.json.conflict.1",
        "state.json.conflict.1",
        "state.json.conflict.2",
    ];
    assert_eq!(names, expected.map(|name| watch.path(name)));
    let first = fs::read_to_string(watch.path("state.json.conflict")).unwrap();
    assert!(first.contains(&MemoryLog::of(300, "one").checkpoint(TreeSize::new(300))));
}

#[tokio::test]
async fn every_entry_is_rebuilt() {
    for size in [0, 1, 255, 256, 257, 512, 1_000] {
        let log = MemoryLog::of(size, "entry");
        let bytes = log.bodies.iter().map(|body| body.len() as u64).sum();
        let watch = Watch::start(log).await;
        let report = watch.full().await.unwrap();
        assert_eq!(
            report,
            FullReport {
                entries: size as u64,
                resumed_at: 0,
                bytes
            }
        );
        assert_eq!(watch.state().rebuilt, None);
    }
}

#[tokio::test]
async fn full_tiles_stand_for_partial_ones_that_are_gone() {
    let old = MemoryLog::of(300, "entry");
    let watch = Watch::start(MemoryLog::of(1_024, "entry")).await;
    // The head is still the old one, and the log has deleted the partial tiles of its time.
    watch
        .log
        .answer_with("/checkpoint", old.checkpoint(old.size()).into_bytes());
    let report = watch.full().await.unwrap();
    assert_eq!(report.entries, 300);
    let paths: Vec<_> = watch
        .server
        .seen()
        .into_iter()
        .map(|seen| seen.path)
        .collect();
    for path in [
        "/tile/entries/001.p/44",
        "/tile/entries/001",
        "/tile/0/001.p/44",
        "/tile/0/001",
    ] {
        assert!(paths.iter().any(|seen| seen == path), "{path}");
    }
}

#[tokio::test]
async fn a_flipped_body_is_caught() {
    let watch = Watch::start(MemoryLog::of(700, "entry")).await;
    watch.log.damage("/tile/entries/001");
    let error = watch.full().await.unwrap_err();
    let AuditError::Entry { index, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(index.get(), 511);
}

#[tokio::test]
async fn a_flipped_tile_is_caught() {
    // This tile is not on the way to the root of the head, whose hash is in the tile above.
    let watch = Watch::start(MemoryLog::of(700, "entry")).await;
    watch.log.damage("/tile/0/001");
    let error = watch.full().await.unwrap_err();
    let AuditError::Entry { index, .. } = error else {
        panic!("{error}")
    };
    assert_eq!(index.get(), 511);
}

#[tokio::test]
async fn a_flipped_higher_tile_is_caught() {
    // At this size the head needs the tile of level 2, not the one of level 1 below it.
    let watch = Watch::start(MemoryLog::of(65_536 + 256, "entry")).await;
    watch.log.damage("/tile/1/000");
    let error = watch.full().await.unwrap_err();
    let AuditError::Tile { id, position } = error else {
        panic!("{error}")
    };
    assert_eq!((id.level, id.number, position), (1, 0, 255));
}

#[tokio::test]
async fn an_entry_and_its_tile_changed_alike_are_caught() {
    let honest = MemoryLog::of(1_000, "entry");
    let mut forged = honest.bodies.clone();
    forged[300] = b"forged".to_vec();
    let forged = MemoryLog::new(forged);
    let watch = Watch::start(honest.clone()).await;
    let head = watch.auditor.audit_head().await.unwrap().head;
    watch.log.show(forged);
    // What is above level 0 still is the honest log's.
    watch
        .log
        .answer_with("/tile/1/000.p/3", honest.serve("/tile/1/000.p/3").unwrap());
    let error = watch.auditor.audit_all(&head, |_| {}).await.unwrap_err();
    let AuditError::Tile { id, position } = error else {
        panic!("{error}")
    };
    assert_eq!((id.level, position), (1, 1));
}

#[tokio::test]
async fn a_consistent_forgery_has_another_root() {
    let honest = MemoryLog::of(1_000, "entry");
    let watch = Watch::start(honest).await;
    let head = watch.auditor.audit_head().await.unwrap().head;
    watch.log.show(MemoryLog::of(1_000, "forged"));
    let error = watch.auditor.audit_all(&head, |_| {}).await.unwrap_err();
    assert!(matches!(error, AuditError::Root { .. }), "{error}");
}

#[tokio::test]
async fn an_interrupted_audit_goes_on() {
    let saved = SAVED_EVERY as usize;
    let log = MemoryLog::of(saved + 600, "entry");
    let watch = Watch::start(log.clone()).await;
    let broken = format!("/tile/entries/{}", "256");
    watch.log.damage(&broken);
    watch.full().await.unwrap_err();
    let rebuilt = Some((
        TreeSize::new(SAVED_EVERY),
        log.root(TreeSize::new(SAVED_EVERY)),
    ));
    assert_eq!(watch.state().rebuilt, rebuilt);

    watch.log.answer_with(&broken, log.serve(&broken).unwrap());
    let before = watch.server.seen().len();
    let report = watch.full().await.unwrap();
    assert_eq!((report.resumed_at, report.entries), (SAVED_EVERY, 600));
    let bundles = watch.server.seen()[before..]
        .iter()
        .filter(|seen| seen.path.starts_with("/tile/entries/"))
        .count();
    assert_eq!(bundles, 3);
    assert_eq!(watch.state().rebuilt, None);
}

#[tokio::test]
async fn a_resumed_audit_does_not_trust_changed_tiles() {
    let saved = SAVED_EVERY as usize;
    let watch = Watch::start(MemoryLog::of(saved + 600, "entry")).await;
    let head = watch.auditor.audit_head().await.unwrap().head;
    let rebuilt = Some((TreeSize::new(SAVED_EVERY), Hash::new([1; 32])));
    let state = AuditState {
        rebuilt,
        ..watch.state()
    };
    state.save(&watch.path("state.json")).unwrap();
    let error = watch.auditor.audit_all(&head, |_| {}).await.unwrap_err();
    assert!(matches!(error, AuditError::Root { .. }), "{error}");
}

#[tokio::test]
async fn missing_and_malformed_parts_are_the_servers_trouble() {
    let watch = Watch::start(MemoryLog::of(700, "entry")).await;
    watch.log.answer_with("/tile/0/000", vec![0; 33]);
    let error = watch.full().await.unwrap_err();
    assert!(
        matches!(error, AuditError::Read(TiledLogError::Tile { .. })),
        "{error}"
    );
    watch.log.answer_with("/tile/0/000", vec![0; 64]);
    let error = watch.full().await.unwrap_err();
    assert!(
        matches!(
            error,
            AuditError::Read(TiledLogError::Short { actual: 2, .. })
        ),
        "{error}"
    );
    watch.log.answer_with("/tile/0/000", vec![0; 8_193]);
    let error = watch.full().await.unwrap_err();
    assert!(
        matches!(
            error,
            AuditError::Read(TiledLogError::Transport(TransportError::TooLong { .. }))
        ),
        "{error}"
    );

    let watch = Watch::start(MemoryLog::of(700, "entry")).await;
    watch.log.answer_with("/tile/entries/000", vec![0, 200, 1]);
    let error = watch.full().await.unwrap_err();
    assert!(
        matches!(error, AuditError::Read(TiledLogError::Bundle { .. })),
        "{error}"
    );
    assert_eq!(Error::from(error).failure(), Failure::Unreachable);

    let server = Server::start(|_| {
        axum::response::IntoResponse::into_response(axum::http::StatusCode::NOT_FOUND)
    })
    .await;
    let nothing = Auditor::new(
        TiledLog::new(transport(server.address)),
        trusted(),
        watch.path("other.json"),
    );
    let error = nothing.audit_head().await.unwrap_err();
    assert!(
        matches!(error, AuditError::Read(TiledLogError::Missing { .. })),
        "{error}"
    );
}
