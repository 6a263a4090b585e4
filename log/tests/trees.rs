//! The trees of one log: which of them grow, how Rekor v1 counts over them, and what signs for
//! each.

use std::sync::Arc;

use ledgerstone_log::AppendError;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::OpenError;
use ledgerstone_log::Submission;
use ledgerstone_log::Tree;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::TreeChange;
use ledgerstone_storage::TreeKind;

use crate::ORIGIN;
use crate::SHARD;
use crate::Site;
use crate::V1_SHARD;
use crate::body;
use crate::faulty::Faults;
use crate::faulty::FaultyStore;
use crate::faulty::Step;
use crate::verified;

async fn append(log: &Log, kind: TreeKind, number: u64) -> ledgerstone_log::Appended {
    let submission = Submission::new(body(number)).unwrap();
    log.append(kind, submission).await.unwrap()
}

/// Appends to both trees at the same time.
async fn append_both(log: &Log, numbers: std::ops::Range<u64>) {
    let tasks: Vec<_> = numbers
        .flat_map(|number| [(TreeKind::REKOR_V1, number), (TreeKind::REKOR_V2, number)])
        .map(|(kind, number)| {
            let log = log.clone();
            tokio::spawn(async move { append(&log, kind, number).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

fn tree(log: &Log, kind: TreeKind) -> Tree {
    log.trees().growing_of(kind).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_trees_grow_at_once_and_share_rounds() {
    let site = Site::with_both();
    let log = site.create().log;
    append_both(&log, 0..700).await;
    for kind in [TreeKind::REKOR_V1, TreeKind::REKOR_V2] {
        let tree = tree(&log, kind);
        let head = tree.head();
        assert_eq!(head.size().get(), 700);
        let checkpoint = verified(&head.checkpoint(), tree.checkpoint_key());
        assert_eq!(
            (checkpoint.size, checkpoint.root),
            (head.size(), head.root())
        );
        assert_eq!(checkpoint.origin, tree.origin());
        for index in [0, 255, 256, 699] {
            let proven = tree
                .proven_entry(LeafIndex::new(index))
                .await
                .unwrap()
                .unwrap();
            proven
                .proof
                .verify(&proven.leaf_hash, &head.root())
                .unwrap();
        }
    }
    log.close().await.unwrap();
    site.check_whole_log(700);
    // One batch may carry rounds of both: whatever was queued while the one before was on its way
    // to the disk.
    let commits = site.store.steps();
    let commits = commits
        .iter()
        .filter(|step| matches!(step, Step::Commit { .. }));
    assert!(commits.count() < 1_400);

    // And all of it is there again after a start.
    let log = site.open().unwrap().log;
    assert_eq!(tree(&log, TreeKind::REKOR_V1).head().size().get(), 700);
    log.close().await.unwrap();
}

#[tokio::test]
async fn the_same_body_is_a_duplicate_in_its_own_tree_only() {
    let log = Site::with_both().create().log;
    let first = append(&log, TreeKind::REKOR_V1, 1).await;
    let other = append(&log, TreeKind::REKOR_V2, 1).await;
    assert!(!first.duplicate && !other.duplicate);
    assert_ne!(first.tree_id, other.tree_id);
    let again = append(&log, TreeKind::REKOR_V1, 1).await;
    assert!(again.duplicate);
    assert_eq!((again.tree_id, again.index), (first.tree_id, first.index));
}

#[tokio::test]
async fn a_round_that_fails_ends_both_trees_and_signs_nothing() {
    let site = Site::with_both();
    let log = site.create().log;
    append_both(&log, 0..3).await;
    site.store.set(Faults {
        flipped_body: Some(3),
        ..Faults::default()
    });
    let submission = Submission::new(body(9)).unwrap();
    let refused = log.append(TreeKind::REKOR_V1, submission).await;
    assert!(matches!(refused, Err(AppendError::Stopped)), "{refused:?}");
    let submission = Submission::new(body(9)).unwrap();
    let refused = log.append(TreeKind::REKOR_V2, submission).await;
    assert!(matches!(refused, Err(AppendError::Stopped)), "{refused:?}");
    assert_eq!(tree(&log, TreeKind::REKOR_V1).head().size().get(), 3);
}

#[tokio::test]
async fn a_protocol_without_a_tree_takes_nothing() {
    let log = Site::new().create().log;
    let submission = Submission::new(body(1)).unwrap();
    let refused = log.append(TreeKind::REKOR_V1, submission).await;
    assert!(
        matches!(refused, Err(AppendError::NotGrowing)),
        "{refused:?}"
    );
    assert!(log.trees().counted().is_empty());
    assert!(log.trees().locate(0).is_none());
}

#[tokio::test]
async fn each_tree_signs_with_a_key_and_an_origin_of_its_own() {
    let site = Site::with_both();
    let log = site.create().log;
    append_both(&log, 0..5).await;
    let (v1, v2) = (
        tree(&log, TreeKind::REKOR_V1),
        tree(&log, TreeKind::REKOR_V2),
    );
    assert_eq!(v2.origin(), ORIGIN);
    assert_eq!(v1.origin(), format!("{ORIGIN}/trees/{}", v1.tree_id()));
    assert_ne!(v1.checkpoint_key().log_id(), v2.checkpoint_key().log_id());
    assert!(v2.v1_key().is_none());

    let head = v1.head();
    let key = v1.v1_key().unwrap();
    let checkpoint = verified(&v1.v1_checkpoint(&head).unwrap(), key);
    assert_eq!(checkpoint.origin, format!("{ORIGIN} - {}", v1.tree_id()));
    assert_eq!(
        (checkpoint.size, checkpoint.root),
        (head.size(), head.root())
    );
    assert!(v2.v1_checkpoint(&v2.head()).is_err());

    let index = LeafIndex::new(2);
    let signed = v1.signed_entry_timestamp(index, 1_700_000_000, "e30=");
    let payload = format!(
        r#"{{"body":"e30=","integratedTime":1700000000,"logID":"{}","logIndex":2}}"#,
        Hash::new(key.log_id()),
    );
    key.verify(&payload, &signed.await.unwrap().unwrap())
        .unwrap();
    let unsigned = v2.signed_entry_timestamp(index, 1_700_000_000, "e30=");
    assert_eq!(unsigned.await.unwrap(), None);
}

/// A log whose first tree of Rekor v1 was frozen after 3 entries, and which goes on in another.
async fn with_a_frozen_tree() -> (Log, u64) {
    let store = FaultyStore::new();
    let options = LogOptions::default();
    let name = |shard, kind| NewTree::new(ShardId::new(shard), kind, ORIGIN);
    let trees = [
        name(0, TreeKind::REKOR_V1),
        name(1, TreeKind::REKOR_V2),
        name(2, TreeKind::REKOR_V1),
    ];
    let keyring = Keyring::generate(&trees, &options.protocols).unwrap();
    let log = Log::create(
        store.store.clone(),
        &trees[..2],
        keyring.clone(),
        options.clone(),
    )
    .unwrap();
    append_both(&log, 0..3).await;
    let old = tree(&log, TreeKind::REKOR_V1);
    log.close().await.unwrap();
    let frozen = Frozen {
        checkpoint: old.head().checkpoint().to_string(),
        at: old.head().time(),
    };
    let change = TreeChange {
        freeze: vec![(ShardId::new(0), frozen)],
        ..TreeChange::default()
    };
    store.change_trees(&change).unwrap();
    let log = Log::create(store.store.clone(), &trees[2..], keyring, options).unwrap();
    append_both(&log, 10..14).await;
    (log, old.tree_id())
}

#[tokio::test(flavor = "multi_thread")]
async fn virtual_indexes_count_over_all_trees_of_rekor_v1_and_no_others() {
    let (log, old) = with_a_frozen_tree().await;
    let trees = log.trees();
    let new = tree(&log, TreeKind::REKOR_V1).tree_id();
    let located: Vec<_> = (0..9)
        .map(|virtual_index| {
            let (tree, index) = trees.locate(virtual_index).unwrap();
            assert_eq!(tree.virtual_index(index), virtual_index);
            (tree.tree_id(), index.get())
        })
        .collect();
    let expected = (0..3).map(|index| (old, index));
    let expected: Vec<_> = expected.chain((0..6).map(|index| (new, index))).collect();
    assert_eq!(located, expected);
    let inactive: Vec<_> = trees.inactive().map(Tree::tree_id).collect();
    assert_eq!(inactive, [old]);
    assert_eq!(trees.growing().count(), 2);
    assert_eq!(trees.own().count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_tree_shows_its_last_checkpoint_and_still_proves() {
    let (log, old) = with_a_frozen_tree().await;
    let trees = log.trees();
    let tree = trees.by_tree_id(old).unwrap();
    assert!(!tree.grows() && tree.frozen_at().is_some());
    let head = tree.head();
    let checkpoint = verified(&head.checkpoint(), tree.checkpoint_key());
    assert_eq!(checkpoint.size.get(), 3);
    let (one, all) = (TreeSize::new(1), TreeSize::new(3));
    let proof = tree.consistency_proof(one, all).await.unwrap();
    let first = tree.entry(LeafIndex::new(0)).await.unwrap().unwrap();
    proof.verify(&leaf_hash(&first.body), &head.root()).unwrap();
    // The key of Rekor v1 serves all of the log's trees in turn.
    let v1 = verified(&tree.v1_checkpoint(&head).unwrap(), tree.v1_key().unwrap());
    assert_eq!(v1.origin, format!("{ORIGIN} - {old}"));
    // The same body is new in the tree that grows.
    assert!(!append(&log, TreeKind::REKOR_V1, 1).await.duplicate);
}

#[tokio::test]
async fn trees_that_could_not_be_told_apart_are_refused() {
    let options = LogOptions::default();
    let refused = |trees: &[NewTree]| {
        let keyring = Keyring::generate(trees, &options.protocols).unwrap();
        let store = FaultyStore::new();
        let log = Log::create(store.store, trees, keyring, options.clone());
        log.err().unwrap()
    };
    let [mut v2, mut v1] = [(SHARD, TreeKind::REKOR_V2), (V1_SHARD, TreeKind::REKOR_V1)]
        .map(|(shard, kind)| NewTree::new(shard, kind, ORIGIN));
    let second = NewTree {
        shard: V1_SHARD,
        tree_id: v2.tree_id ^ 1,
        ..v2.clone()
    };
    let error = refused(&[v2.clone(), second.clone()]);
    assert!(matches!(error, OpenError::SameOrigin(_)), "{error}");
    let renamed = NewTree {
        name: "other.example.com".to_owned(),
        ..second
    };
    let error = refused(&[v2.clone(), renamed]);
    assert!(matches!(error, OpenError::TwoGrow(2)), "{error}");
    v2.tree_id = 7;
    v1.tree_id = 7;
    let keyring = Keyring::generate(&[v2, v1], &options.protocols);
    assert!(keyring.is_err(), "one role, two keys");
}

#[tokio::test]
async fn a_checkpoint_gets_signatures_and_never_another_text() {
    let site = Site::new();
    let log = site.create();
    crate::append_all(&log, 0..3).await;
    let head = log.head();
    let own = SignedNote::parse(&*head.checkpoint()).unwrap();
    let witness = ledgerstone_merkle::Ed25519Signer::from_seed("witness.example", &[9; 32]);
    let witness = witness.unwrap();
    let signed = SignedNote::sign(own.text(), &[&witness]).unwrap();

    let mut both = own.clone();
    both.add_signature(signed.signatures()[0].clone()).unwrap();
    head.cosigned(&both).unwrap();
    assert_eq!(*head.checkpoint(), both.to_string());
    assert_eq!(*log.head().checkpoint(), both.to_string());

    // Neither without a signature that it has, nor over another tree.
    assert!(head.cosigned(&own).is_err());
    assert!(head.cosigned(&signed).is_err());
    crate::append_all(&log, 3..4).await;
    assert!(log.head().cosigned(&both).is_err());
    let later = Arc::clone(&log.head());
    assert_eq!(later.size().get(), 4);
}
