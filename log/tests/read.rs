use ledgerstone_log::ReadError;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;

use crate::Site;
use crate::append;
use crate::append_all;
use crate::body;
use crate::faulty::Faults;

fn width(width: u16) -> TileWidth {
    TileWidth::new(width).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn proofs_hold_between_all_sizes() {
    let site = Site::new();
    let log = site.create();
    let mut edge = RightEdge::new();
    let mut roots = vec![edge.root()];
    for number in 0..300 {
        append(&log, number).await.unwrap();
        edge.append(leaf_hash(&body(number)));
        roots.push(edge.root());
    }
    for old in (0..=300).step_by(7).chain([255, 256, 257, 300]) {
        assert_eq!(
            log.root_at(TreeSize::new(old)).await.unwrap(),
            roots[old as usize]
        );
        for new in (old..=300).step_by(11) {
            let proof = log
                .consistency_proof(TreeSize::new(old), TreeSize::new(new))
                .await
                .unwrap();
            proof
                .verify(&roots[old as usize], &roots[new as usize])
                .unwrap();
        }
        for index in (0..old).step_by(13) {
            let proof = log
                .inclusion_proof(LeafIndex::new(index), TreeSize::new(old))
                .await
                .unwrap();
            proof
                .verify(&leaf_hash(&body(index)), &roots[old as usize])
                .unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_head_does_not_cover_is_absent() {
    let site = Site::with_entries(300).await;
    let log = site.open().unwrap();
    let (at, beyond) = (TreeSize::new(300), TreeSize::new(301));
    assert!(log.entry(LeafIndex::new(299)).await.unwrap().is_some());
    assert!(log.entry(LeafIndex::new(300)).await.unwrap().is_none());
    assert!(log.entry(LeafIndex::new(u64::MAX)).await.unwrap().is_none());
    assert!(log.index_of(&Hash::default()).await.unwrap().is_none());
    assert!(matches!(
        log.root_at(beyond).await,
        Err(ReadError::BeyondHead { .. })
    ));
    assert!(matches!(
        log.inclusion_proof(LeafIndex::new(0), beyond).await,
        Err(ReadError::BeyondHead { .. })
    ));
    let error = log
        .inclusion_proof(LeafIndex::new(300), at)
        .await
        .unwrap_err();
    assert!(
        matches!(error, ReadError::IndexBeyondSize { .. }),
        "{error}"
    );
    assert!(matches!(
        log.consistency_proof(at, beyond).await,
        Err(ReadError::BeyondHead { .. })
    ));
    let error = log
        .consistency_proof(at, TreeSize::new(299))
        .await
        .unwrap_err();
    assert!(matches!(error, ReadError::SizesReversed { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tiles_and_bundles_are_served_up_to_the_head_and_no_further() {
    let site = Site::with_entries(300).await;
    let log = site.open().unwrap();
    let tile =
        |level, number, width| crate::ready(log.tile(TileId { level, number }, width)).unwrap();
    let full = tile(0, 0, TileWidth::FULL).unwrap();
    assert_eq!(full.len(), 8_192);
    assert_eq!(tile(0, 0, width(17)).unwrap(), full.slice(..17 * 32));
    let partial = tile(0, 1, width(44)).unwrap();
    assert_eq!(
        partial.slice(..32),
        leaf_hash(&log.entry(LeafIndex::new(256)).await.unwrap().unwrap().body).as_ref()
    );
    assert_eq!(tile(0, 1, width(45)), None);
    assert_eq!(tile(1, 0, width(1)).unwrap().len(), 32);
    assert_eq!(tile(1, 0, width(2)), None);
    assert_eq!(tile(2, 0, width(1)), None);
    assert_eq!(tile(63, u64::MAX, width(1)), None);

    let bundle = |number, width| crate::ready(log.bundle(number, width)).unwrap();
    let encoded = bundle(1, width(44)).unwrap();
    let bodies = EntryBundle::decode(&encoded).unwrap();
    assert_eq!(bodies.len(), 44);
    let first = log.entry(LeafIndex::new(256)).await.unwrap().unwrap();
    assert_eq!(bodies[0], first.body);
    assert!(bundle(1, width(45)).is_none());
    assert!(bundle(u64::MAX, width(1)).is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn ranges_are_bounded_in_entries_and_in_bytes() {
    let site = Site::with_entries(20).await;
    let log = site.open().unwrap();
    let indexes = |start, limit, bytes| {
        let entries = crate::ready(log.entries(LeafIndex::new(start), limit, bytes)).unwrap();
        entries
            .into_iter()
            .map(|(index, _)| index.get())
            .collect::<Vec<_>>()
    };
    assert_eq!(indexes(3, 4, usize::MAX), [3, 4, 5, 6]);
    assert_eq!(indexes(18, 4, usize::MAX), [18, 19]);
    assert!(indexes(20, 4, usize::MAX).is_empty());
    assert!(indexes(u64::MAX, 4, usize::MAX).is_empty());
    assert_eq!(indexes(0, 4, 1), [0]);
    assert!(indexes(0, 0, usize::MAX).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_index_is_not_believed() {
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..10).await;
    let hash = leaf_hash(&body(4));
    let index = log.index_of(&hash).await.unwrap().unwrap();
    site.store.set(Faults {
        wrong_index: Some((hash, (index.get() + 1) % 10)),
        ..Faults::default()
    });
    assert!(matches!(
        log.index_of(&hash).await,
        Err(ReadError::WrongIndex { .. })
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_tile_yields_an_error_and_never_a_wrong_proof() {
    let site = Site::with_entries(600).await;
    let damaged = TileId {
        level: 0,
        number: 0,
    };
    for faults in [
        Faults {
            flipped_tile: Some(damaged),
            ..Faults::default()
        },
        Faults {
            lost_tile: Some(damaged),
            ..Faults::default()
        },
    ] {
        // Opened first: a start would refuse.
        site.store.set(Faults::default());
        let log = site.open().unwrap();
        site.store.set(faults);
        let error = log
            .inclusion_proof(LeafIndex::new(1), TreeSize::new(600))
            .await
            .unwrap_err();
        assert!(
            matches!(error, ReadError::BadProof(_) | ReadError::MissingTile(_)),
            "{error}"
        );
        assert!(!error.is_out_of_range());
        assert!(
            log.inclusion_proof(LeafIndex::new(300), TreeSize::new(600))
                .await
                .is_ok()
        );
    }
}
