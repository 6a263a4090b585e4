use std::ops::ControlFlow;
use std::ops::Range;
#[cfg(feature = "rocksdb")]
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use tokio::runtime::Handle;

use crate::correction::Amendment;
use crate::correction::Correction;
use crate::correction::Expansion;
use crate::correction::SearchRow;
use crate::damage::Damage;
#[cfg(any(test, feature = "testing"))]
use crate::engine::Batch;
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
use crate::schema::RereadRows;
use crate::schema::RowsPart;
use crate::schema::Schema;
use crate::schema::block_on;
use crate::schema::first_rows;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;
use crate::trees::Frozen;
use crate::trees::TreeChange;

/// A store for those who have a thread of their own to work on: the sequencer, and whoever works
/// through a whole store, as a check does. Each call waits on that thread for the [`Schema`], whose
/// methods of the same names it calls; theirs are also the rules and the errors. Whoever answers
/// requests takes the [`schema`](Self::schema) and holds no thread while the engine waits.
///
/// Clones share the store. One that is opened in a Tokio runtime lends it to its engine on every
/// thread that waits, so that none of that runtime's own threads may be needed for the waiting: an
/// engine that does not block wants a runtime of several threads.
#[derive(Clone, Debug)]
pub struct Store {
    schema: Arc<Schema>,
    /// Where it was opened.
    runtime: Option<Handle>,
}

impl Store {
    /// Opens the store over `engine` for writing ([`Schema::open`]).
    ///
    /// # Errors
    /// As for that.
    pub fn open(engine: Arc<dyn Engine>) -> Result<Self, StorageError> {
        Ok(Self::over(block_on(Schema::open(engine))?))
    }

    /// Opens the store over `engine` to read what can be read ([`Schema::open_read_only`]).
    ///
    /// # Errors
    /// As for that.
    pub fn open_read_only(engine: Arc<dyn Engine>) -> Result<Self, StorageError> {
        Ok(Self::over(block_on(Schema::open_read_only(engine))?))
    }

    /// Opens the store of RocksDB in `directory`, and makes an empty one where there is no trace of
    /// a log ([`RocksEngine::open`], [`Schema::open`]).
    ///
    /// # Errors
    /// As for these.
    #[cfg(feature = "rocksdb")]
    pub fn open_rocksdb(directory: &Path, options: &RocksOptions) -> Result<Self, StorageError> {
        let engine = RocksEngine::open(directory, options, &first_rows())?;
        Self::open(Arc::new(engine))
    }

    /// Opens the existing store of RocksDB in `directory` without changing a byte of it
    /// ([`RocksEngine::open_read_only`], [`Schema::open_read_only`]).
    ///
    /// # Errors
    /// As for these.
    #[cfg(feature = "rocksdb")]
    pub fn open_rocksdb_read_only(
        directory: &Path,
        options: &RocksOptions,
    ) -> Result<Self, StorageError> {
        let engine = RocksEngine::open_read_only(directory, options)?;
        Self::open_read_only(Arc::new(engine))
    }

    /// A store without a shard that forgets everything when it is dropped: for tests, and for
    /// trying things out.
    pub fn in_memory() -> Self {
        let opened = Self::open(Arc::new(MemoryEngine::new(&first_rows())));
        opened.expect("a store that was just made is sound")
    }

    /// The store for callers that do not block.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    fn over(schema: Schema) -> Self {
        Self {
            schema: Arc::new(schema),
            runtime: Handle::try_current().ok(),
        }
    }

    fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        let _entered = self.runtime.as_ref().map(Handle::enter);
        block_on(work)
    }

    /// Calls `visit` with every entry of `range` in order, until it breaks or the shard ends.
    ///
    /// # Errors
    /// As for [`Schema::entries`]; entries before trouble have been visited then.
    pub fn visit_entries(
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
            let page = self.wait(self.schema.entries(shard, next..range.end, limit))?;
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

    /// Makes changes with no regard to the rules, as damage or another program would: for tests.
    ///
    /// # Panics
    /// When they cannot be made.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant(&self, rows: Batch) {
        self.wait(self.schema.plant(rows));
    }
}

/// Methods of the store that wait for those of the schema.
macro_rules! waits {
    ($($name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        impl Store {$(
            #[doc = concat!("Waits for [`Schema::", stringify!($name), "`].")]
            ///
            /// # Errors
            /// As for that.
            pub fn $name(&self, $($argument: $type),*) -> Result<$answer, StorageError> {
                self.wait(self.schema.$name($($argument),*))
            }
        )*}
    };
}

waits! {
    shards() -> Vec<ShardId>;
    identity(shard: ShardId) -> Option<ShardIdentity>;
    head(shard: ShardId) -> Option<StoredHead>;
    frozen(shard: ShardId) -> Option<Frozen>;
    schema_version() -> u32;
    entry(shard: ShardId, index: LeafIndex) -> Option<StoredEntry>;
    tile(shard: ShardId, id: TileId) -> Option<Bytes>;
    attestation(shard: ShardId, key: &[u8]) -> Option<Bytes>;
    attestations(
        shard: ShardId, start: &[u8], after: Option<&[u8]>, limit: usize
    ) -> Vec<(Bytes, Bytes)>;
    index_of(shard: ShardId, leaf_hash: &Hash) -> Option<LeafIndex>;
    indexes_of(shard: ShardId, leaf_hashes: &[Hash]) -> Vec<Option<LeafIndex>>;
    reread_tiles(shard: ShardId, ids: &[TileId]) -> Vec<Option<Bytes>>;
    reread_indexes(shard: ShardId, leaf_hashes: &[Hash]) -> Vec<Option<LeafIndex>>;
    reread_rows(
        shard: ShardId, part: RowsPart, slice: u8, next: Option<Vec<u8>>, bytes: usize
    ) -> RereadRows;
    search(shard: ShardId, key: &StoredSearchKey, from: LeafIndex, limit: usize) -> Vec<LeafIndex>;
    search_rows(shard: ShardId, after: Option<SearchRow>, limit: usize) -> Vec<SearchRow>;
    names(
        shard: ShardId, kind: u8, start: &str, after: Option<&str>, limit: usize
    ) -> Vec<String>;
    unindexed(shard: ShardId, limit: usize) -> Vec<(LeafIndex, u32)>;
    unindexed_part(shard: ShardId, index: LeafIndex) -> Option<u32>;
    index_generation() -> u32;
    has_search_rows(shard: ShardId, rows: &[SearchRow]) -> Vec<bool>;
    reindex_progress() -> Option<Bytes>;
    kept_checkpoint(shard: ShardId) -> Option<String>;
    public_keys(shard: ShardId) -> Option<String>;
    verify(shard: ShardId) -> Vec<Damage>;
    statistics() -> Statistics;
    create_shard(shard: ShardId, identity: &ShardIdentity, head: &StoredHead) -> ();
    change_trees(change: &TreeChange) -> ();
    commit(rounds: &[(ShardId, &Round)]) -> ();
    correct(shard: ShardId, correction: &Correction) -> ();
    expand(shard: ShardId, expansion: &Expansion) -> ();
    amend(shard: ShardId, index: LeafIndex, amendment: &Amendment) -> ();
    set_index_generation(generation: u32) -> ();
    keep_beside(shard: ShardId, rows: &[(Vec<u8>, Bytes)]) -> ();
    keep_public_keys(shard: ShardId, vkeys: &str) -> ();
    advance_checkpoint(shard: ShardId, from: Option<&str>, to: &str) -> ();
    keep_checkpoint(shard: ShardId, checkpoint: &str) -> ();
    sync_kept(shard: ShardId) -> ();
}

const MAX_PAGE_ENTRIES: usize = 4_096;
const MAX_PAGE_BYTES: usize = 8 << 20;
