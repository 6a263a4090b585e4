use ledgerstone_log::KeyRole;
use ledgerstone_log::Keyring;
use ledgerstone_log::OpenError;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::StoredHead;

use crate::SHARD;
use crate::Site;
use crate::append;
use crate::append_all;
use crate::faulty::Faults;

async fn refused(site: &Site, faults: Faults) -> OpenError {
    site.store.set(faults);
    let Err(error) = site.open() else {
        panic!("the log opens");
    };
    site.store.set(Faults::default());
    error
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_opens_with_the_head_that_it_was_closed_with_at_every_kind_of_edge() {
    for size in [0, 1, 2, 255, 256, 257, 511, 512, 700] {
        let site = Site::with_entries(size).await;
        let kept = site.store.kept_checkpoint(SHARD).unwrap().unwrap();
        let log = site.open().unwrap();
        assert_eq!(log.head().size().get(), size);
        assert_eq!(
            *log.head().checkpoint(),
            kept,
            "two checkpoints for one size"
        );
        append(&log, size).await.unwrap();
        log.close().await.unwrap();
        site.check_whole_log(size + 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_with_tiles_on_three_levels_opens() {
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..66_000).await;
    let head = log.head();
    log.close().await.unwrap();
    let log = site.open().unwrap();
    assert_eq!(
        (log.head().size(), log.head().root()),
        (head.size(), head.root())
    );
    let proof = log
        .inclusion_proof(ledgerstone_merkle::LeafIndex::new(3), head.size())
        .await
        .unwrap();
    assert_eq!(proof.hashes.len(), 17);
}

#[tokio::test]
async fn a_log_is_never_made_twice() {
    let site = Site::with_entries(1).await;
    let error = site.try_create().err().unwrap();
    assert!(matches!(error, OpenError::Exists { .. }), "{error}");
    assert_eq!(site.open().unwrap().head().size().get(), 1);
}

#[tokio::test]
async fn a_log_is_not_made_where_a_checkpoint_was_signed() {
    let site = Site::new();
    site.store
        .keep_checkpoint(SHARD, "of a log whose store is gone\n")
        .unwrap();
    let error = site.try_create().err().unwrap();
    assert!(matches!(error, OpenError::Exists { .. }), "{error}");
    assert!(site.store.shards().unwrap().is_empty());
}

#[tokio::test]
async fn another_key_is_refused() {
    let site = Site::with_entries(1).await;
    let other = Keyring::generate(&site.trees, &site.options.protocols).unwrap();
    let error = site.open_with(other).err().unwrap();
    let expected = KeyRole::Checkpoint {
        tree_id: site.trees[0].tree_id,
    };
    assert!(
        matches!(error, OpenError::OtherKey { role, .. } if role == expected),
        "{error}"
    );
    let error = site.open_with(Keyring::default()).err().unwrap();
    assert!(
        matches!(error, OpenError::NoSigner(role) if role == expected),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_without_a_tree_is_refused() {
    let error = Site::new().open().err().unwrap();
    assert!(matches!(error, OpenError::NothingGrows), "{error}");
}

#[tokio::test]
async fn a_store_that_was_rolled_back_is_refused() {
    let ahead = Site::with_entries(3).await;
    let kept = ahead.store.kept_checkpoint(SHARD).unwrap();
    // The same keys over a store with fewer entries.
    let behind = Site {
        store: crate::FaultyStore::new(),
        ..ahead
    };
    let log = behind.create();
    append(&log, 0).await.unwrap();
    log.close().await.unwrap();
    let error = refused(
        &behind,
        Faults {
            kept: Some(kept),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::RolledBack { .. }), "{error}");
}

#[tokio::test]
async fn another_tree_of_the_same_log_is_refused() {
    for size in [2, 3] {
        let first = Site::with_entries(2).await;
        let kept = first.store.kept_checkpoint(SHARD).unwrap();
        let other = Site {
            store: crate::FaultyStore::new(),
            ..first
        };
        let log = other.create();
        for number in 100..100 + size {
            append(&log, number).await.unwrap();
        }
        log.close().await.unwrap();
        let error = refused(
            &other,
            Faults {
                kept: Some(kept),
                ..Faults::default()
            },
        )
        .await;
        assert!(matches!(error, OpenError::Forked { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_missing_or_unreadable_kept_checkpoint_is_refused_once_there_are_entries() {
    let site = Site::with_entries(1).await;
    let error = refused(
        &site,
        Faults {
            kept: Some(None),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::NoKeptCheckpoint(_)), "{error}");
    for text in ["", "garbage", "log.example.com\n1\nAAAA\n\n"] {
        let error = refused(
            &site,
            Faults {
                kept: Some(Some(text.to_owned())),
                ..Faults::default()
            },
        )
        .await;
        assert!(matches!(error, OpenError::BadKeptCheckpoint(_)), "{error}");
    }
    let other = Site::with_entries(1).await;
    let kept = other.store.kept_checkpoint(SHARD).unwrap();
    let error = refused(
        &site,
        Faults {
            kept: Some(kept),
            ..Faults::default()
        },
    )
    .await;
    assert!(
        matches!(error, OpenError::BadKeptCheckpoint(_)),
        "another key signed it: {error}"
    );

    let empty = Site::with_entries(0).await;
    empty.store.set(Faults {
        kept: Some(None),
        ..Faults::default()
    });
    assert!(
        empty.open().is_ok(),
        "a crash right after the creation leaves no kept checkpoint"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_tail_or_edge_is_refused() {
    let site = Site::with_entries(600).await;
    let tile = TileId {
        level: 0,
        number: 1,
    };
    let error = refused(
        &site,
        Faults {
            flipped_body: Some(599),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::WrongRoot { .. }), "{error}");
    let error = refused(
        &site,
        Faults {
            flipped_tile: Some(tile),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::WrongRoot { .. }), "{error}");
    let error = refused(
        &site,
        Faults {
            lost_tile: Some(tile),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::Read(_)), "{error}");
}

#[tokio::test]
async fn a_head_that_does_not_fit_the_entries_is_refused() {
    let site = Site::with_entries(3).await;
    let head = site.store.head(SHARD).unwrap().unwrap();
    let wrong_root = StoredHead {
        root: Hash::default(),
        ..head
    };
    let error = refused(
        &site,
        Faults {
            head: Some((SHARD, wrong_root)),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::WrongRoot { .. }), "{error}");

    // A head of two entries, whose root is right, before a third entry.
    let root = site
        .open()
        .unwrap()
        .root_at(TreeSize::new(2))
        .await
        .unwrap();
    let short = StoredHead {
        size: TreeSize::new(2),
        root,
        time: head.time,
    };
    let error = refused(
        &site,
        Faults {
            head: Some((SHARD, short)),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(error, OpenError::EntriesBeyondHead(_)), "{error}");
}
