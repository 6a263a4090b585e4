//! Submissions of entries that the store holds and cannot read: each fails alone.

use std::sync::Arc;
use std::sync::Mutex;

use ledgerstone_log::AppendError;
use ledgerstone_log::Observer;
use ledgerstone_log::RoundReport;
use ledgerstone_merkle::leaf_hash;

use crate::Running;
use crate::Site;
use crate::append;
use crate::append_all;
use crate::body;
use crate::faulty::Faults;

/// Adds up the rounds of a log.
#[derive(Default)]
struct Sums(Mutex<RoundReport>);

impl Observer for Sums {
    fn round(&self, report: &RoundReport) {
        let mut sums = self.0.lock().unwrap();
        sums.entries += report.entries;
        sums.duplicates += report.duplicates;
        sums.unchecked += report.unchecked;
    }

    fn unchecked(&self) {
        self.0.lock().unwrap().unchecked += 1;
    }
}

/// Each way in which the store cannot say what it holds of entry 1.
fn unreadable() -> [Faults; 3] {
    let hash = leaf_hash(&body(1));
    [
        Faults {
            unreadable_body: Some(1),
            ..Faults::default()
        },
        Faults {
            unreadable_leaf: Some(hash),
            ..Faults::default()
        },
        Faults {
            wrong_index: Some((hash, 0)),
            ..Faults::default()
        },
    ]
}

async fn with_three_entries() -> (Site, Running, Arc<Sums>) {
    let sums = Arc::new(Sums::default());
    let mut site = Site::new();
    site.options.observer = Some(Arc::clone(&sums) as Arc<dyn Observer>);
    let log = site.create();
    for number in 0..3 {
        append(&log, number).await.unwrap();
    }
    (site, log, sums)
}

#[tokio::test]
async fn an_entry_whose_duplicate_cannot_be_read_fails_alone_and_is_not_logged_again() {
    for faults in unreadable() {
        let (site, log, sums) = with_three_entries().await;
        site.store.set(faults);
        for _ in 0..2 {
            let refused = append(&log, 1).await;
            assert!(
                matches!(refused, Err(AppendError::Unchecked(_))),
                "{refused:?}"
            );
            assert!(append(&log, 2).await.unwrap().duplicate);
        }
        assert_eq!(append(&log, 3).await.unwrap().index.get(), 3);
        site.store.set(Faults::default());
        let again = append(&log, 1).await.unwrap();
        assert!(again.duplicate);
        assert_eq!(again.index.get(), 1);
        log.close().await.unwrap();
        site.check_whole_log(4);
        let sums = sums.0.lock().unwrap();
        assert_eq!((sums.entries, sums.unchecked), (4, 2));
    }
}

/// Those in the same round as an unreadable one are logged, or answered, as ever.
#[tokio::test]
async fn the_others_of_its_round_do_not_fail_with_it() {
    for faults in unreadable() {
        let (site, log, _) = with_three_entries().await;
        site.store.set(faults);
        let tasks: Vec<_> = [1, 4, 1, 2, 4, 5]
            .map(|number| {
                let log = log.clone();
                tokio::spawn(async move { (number, append(&log, number).await) })
            })
            .into();
        for task in tasks {
            match task.await.unwrap() {
                (1, Err(AppendError::Unchecked(_))) => {}
                (1, other) => panic!("{other:?}"),
                (_, appended) => assert!(appended.unwrap().index.get() > 1),
            }
        }
        assert_eq!(log.head().size().get(), 5);
        site.store.set(Faults::default());
        append_all(&log, 0..6).await;
        log.close().await.unwrap();
        site.check_whole_log(6);
    }
}
