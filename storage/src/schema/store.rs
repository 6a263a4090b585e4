use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::wait::Waiter;
use super::wait::block_on_while;
use crate::engine::Engine;

/// How many threads work at once for those who [`run`](Schema::run) something on an engine that
/// blocks.
pub const BLOCKING_WORKERS: usize = 32;

/// A store: the schema over an engine.
///
/// `None` means that a thing is proven absent; everything else that goes wrong is an error. Calls
/// that write check, then write all or nothing, one after the other; reads wait for none of them. A
/// write is durable when it is ready. When it failed, or was dropped before, it is unknown whether
/// it will be there after a restart, so every later one is refused
/// ([`EngineError::Stopped`](crate::EngineError::Stopped)): the way back is to open the store again
/// and to verify what is in it.
pub struct Schema {
    pub(super) engine: Arc<dyn Engine>,
    /// Held while a write is checked and made, so that it is made on what was checked. Who waits
    /// longest comes next: a round waits for one correction of the search index at most.
    pub(super) writer: Mutex<()>,
    workers: Arc<Semaphore>,
}

impl Schema {
    pub(super) fn over(engine: Arc<dyn Engine>) -> Self {
        Self {
            engine,
            writer: Mutex::new(()),
            workers: Arc::new(Semaphore::new(BLOCKING_WORKERS)),
        }
    }

    /// Whether its futures work on the thread that polls them ([`Engine::blocks`]).
    pub fn blocks(&self) -> bool {
        self.engine.blocks()
    }

    /// Makes changes with no regard to the rules, as damage or another program would: for tests.
    ///
    /// # Panics
    /// When they cannot be made.
    #[cfg(any(test, feature = "testing"))]
    pub async fn plant(&self, rows: crate::engine::Batch) {
        let planted = self.engine.write(rows).await;
        planted.expect("a test's engine writes");
    }

    /// Does `work` without holding up the caller's thread: on one of at most [`BLOCKING_WORKERS`]
    /// threads for work of this kind when the engine blocks, and right here when it does not. When
    /// the caller no longer waits, it ends at its next read.
    ///
    /// # Panics
    /// When `work` does, or outside of a Tokio runtime.
    pub async fn run<T, W, F>(self: &Arc<Self>, work: W) -> T
    where
        T: Send + 'static,
        W: FnOnce(Arc<Self>) -> F + Send + 'static,
        F: Future<Output = T> + Send,
    {
        let schema = Arc::clone(self);
        if !self.engine.blocks() {
            return work(schema).await;
        }
        let workers = Arc::clone(&self.workers);
        let place = workers.acquire_owned().await;
        let (_waiter, wanted) = Waiter::new();
        let worker = spawn_blocking(move || {
            let done = block_on_while(wanted, work(schema));
            drop(place);
            done
        });
        match worker.await {
            Ok(Some(done)) => done,
            // Nobody waits here, if nobody did there.
            Ok(None) => std::future::pending().await,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is shutting down, and nobody waits any more.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schema").finish_non_exhaustive()
    }
}
