use std::collections::BTreeSet;

use ledgerstone_log::AppendError;
use ledgerstone_log::Submission;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::leaf_hash;

use crate::Site;
use crate::append;
use crate::append_all;
use crate::body;
use crate::faulty::Step;
use crate::key;
use crate::verified;

#[tokio::test(flavor = "multi_thread")]
async fn entries_get_contiguous_indexes_and_proofs_that_verify_against_signed_heads() {
    let site = Site::new();
    let log = site.create();
    let appended = append_all(&log, 0..700).await;
    for (number, one) in (0..).zip(&appended) {
        let checkpoint = verified(&one.head.checkpoint(), &key(&log));
        assert_eq!(checkpoint.size, one.proof.size);
        one.proof
            .verify(&leaf_hash(&body(number)), &checkpoint.root)
            .unwrap();
        assert_eq!(one.proof.index, one.index);
        assert!(!one.duplicate);
        assert_eq!(
            log.entry(one.index).await.unwrap().unwrap().body,
            body(number)
        );
    }
    let indexes: BTreeSet<_> = appended.iter().map(|one| one.index.get()).collect();
    assert_eq!(indexes, (0..700).collect());
    log.close().await.unwrap();
    site.check_whole_log(700);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_entry_again_yields_the_first_one_with_a_fresh_proof() {
    let site = Site::new();
    let log = site.create();
    let first = append(&log, 1).await.unwrap();
    append_all(&log, 2..300).await;
    let again = append(&log, 1).await.unwrap();
    assert!(again.duplicate);
    assert_eq!(again.index, first.index);
    assert_eq!(again.integrated_time, first.integrated_time);
    assert_eq!(again.head.size().get(), 299);
    again
        .proof
        .verify(&leaf_hash(&body(1)), &again.head.root())
        .unwrap();
    assert_eq!(log.head().size().get(), 299);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_entry_at_the_same_time_is_logged_once() {
    let site = Site::new();
    let log = site.create();
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let log = log.clone();
            tokio::spawn(async move { append(&log, 7).await.unwrap() })
        })
        .collect();
    let mut fresh = 0;
    for task in tasks {
        let appended = task.await.unwrap();
        assert_eq!(appended.index.get(), 0);
        fresh += u32::from(!appended.duplicate);
    }
    assert_eq!(fresh, 1);
    assert_eq!(log.head().size().get(), 1);
}

#[tokio::test]
async fn nothing_is_kept_or_published_before_it_is_committed() {
    let site = Site::new();
    let log = site.create();
    for number in 0..5 {
        append(&log, number).await.unwrap();
    }
    let sizes: Vec<_> = site
        .store
        .steps()
        .into_iter()
        .map(|step| match step {
            Step::Commit { size } => ("commit", size),
            Step::Keep { checkpoint } => ("keep", verified(&checkpoint, &key(&log)).size.get()),
            Step::Correct { .. } => panic!("nobody rebuilds the index"),
        })
        .collect();
    let mut expected = vec![("keep", 0)];
    expected.extend((1..=5).flat_map(|size| [("commit", size), ("keep", size)]));
    assert_eq!(sizes, expected);
}

#[tokio::test]
async fn a_body_that_no_bundle_can_carry_is_refused_before_it_is_queued() {
    let largest = vec![0; MAX_ENTRY_BYTES];
    assert!(Submission::new(largest.into()).is_ok());
    let error = Submission::new(vec![0; MAX_ENTRY_BYTES + 1].into()).unwrap_err();
    assert!(
        matches!(
            error,
            AppendError::TooLarge {
                bytes: 65_536,
                limit: 65_535
            }
        ),
        "{error}"
    );
}

#[tokio::test]
async fn a_closed_log_has_answered_what_waited_and_takes_nothing_more() {
    let site = Site::new();
    let log = site.create();
    let waiting = {
        let log = log.clone();
        tokio::spawn(async move { append(&log, 1).await })
    };
    tokio::task::yield_now().await;
    log.close().await.unwrap();
    let index = waiting.await.unwrap().unwrap().index;
    assert_eq!(index.get(), 0);
    assert!(matches!(append(&log, 2).await, Err(AppendError::Stopped)));
    site.check_whole_log(1);
}

#[tokio::test]
async fn an_abandoned_submission_does_not_hold_up_the_log() {
    let site = Site::new();
    let log = site.create();
    let abandoned = {
        let log = log.clone();
        tokio::spawn(async move { append(&log, 1).await })
    };
    tokio::task::yield_now().await;
    abandoned.abort();
    append(&log, 2).await.unwrap();
    log.close().await.unwrap();
    site.check_whole_log(log.head().size().get());
}

#[tokio::test]
async fn watchers_see_the_latest_head() {
    let site = Site::new();
    let log = site.create();
    let mut heads = log.watch();
    assert!(heads.borrow_and_update().size().is_empty());
    append(&log, 1).await.unwrap();
    append(&log, 2).await.unwrap();
    heads.changed().await.unwrap();
    assert_eq!(heads.borrow_and_update().size().get(), 2);
    assert!(!heads.has_changed().unwrap());
}
