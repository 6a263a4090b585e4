//! Indexes what rounds leave for later: entries whose statements name thousands of things.
//!
//! All that such a statement names is kept beside the entry in the entry's round, and so is a row
//! that says which part of it is next. A thread takes one part at a time: the rows of the index and
//! the next such row are one write, which may come between any two rounds. A crash costs nothing:
//! the next start goes on where it was.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;

use ledgerstone_entry::facts::read_part;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Expansion;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use parking_lot::Condvar;
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::error;

use crate::appender::queue::Queue;
use crate::error::Fatal;
use crate::error::OpenError;
use crate::submission::stored_key;
use crate::submission::stored_names;
use crate::tree::reader::part_key;

/// How many entries are looked up at a time.
const STEP_ENTRIES: usize = 16;

/// The thread, and how it is told that there is work.
pub(crate) struct Late {
    shared: Arc<Wake>,
    ended: watch::Receiver<bool>,
}

/// What the sequencer tells the thread by.
#[derive(Default)]
pub(crate) struct Wake {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    has_work: bool,
    is_stopped: bool,
}

impl Late {
    /// Starts the thread for these shards of `store`. `queue` is where the sequencer hears that the
    /// store failed.
    pub(crate) fn start(
        store: Store,
        shards: Vec<ShardId>,
        queue: Arc<Queue>,
        shared: Arc<Wake>,
    ) -> Result<Self, OpenError> {
        let (end, ended) = watch::channel(false);
        // What an earlier run left.
        shared.tell();
        let thread = Arc::clone(&shared);
        let run = move || {
            let run = AssertUnwindSafe(|| thread.run(&store, &shards));
            let failure = match catch_unwind(run) {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(Fatal::Index(error.to_string())),
                Err(_) => Some(Fatal::Panicked),
            };
            if let Some(fatal) = failure {
                error!(error = %fatal, "entries cannot be indexed");
                queue.fail(fatal);
            }
            // The store is free before anybody hears of the end.
            drop(store);
            end.send_replace(true);
        };
        thread::Builder::new()
            .name("late-index".to_owned())
            .spawn(run)
            .map_err(OpenError::Thread)?;
        Ok(Self { shared, ended })
    }

    /// Ends the thread where it is, and waits until it has ended.
    pub(crate) async fn stop(&self) {
        self.shared.stop();
        let mut ended = self.ended.clone();
        // The sender is gone when the thread is.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

impl Drop for Late {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Wake {
    /// There is work.
    pub(crate) fn tell(&self) {
        self.state.lock().has_work = true;
        self.changed.notify_all();
    }

    fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Works until it is stopped. A read that fails leaves the entries of a shard for the next
    /// time: searches count them meanwhile.
    ///
    /// # Errors
    /// A write that failed: nobody knows then what the store holds.
    fn run(&self, store: &Store, shards: &[ShardId]) -> Result<(), StorageError> {
        while self.wait() {
            for shard in shards {
                match self.shard(store, *shard) {
                    Ok(()) => {}
                    Err(Trouble::Read(error)) => {
                        let shard = shard.get();
                        error!(%error, shard, "entries cannot be indexed now");
                    }
                    Err(Trouble::Write(error)) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Waits until there is work, and says whether it is to be done.
    fn wait(&self) -> bool {
        let mut state = self.state.lock();
        while !state.has_work && !state.is_stopped {
            self.changed.wait(&mut state);
        }
        state.has_work = false;
        !state.is_stopped
    }

    fn shard(&self, store: &Store, shard: ShardId) -> Result<(), Trouble> {
        loop {
            let waiting = store
                .unindexed(shard, STEP_ENTRIES)
                .map_err(Trouble::Read)?;
            if waiting.is_empty() {
                return Ok(());
            }
            for (index, part) in waiting {
                if self.state.lock().is_stopped {
                    return Ok(());
                }
                expand(store, shard, index, part)?;
            }
        }
    }
}

/// Why an entry could not be indexed.
enum Trouble {
    Read(StorageError),
    Write(StorageError),
}

/// Indexes one part of what the statement of an entry named.
fn expand(store: &Store, shard: ShardId, index: LeafIndex, part: u32) -> Result<(), Trouble> {
    let stored = store.attestation(shard, &part_key(index, part));
    let stored = stored.map_err(Trouble::Read)?;
    let facts = stored.as_deref().and_then(read_part).unwrap_or_default();
    let keys = facts.iter().map(|fact| stored_key(&fact.search_key()));
    let keys = keys.collect();
    let named = facts.into_iter().filter(|fact| fact.kind.is_named());
    let expansion = Expansion {
        index,
        keys,
        names: stored_names(named.map(|fact| (fact.kind, fact.text))).collect(),
        // A part that is not there is behind the last.
        next: stored.is_some().then_some(part + 1),
    };
    // Durable step: until this returns, a crash leaves the part unindexed, and it is indexed again.
    store.expand(shard, &expansion).map_err(Trouble::Write)
}
