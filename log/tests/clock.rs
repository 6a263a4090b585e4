//! One wrong reading of the clock does not stay.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ledgerstone_log::AppendError;
use ledgerstone_log::Clock;
use ledgerstone_log::Observer;
use ledgerstone_log::OpenError;
use ledgerstone_log::RoundReport;

use crate::Running;
use crate::Site;
use crate::append;

const START: i64 = 1_800_000_000;
const HOUR: i64 = 60 * 60;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// A clock that a test sets.
#[derive(Default)]
struct TestClock {
    /// Unix time, and seconds of monotonic time.
    now: Mutex<(i64, u64)>,
    refused: AtomicUsize,
}

impl TestClock {
    fn set(&self, unix_time: i64, elapsed: u64) {
        *self.now.lock().unwrap() = (unix_time, elapsed);
    }
}

impl Clock for TestClock {
    fn unix_time(&self) -> i64 {
        self.now.lock().unwrap().0
    }

    fn elapsed(&self) -> Duration {
        Duration::from_secs(self.now.lock().unwrap().1)
    }
}

impl Observer for TestClock {
    fn round(&self, _report: &RoundReport) {}

    fn clock_refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }
}

/// A log with one entry, of the time [`START`].
async fn started() -> (Site, Running, Arc<TestClock>) {
    let clock = Arc::new(TestClock::default());
    clock.set(START, 0);
    let mut site = Site::new();
    site.options.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    site.options.observer = Some(Arc::clone(&clock) as Arc<dyn Observer>);
    // The tree itself is made at the time of this machine.
    let log = site.create();
    clock.set(log.head().time().max(START), 0);
    append(&log, 0).await.unwrap();
    (site, log, clock)
}

async fn time_of(log: &Running, number: u64) -> i64 {
    append(log, number).await.unwrap().integrated_time
}

#[tokio::test]
async fn a_reading_that_is_far_ahead_is_refused_and_leaves_nothing() {
    let (site, log, clock) = started().await;
    let start = time_of(&log, 1).await;
    for ahead in [DAY + 1, YEAR, 100 * YEAR, i64::MAX - start] {
        clock.set(start + ahead, 0);
        let refused = append(&log, 2).await;
        assert!(matches!(refused, Err(AppendError::Clock(_))), "{refused:?}");
    }
    assert_eq!(clock.refused.load(Ordering::Relaxed), 4);
    clock.set(start + 5, 5);
    assert_eq!(time_of(&log, 2).await, start + 5);
    log.close().await.unwrap();
    site.check_whole_log(3);
}

/// Steps by a time server, and the hours for which a machine is suspended.
#[tokio::test]
async fn smaller_steps_are_believed_and_do_not_add_up() {
    let (_site, log, clock) = started().await;
    let start = time_of(&log, 1).await;
    clock.set(start + 10 * HOUR, 1);
    assert_eq!(time_of(&log, 2).await, start + 10 * HOUR);
    clock.set(start + 20 * HOUR, 2);
    assert_eq!(time_of(&log, 3).await, start + 20 * HOUR);
    clock.set(start + 30 * HOUR, 3);
    let refused = append(&log, 4).await;
    assert!(matches!(refused, Err(AppendError::Clock(_))), "{refused:?}");
    // Monotonic time passes as well, and then it is no step.
    clock.set(start + YEAR, YEAR as u64);
    assert_eq!(time_of(&log, 4).await, start + YEAR);
    // Backwards it does not run.
    clock.set(start, YEAR as u64 + 1);
    assert_eq!(time_of(&log, 5).await, start + YEAR);
}

#[tokio::test]
async fn a_start_months_later_is_believed_and_years_later_needs_the_operator() {
    let (mut site, log, clock) = started().await;
    let start = time_of(&log, 1).await;
    log.close().await.unwrap();
    drop(log);
    clock.set(start + 40 * YEAR, 0);
    let refused = site.open().err().unwrap();
    assert!(matches!(refused, OpenError::Clock(_)), "{refused}");
    clock.set(start + YEAR / 2, 0);
    let log = site.open().unwrap();
    // It was not wrong at the start, but it is before the first round.
    clock.set(start + 40 * YEAR, 1);
    let refused = append(&log, 2).await;
    assert!(matches!(refused, Err(AppendError::Clock(_))), "{refused:?}");
    clock.set(start + YEAR / 2, 2);
    assert_eq!(time_of(&log, 2).await, start + YEAR / 2);
    log.close().await.unwrap();
    drop(log);
    clock.set(start + 3 * YEAR, 0);
    assert!(site.open().is_err());
    site.options.trusts_clock = true;
    let log = site.open().unwrap();
    assert_eq!(time_of(&log, 3).await, start + 3 * YEAR);
}

/// A machine without a battery begins in 1970, and is set by a time server while the log runs.
#[tokio::test]
async fn a_clock_that_is_not_set_yet_is_no_measure() {
    let (site, log, clock) = started().await;
    let start = time_of(&log, 1).await;
    log.close().await.unwrap();
    drop(log);
    clock.set(10, 0);
    let log = site.open().unwrap();
    assert_eq!(time_of(&log, 2).await, start);
    clock.set(start + 60 * DAY, 1);
    assert_eq!(time_of(&log, 3).await, start + 60 * DAY);
}
