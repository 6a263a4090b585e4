use std::path::Path;

use bytes::Bytes;
use rocksdb::Cache;
use rocksdb::ColumnFamily;
use rocksdb::DB;
use rocksdb::DBRawIterator;
use rocksdb::properties;

use super::super::batch::Batch;
use super::super::error::EngineDamage;
use super::super::error::EngineError;
use super::super::gate::Gate;
use super::super::interface::Answer;
use super::super::interface::Engine;
use super::super::interface::Statistics;
use super::super::scan::KeyRange;
use super::super::scan::Page;
use super::super::scan::Reuse;
use super::super::scan::Scan;
use super::super::table::Table;
use super::directory::Contents;
use super::directory::DataDirectory;
use super::directory::contents;
use super::directory::file_bytes;
use super::error::engine_error;
use super::kept::KeptFiles;
use super::open;
use super::options::RocksOptions;
use super::tables::handle;
use super::tables::read_options;
use super::tables::synced;
use super::tables::write_batch;
use super::torn;
use super::verify;

/// Rows in RocksDB: durable, bounded in memory, open in one process at a time. The lock on the data
/// directory is its fence.
pub struct RocksEngine {
    /// Dropped first: the lock in `directory` must outlive it.
    database: DB,
    cache: Cache,
    /// What was found when it was opened to read what can be read; `None` when it may be written.
    found: Option<Vec<EngineDamage>>,
    gate: Gate,
    kept: KeptFiles,
    directory: DataDirectory,
}

impl RocksEngine {
    /// Opens the store in `directory`, and makes one with the rows of `first` where there is no
    /// trace of a log.
    ///
    /// What can be checked without reading everything is checked: the write-ahead log, and that
    /// every table is there and as long as it was written.
    ///
    /// # Errors
    /// [`EngineError::Locked`], [`EngineError::NotEmpty`], [`EngineError::UnknownTable`],
    /// [`EngineError::Damaged`], [`EngineError::Unproven`], or what the operating system or RocksDB
    /// says.
    pub fn open(
        directory: &Path,
        options: &RocksOptions,
        first: &Batch,
    ) -> Result<Self, EngineError> {
        let directory = DataDirectory::create(directory)?;
        directory.must_be_proven()?;
        directory.must_not_be_marked()?;
        match contents(directory.path())? {
            Contents::Store => {}
            Contents::Nothing => open::create(&directory, options, first)?,
            Contents::Trace(found) => {
                return Err(EngineError::NotEmpty {
                    directory: directory.path().to_owned(),
                    found,
                });
            }
        }
        let cache = options.block_cache();
        let database = open::to_write(&directory, options, &cache)?;
        let kept = directory.hold_kept()?;
        Ok(Self::over(database, cache, None, kept, directory))
    }

    /// Opens the existing store in `directory` without changing a byte of it, on a read-only file
    /// system as well. No other process may have it open for writing.
    ///
    /// Damage that leaves something to read is no error here: what the write-ahead log and the
    /// tables have besides is read, and [`Engine::verify`] names the damage.
    ///
    /// # Errors
    /// [`EngineError::NoStore`] where there is none; otherwise as [`RocksEngine::open`].
    pub fn open_read_only(directory: &Path, options: &RocksOptions) -> Result<Self, EngineError> {
        match contents(directory)? {
            Contents::Store => {
                let directory = DataDirectory::lock_to_read(directory)?;
                let cache = options.block_cache();
                let (database, found) = open::to_read(&directory.store(), options, &cache)?;
                let kept = directory.read_kept()?;
                Ok(Self::over(database, cache, Some(found), kept, directory))
            }
            Contents::Nothing => Err(EngineError::NoStore {
                directory: directory.to_owned(),
            }),
            Contents::Trace(found) => Err(EngineError::NotEmpty {
                directory: directory.to_owned(),
                found,
            }),
        }
    }

    /// Opens the existing store in `directory` as [`RocksEngine::open_read_only`] does, but without
    /// the end of its write-ahead log from the first damage on, which comes with it. `None` where
    /// there is no damage that [`RocksEngine::open`] refuses.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] when the damage is not at the end; otherwise as for that.
    pub fn open_without_end(directory: &Path) -> Result<Option<(Self, EngineDamage)>, EngineError> {
        let directory = DataDirectory::lock_to_read(directory)?;
        let Some(end) = torn::damaged_end(&directory.store())? else {
            return Ok(None);
        };
        let cache = RocksOptions::default().block_cache();
        let options = RocksOptions::default();
        let database = open::salvaged(&directory.store(), &options, &cache, Some(&end))?;
        let kept = directory.read_kept()?;
        let engine = Self::over(database, cache, Some(Vec::new()), kept, directory);
        Ok(Some((engine, end.to_damage())))
    }

    /// Drops the end that [`RocksEngine::open_without_end`] leaves out, and sets it aside in
    /// `directory`. From before that on [`RocksEngine::open`] refuses the store, until
    /// [`RocksEngine::set_proven`].
    ///
    /// # Errors
    /// As for that.
    pub fn drop_end(directory: &Path) -> Result<(), EngineError> {
        let directory = DataDirectory::create(directory)?;
        let Some(end) = torn::damaged_end(&directory.store())? else {
            return Ok(());
        };
        // A crash between the two leaves a store that is marked and damaged still: then this is
        // done again.
        directory.set_unproven()?;
        torn::cut(&end.log, end.at, directory.path())
    }

    /// Lets the store in `directory` be opened for writing again: it was compared with what was
    /// signed.
    ///
    /// # Errors
    /// [`EngineError::Locked`], or what the operating system says.
    pub fn set_proven(directory: &Path) -> Result<(), EngineError> {
        DataDirectory::create(directory)?.set_proven()
    }

    /// Lets the store in `directory` be opened for writing again after work in the background found
    /// damage in it, since all of it can be read. Says whether it was marked.
    ///
    /// # Errors
    /// [`EngineError::Locked`], or what the operating system says.
    pub fn set_sound(directory: &Path) -> Result<bool, EngineError> {
        DataDirectory::create(directory)?.set_sound()
    }

    /// Why [`RocksEngine::open`] refuses the store in `directory`, where that is marked.
    ///
    /// # Errors
    /// [`EngineError::Io`] when that cannot be found out.
    pub fn mark(directory: &Path) -> Result<Option<EngineError>, EngineError> {
        let marked = [
            DataDirectory::must_be_proven,
            DataDirectory::must_not_be_marked,
        ];
        let directory = DataDirectory::unlocked(directory);
        for must in marked {
            match must(&directory) {
                Ok(()) => {}
                Err(error @ EngineError::Io { .. }) => return Err(error),
                Err(mark) => return Ok(Some(mark)),
            }
        }
        Ok(None)
    }

    /// Whether there is any trace of a log in `directory`: where there is, [`RocksEngine::open`]
    /// opens or refuses, and never makes a new store.
    ///
    /// # Errors
    /// [`EngineError::Io`] when the directory cannot be listed.
    pub fn exists(directory: &Path) -> Result<bool, EngineError> {
        Ok(contents(directory)? != Contents::Nothing)
    }

    fn over(
        database: DB,
        cache: Cache,
        found: Option<Vec<EngineDamage>>,
        kept: KeptFiles,
        directory: DataDirectory,
    ) -> Self {
        Self {
            database,
            cache,
            found,
            gate: Gate::default(),
            kept,
            directory,
        }
    }

    fn must_write(&self) -> Result<(), EngineError> {
        match self.found {
            None => Ok(()),
            Some(_) => Err(EngineError::ReadOnly),
        }
    }

    /// RocksDB itself, for tests that reach behind the engine.
    #[cfg(test)]
    pub(crate) fn database(&self) -> &DB {
        &self.database
    }

    /// Leaves the engine as a failed write does.
    #[cfg(test)]
    pub(crate) fn stop(&self) {
        drop(self.gate.enter());
    }

    pub(crate) fn handle(&self, table: Table) -> &ColumnFamily {
        handle(&self.database, table)
    }

    fn row(&self, table: Table, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        let value = self.database.get_cf(self.handle(table), key);
        Ok(value
            .map_err(|error| engine_error(READ, &error))?
            .map(Bytes::from))
    }

    fn rows(
        &self,
        table: Table,
        keys: &[&[u8]],
        reuse: Reuse,
    ) -> Result<Vec<Option<Bytes>>, EngineError> {
        let in_order = false;
        let options = read_options(reuse);
        let handle = self.handle(table);
        let values =
            self.database
                .batched_multi_get_cf_opt(handle, keys.iter(), in_order, &options);
        let values = values.into_iter().map(|value| {
            let value = value.map_err(|error| engine_error(READ, &error))?;
            Ok(value.map(|value| Bytes::copy_from_slice(&value)))
        });
        values.collect()
    }

    fn page(&self, scan: &Scan) -> Result<Page, EngineError> {
        let mut page = Page::default();
        let mut rows = self.seek(scan);
        let mut bytes = 0;
        while let Some((key, value)) = rows.item() {
            if !page.push(scan, &mut bytes, key, value) {
                return Ok(page);
            }
            rows.next();
        }
        match rows.status() {
            Ok(()) => page.is_last = true,
            // What was read before trouble is worth having; the trouble comes with the next page.
            Err(_) if !page.rows.is_empty() => {}
            Err(error) => return Err(engine_error(READ, &error)),
        }
        Ok(page)
    }

    /// The rows of a scan, without its limits.
    fn seek(&self, scan: &Scan) -> DBRawIterator<'_> {
        let mut options = read_options(scan.reuse);
        // Filters are over prefixes, and of use where only keys of one prefix are wanted.
        let prefix = scan.table.scanned_prefix();
        let prefix = prefix.and_then(|length| scan.keys.from.get(..length));
        let has_prefix =
            prefix.is_some_and(|prefix| KeyRange::end_of_prefix(prefix) == scan.keys.to);
        options.set_prefix_same_as_start(has_prefix);
        options.set_total_order_seek(!has_prefix);
        if let Some(to) = &scan.keys.to {
            options.set_iterate_upper_bound(to.clone());
        }
        let handle = self.handle(scan.table);
        let mut rows = self.database.raw_iterator_cf_opt(handle, options);
        rows.seek(&scan.keys.from);
        rows
    }

    /// Writes `batch` whole, or closes the gate.
    fn apply(&self, batch: &Batch) -> Result<(), EngineError> {
        self.must_write()?;
        let passage = self.gate.enter()?;
        let batch = write_batch(&self.database, batch);
        // Crash points. Before the log of RocksDB has the whole record, nothing of it is there
        // after a restart. Between that and the sync it may be there or not; nobody was told, and
        // it is whole if it is there. After the sync it is there; readers see it only from now on,
        // because RocksDB syncs before it publishes.
        let written = self.database.write_opt(batch, &synced());
        // A failed sync says nothing about what is on the disk, and the next one may wrongly
        // succeed: the gate stays closed.
        if let Err(error) = written {
            return Err(self.failed_write(&error));
        }
        passage.passed();
        Ok(())
    }

    /// What a failed write says. A write reads nothing: where it fails by damage, a compaction or a
    /// flush has met it, would meet it again after each start, and no start would see it before.
    fn failed_write(&self, error: &rocksdb::Error) -> EngineError {
        let error = engine_error("write to the store", error);
        if let EngineError::Damaged(damage) = &error {
            // Where the mark cannot be written, the next start fails at its first write again.
            let _ = self.directory.set_damaged(&damage.to_string());
        }
        error
    }

    fn replace_kept(&self, tree: u32, from: Option<&[u8]>, to: &[u8]) -> Result<(), EngineError> {
        self.must_write()?;
        // A crash before this leaves a kept checkpoint that lags behind the store, as every crash
        // between rounds may.
        self.kept.advance(tree, from, to)
    }

    fn use_of_the_machine(&self) -> Result<Statistics, EngineError> {
        Ok(Statistics {
            background_errors: self.property(properties::BACKGROUND_ERRORS)?,
            disk_bytes: file_bytes(&self.directory.store())?,
            memory_bytes: self.cache.get_usage() as u64
                + self.sum_property(properties::ESTIMATE_TABLE_READERS_MEM)?,
            backlog_bytes: self.sum_property(properties::ESTIMATE_PENDING_COMPACTION_BYTES)?,
            writes_stalled: self.property(properties::IS_WRITE_STOPPED)? != 0
                || self.property(properties::ACTUAL_DELAYED_WRITE_RATE)? != 0,
        })
    }

    /// A property of the whole store.
    fn property(&self, name: &properties::PropName) -> Result<u64, EngineError> {
        let value = self.database.property_int_value(name);
        let value = value.map_err(|error| engine_error("read a property", &error))?;
        Ok(value.unwrap_or_default())
    }

    /// The sum of a property over all tables.
    fn sum_property(&self, name: &properties::PropName) -> Result<u64, EngineError> {
        let values = Table::ALL.iter().map(|table| {
            let value = self
                .database
                .property_int_value_cf(self.handle(*table), name);
            let value = value.map_err(|error| engine_error("read a property", &error))?;
            Ok(value.unwrap_or_default())
        });
        values.sum()
    }
}

impl Engine for RocksEngine {
    fn blocks(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, table: Table, key: &'a [u8]) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move { self.row(table, key) })
    }

    fn multi_get<'a>(
        &'a self,
        table: Table,
        keys: &'a [&'a [u8]],
        reuse: Reuse,
    ) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move { self.rows(table, keys, reuse) })
    }

    fn scan<'a>(&'a self, scan: &'a Scan) -> Answer<'a, Page> {
        Box::pin(async move { self.page(scan) })
    }

    fn write(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move { self.apply(&batch) })
    }

    fn kept(&self, tree: u32) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move { self.kept.kept(tree) })
    }

    fn advance(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Answer<'_, ()> {
        Box::pin(async move { self.replace_kept(tree, from.as_deref(), &to) })
    }

    fn sync_kept(&self, tree: u32) -> Answer<'_, ()> {
        Box::pin(async move {
            self.must_write()?;
            self.kept.sync(tree)
        })
    }

    fn verify<'a>(&'a self, keys: &'a KeyRange) -> Answer<'a, Vec<EngineDamage>> {
        Box::pin(async move {
            let known = self.found.as_deref().unwrap_or_default();
            verify::verify(&self.database, &self.directory.store(), keys, known)
        })
    }

    fn statistics(&self) -> Answer<'_, Statistics> {
        Box::pin(async move { self.use_of_the_machine() })
    }
}

const READ: &str = "read the store";
