//! The traits of a store whose calls block. They go when the log reads and writes the schema
//! itself.

use std::ops::ControlFlow;
use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;

use crate::correction::Correction;
use crate::correction::SearchRow;
use crate::damage::Damage;
use crate::engine::Statistics;
use crate::error::StorageError;
use crate::round::Round;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;
use crate::trees::Frozen;
use crate::trees::TreeChange;

/// What can be read of a store, or of one consistent view of it.
///
/// `None` means that the thing is proven absent; everything else that goes wrong is an error. All
/// calls block on the disk.
pub trait Reader: Send + Sync {
    /// The shards, oldest first.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a name in the store is not one that this schema writes; the
    /// engine's own trouble.
    fn shards(&self) -> Result<Vec<ShardId>, StorageError>;

    /// The identity that `shard` was created with, or `None` when there is no such shard.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    fn identity(&self, shard: ShardId) -> Result<Option<ShardIdentity>, StorageError>;

    /// The head of the last round of `shard`, or `None` when there is no such shard.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    fn head(&self, shard: ShardId) -> Result<Option<StoredHead>, StorageError>;

    /// The entry at `index`, or `None` when the shard has none there.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    fn entry(&self, shard: ShardId, index: LeafIndex) -> Result<Option<StoredEntry>, StorageError>;

    /// Calls `visit` with every entry of `range` in order, until it breaks or the shard ends.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when an entry below the shard's head is missing or does not decode
    /// (those before it have been visited then); the engine's own trouble.
    fn visit_entries(
        &self,
        shard: ShardId,
        range: Range<u64>,
        visit: &mut dyn FnMut(LeafIndex, StoredEntry) -> ControlFlow<()>,
    ) -> Result<(), StorageError>;

    /// The full tile `id`, 8,192 bytes, or `None` when the tree is not yet large enough for it.
    /// Partial tiles are not stored: a partial tile is a prefix of the later one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it has another length; the engine's own trouble.
    fn tile(&self, shard: ShardId, id: TileId) -> Result<Option<Bytes>, StorageError>;

    /// The index of the leaf whose hash, or whose duplicate key, is `leaf_hash`, by all 256 bits.
    /// Where a tree holds a leaf twice (only an imported one does), it is the later one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    fn index_of(&self, shard: ShardId, leaf_hash: &Hash)
    -> Result<Option<LeafIndex>, StorageError>;

    /// [`Reader::index_of`] for many hashes in one read: the answer at each position belongs to the
    /// hash at that position.
    ///
    /// # Errors
    /// As [`Reader::index_of`]; one failure fails the whole call.
    fn indexes_of(
        &self,
        shard: ShardId,
        leaf_hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError>;

    /// The indexes of at most `limit` entries that were stored with `key`, ascending, none below
    /// `from`. The next page starts one behind the last index of this one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a key does not decode; the engine's own trouble.
    fn search(
        &self,
        shard: ShardId,
        key: &StoredSearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError>;

    /// The attestation that was stored under `key`; the latest one, when several entries brought
    /// one.
    ///
    /// # Errors
    /// The engine's own trouble.
    fn attestation(&self, shard: ShardId, key: &[u8]) -> Result<Option<Bytes>, StorageError>;

    /// At most `limit` rows of the search index in order, the first ones behind `after`, or from
    /// the start. Unlike [`Reader::search`] this yields rows behind the end of the tree too, which
    /// nothing but damage leaves there.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a row does not decode; the engine's own trouble.
    fn search_rows(
        &self,
        shard: ShardId,
        after: Option<SearchRow>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StorageError>;

    /// Whether the search index has each of `rows`: the answer at each position belongs to the row
    /// at that position.
    ///
    /// # Errors
    /// The engine's own trouble; one failure fails the whole call.
    fn has_search_rows(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
    ) -> Result<Vec<bool>, StorageError>;

    /// The last checkpoint of `shard` and when it was frozen; `None` when it is not frozen, or not
    /// there.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    fn frozen(&self, shard: ShardId) -> Result<Option<Frozen>, StorageError>;

    /// The version of the schema that the store has: [`SCHEMA_VERSION`](crate::SCHEMA_VERSION), or
    /// the one before.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it is missing or does not decode; the engine's own trouble.
    fn schema_version(&self) -> Result<u32, StorageError>;

    /// How far the rebuild of the search index is, as the last [`Correction`] says; `None` when
    /// none is under way.
    ///
    /// # Errors
    /// The engine's own trouble.
    fn reindex_progress(&self) -> Result<Option<Bytes>, StorageError>;
}

/// A store that can be written to, by one writer for each shard.
///
/// Calls that write check, then write all or nothing. After [`StorageError::Engine`] from a write
/// it is unknown whether the write will be there after a restart, so the store refuses every later
/// one ([`EngineError::Stopped`](crate::EngineError::Stopped)): the way back is to open it again
/// and to verify what is in it.
pub trait Store: Reader + 'static {
    /// Starts `shard` with an empty tree. Durable when it returns. The version of the schema stays
    /// as it is.
    ///
    /// # Errors
    /// [`StorageError::ShardExists`] when there is such a shard, [`StorageError::NotEmptyTree`]
    /// when `head` has leaves, [`StorageError::Identity`] when a field of `identity` breaks its
    /// rule, [`StorageError::OldSchema`] when the version of the store knows no tree of this kind.
    fn create_shard(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        head: &StoredHead,
    ) -> Result<(), StorageError>;

    /// Freezes, creates and replaces trees: one atomic write and one sync, which also raises the
    /// version of the schema to [`SCHEMA_VERSION`](crate::SCHEMA_VERSION). Durable as a whole when
    /// it returns.
    ///
    /// # Errors
    /// [`StorageError::ShardTwice`] when a shard is named twice, [`StorageError::NoShard`],
    /// [`StorageError::Frozen`], [`StorageError::ShardNotEmpty`], or what [`Store::create_shard`]
    /// would say, and then nothing was written.
    fn change_trees(&self, change: &TreeChange) -> Result<(), StorageError>;

    /// Adds each of `rounds` to its shard: one atomic write and one sync for all of them. Durable
    /// as a whole when it returns, and visible to readers only then.
    ///
    /// # Errors
    /// [`StorageError::NoRound`], [`StorageError::ShardTwice`], [`StorageError::NoShard`],
    /// [`StorageError::Frozen`], or the rule of [`Round`] that one of them breaks, and then nothing
    /// was written.
    fn commit(&self, rounds: &[(ShardId, &Round)]) -> Result<(), StorageError>;

    /// Adds and removes rows of the search index of `shard`, and replaces the progress of the
    /// rebuild that decides on them: one atomic write and one sync, which may come between any two
    /// rounds. Durable as a whole when it returns.
    ///
    /// # Errors
    /// [`StorageError::NoShard`], or the rule of [`Correction`] that it breaks, and then nothing
    /// was written.
    fn correct(&self, shard: ShardId, correction: &Correction) -> Result<(), StorageError>;

    /// Replaces the kept checkpoint of `shard`, atomically but without a sync: after a power cut an
    /// older one may be there.
    ///
    /// # Errors
    /// [`StorageError::CheckpointLength`], or what the engine says.
    fn keep_checkpoint(&self, shard: ShardId, checkpoint: &str) -> Result<(), StorageError>;

    /// Makes the kept checkpoint of `shard` durable: no power cut takes it back any more.
    ///
    /// # Errors
    /// [`EngineError::NothingKept`](crate::EngineError::NothingKept), or what the engine says.
    fn sync_kept(&self, shard: ShardId) -> Result<(), StorageError>;

    /// The checkpoint that was kept last, or `None` when there is no file. An empty text is a file
    /// that a power cut emptied, which file systems may do to a file that was never synced; it says
    /// nothing about the store.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when the file is too long or not UTF-8; the engine's own trouble.
    fn kept_checkpoint(&self, shard: ShardId) -> Result<Option<String>, StorageError>;

    /// Reads all that is stored of `shard` against the store's own checksums, and says what cannot
    /// be read. A store that has no checksums has nothing to say. Takes as long as reading the
    /// whole shard.
    ///
    /// # Errors
    /// [`StorageError::Engine`] when the store cannot even say what there is to read.
    fn verify(&self, _shard: ShardId) -> Result<Vec<Damage>, StorageError> {
        Ok(Vec::new())
    }

    /// What the store uses and how far behind it is, for metrics. Cheap enough to ask every few
    /// seconds.
    ///
    /// # Errors
    /// [`StorageError::Engine`] when it cannot be found out.
    fn statistics(&self) -> Result<Statistics, StorageError>;
}
