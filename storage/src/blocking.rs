//! The store for callers that block: each call waits on the caller's thread for the [`Schema`].
//! This whole file goes, and the traits with it, when the log reads and writes the schema itself.

use std::ops::ControlFlow;
use std::ops::Range;
#[cfg(feature = "rocksdb")]
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;

use crate::correction::Correction;
use crate::correction::SearchRow;
use crate::damage::Damage;
use crate::engine::Engine;
use crate::engine::MemoryEngine;
#[cfg(feature = "rocksdb")]
use crate::engine::RocksEngine;
#[cfg(feature = "rocksdb")]
use crate::engine::RocksOptions;
use crate::engine::Statistics;
use crate::error::StorageError;
use crate::round::Round;
use crate::schema::PageLimit;
use crate::schema::Schema;
use crate::schema::block_on;
use crate::schema::first_rows;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;
use crate::store::Reader;
use crate::store::Store;
use crate::trees::Frozen;
use crate::trees::TreeChange;

/// A [`Schema`] whose calls block, over an engine that works on the caller's thread.
pub struct BlockingStore<E> {
    schema: Arc<Schema>,
    engine: Arc<E>,
}

/// A store that forgets everything when it is dropped: for tests, and for trying things out.
pub type MemoryStore = BlockingStore<MemoryEngine>;

/// A store in RocksDB: durable, bounded in memory, open in one process at a time.
#[cfg(feature = "rocksdb")]
pub type RocksStore = BlockingStore<RocksEngine>;

impl<E: Engine> BlockingStore<E> {
    /// The store for callers that do not block.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// What it is built on.
    pub fn engine(&self) -> &Arc<E> {
        &self.engine
    }

    fn open_over(engine: E) -> Result<Self, StorageError> {
        let engine = Arc::new(engine);
        let schema = block_on(Schema::open(Arc::clone(&engine) as Arc<dyn Engine>))?;
        let schema = Arc::new(schema);
        Ok(Self { schema, engine })
    }
}

impl MemoryStore {
    /// A store without a shard.
    pub fn new() -> Self {
        let opened = Self::open_over(MemoryEngine::new(&first_rows()));
        opened.expect("a store that was just made is sound")
    }

    /// Writes a row of the search index as damage would: with no regard to the rules.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant(&self, shard: ShardId, row: SearchRow) {
        let planted = crate::schema::planted_search_row(shard, &row);
        self.engine.apply(&planted);
    }

    /// Makes it a store of another version of the schema, as an earlier program would have written
    /// it.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant_schema_version(&self, version: u32) {
        let planted = crate::schema::planted_schema_version(version);
        self.engine.apply(&planted);
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "rocksdb")]
impl RocksStore {
    /// Opens the store in `directory`, and makes an empty one where there is no trace of a log
    /// ([`RocksEngine::open`], [`Schema::open`]).
    ///
    /// # Errors
    /// As for these.
    pub fn open(directory: &Path, options: &RocksOptions) -> Result<Self, StorageError> {
        Self::open_over(RocksEngine::open(directory, options, &first_rows())?)
    }

    /// Opens the existing store in `directory` without changing a byte of it
    /// ([`RocksEngine::open_read_only`], [`Schema::open_read_only`]).
    ///
    /// # Errors
    /// As for these.
    pub fn open_read_only(directory: &Path) -> Result<Self, StorageError> {
        let engine = Arc::new(RocksEngine::open_read_only(directory)?);
        let schema = Schema::open_read_only(Arc::clone(&engine) as Arc<dyn Engine>);
        let schema = Arc::new(block_on(schema)?);
        Ok(Self { schema, engine })
    }

    /// Whether there is any trace of a log in `directory`: where there is, [`RocksStore::open`]
    /// opens or refuses, and never makes a new store.
    ///
    /// # Errors
    /// [`EngineError::Io`](crate::EngineError::Io) when the directory cannot be listed.
    pub fn exists(directory: &Path) -> Result<bool, StorageError> {
        Ok(RocksEngine::exists(directory)?)
    }

    /// Makes it a store of another version of the schema, as an earlier program would have written
    /// it.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant_schema_version(&self, version: u32) {
        let planted = crate::schema::planted_schema_version(version);
        block_on(self.engine.write(planted)).expect("a test's disk works");
    }
}

impl<E: Engine> Reader for BlockingStore<E> {
    fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        block_on(self.schema.shards())
    }

    fn identity(&self, shard: ShardId) -> Result<Option<ShardIdentity>, StorageError> {
        block_on(self.schema.identity(shard))
    }

    fn head(&self, shard: ShardId) -> Result<Option<StoredHead>, StorageError> {
        block_on(self.schema.head(shard))
    }

    fn entry(&self, shard: ShardId, index: LeafIndex) -> Result<Option<StoredEntry>, StorageError> {
        block_on(self.schema.entry(shard, index))
    }

    fn visit_entries(
        &self,
        shard: ShardId,
        range: Range<u64>,
        visit: &mut dyn FnMut(LeafIndex, StoredEntry) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let mut next = range.start;
        // Who asks for many may want only the first of them.
        let mut limit = PageLimit {
            entries: if range.end.saturating_sub(next) <= MAX_PAGE_ENTRIES as u64 {
                MAX_PAGE_ENTRIES
            } else {
                1
            },
            bytes: MAX_PAGE_BYTES,
        };
        loop {
            let page = block_on(self.schema.entries(shard, next..range.end, limit))?;
            for (index, entry) in page.entries {
                if visit(index, entry).is_break() {
                    return Ok(());
                }
                next = index.get() + 1;
            }
            if page.is_last {
                return Ok(());
            }
            limit.entries = MAX_PAGE_ENTRIES.min(limit.entries * 16);
        }
    }

    fn tile(&self, shard: ShardId, id: TileId) -> Result<Option<Bytes>, StorageError> {
        block_on(self.schema.tile(shard, id))
    }

    fn index_of(
        &self,
        shard: ShardId,
        leaf_hash: &Hash,
    ) -> Result<Option<LeafIndex>, StorageError> {
        block_on(self.schema.index_of(shard, leaf_hash))
    }

    fn indexes_of(
        &self,
        shard: ShardId,
        leaf_hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError> {
        block_on(self.schema.indexes_of(shard, leaf_hashes))
    }

    fn search(
        &self,
        shard: ShardId,
        key: &StoredSearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError> {
        block_on(self.schema.search(shard, key, from, limit))
    }

    fn attestation(&self, shard: ShardId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        block_on(self.schema.attestation(shard, key))
    }

    fn search_rows(
        &self,
        shard: ShardId,
        after: Option<SearchRow>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StorageError> {
        block_on(self.schema.search_rows(shard, after, limit))
    }

    fn has_search_rows(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
    ) -> Result<Vec<bool>, StorageError> {
        block_on(self.schema.has_search_rows(shard, rows))
    }

    fn frozen(&self, shard: ShardId) -> Result<Option<Frozen>, StorageError> {
        block_on(self.schema.frozen(shard))
    }

    fn schema_version(&self) -> Result<u32, StorageError> {
        block_on(self.schema.schema_version())
    }

    fn reindex_progress(&self) -> Result<Option<Bytes>, StorageError> {
        block_on(self.schema.reindex_progress())
    }
}

impl<E: Engine> Store for BlockingStore<E> {
    fn create_shard(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        block_on(self.schema.create_shard(shard, identity, head))
    }

    fn change_trees(&self, change: &TreeChange) -> Result<(), StorageError> {
        block_on(self.schema.change_trees(change))
    }

    fn commit(&self, rounds: &[(ShardId, &Round)]) -> Result<(), StorageError> {
        block_on(self.schema.commit(rounds))
    }

    fn correct(&self, shard: ShardId, correction: &Correction) -> Result<(), StorageError> {
        block_on(self.schema.correct(shard, correction))
    }

    fn keep_checkpoint(&self, shard: ShardId, checkpoint: &str) -> Result<(), StorageError> {
        block_on(self.schema.keep_checkpoint(shard, checkpoint))
    }

    fn sync_kept(&self, shard: ShardId) -> Result<(), StorageError> {
        block_on(self.schema.sync_kept(shard))
    }

    fn kept_checkpoint(&self, shard: ShardId) -> Result<Option<String>, StorageError> {
        block_on(self.schema.kept_checkpoint(shard))
    }

    fn verify(&self, shard: ShardId) -> Result<Vec<Damage>, StorageError> {
        block_on(self.schema.verify(shard))
    }

    fn statistics(&self) -> Result<Statistics, StorageError> {
        block_on(self.schema.statistics())
    }
}

const MAX_PAGE_ENTRIES: usize = 4_096;
const MAX_PAGE_BYTES: usize = 8 << 20;
