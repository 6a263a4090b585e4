use ledgerstone_log::Finding;
use ledgerstone_log::accept_head;
use ledgerstone_log::fsck;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::Damage;
use ledgerstone_storage::EngineDamage;
use ledgerstone_storage::Reader;
use ledgerstone_storage::StoredHead;

use crate::SHARD;
use crate::Site;
use crate::faulty::Faults;
use crate::search::Person;

fn findings(site: &Site, faults: Faults) -> Vec<Finding> {
    site.store.set(faults);
    let report = fsck(
        site.store.as_ref(),
        SHARD,
        Some(&site.keys()),
        &mut |_, _| (),
    )
    .unwrap();
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
            head: Some(StoredHead {
                root: Hash::default(),
                ..head
            }),
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
    let damage = Damage::Engine(EngineDamage {
        part: "a table".to_owned(),
        what: "is missing".to_owned(),
    });
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

    accept_head(site.store.as_ref(), SHARD, &site.keys()).unwrap();
    site.check_whole_log(3);
    assert_eq!(site.open().unwrap().head().size().get(), 3);
}
