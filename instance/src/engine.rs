//! The one place that opens an engine: RocksDB, in the data directory.

use std::path::Path;
use std::sync::Arc;

use ledgerstone_storage::EngineDamage;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::engine::RocksEngine;

/// Whether there is any trace of a log in `directory`.
pub(crate) fn exists(directory: &Path) -> Result<bool, StorageError> {
    Ok(RocksEngine::exists(directory)?)
}

/// Opens the store in `directory`, and makes an empty one where there is no trace of a log.
/// `memory` is for caches and write buffers, in bytes.
pub(crate) fn open(directory: &Path, memory: Option<usize>) -> Result<Store, StorageError> {
    Store::open_rocksdb(directory, &options(memory))
}

/// Opens the existing store in `directory` without changing a byte of it.
pub(crate) fn open_read_only(
    directory: &Path,
    memory: Option<usize>,
) -> Result<Store, StorageError> {
    Store::open_rocksdb_read_only(directory, &options(memory))
}

fn options(memory: Option<usize>) -> RocksOptions {
    let mut options = RocksOptions::default();
    if let Some(memory) = memory {
        options.memory_bytes = memory;
    }
    options
}

/// Opens the store in `directory` to read it as it would be without its damaged end, which comes
/// with it; `None` where that is sound.
pub(crate) fn open_without_end(
    directory: &Path,
) -> Result<Option<(Store, EngineDamage)>, StorageError> {
    let Some((engine, end)) = RocksEngine::open_without_end(directory)? else {
        return Ok(None);
    };
    Ok(Some((Store::open_read_only(Arc::new(engine))?, end)))
}

/// Drops that end, and marks the store.
pub(crate) fn drop_end(directory: &Path) -> Result<(), StorageError> {
    Ok(RocksEngine::drop_end(directory)?)
}

/// Why a store that was found damaged, or lost its end, is not opened for writing; `None` where
/// nothing is in the way.
pub(crate) fn mark(directory: &Path) -> Result<Option<EngineError>, StorageError> {
    Ok(RocksEngine::mark(directory)?)
}

/// Takes the mark of a store away that was found damaged, and says whether there was one.
pub(crate) fn set_sound(directory: &Path) -> Result<bool, StorageError> {
    Ok(RocksEngine::set_sound(directory)?)
}

/// Takes the mark away.
pub(crate) fn set_proven(directory: &Path) -> Result<(), StorageError> {
    Ok(RocksEngine::set_proven(directory)?)
}
