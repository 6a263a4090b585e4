//! A store that does what a test tells it to do wrong.

use std::ops::ControlFlow;
use std::ops::Range;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_storage::Correction;
use ledgerstone_storage::Damage;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::MemoryStore;
use ledgerstone_storage::Reader;
use ledgerstone_storage::Round;
use ledgerstone_storage::SearchKey;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Statistics;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredEntry;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::TreeChange;

/// What goes wrong.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// The commit fails, and nothing is stored.
    pub(crate) commit: bool,
    /// The commit stores the round, and fails all the same.
    pub(crate) commit_after: bool,
    /// The search index can be corrected so often, and then no more: nothing is stored.
    pub(crate) corrections_left: Option<usize>,
    /// The checkpoint cannot be kept.
    pub(crate) keep: bool,
    /// The body at this index reads back with one bit flipped.
    pub(crate) flipped_body: Option<u64>,
    /// This tile reads back with one bit flipped.
    pub(crate) flipped_tile: Option<TileId>,
    /// This tile is gone.
    pub(crate) lost_tile: Option<TileId>,
    /// This leaf hash leads to another index.
    pub(crate) wrong_index: Option<(Hash, u64)>,
    /// The body at this index cannot be read.
    pub(crate) unreadable_body: Option<u64>,
    /// Where this leaf hash leads cannot be read.
    pub(crate) unreadable_leaf: Option<Hash>,
    /// This tile cannot be read.
    pub(crate) unreadable_tile: Option<TileId>,
    /// No search key leads to this index.
    pub(crate) unsearchable: Option<u64>,
    /// No search key can be read.
    pub(crate) unreadable_search: bool,
    /// The store's own checksums find this.
    pub(crate) damage: Option<Damage>,
    /// The kept checkpoint reads as this.
    pub(crate) kept: Option<Option<String>>,
    /// The checkpoint that the tree was frozen with reads as this, whether it was frozen or not.
    pub(crate) frozen: Option<String>,
    /// The head of this shard reads as this.
    pub(crate) head: Option<(ShardId, StoredHead)>,
}

/// A durable step, in the order in which it was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Commit { size: u64 },
    Correct { complete: bool },
    Keep { checkpoint: String },
}

/// A [`MemoryStore`] with faults, which outlives the logs that use it, as a disk does.
#[derive(Default)]
pub(crate) struct FaultyStore {
    inner: MemoryStore,
    faults: Mutex<Faults>,
    steps: Mutex<Vec<Step>>,
    /// Whether nobody gets to see the rows of the search index for now.
    held: Mutex<bool>,
    released: Condvar,
}

impl FaultyStore {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(crate) fn set(&self, faults: Faults) {
        *self.faults.lock().unwrap() = faults;
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.steps.lock().unwrap().clone()
    }

    /// Writes a row of the search index as damage would.
    pub(crate) fn plant(&self, shard: ShardId, row: SearchRow) {
        self.inner.plant(shard, row);
    }

    /// Keeps those who want to list rows waiting until [`release`](Self::release).
    pub(crate) fn hold(&self) {
        *self.held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.held.lock().unwrap() = false;
        self.released.notify_all();
    }

    fn faults(&self) -> Faults {
        self.faults.lock().unwrap().clone()
    }
}

fn disk_error() -> StorageError {
    StorageError::from(EngineError::Io {
        action: "write to",
        path: "a test's disk".into(),
        source: std::io::Error::other("failed"),
    })
}

fn flip(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[0] ^= 1;
    bytes.into()
}

impl Reader for FaultyStore {
    fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        self.inner.shards()
    }

    fn identity(&self, shard: ShardId) -> Result<Option<ShardIdentity>, StorageError> {
        self.inner.identity(shard)
    }

    fn head(&self, shard: ShardId) -> Result<Option<StoredHead>, StorageError> {
        match self.faults().head {
            Some((of, head)) if of == shard => Ok(Some(head)),
            _ => self.inner.head(shard),
        }
    }

    fn entry(&self, shard: ShardId, index: LeafIndex) -> Result<Option<StoredEntry>, StorageError> {
        if self.faults().unreadable_body == Some(index.get()) {
            return Err(disk_error());
        }
        let mut entry = self.inner.entry(shard, index)?;
        if let Some(entry) = &mut entry
            && self.faults().flipped_body == Some(index.get())
        {
            entry.body = flip(&entry.body);
        }
        Ok(entry)
    }

    fn visit_entries(
        &self,
        shard: ShardId,
        range: Range<u64>,
        visit: &mut dyn FnMut(LeafIndex, StoredEntry) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let Faults {
            flipped_body: flipped,
            unreadable_body: unreadable,
            ..
        } = self.faults();
        let mut reached = false;
        self.inner
            .visit_entries(shard, range, &mut |index, mut entry| {
                if unreadable == Some(index.get()) {
                    reached = true;
                    return ControlFlow::Break(());
                }
                if flipped == Some(index.get()) {
                    entry.body = flip(&entry.body);
                }
                visit(index, entry)
            })?;
        if reached { Err(disk_error()) } else { Ok(()) }
    }

    fn tile(&self, shard: ShardId, id: TileId) -> Result<Option<Bytes>, StorageError> {
        let faults = self.faults();
        if faults.unreadable_tile == Some(id) {
            return Err(disk_error());
        }
        if faults.lost_tile == Some(id) {
            return Ok(None);
        }
        let tile = self.inner.tile(shard, id)?;
        Ok(if faults.flipped_tile == Some(id) {
            tile.as_ref().map(flip)
        } else {
            tile
        })
    }

    fn index_of(&self, shard: ShardId, hash: &Hash) -> Result<Option<LeafIndex>, StorageError> {
        let faults = self.faults();
        if faults.unreadable_leaf == Some(*hash) {
            return Err(disk_error());
        }
        match faults.wrong_index {
            Some((wrong, index)) if wrong == *hash => Ok(Some(LeafIndex::new(index))),
            _ => self.inner.index_of(shard, hash),
        }
    }

    fn indexes_of(
        &self,
        shard: ShardId,
        hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError> {
        hashes
            .iter()
            .map(|hash| self.index_of(shard, hash))
            .collect()
    }

    fn search(
        &self,
        shard: ShardId,
        key: &SearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError> {
        let faults = self.faults();
        if faults.unreadable_search {
            return Err(disk_error());
        }
        let mut found = self.inner.search(shard, key, from, limit)?;
        found.retain(|index| faults.unsearchable != Some(index.get()));
        Ok(found)
    }

    fn attestation(&self, shard: ShardId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        self.inner.attestation(shard, key)
    }

    fn search_rows(
        &self,
        shard: ShardId,
        after: Option<SearchRow>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StorageError> {
        let held = self.held.lock().unwrap();
        drop(self.released.wait_while(held, |held| *held).unwrap());
        self.inner.search_rows(shard, after, limit)
    }

    fn has_search_rows(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
    ) -> Result<Vec<bool>, StorageError> {
        self.inner.has_search_rows(shard, rows)
    }

    fn frozen(&self, shard: ShardId) -> Result<Option<Frozen>, StorageError> {
        if let Some(checkpoint) = self.faults().frozen {
            return Ok(Some(Frozen { checkpoint, at: 0 }));
        }
        self.inner.frozen(shard)
    }

    fn schema_version(&self) -> Result<u32, StorageError> {
        self.inner.schema_version()
    }

    fn reindex_progress(&self) -> Result<Option<Bytes>, StorageError> {
        self.inner.reindex_progress()
    }
}

impl Store for FaultyStore {
    fn create_shard(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        self.inner.create_shard(shard, identity, head)
    }

    fn change_trees(&self, change: &TreeChange) -> Result<(), StorageError> {
        self.inner.change_trees(change)
    }

    fn commit(&self, rounds: &[(ShardId, &Round)]) -> Result<(), StorageError> {
        let faults = self.faults();
        if faults.commit {
            return Err(disk_error());
        }
        self.inner.commit(rounds)?;
        for (_, round) in rounds {
            self.steps.lock().unwrap().push(Step::Commit {
                size: round.head.size.get(),
            });
        }
        if faults.commit_after {
            Err(disk_error())
        } else {
            Ok(())
        }
    }

    fn correct(&self, shard: ShardId, correction: &Correction) -> Result<(), StorageError> {
        match &mut self.faults.lock().unwrap().corrections_left {
            Some(0) => return Err(disk_error()),
            Some(left) => *left -= 1,
            None => {}
        }
        let complete = correction.progress.is_none();
        self.steps.lock().unwrap().push(Step::Correct { complete });
        self.inner.correct(shard, correction)
    }

    fn keep_checkpoint(&self, shard: ShardId, checkpoint: &str) -> Result<(), StorageError> {
        if self.faults().keep {
            return Err(disk_error());
        }
        self.steps.lock().unwrap().push(Step::Keep {
            checkpoint: checkpoint.to_owned(),
        });
        self.inner.keep_checkpoint(shard, checkpoint)
    }

    fn sync_kept(&self, shard: ShardId) -> Result<(), StorageError> {
        self.inner.sync_kept(shard)
    }

    fn kept_checkpoint(&self, shard: ShardId) -> Result<Option<String>, StorageError> {
        match self.faults().kept {
            Some(kept) => Ok(kept),
            None => self.inner.kept_checkpoint(shard),
        }
    }

    fn verify(&self, _shard: ShardId) -> Result<Vec<Damage>, StorageError> {
        Ok(self.faults().damage.into_iter().collect())
    }

    fn statistics(&self) -> Result<Statistics, StorageError> {
        self.inner.statistics()
    }
}
