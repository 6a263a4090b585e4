//! The store is read again and again, and damage shows before anybody needs what is damaged.

use std::sync::Arc;

use ledgerstone_log::Observer;
use ledgerstone_log::RoundReport;
use ledgerstone_log::ScrubReport;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::leaf_hash;
use tokio::sync::watch;

use crate::Site;
use crate::append;
use crate::append_all;
use crate::body;
use crate::faulty::Faults;

struct Watched(watch::Sender<ScrubReport>);

impl Observer for Watched {
    fn round(&self, _report: &RoundReport) {}

    fn scrubbed(&self, report: &ScrubReport) {
        self.0.send_replace(report.clone());
    }
}

/// Each kind of damage is found once for its place, however often it is met, and the log goes on.
#[tokio::test(flavor = "multi_thread")]
async fn damage_is_found_once_for_a_place_and_ends_nothing() {
    let site = Site::with_entries(600).await;
    let tile = TileId {
        level: 0,
        number: 1,
    };
    // A flipped body is another leaf, which the leaf index does not know; and what cannot be read
    // of that is met by whoever looks for a leaf, and by whoever reads all of it.
    let faults = [
        (0, Faults::default()),
        (
            2,
            Faults {
                flipped_body: Some(20),
                ..Faults::default()
            },
        ),
        (
            1,
            Faults {
                unreadable_body: Some(20),
                ..Faults::default()
            },
        ),
        (
            1,
            Faults {
                flipped_tile: Some(tile),
                ..Faults::default()
            },
        ),
        (
            1,
            Faults {
                lost_tile: Some(tile),
                ..Faults::default()
            },
        ),
        (
            2,
            Faults {
                unreadable_leaf: Some(leaf_hash(&body(3))),
                ..Faults::default()
            },
        ),
        (
            1,
            Faults {
                wrong_index: Some((leaf_hash(&body(3)), 9)),
                ..Faults::default()
            },
        ),
    ];
    for (places, faults) in faults {
        let (sender, mut reports) = watch::channel(ScrubReport::default());
        let mut options = site.options.clone();
        options.scrub_rate = u64::MAX;
        options.observer = Some(Arc::new(Watched(sender)));
        site.store.set(faults.clone());
        let store = site.store.store.clone();
        let Ok(log) = ledgerstone_log::Log::open(store, site.keyring.clone(), options) else {
            // The edge of the tree needs what is lost.
            assert!(faults.lost_tile.is_some() || faults.flipped_tile.is_some());
            continue;
        };
        let passed = reports.wait_for(|report| report.passes > 0).await;
        let report = passed.unwrap().clone();
        assert_eq!(report.findings, places);
        assert!(report.progress >= 1.0, "{report:?}");
        let trees = log.trees();
        assert_eq!(trees.growing().count(), 1);
        log.close().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_in_a_log_that_runs_shows() {
    let (sender, mut reports) = watch::channel(ScrubReport::default());
    let mut site = Site::new();
    site.options.scrub_rate = u64::MAX;
    site.options.observer = Some(Arc::new(Watched(sender)));
    let log = site.create();
    append_all(&log, 0..300).await;
    let clean = reports.wait_for(|report| report.passes > 0).await;
    assert_eq!(clean.unwrap().findings, 0);
    site.store.set(Faults {
        unreadable_body: Some(20),
        ..Faults::default()
    });
    let found = reports.wait_for(|report| report.findings > 0).await;
    assert_eq!(found.unwrap().findings, 1);
    // It ends nothing.
    append(&log, 300).await.unwrap();
    log.close().await.unwrap();
}
