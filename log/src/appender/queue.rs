//! What waits to be appended.

use std::mem;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ledgerstone_storage::ShardId;
use parking_lot::Condvar;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::oneshot;

use crate::appender::growing::Place;
use crate::error::AppendError;
use crate::error::Fatal;
use crate::head::Head;
use crate::options::LogOptions;
use crate::submission::Submission;

/// With so many entries a round is not worth waiting for more of them.
const ENOUGH: usize = 256;

/// What the sequencer made of a submission.
#[derive(Debug)]
pub(crate) struct Sequenced {
    pub(crate) submission: Submission,
    pub(crate) place: Place,
    /// The published head, which covers it.
    pub(crate) head: Arc<Head>,
}

/// A submission and the task that waits for its answer.
pub(crate) struct Waiting {
    /// The tree that it is for.
    pub(crate) shard: ShardId,
    pub(crate) submission: Submission,
    pub(crate) since: Instant,
    pub(crate) reply: oneshot::Sender<Result<Sequenced, AppendError>>,
}

/// What waits for the sequencer, bounded in entries and in bytes. Any task submits; the sequencer
/// alone takes.
pub(crate) struct Queue {
    state: Mutex<State>,
    /// Signalled, under the lock of `state`, when something was submitted or the queue was closed.
    filled: Condvar,
    max_entries: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiting>,
    bytes: usize,
    /// How many [`Coming`]s there are.
    coming: usize,
    /// Whether the sequencer waits for those.
    is_held: bool,
    closed: bool,
    failure: Option<Fatal>,
}

/// A submission that is not ready yet, announced so that the round that begins meanwhile may wait
/// a moment for it.
pub struct Coming {
    /// `None` once it came.
    queue: Option<Arc<Queue>>,
}

impl Queue {
    pub(crate) fn new(options: &LogOptions) -> Self {
        Self {
            state: Mutex::default(),
            filled: Condvar::new(),
            max_entries: options.queue_entries,
            max_bytes: options.queue_bytes,
        }
    }

    /// Announces a submission.
    pub(crate) fn announce(self: &Arc<Self>) -> Coming {
        self.state.lock().coming += 1;
        Coming {
            queue: Some(Arc::clone(self)),
        }
    }

    /// Adds a submission for the tree in `shard`, which may have been announced, or refuses it at
    /// once.
    pub(crate) fn submit(
        &self,
        shard: ShardId,
        submission: Submission,
        coming: Option<Coming>,
    ) -> Result<oneshot::Receiver<Result<Sequenced, AppendError>>, AppendError> {
        let length = submission.bytes();
        let mut state = self.state.lock();
        if state.closed {
            return Err(AppendError::Stopped);
        }
        if state.waiting.len() >= self.max_entries {
            return Err(AppendError::QueueFull {
                waiting: state.waiting.len(),
                limit: self.max_entries,
            });
        }
        if state.bytes + length > self.max_bytes {
            return Err(AppendError::QueueFull {
                waiting: state.bytes,
                limit: self.max_bytes,
            });
        }
        let (reply, receiver) = oneshot::channel();
        state.bytes += length;
        state.waiting.push(Waiting {
            shard,
            submission,
            since: Instant::now(),
            reply,
        });
        if let Some(mut coming) = coming
            && coming.queue.take().is_some()
        {
            state.coming -= 1;
        }
        // To wake the sequencer for each one that it waits for would cost more than it gains.
        let is_enough = state.coming == 0 || state.waiting.len() >= ENOUGH;
        let wakes = !state.is_held || is_enough;
        drop(state);
        if wakes {
            self.filled.notify_one();
        }
        Ok(receiver)
    }

    /// Waits until something was submitted, and for up to `patience` longer while more is coming;
    /// then takes the oldest within the limits, at least one. `None` once the queue is closed and
    /// empty, or failed.
    pub(crate) fn take(
        &self,
        max_entries: usize,
        max_bytes: usize,
        patience: Duration,
    ) -> Option<Vec<Waiting>> {
        let mut state = self.state.lock();
        while state.waiting.is_empty() && state.failure.is_none() {
            if state.closed {
                return None;
            }
            self.filled.wait(&mut state);
        }
        self.wait_for_more(&mut state, Instant::now() + patience);
        if state.failure.is_some() {
            return None;
        }
        let mut bytes = 0;
        let mut count = 0;
        for waiting in &state.waiting {
            let length = waiting.submission.bytes();
            if count == max_entries || (count > 0 && bytes + length > max_bytes) {
                break;
            }
            bytes += length;
            count += 1;
        }
        let rest = state.waiting.split_off(count);
        state.bytes -= bytes;
        Some(mem::replace(&mut state.waiting, rest))
    }

    fn wait_for_more(&self, state: &mut MutexGuard<'_, State>, until: Instant) {
        while state.coming > 0
            && state.waiting.len() < ENOUGH
            && !state.closed
            && state.failure.is_none()
        {
            state.is_held = true;
            let waited = self.filled.wait_until(state, until);
            state.is_held = false;
            if waited.timed_out() {
                return;
            }
        }
    }

    /// Refuses what comes from now on. What waits is still taken.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.filled.notify_all();
    }

    /// Closes the queue because the log cannot go on, though it is not the sequencer that found
    /// out. Nothing that waits is taken any more.
    pub(crate) fn fail(&self, fatal: Fatal) {
        let mut state = self.state.lock();
        state.closed = true;
        state.failure.get_or_insert(fatal);
        drop(state);
        self.filled.notify_all();
    }

    /// Why the queue [failed](Self::fail), for the sequencer to end by it.
    pub(crate) fn failure(&self) -> Option<Fatal> {
        self.state.lock().failure.take()
    }

    /// Closes the queue and yields all that waits, for the sequencer to fail it.
    pub(crate) fn abandon(&self) -> Vec<Waiting> {
        let mut state = self.state.lock();
        state.closed = true;
        state.bytes = 0;
        mem::take(&mut state.waiting)
    }

    pub(crate) fn len(&self) -> usize {
        self.state.lock().waiting.len()
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        if let Some(queue) = self.queue.take() {
            let mut state = queue.state.lock();
            state.coming -= 1;
            let wakes = state.is_held && state.coming == 0;
            drop(state);
            if wakes {
                queue.filled.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: ShardId = ShardId::new(0);

    fn queue(queue_entries: usize, queue_bytes: usize) -> Queue {
        Queue::new(&LogOptions {
            queue_entries,
            queue_bytes,
            ..LogOptions::default()
        })
    }

    fn submission(length: usize) -> Submission {
        Submission::new(vec![7; length].into()).unwrap()
    }

    #[test]
    fn refuses_more_entries_than_its_limit_until_some_are_taken() {
        let queue = queue(2, 1_000);
        let _first = queue.submit(SHARD, submission(1), None).unwrap();
        let _second = queue.submit(SHARD, submission(1), None).unwrap();
        let refused = queue.submit(SHARD, submission(1), None).unwrap_err();
        assert!(matches!(
            refused,
            AppendError::QueueFull {
                waiting: 2,
                limit: 2
            }
        ));
        assert_eq!(queue.take(1, 1_000, Duration::ZERO).unwrap().len(), 1);
        assert!(queue.submit(SHARD, submission(1), None).is_ok());
    }

    #[test]
    fn refuses_more_bytes_than_its_limit_until_some_are_taken() {
        let queue = queue(100, 10);
        let _first = queue.submit(SHARD, submission(6), None).unwrap();
        let refused = queue.submit(SHARD, submission(5), None).unwrap_err();
        assert!(matches!(
            refused,
            AppendError::QueueFull {
                waiting: 6,
                limit: 10
            }
        ));
        assert_eq!(queue.take(10, 10, Duration::ZERO).unwrap().len(), 1);
        assert!(queue.submit(SHARD, submission(10), None).is_ok());
    }

    #[test]
    fn counts_attestations_as_well_as_bodies() {
        let queue = queue(100, 10);
        let mut submission = submission(2);
        submission.attestation = Some((vec![1], vec![7; 8].into()));
        let refused = queue.submit(SHARD, submission, None).unwrap_err();
        assert!(matches!(refused, AppendError::QueueFull { limit: 10, .. }));
    }

    #[test]
    fn takes_the_oldest_within_both_limits_and_at_least_one() {
        let queue = queue(100, 10_000);
        let _receivers: Vec<_> = [30, 3, 4, 5]
            .map(|length| queue.submit(SHARD, submission(length), None).unwrap())
            .into();
        let lengths = |taken: Vec<Waiting>| {
            taken
                .iter()
                .map(|one| one.submission.body.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(queue.take(10, 8, Duration::ZERO).unwrap()), [30]);
        assert_eq!(lengths(queue.take(10, 8, Duration::ZERO).unwrap()), [3, 4]);
        assert_eq!(lengths(queue.take(10, 8, Duration::ZERO).unwrap()), [5]);
    }

    #[test]
    fn hands_out_what_waits_after_it_was_closed_and_then_ends() {
        let queue = queue(10, 100);
        let _receiver = queue.submit(SHARD, submission(1), None).unwrap();
        queue.close();
        assert!(matches!(
            queue.submit(SHARD, submission(1), None),
            Err(AppendError::Stopped)
        ));
        assert_eq!(queue.take(10, 100, Duration::ZERO).unwrap().len(), 1);
        assert!(queue.take(10, 100, Duration::ZERO).is_none());
    }

    #[test]
    fn hands_out_nothing_after_it_failed_and_says_why() {
        let queue = queue(10, 100);
        let _receiver = queue.submit(SHARD, submission(1), None).unwrap();
        queue.fail(Fatal::TreeFull);
        queue.fail(Fatal::Panicked);
        assert!(matches!(
            queue.submit(SHARD, submission(1), None),
            Err(AppendError::Stopped)
        ));
        assert!(queue.take(10, 100, Duration::ZERO).is_none());
        assert!(matches!(queue.failure(), Some(Fatal::TreeFull)));
        assert_eq!(queue.abandon().len(), 1);
    }

    /// As long as nothing else ends the wait.
    const LONG: Duration = Duration::from_secs(3_600);

    /// A thread that takes what waits, and says how much it was.
    fn taker(queue: &Arc<Queue>) -> std::thread::JoinHandle<usize> {
        let queue = Arc::clone(queue);
        std::thread::spawn(move || queue.take(10, 100, LONG).unwrap().len())
    }

    #[test]
    fn a_round_waits_for_what_was_announced() {
        let queue = Arc::new(queue(10, 100));
        let (first, second) = (queue.announce(), queue.announce());
        let _receiver = queue.submit(SHARD, submission(1), Some(first)).unwrap();
        let taken = taker(&queue);
        let _other = queue.submit(SHARD, submission(1), Some(second)).unwrap();
        assert_eq!(taken.join().unwrap(), 2);
    }

    #[test]
    fn a_round_does_not_wait_for_what_will_not_come() {
        let queue = Arc::new(queue(10, 100));
        let (first, second) = (queue.announce(), queue.announce());
        let _receiver = queue.submit(SHARD, submission(1), Some(first)).unwrap();
        let taken = taker(&queue);
        drop(second);
        assert_eq!(taken.join().unwrap(), 1);
    }

    #[test]
    fn a_round_waits_only_for_so_long_and_not_once_the_queue_is_closed() {
        let queue = Arc::new(queue(10, 100));
        let _coming = queue.announce();
        let _receiver = queue.submit(SHARD, submission(1), None).unwrap();
        assert_eq!(
            queue.take(10, 100, Duration::from_millis(1)).unwrap().len(),
            1
        );
        let _receiver = queue.submit(SHARD, submission(1), None).unwrap();
        queue.close();
        assert_eq!(queue.take(10, 100, LONG).unwrap().len(), 1);
    }
}
