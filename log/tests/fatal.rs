use ledgerstone_log::AppendError;
use ledgerstone_log::CloseError;
use ledgerstone_log::Fatal;
use ledgerstone_merkle::TileId;

use crate::Running;
use crate::Site;
use crate::append;
use crate::append_all;
use crate::faulty::Faults;

/// Appends with `faults`, and checks that the log is finished and has published nothing since.
async fn fails(site: &Site, log: &Running, number: u64, faults: Faults) -> std::sync::Arc<Fatal> {
    let (before, steps) = (log.head(), site.store.steps().len());
    site.store.set(faults);
    assert!(matches!(
        append(log, number).await,
        Err(AppendError::Stopped)
    ));
    let fatal = log.failed().await;
    assert!(matches!(
        append(log, number + 1).await,
        Err(AppendError::Stopped)
    ));
    assert_eq!(
        log.head().size(),
        before.size(),
        "a head was published after the failure"
    );
    let kept = site.store.steps().split_off(steps);
    assert!(
        !kept
            .iter()
            .any(|step| matches!(step, crate::faulty::Step::Keep { .. })),
        "signed after the failure"
    );
    assert!(matches!(log.close().await, Err(CloseError::Failed(_))));
    fatal
}

#[tokio::test]
async fn a_commit_that_fails_ends_the_log_and_a_verified_open_brings_it_back() {
    let site = Site::new();
    let log = site.create();
    append(&log, 1).await.unwrap();
    let fatal = fails(
        &site,
        &log,
        2,
        Faults {
            commit: true,
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(*fatal, Fatal::Storage(_)), "{fatal}");
    drop(log);

    site.store.set(Faults::default());
    let log = site.open().unwrap();
    assert_eq!(log.head().size().get(), 1);
    assert_eq!(append(&log, 2).await.unwrap().index.get(), 1);
    site.check_whole_log(2);
}

#[tokio::test]
async fn a_commit_that_fails_after_it_stored_is_picked_up_by_the_next_start() {
    let site = Site::new();
    let log = site.create();
    append(&log, 1).await.unwrap();
    fails(
        &site,
        &log,
        2,
        Faults {
            commit_after: true,
            ..Faults::default()
        },
    )
    .await;
    drop(log);

    site.store.set(Faults::default());
    let log = site.open().unwrap();
    assert_eq!(log.head().size().get(), 2);
    let again = append(&log, 2).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.index.get(), 1);
    site.check_whole_log(2);
}

#[tokio::test]
async fn a_body_that_reads_back_with_a_flipped_bit_is_never_signed() {
    let site = Site::new();
    let log = site.create();
    append(&log, 1).await.unwrap();
    let fatal = fails(
        &site,
        &log,
        2,
        Faults {
            flipped_body: Some(1),
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(*fatal, Fatal::RootsDiffer { .. }), "{fatal}");
    drop(log);
    assert!(site.open().is_err(), "a store whose tail is damaged opens");
}

#[tokio::test]
async fn a_tile_that_reads_back_wrong_is_never_signed() {
    for lost in [true, false] {
        let site = Site::new();
        let log = site.create();
        append_all(&log, 0..255).await;
        let id = TileId {
            level: 0,
            number: 0,
        };
        let faults = match lost {
            true => Faults {
                lost_tile: Some(id),
                ..Faults::default()
            },
            false => Faults {
                flipped_tile: Some(id),
                ..Faults::default()
            },
        };
        let fatal = fails(&site, &log, 255, faults).await;
        assert!(
            matches!(*fatal, Fatal::TileDiffers(_) | Fatal::Read(_)),
            "{fatal}"
        );
    }
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_kept_is_not_published() {
    let site = Site::new();
    let log = site.create();
    append(&log, 1).await.unwrap();
    let fatal = fails(
        &site,
        &log,
        2,
        Faults {
            keep: true,
            ..Faults::default()
        },
    )
    .await;
    assert!(matches!(*fatal, Fatal::Storage(_)), "{fatal}");
    drop(log);

    // The kept checkpoint lags by one round, as after a power cut.
    site.store.set(Faults::default());
    assert_eq!(site.open().unwrap().head().size().get(), 2);
}

#[tokio::test]
async fn two_faults_in_a_row_do_not_let_the_log_go_on() {
    let site = Site::new();
    let log = site.create();
    append_all(&log, 0..300).await;
    fails(
        &site,
        &log,
        300,
        Faults {
            commit_after: true,
            ..Faults::default()
        },
    )
    .await;
    drop(log);

    // The reload fails too: there is nothing to go on with.
    let lost = TileId {
        level: 0,
        number: 0,
    };
    site.store.set(Faults {
        lost_tile: Some(lost),
        ..Faults::default()
    });
    assert!(site.open().is_err());
    site.store.set(Faults::default());
    assert_eq!(site.open().unwrap().head().size().get(), 301);
}

#[tokio::test(flavor = "multi_thread")]
async fn everyone_who_waits_is_told_when_the_log_fails() {
    let site = Site::new();
    let log = site.create();
    append(&log, 0).await.unwrap();
    site.store.set(Faults {
        commit: true,
        ..Faults::default()
    });
    let waiting: Vec<_> = (1..200)
        .map(|number| {
            let log = log.clone();
            tokio::spawn(async move { append(&log, number).await })
        })
        .collect();
    for task in waiting {
        assert!(matches!(task.await.unwrap(), Err(AppendError::Stopped)));
    }
}
