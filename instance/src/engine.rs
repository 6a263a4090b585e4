//! The one place that opens an engine: RocksDB, in the data directory.

use std::path::Path;

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
    let mut options = RocksOptions::default();
    if let Some(memory) = memory {
        options.memory_bytes = memory;
    }
    Store::open_rocksdb(directory, &options)
}

/// Opens the existing store in `directory` without changing a byte of it.
pub(crate) fn open_read_only(directory: &Path) -> Result<Store, StorageError> {
    Store::open_rocksdb_read_only(directory)
}
