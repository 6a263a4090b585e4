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

use std::sync::Arc;
use std::time::Duration;

use ledgerstone_entry::facts::read_part;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Expansion;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tracing::error;

use crate::appender::queue::Queue;
use crate::background::Background;
use crate::background::Bell;
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

/// What the sequencer tells the thread by.
#[derive(Default)]
pub(crate) struct Wake {
    bell: Arc<Bell>,
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

/// Starts the thread for these shards of `store`. `queue` is where the sequencer hears that the
/// store failed.
pub(crate) fn start(
    store: Store,
    shards: Vec<ShardId>,
    retention: Retention,
    queue: Arc<Queue>,
    wake: Arc<Wake>,
) -> Result<Background, OpenError> {
    // What an earlier run left.
    wake.tell();
    let bell = Arc::clone(&wake.bell);
    let work = move |_: &Bell| wake.run(&store, &shards, &retention);
    Background::start("late-index", bell, work, move |result| {
        let failure = match result {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Fatal::Index(error.to_string()),
            Err(_) => Fatal::Panicked,
        };
        error!(error = %failure, "entries cannot be indexed");
        queue.fail(failure);
    })
}

impl Wake {
    /// There is work.
    pub(crate) fn tell(&self) {
        self.bell.ring();
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
        let limit = retention.period.map(|_| PERIOD);
        while !self.bell.wait(limit) {
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

    fn shard(&self, store: &Store, shard: ShardId) -> Result<(), Trouble> {
        loop {
            let waiting = store
                .unindexed(shard, STEP_ENTRIES)
                .map_err(Trouble::Read)?;
            if waiting.is_empty() {
                return Ok(());
            }
            for (index, _) in waiting {
                if self.bell.is_stopped() {
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
                if self.bell.is_stopped() {
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
