use ledgerstone_log::Finding;
use ledgerstone_log::KeyRole;
use ledgerstone_log::Protocols;
use ledgerstone_log::accept_head;
use ledgerstone_log::fsck;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::EngineDamage;
use ledgerstone_storage::StoredHead;

use crate::ORIGIN;
use crate::SHARD;
use crate::Site;
use crate::faulty::Faults;
use crate::search::Person;

fn findings(site: &Site, faults: Faults) -> Vec<Finding> {
    site.store.set(faults);
    let report = fsck(&site.store, SHARD, Some(&site.key()), &mut |_, _| ()).unwrap();
    site.store.set(Faults::default());
    report.findings
}

#[tokio::test(flavor = "multi_thread")]
async fn names_each_kind_of_damage() {
    let site = Site::with_entries(600).await;
    assert_eq!(findings(&site, Faults::default()), []);
    let tile = TileId {
        level: 0,
        number: 1,
    };
    assert_eq!(
        findings(
            &site,
            Faults {
                lost_tile: Some(tile),
                ..Faults::default()
            }
        ),
        [Finding::MissingTile(tile)]
    );
    assert_eq!(
        findings(
            &site,
            Faults {
                flipped_tile: Some(tile),
                ..Faults::default()
            }
        ),
        [Finding::WrongTile(tile)]
    );

    let index = LeafIndex::new(300);
    let hash = leaf_hash(&site.store.entry(SHARD, index).unwrap().unwrap().body);
    let found = findings(
        &site,
        Faults {
            wrong_index: Some((hash, 5)),
            ..Faults::default()
        },
    );
    assert_eq!(
        found,
        [Finding::WrongLeafIndex(index, Some(LeafIndex::new(5)))]
    );

    let found = findings(
        &site,
        Faults {
            flipped_body: Some(300),
            ..Faults::default()
        },
    );
    assert!(found.contains(&Finding::WrongTile(tile)), "{found:?}");
    assert!(
        found.contains(&Finding::WrongLeafIndex(index, None)),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|finding| matches!(finding, Finding::WrongRoot(_))),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|finding| matches!(finding, Finding::Forked(_))),
        "{found:?}"
    );

    let head = site.store.head(SHARD).unwrap().unwrap();
    let found = findings(
        &site,
        Faults {
            head: Some((
                SHARD,
                StoredHead {
                    root: Hash::default(),
                    ..head
                },
            )),
            ..Faults::default()
        },
    );
    assert!(matches!(found[..], [Finding::WrongRoot(_)]), "{found:?}");
}

/// Each of many faults is told, and none hides another.
#[tokio::test(flavor = "multi_thread")]
async fn goes_on_behind_what_cannot_be_read() {
    let site = Site::with_entries(1_100).await;
    let body = |index| site.store.entry(SHARD, index).unwrap().unwrap().body;
    let (unreadable, flipped) = (LeafIndex::new(300), LeafIndex::new(600));
    let leaf = LeafIndex::new(1_090);
    let leaf_of_leaf = leaf_hash(&body(leaf));
    let tile = |level, number| TileId { level, number };
    let damage = EngineDamage {
        part: "a table".to_owned(),
        what: "is missing".to_owned(),
    };
    let found = findings(
        &site,
        Faults {
            unreadable_body: Some(unreadable.get()),
            unreadable_leaf: Some(leaf_of_leaf),
            unreadable_tile: Some(tile(0, 3)),
            lost_tile: Some(tile(0, 0)),
            flipped_body: Some(flipped.get()),
            damage: Some(damage),
            ..Faults::default()
        },
    );
    let reason = "cannot write to a test's disk: failed".to_owned();
    assert_eq!(
        found,
        [
            Finding::MissingTile(tile(0, 0)),
            Finding::Unreadable(unreadable, reason.clone()),
            Finding::Incomparable,
            Finding::WrongLeafIndex(flipped, None),
            Finding::WrongTile(tile(0, 2)),
            Finding::UnreadableTile(tile(0, 3), reason.clone()),
            Finding::UnreadableLeafIndex(leaf, reason),
            Finding::Store("a table is missing".to_owned()),
        ]
    );
    site.check_whole_log(1_100);
}

#[tokio::test]
async fn looks_for_each_entry_by_what_its_body_names() {
    let site = Site::new();
    let log = site.create();
    let person = Person::new();
    for artifact in ["one", "two", "three"] {
        log.append(person.signs(artifact).into()).await.unwrap();
    }
    log.close().await.unwrap();
    site.check_whole_log(3);

    let keys = person.signs("two").search_keys.len();
    let found = findings(
        &site,
        Faults {
            unsearchable: Some(1),
            ..Faults::default()
        },
    );
    assert_eq!(found, [Finding::Unsearchable(LeafIndex::new(1), keys)]);
    let found = findings(
        &site,
        Faults {
            unreadable_search: true,
            ..Faults::default()
        },
    );
    let told: Vec<_> = found
        .iter()
        .map(|finding| match finding {
            Finding::UnreadableSearch(index, _) => *index,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, [0, 1, 2].map(LeafIndex::new));
}

#[tokio::test]
async fn an_operator_can_accept_a_sound_store_whose_kept_checkpoint_is_gone() {
    let site = Site::with_entries(3).await;
    let kept = |text: Option<&str>| Faults {
        kept: Some(text.map(str::to_owned)),
        ..Faults::default()
    };
    assert_eq!(findings(&site, kept(None)), [Finding::NoKeptCheckpoint]);
    let found = findings(&site, kept(Some("")));
    assert!(
        matches!(found[..], [Finding::BadKeptCheckpoint(_)]),
        "{found:?}"
    );
    assert!(found.iter().all(Finding::is_about_kept_checkpoint));

    let role = KeyRole::Checkpoint {
        tree_id: site.trees[0].tree_id,
    };
    let signer = site.keyring.signer(role).unwrap().as_ref();
    let protocols = Protocols::default();
    accept_head(&site.store, SHARD, signer, &protocols).unwrap();
    site.check_whole_log(3);
    assert_eq!(site.open().unwrap().head().size().get(), 3);
}

/// A frozen tree is what its last checkpoint is over: signed by its key, and over all that is
/// stored.
#[tokio::test]
async fn the_last_checkpoint_of_a_frozen_tree_is_over_all_that_is_stored() {
    let site = Site::with_entries(3).await;
    let last = site.store.kept_checkpoint(SHARD).unwrap().unwrap();
    let frozen = |checkpoint: String| Faults {
        frozen: Some(checkpoint),
        ..Faults::default()
    };
    let other = Site::with_entries(3).await;
    let of_other_key = other.store.kept_checkpoint(SHARD).unwrap().unwrap();
    for checkpoint in [
        signed(&site, 2),
        signed(&site, 3),
        of_other_key,
        last.replacen("\n3\n", "\n4\n", 1),
        String::new(),
    ] {
        let found = findings(&site, frozen(checkpoint.clone()));
        assert!(
            matches!(found[..], [Finding::BadFrozenCheckpoint(_)]),
            "{checkpoint}: {found:?}"
        );
        assert!(!found[0].is_about_kept_checkpoint());
    }
    assert_eq!(findings(&site, frozen(last.clone())), []);
    // What is kept outside the store as well is not missed, and compared where it can be read.
    let kept = |text: Option<String>| Faults {
        kept: Some(text),
        ..frozen(last.clone())
    };
    assert_eq!(findings(&site, kept(None)), []);
    assert_eq!(findings(&site, kept(Some(String::new()))), []);
    let ahead = findings(&site, kept(Some(signed(&site, 4))));
    assert_eq!(ahead, [Finding::RolledBack(TreeSize::new(4))]);
}

/// A checkpoint by the key of the tree over another tree than the one that is stored.
fn signed(site: &Site, size: u64) -> String {
    let checkpoint = Checkpoint::new(ORIGIN, TreeSize::new(size), Hash::default()).unwrap();
    let role = KeyRole::Checkpoint {
        tree_id: site.trees[0].tree_id,
    };
    let signer = site.keyring.signer(role).unwrap();
    let note = SignedNote::sign(checkpoint.to_text(), &[signer.as_ref()]);
    note.unwrap().to_string()
}
