//! A log that is only read, and what a start reads back before it signs.

use ledgerstone_log::AppendError;
use ledgerstone_log::KeyDirectory;
use ledgerstone_log::Log;
use ledgerstone_log::OpenError;
use ledgerstone_log::ReindexError;
use ledgerstone_log::Submission;
use ledgerstone_log::UnservedTree;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_storage::TreeKind;

use crate::SHARD;
use crate::Site;
use crate::append;
use crate::append_all;
use crate::body;
use crate::faulty::Faults;
use crate::faulty::FaultyStore;
use crate::ready;
use crate::verified;

fn read(store: &FaultyStore) -> Result<(Log, Vec<UnservedTree>), OpenError> {
    // Without any file: the public keys are in the store.
    let keys = KeyDirectory::new("/nonexistent");
    Log::open_read_only(&store.store, &keys, &crate::LogOptions::default())
}

async fn append_v1(log: &Log, number: u64) {
    let submission = Submission::new(body(number)).unwrap();
    log.append(TreeKind::REKOR_V1, submission).await.unwrap();
}

#[tokio::test]
async fn what_was_signed_is_shown_and_nothing_else() {
    let site = Site::with_both();
    let log = site.create();
    append_all(&log, 0..300).await;
    let v1 = log.log.trees().growing_of(TreeKind::REKOR_V1).cloned();
    let v1 = v1.unwrap();
    append_v1(&log.log, 0).await;
    append_v1(&log.log, 1).await;
    let index = LeafIndex::new(1);
    // As an answer carries it.
    let offered = v1.signed_entry_timestamp(index, 7, "e30=").await.unwrap();
    let (checkpoint, v1_checkpoint) = (
        log.head().checkpoint(),
        v1.v1_checkpoint(&v1.head()).unwrap(),
    );
    log.close().await.unwrap();
    let steps = site.store.steps().len();

    let (log, unserved) = read(&site.store).unwrap();
    assert_eq!(unserved, []);
    assert!(log.is_read_only());
    let trees = log.trees();
    let v2 = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert_eq!(v2.head().checkpoint(), checkpoint);
    assert_eq!(
        ready(v2.entry(LeafIndex::new(299))).unwrap().unwrap().body,
        body(299)
    );
    let shown = trees.growing_of(TreeKind::REKOR_V1).unwrap();
    assert_eq!(shown.v1_checkpoint(&shown.head()).unwrap(), v1_checkpoint);
    verified(&v1_checkpoint, shown.v1_key().unwrap());
    let kept = ready(shown.signed_entry_timestamp(index, 7, "e30=")).unwrap();
    assert_eq!(kept, offered);
    // Of other contents it is no timestamp.
    let other = ready(shown.signed_entry_timestamp(index, 8, "e30=")).unwrap();
    assert_eq!(other, None);

    let refused = log
        .append(TreeKind::REKOR_V2, Submission::new(body(1)).unwrap())
        .await;
    assert!(matches!(refused, Err(AppendError::ReadOnly)), "{refused:?}");
    assert!(matches!(log.start_reindex(), Err(ReindexError::ReadOnly)));
    log.close().await.unwrap();
    assert_eq!(site.store.steps().len(), steps);
}

/// Whoever died before a timestamp was kept: the next writer signs it, whether somebody asked for
/// it or not.
#[tokio::test]
async fn timestamps_that_nobody_kept_are_made_up_for() {
    let site = Site::with_both();
    let log = site.create();
    append(&log, 0).await.unwrap();
    append_v1(&log.log, 0).await;
    let index = LeafIndex::new(0);
    let timestamp = |log: &Log| {
        let trees = log.trees();
        let tree = trees.growing_of(TreeKind::REKOR_V1).unwrap();
        let time = ready(tree.entry(index)).unwrap().unwrap().integrated_time;
        let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, body(0));
        ready(tree.signed_entry_timestamp(index, time, &body)).unwrap()
    };
    // As a process that was killed leaves it.
    let (reading, _) = read(&site.store).unwrap();
    assert_eq!(timestamp(&reading), None);
    drop(log);
    site.open().unwrap().close().await.unwrap();
    let (reading, _) = read(&site.store).unwrap();
    assert!(timestamp(&reading).is_some());
}

/// A round that was stored and never signed is not shown.
#[tokio::test]
async fn a_round_that_nobody_signed_is_not_shown() {
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..300).await;
    site.store.set(Faults {
        keep: true,
        ..Faults::default()
    });
    append(&log, 300).await.unwrap_err();
    log.failed().await;
    site.store.set(Faults::default());
    let (reading, _) = read(&site.store).unwrap();
    let trees = reading.trees();
    let tree = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert_eq!(tree.head().size().get(), 300);
    assert!(ready(tree.entry(LeafIndex::new(300))).unwrap().is_none());
    ready(tree.inclusion_proof(LeafIndex::new(299), tree.head().size())).unwrap();
}

/// What damage leaves of the trees is served.
#[tokio::test]
async fn a_tree_that_cannot_be_read_is_left_out_and_named() {
    let site = Site::with_both();
    let log = site.create();
    append_all(&log, 0..300).await;
    append_v1(&log.log, 0).await;
    log.close().await.unwrap();
    site.store.set(Faults {
        lost_tile: Some(TileId {
            level: 0,
            number: 0,
        }),
        ..Faults::default()
    });
    assert!(site.open().is_err());
    let (reading, unserved) = read(&site.store).unwrap();
    assert_eq!(unserved.len(), 1, "{unserved:?}");
    assert!(unserved[0].reason.contains("tile 0"), "{unserved:?}");
    let trees = reading.trees();
    assert!(trees.growing_of(TreeKind::REKOR_V2).is_none());
    assert_eq!(
        trees
            .growing_of(TreeKind::REKOR_V1)
            .unwrap()
            .head()
            .size()
            .get(),
        1
    );

    // An entry that is not at the edge takes itself away alone.
    site.store.set(Faults {
        unreadable_body: Some(7),
        ..Faults::default()
    });
    let (reading, unserved) = read(&site.store).unwrap();
    assert_eq!(unserved, []);
    let trees = reading.trees();
    let tree = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert!(ready(tree.entry(LeafIndex::new(7))).is_err());
    assert!(ready(tree.entry(LeafIndex::new(8))).unwrap().is_some());
}

/// A round whose read-back met damage is not signed by the next start either, wherever in it the
/// damage is.
#[tokio::test]
async fn what_was_not_signed_is_read_back_by_the_next_start() {
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..10).await;
    let signed = site.store.kept_checkpoint(SHARD).unwrap().unwrap();
    append_all(&log, 10..610).await;
    log.close().await.unwrap();
    // As if nothing behind it had been signed.
    site.store.keep_checkpoint(SHARD, &signed).unwrap();
    let tile = TileId {
        level: 0,
        number: 0,
    };
    for damage in [
        Faults {
            flipped_body: Some(20),
            ..Faults::default()
        },
        Faults {
            unreadable_body: Some(20),
            ..Faults::default()
        },
        Faults {
            flipped_tile: Some(tile),
            ..Faults::default()
        },
    ] {
        site.store.set(damage);
        assert!(site.open().is_err(), "what cannot be read back is signed");
        let (reading, _) = read(&site.store).unwrap();
        let trees = reading.trees();
        let tree = trees.growing_of(TreeKind::REKOR_V2).unwrap();
        assert_eq!(tree.head().size().get(), 10);
    }
    site.store.set(Faults::default());
    assert_eq!(site.open().unwrap().head().size().get(), 610);
}

#[tokio::test]
async fn without_public_keys_the_store_says_what_to_do() {
    let site = Site::new();
    // As a version wrote it that kept none.
    ledgerstone_log::create_trees(&site.store, &site.trees, &site.keyring, &site.options).unwrap();
    let refused = read(&site.store).map(drop).unwrap_err();
    let told = refused.to_string();
    assert!(told.contains("start the log once for writing"), "{told}");
}
