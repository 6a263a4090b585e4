use ledgerstone_log::Finding;
use ledgerstone_log::accept_head;
use ledgerstone_log::fsck;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::Reader;
use ledgerstone_storage::StoredHead;

use crate::SHARD;
use crate::Site;
use crate::faulty::Faults;

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
