//! What waits to be appended.

use std::mem;
use std::sync::Arc;
use std::time::Instant;

use ledgerstone_storage::ShardId;
use parking_lot::Condvar;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::appender::growing::Place;
use crate::error::AppendError;
use crate::error::Fatal;
use crate::head::Head;
use crate::options::LogOptions;
use crate::submission::Submission;

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
    closed: bool,
    failure: Option<Fatal>,
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

    /// Adds a submission for the tree in `shard`, or refuses it at once.
    pub(crate) fn submit(
        &self,
        shard: ShardId,
        submission: Submission,
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
        drop(state);
        self.filled.notify_one();
        Ok(receiver)
    }

    /// Waits until something was submitted, and takes the oldest within the limits, at least one.
    /// `None` once the queue is closed and empty, or failed.
    pub(crate) fn take(&self, max_entries: usize, max_bytes: usize) -> Option<Vec<Waiting>> {
        let mut state = self.state.lock();
        while state.waiting.is_empty() && state.failure.is_none() {
            if state.closed {
                return None;
            }
            self.filled.wait(&mut state);
        }
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
        let _first = queue.submit(SHARD, submission(1)).unwrap();
        let _second = queue.submit(SHARD, submission(1)).unwrap();
        let refused = queue.submit(SHARD, submission(1)).unwrap_err();
        assert!(matches!(
            refused,
            AppendError::QueueFull {
                waiting: 2,
                limit: 2
            }
        ));
        assert_eq!(queue.take(1, 1_000).unwrap().len(), 1);
        assert!(queue.submit(SHARD, submission(1)).is_ok());
    }

    #[test]
    fn refuses_more_bytes_than_its_limit_until_some_are_taken() {
        let queue = queue(100, 10);
        let _first = queue.submit(SHARD, submission(6)).unwrap();
        let refused = queue.submit(SHARD, submission(5)).unwrap_err();
        assert!(matches!(
            refused,
            AppendError::QueueFull {
                waiting: 6,
                limit: 10
            }
        ));
        assert_eq!(queue.take(10, 10).unwrap().len(), 1);
        assert!(queue.submit(SHARD, submission(10)).is_ok());
    }

    #[test]
    fn counts_attestations_as_well_as_bodies() {
        let queue = queue(100, 10);
        let mut submission = submission(2);
        submission.attestation = Some((vec![1], vec![7; 8].into()));
        let refused = queue.submit(SHARD, submission).unwrap_err();
        assert!(matches!(refused, AppendError::QueueFull { limit: 10, .. }));
    }

    #[test]
    fn takes_the_oldest_within_both_limits_and_at_least_one() {
        let queue = queue(100, 10_000);
        let _receivers: Vec<_> = [30, 3, 4, 5]
            .map(|length| queue.submit(SHARD, submission(length)).unwrap())
            .into();
        let lengths = |taken: Vec<Waiting>| {
            taken
                .iter()
                .map(|one| one.submission.body.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(queue.take(10, 8).unwrap()), [30]);
        assert_eq!(lengths(queue.take(10, 8).unwrap()), [3, 4]);
        assert_eq!(lengths(queue.take(10, 8).unwrap()), [5]);
    }

    #[test]
    fn hands_out_what_waits_after_it_was_closed_and_then_ends() {
        let queue = queue(10, 100);
        let _receiver = queue.submit(SHARD, submission(1)).unwrap();
        queue.close();
        assert!(matches!(
            queue.submit(SHARD, submission(1)),
            Err(AppendError::Stopped)
        ));
        assert_eq!(queue.take(10, 100).unwrap().len(), 1);
        assert!(queue.take(10, 100).is_none());
    }

    #[test]
    fn hands_out_nothing_after_it_failed_and_says_why() {
        let queue = queue(10, 100);
        let _receiver = queue.submit(SHARD, submission(1)).unwrap();
        queue.fail(Fatal::TreeFull);
        queue.fail(Fatal::Panicked);
        assert!(matches!(
            queue.submit(SHARD, submission(1)),
            Err(AppendError::Stopped)
        ));
        assert!(queue.take(10, 100).is_none());
        assert!(matches!(queue.failure(), Some(Fatal::TreeFull)));
        assert_eq!(queue.abandon().len(), 1);
    }
}
