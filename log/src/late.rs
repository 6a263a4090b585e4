//! Indexes what rounds leave for later: entries whose statements name thousands of things.
//!
//! All that such a statement names is kept beside the entry in the entry's round, and so is a row
//! that says which part of it is next. A thread takes one part at a time: the rows of the index and
//! the next such row are one write, which may come between any two rounds. A crash costs nothing:
//! the next start goes on where it was.
//!
//! It is the same for statements that are handed in after their entries, and the other way round
//! for those that the operator removes: then the rows go, a part at a time. The thread also ends
//! the time of statements that are kept no longer.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use ledgerstone_entry::facts::read_part;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Expansion;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use parking_lot::Condvar;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::watch;
use tracing::error;

use crate::appender::queue::Queue;
use crate::clock::Clock;
use crate::error::Fatal;
use crate::error::OpenError;
use crate::statements::expire;
use crate::statements::read::stored_record;
use crate::statements::record::State as Became;
use crate::statements::remove::take_part;
use crate::statements::rows::ATTACHED;
use crate::statements::rows::attached_part_key;
use crate::submission::stored_key;
use crate::submission::stored_names;
use crate::tree::reader::part_key;

/// How many entries are looked up at a time.
const STEP_ENTRIES: usize = 16;

/// How often it is looked whether the time of statements is over.
const PERIOD: Duration = Duration::from_secs(600);

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
    /// Held while it is read and written what has become of a statement.
    alone: Mutex<()>,
}

/// How long statements are kept that were handed in after their entries.
#[derive(Clone)]
pub(crate) struct Retention {
    /// `None` for ever.
    pub(crate) period: Option<Duration>,
    pub(crate) clock: Arc<dyn Clock>,
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
        retention: Retention,
        queue: Arc<Queue>,
        shared: Arc<Wake>,
    ) -> Result<Self, OpenError> {
        let (end, ended) = watch::channel(false);
        // What an earlier run left.
        shared.tell();
        let thread = Arc::clone(&shared);
        let run = move || {
            let run = AssertUnwindSafe(|| thread.run(&store, &shards, &retention));
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

    /// Keeps everybody else from changing what is kept of statements, until it is dropped.
    pub(crate) fn alone(&self) -> MutexGuard<'_, ()> {
        self.alone.lock()
    }

    /// Works until it is stopped. A read that fails leaves the entries of a shard for the next
    /// time: searches count them meanwhile.
    ///
    /// # Errors
    /// A write that failed: nobody knows then what the store holds.
    fn run(
        &self,
        store: &Store,
        shards: &[ShardId],
        retention: &Retention,
    ) -> Result<(), StorageError> {
        while self.wait(retention.period.is_some()) {
            for shard in shards {
                let done = self.shard(store, *shard);
                match done.and_then(|()| self.expire(store, *shard, retention)) {
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

    /// Waits until there is work, or where there `is_timed` work until it may be due, and says
    /// whether it is to be done.
    fn wait(&self, is_timed: bool) -> bool {
        let mut state = self.state.lock();
        while !state.has_work && !state.is_stopped {
            match is_timed {
                true if self.changed.wait_for(&mut state, PERIOD).timed_out() => break,
                true => {}
                false => self.changed.wait(&mut state),
            }
        }
        state.has_work = false;
        !state.is_stopped
    }

    fn is_stopped(&self) -> bool {
        self.state.lock().is_stopped
    }

    fn shard(&self, store: &Store, shard: ShardId) -> Result<(), Trouble> {
        loop {
            let waiting = store
                .unindexed(shard, STEP_ENTRIES)
                .map_err(Trouble::Read)?;
            if waiting.is_empty() {
                return Ok(());
            }
            for (index, _) in waiting {
                if self.is_stopped() {
                    return Ok(());
                }
                let _alone = self.alone();
                step(store, shard, index)?;
            }
        }
    }

    /// Removes the documents whose time is over.
    fn expire(&self, store: &Store, shard: ShardId, retention: &Retention) -> Result<(), Trouble> {
        let Some(period) = retention.period else {
            return Ok(());
        };
        let now = retention.clock.unix_time();
        let before = now.saturating_sub_unsigned(period.as_secs());
        loop {
            let due = expire::due(store, shard, before).map_err(Trouble::Read)?;
            if due.is_empty() {
                return Ok(());
            }
            for (key, index) in due {
                if self.is_stopped() {
                    return Ok(());
                }
                let _alone = self.alone();
                expire::expire(store, shard, key, index, now).map_err(Trouble::Write)?;
            }
        }
    }
}

/// Does all that is left to be done in a shard of a store that nobody else has open.
pub(crate) fn finish(store: &Store, shard: ShardId) -> Result<(), StorageError> {
    loop {
        let waiting = store.unindexed(shard, STEP_ENTRIES)?;
        if waiting.is_empty() {
            return Ok(());
        }
        for (index, _) in waiting {
            step(store, shard, index).map_err(|trouble| match trouble {
                Trouble::Read(error) | Trouble::Write(error) => error,
            })?;
        }
    }
}

/// Why an entry could not be indexed.
enum Trouble {
    Read(StorageError),
    Write(StorageError),
}

/// Does the next part of an entry, as it stands now.
fn step(store: &Store, shard: ShardId, index: LeafIndex) -> Result<(), Trouble> {
    let Some(part) = store.unindexed_part(shard, index).map_err(Trouble::Read)? else {
        return Ok(());
    };
    let record = stored_record(store, shard, index).map_err(Trouble::Read)?;
    match record.filter(|record| record.state == Became::Removed) {
        Some(record) => {
            let amendment = take_part(store, shard, index, part, &record);
            let amendment = amendment.map_err(Trouble::Read)?;
            // Durable step: until this returns, a crash leaves the part, and it is taken again.
            let taken = store.amend(shard, index, &amendment);
            taken.map_err(Trouble::Write)
        }
        None => expand(store, shard, index, part),
    }
}

/// Indexes one part of what the statement of an entry named.
fn expand(store: &Store, shard: ShardId, index: LeafIndex, part: u32) -> Result<(), Trouble> {
    let stored = match part & ATTACHED {
        0 => store.attestation(shard, &part_key(index, part)),
        _ => store.attestation(shard, &attached_part_key(index, part & !ATTACHED)),
    };
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
