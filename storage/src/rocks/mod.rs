//! RocksDB behind the trait.

mod directory;
mod families;
mod identity;
mod keys;
mod open;
mod options;
#[cfg(test)]
mod tests;
mod verify;
mod view;
mod wal;

use std::ops::ControlFlow;
use std::ops::Range;
use std::path::Path;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use rocksdb::Cache;
use rocksdb::DB;
use rocksdb::WriteBatch;
use rocksdb::WriteOptions;
use rocksdb::properties;

use self::directory::Contents;
use self::directory::DataDirectory;
use self::directory::contents;
use self::directory::file_bytes;
use self::families::Family;
use self::view::View;
use crate::correction::Correction;
use crate::correction::SearchRow;
use crate::error::Damage;
use crate::error::StorageError;
use crate::round::Round;
use crate::round::must_fit_one_write;
use crate::shard::SearchKey;
use crate::shard::ShardId;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::store::Reader;
use crate::store::Statistics;
use crate::store::Store;
use crate::store::read_through;
use crate::trees::Frozen;
use crate::trees::SCHEMA_VERSION;
use crate::trees::TreeChange;
use crate::trees::must_be_keepable;
use crate::trees::must_be_known;
use crate::trees::must_start_empty;

pub use options::RocksOptions;

/// A store in RocksDB: durable, bounded in memory, open in one process at a time.
pub struct RocksStore {
    /// Dropped first: the lock in `directory` must outlive it.
    engine: DB,
    cache: Cache,
    access: Access,
    /// Held while a write is checked and made, so that it is made on what was checked.
    writer: Mutex<Writer>,
    /// Held while a kept checkpoint is replaced. Not `writer`, which is held during a sync.
    keeper: Mutex<()>,
    directory: DataDirectory,
}

impl RocksStore {
    /// Opens the store in `directory`, and makes an empty one where there is no trace of a log.
    ///
    /// What can be checked without reading everything is checked: the write-ahead log, that every
    /// table is there and as long as it was written, the schema, and for every shard that its head
    /// has the entries and tiles that it counts at its end, and no more.
    ///
    /// # Errors
    /// [`StorageError::Locked`], [`StorageError::NotEmpty`], [`StorageError::SchemaVersion`],
    /// [`StorageError::Damaged`], or what the operating system or the engine says.
    pub fn open(directory: &Path, options: &RocksOptions) -> Result<Self, StorageError> {
        let directory = DataDirectory::create(directory)?;
        match contents(directory.path())? {
            Contents::Store => {}
            Contents::Nothing => open::create(&directory, options)?,
            Contents::Trace(found) => {
                return Err(StorageError::NotEmpty {
                    directory: directory.path().to_owned(),
                    found,
                });
            }
        }
        Self::open_existing(directory, options, Access::Write)
    }

    /// Opens the existing store in `directory` without changing a byte of it, on a read-only file
    /// system as well. No other process may have it open for writing.
    ///
    /// Damage that leaves something to read is no error here: reads meet it, and [`Store::verify`]
    /// names it.
    ///
    /// # Errors
    /// [`StorageError::NoStore`] where there is none; otherwise as [`RocksStore::open`].
    pub fn open_read_only(directory: &Path) -> Result<Self, StorageError> {
        match contents(directory)? {
            Contents::Store => {
                let directory = DataDirectory::lock_to_read(directory)?;
                Self::open_existing(directory, &RocksOptions::default(), Access::Read)
            }
            Contents::Nothing => Err(StorageError::NoStore {
                directory: directory.to_owned(),
            }),
            Contents::Trace(found) => Err(StorageError::NotEmpty {
                directory: directory.to_owned(),
                found,
            }),
        }
    }

    /// Whether there is any trace of a log in `directory`: where there is, [`RocksStore::open`]
    /// opens or refuses, and never makes a new store.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the directory cannot be listed.
    pub fn exists(directory: &Path) -> Result<bool, StorageError> {
        Ok(contents(directory)? != Contents::Nothing)
    }

    fn open_existing(
        directory: DataDirectory,
        options: &RocksOptions,
        access: Access,
    ) -> Result<Self, StorageError> {
        let cache = options.block_cache();
        let engine = open::open(&directory.store(), options, &cache, access)?;
        let store = Self {
            engine,
            cache,
            access,
            writer: Mutex::new(Writer::Working),
            keeper: Mutex::new(()),
            directory,
        };
        open::check_shards(&store.live(), access)?;
        Ok(store)
    }

    /// Makes it a store of another version of the schema, as an earlier program would have written
    /// it.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant_schema_version(&self, version: u32) {
        let meta = Family::Meta.handle(&self.engine);
        let planted = self
            .engine
            .put_cf(meta, keys::SCHEMA, keys::encode_schema_version(version));
        planted.expect("a test's disk works");
    }

    fn live(&self) -> View<'_> {
        View::live(&self.engine)
    }

    /// Writes `batch` whole, or stops the writer.
    fn write(
        &self,
        writer: &mut Writer,
        action: &'static str,
        batch: WriteBatch,
    ) -> Result<(), StorageError> {
        let mut durable = WriteOptions::default();
        durable.set_sync(true);
        // Crash points. Before the log of RocksDB has the whole record, nothing of it is there
        // after a restart. Between that and the sync it may be there or not; nobody was told, and
        // it is whole if it is there. After the sync it is there; readers see it only from now on,
        // because RocksDB syncs before it publishes.
        self.engine.write_opt(batch, &durable).map_err(|error| {
            // A failed sync says nothing about what is on the disk, and the next one may wrongly
            // succeed.
            *writer = Writer::Stopped;
            open::engine_error(action, &error)
        })
    }
}

read_through!(RocksStore, live);

impl Store for RocksStore {
    fn create_shard(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        self.access.must_write()?;
        must_start_empty(identity, head)?;
        let mut writer = self.writer.lock();
        writer.must_work()?;
        let live = self.live();
        must_be_known(live.schema_version()?, identity)?;
        if live.identity(shard)?.is_some() || live.head(shard)?.is_some() {
            return Err(StorageError::ShardExists { shard });
        }
        let meta = Family::Meta.handle(&self.engine);
        let mut batch = WriteBatch::default();
        batch.put_cf(meta, keys::identity(shard), identity::encode(identity));
        batch.put_cf(meta, keys::head(shard), keys::encode_head(head));
        self.write(&mut writer, "create a shard", batch)
    }

    fn change_trees(&self, change: &TreeChange) -> Result<(), StorageError> {
        self.access.must_write()?;
        let mut writer = self.writer.lock();
        writer.must_work()?;
        let live = self.live();
        change.must_fit(|shard| live.stored_tree(shard))?;
        let batch = batch_of_trees(&self.engine, change);
        self.write(&mut writer, "change trees", batch)
    }

    fn commit(&self, rounds: &[(ShardId, &Round)]) -> Result<(), StorageError> {
        self.access.must_write()?;
        let mut writer = self.writer.lock();
        writer.must_work()?;
        must_fit_one_write(rounds)?;
        for (shard, round) in rounds {
            // The stored head is read each time, not remembered: the check must not rest on what
            // this process believes.
            let head = self.live().stored_tree(*shard)?.must_grow(*shard)?;
            round.must_follow(*shard, &head)?;
        }
        let batch = batch_of(&self.engine, rounds);
        self.write(&mut writer, "commit a round", batch)
    }

    fn correct(&self, shard: ShardId, correction: &Correction) -> Result<(), StorageError> {
        self.access.must_write()?;
        let mut writer = self.writer.lock();
        writer.must_work()?;
        // Read under the lock: no round comes between this and the write.
        let head = self
            .live()
            .head(shard)?
            .ok_or(StorageError::NoShard { shard })?;
        correction.must_fit(shard, head.size)?;
        let batch = batch_of_correction(&self.engine, shard, correction, head.size);
        // Synced, though an index can be rebuilt again: of the log of RocksDB, only the last record
        // may ever be torn.
        let written = self.write(&mut writer, "correct the search index", batch);
        // A round that waits comes before the next correction.
        MutexGuard::unlock_fair(writer);
        written
    }

    fn keep_checkpoint(&self, shard: ShardId, checkpoint: &str) -> Result<(), StorageError> {
        self.access.must_write()?;
        must_be_keepable(checkpoint)?;
        let _keeper = self.keeper.lock();
        // A crash before this leaves a kept checkpoint that lags behind the store, as every crash
        // between rounds may.
        self.directory.keep_checkpoint(shard, checkpoint)
    }

    fn sync_kept(&self, shard: ShardId) -> Result<(), StorageError> {
        self.access.must_write()?;
        let _keeper = self.keeper.lock();
        self.directory.sync_kept(shard)
    }

    fn kept_checkpoint(&self, shard: ShardId) -> Result<Option<String>, StorageError> {
        self.directory.kept_checkpoint(shard)
    }

    fn verify(&self, shard: ShardId) -> Result<Vec<Damage>, StorageError> {
        verify::verify(&self.engine, &self.directory.store(), shard)
    }

    fn statistics(&self) -> Result<Statistics, StorageError> {
        Ok(Statistics {
            background_errors: self.property(properties::BACKGROUND_ERRORS)?,
            disk_bytes: file_bytes(&self.directory.store())?,
            memory_bytes: self.cache.get_usage() as u64
                + self.sum_property(properties::ESTIMATE_TABLE_READERS_MEM)?,
            pending_compaction_bytes: self
                .sum_property(properties::ESTIMATE_PENDING_COMPACTION_BYTES)?,
            writes_stalled: self.property(properties::IS_WRITE_STOPPED)? != 0
                || self.property(properties::ACTUAL_DELAYED_WRITE_RATE)? != 0,
        })
    }
}

impl RocksStore {
    /// A property of the whole store.
    fn property(&self, name: &properties::PropName) -> Result<u64, StorageError> {
        let value = self.engine.property_int_value(name);
        let value = value.map_err(|error| open::engine_error("read a property", &error))?;
        Ok(value.unwrap_or_default())
    }

    /// The sum of a property over all column families.
    fn sum_property(&self, name: &properties::PropName) -> Result<u64, StorageError> {
        let values = Family::ALL.iter().map(|family| {
            let handle = family.handle(&self.engine);
            let value = self.engine.property_int_value_cf(handle, name);
            let value = value.map_err(|error| open::engine_error("read a property", &error))?;
            Ok(value.unwrap_or_default())
        });
        values.sum()
    }
}

/// What a store was opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Access {
    Read,
    Write,
}

impl Access {
    fn must_write(self) -> Result<(), StorageError> {
        match self {
            Self::Write => Ok(()),
            Self::Read => Err(StorageError::ReadOnly),
        }
    }
}

/// Whether writes may go on. There is no way back from `Stopped` but to open the store again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Writer {
    Working,
    Stopped,
}

impl Writer {
    fn must_work(self) -> Result<(), StorageError> {
        match self {
            Self::Working => Ok(()),
            Self::Stopped => Err(StorageError::Stopped),
        }
    }
}

/// Everything that a change of trees changes, as one write.
fn batch_of_trees(engine: &DB, change: &TreeChange) -> WriteBatch {
    let meta = Family::Meta.handle(engine);
    let mut batch = WriteBatch::default();
    for (shard, frozen) in &change.freeze {
        batch.put_cf(meta, keys::frozen(*shard), keys::encode_frozen(frozen));
    }
    for (shard, identity) in &change.replace {
        batch.put_cf(meta, keys::identity(*shard), identity::encode(identity));
    }
    for new in &change.create {
        batch.put_cf(
            meta,
            keys::identity(new.id),
            identity::encode(&new.identity),
        );
        batch.put_cf(meta, keys::head(new.id), keys::encode_head(&new.head));
    }
    let version = keys::encode_schema_version(SCHEMA_VERSION);
    batch.put_cf(meta, keys::SCHEMA, version);
    batch
}

/// Everything that rounds change, as one write.
fn batch_of(engine: &DB, rounds: &[(ShardId, &Round)]) -> WriteBatch {
    let sizes = rounds
        .iter()
        .map(|(_, round)| round.payload_bytes() + round.entries.len() * INDEX_BYTES);
    let mut batch = WriteBatch::with_capacity_bytes(sizes.sum());
    for (shard, round) in rounds {
        add_round(&mut batch, engine, *shard, round);
    }
    batch
}

fn add_round(batch: &mut WriteBatch, engine: &DB, shard: ShardId, round: &Round) {
    let [entries, tiles, leaves, search, attestations, meta] =
        Family::ALL.map(|family| family.handle(engine));
    let mut value = Vec::new();
    for (index, entry) in round.indexed() {
        keys::encode_entry(&mut value, entry.integrated_time, &entry.body);
        batch.put_cf(entries, keys::entry(shard, index), &value);
        for hash in entry.leaves() {
            batch.put_cf(leaves, keys::leaf(shard, hash), keys::encode_index(index));
        }
        for key in &entry.search_keys {
            batch.put_cf(search, keys::search(shard, key, index), b"");
        }
        for (key, content) in &entry.attestations {
            batch.put_cf(attestations, keys::attestation(shard, key), content);
        }
    }
    for (id, tile) in &round.tiles {
        batch.put_cf(tiles, keys::tile(shard, *id), tile);
    }
    batch.put_cf(meta, keys::head(shard), keys::encode_head(&round.head));
}

/// Everything that a correction changes in a shard with a tree of `size` leaves, as one write.
fn batch_of_correction(
    engine: &DB,
    shard: ShardId,
    correction: &Correction,
    size: TreeSize,
) -> WriteBatch {
    let search = Family::Search.handle(engine);
    let meta = Family::Meta.handle(engine);
    let mut batch = WriteBatch::default();
    for row in correction.removed(size) {
        batch.delete_cf(search, keys::search(shard, &row.key, row.index));
    }
    for row in &correction.add {
        batch.put_cf(search, keys::search(shard, &row.key, row.index), b"");
    }
    match &correction.progress {
        Some(progress) => batch.put_cf(meta, keys::REINDEX, progress),
        None => batch.delete_cf(meta, keys::REINDEX),
    }
    batch
}

/// About what an entry with three search keys adds to a batch besides its body.
const INDEX_BYTES: usize = 256;
