//! The rebuild beside a running log.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use ledgerstone_storage::Store;
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::error;
use tracing::info;

use crate::appender::queue::Queue;
use crate::error::Fatal;
use crate::reindex::progress::ReindexProgress;
use crate::reindex::rebuild::Reindex;
use crate::reindex::rebuild::ReindexError;

/// What is known of the rebuild of a running log's search index.
#[derive(Clone, Debug)]
pub struct ReindexStatus {
    /// Whether there is one, and how it ended.
    pub state: ReindexState,
    /// How far it is, or was; `None` before the first one since the log was opened.
    pub progress: Option<ReindexProgress>,
}

/// Whether a rebuild is under way.
#[derive(Clone, Debug)]
pub enum ReindexState {
    /// There was none since the log was opened.
    Idle,
    /// It is under way.
    Running,
    /// It ended, and the index is as the entries say.
    Complete,
    /// The log was closed before it was complete. It goes on when it is started again.
    Interrupted,
    /// It ended by this error. What it wrote stays, and it goes on when it is started again.
    Failed(Arc<ReindexError>),
}

/// The rebuild beside a running log, on a thread of its own: at most one at a time.
pub(crate) struct Reindexing {
    store: Store,
    /// Where the sequencer hears that the store failed.
    queue: Arc<Queue>,
    shared: Arc<Shared>,
}

struct Shared {
    /// Held while a rebuild is started, so that there is one.
    starting: Mutex<()>,
    status: watch::Sender<ReindexStatus>,
    stop: AtomicBool,
}

impl Reindexing {
    pub(crate) fn new(store: Store, queue: Arc<Queue>) -> Self {
        let shared = Shared {
            starting: Mutex::new(()),
            status: watch::Sender::new(ReindexStatus::idle()),
            stop: AtomicBool::new(false),
        };
        Self {
            store,
            queue,
            shared: Arc::new(shared),
        }
    }

    pub(crate) fn status(&self) -> ReindexStatus {
        self.shared.status.borrow().clone()
    }

    /// Starts a rebuild, or goes on with one that was interrupted. One that is under way is left to
    /// itself.
    pub(crate) fn start(&self) -> Result<ReindexStatus, ReindexError> {
        let _starting = self.shared.starting.lock();
        let before = self.status();
        if before.is_running() || self.shared.stop.load(Ordering::Acquire) {
            return Ok(before);
        }
        let opened = Reindex::open(self.store.clone());
        let reindex = opened.inspect_err(|error| self.fail_log(error))?;
        info!(progress = ?reindex.progress(), "the search index is being rebuilt");
        self.shared.status.send_replace(ReindexStatus {
            state: ReindexState::Running,
            progress: Some(reindex.progress().clone()),
        });
        let (shared, queue) = (Arc::clone(&self.shared), Arc::clone(&self.queue));
        let spawned = thread::Builder::new()
            .name("reindex".to_owned())
            .spawn(move || shared.run(reindex, &queue));
        if let Err(error) = spawned {
            self.shared.end(before.state);
            return Err(ReindexError::Thread(error));
        }
        Ok(self.status())
    }

    /// Goes on with a rebuild that did not end before the log was opened, if there is one, and
    /// begins one where the index is of an earlier version.
    pub(crate) fn resume(&self) -> Result<(), ReindexError> {
        if Reindex::is_due(&self.store)? {
            self.start()?;
        }
        Ok(())
    }

    /// Ends the rebuild where it is, and waits until it has.
    pub(crate) async fn stop(&self) {
        {
            // Not between the question whether it may start and its start.
            let _starting = self.shared.starting.lock();
            self.shared.stop.store(true, Ordering::Release);
        }
        let mut status = self.shared.status.subscribe();
        // The sender is in `self`, so that there is an end to wait for.
        let _ = status.wait_for(|status| !status.is_running()).await;
    }

    fn fail_log(&self, error: &ReindexError) {
        fail_log(&self.queue, error);
    }
}

impl Drop for Reindexing {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
    }
}

impl Shared {
    fn run(&self, mut reindex: Reindex, queue: &Queue) {
        let run = AssertUnwindSafe(|| self.run_to_end(&mut reindex));
        let result = catch_unwind(run).unwrap_or(Err(ReindexError::Panicked));
        // The store is free before anybody hears of the end.
        drop(reindex);
        match result {
            Ok(state) => {
                info!(state = ?state, "the rebuild of the search index ended");
                self.end(state);
            }
            Err(error) => {
                error!(error = %error, "the rebuild of the search index failed");
                fail_log(queue, &error);
                self.end(ReindexState::Failed(Arc::new(error)));
            }
        }
    }

    fn run_to_end(&self, reindex: &mut Reindex) -> Result<ReindexState, ReindexError> {
        loop {
            if self.stop.load(Ordering::Acquire) {
                reindex.save()?;
                return Ok(ReindexState::Interrupted);
            }
            let more = reindex.step()?;
            let progress = Some(reindex.progress().clone());
            self.status.send_modify(|status| status.progress = progress);
            if !more {
                return Ok(ReindexState::Complete);
            }
        }
    }

    fn end(&self, state: ReindexState) {
        self.status.send_modify(|status| status.state = state);
    }
}

impl ReindexStatus {
    /// There was none yet.
    pub(crate) fn idle() -> Self {
        Self {
            state: ReindexState::Idle,
            progress: None,
        }
    }

    /// Whether it is under way.
    pub fn is_running(&self) -> bool {
        matches!(self.state, ReindexState::Running)
    }
}

/// After a write that failed nobody knows what the store holds: the sequencer is finished, whoever
/// wrote.
fn fail_log(queue: &Queue, error: &ReindexError) {
    if let ReindexError::Write(error) = error {
        queue.fail(Fatal::Index(error.to_string()));
    }
}
