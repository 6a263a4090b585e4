//! The one place that opens an engine: RocksDB, in the data directory.

use std::path::Path;
use std::sync::Arc;

use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::RocksStore;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

/// Whether there is any trace of a log in `directory`.
pub(crate) fn exists(directory: &Path) -> Result<bool, StorageError> {
    RocksStore::exists(directory)
}

/// Opens the store in `directory`, and makes an empty one where there is no trace of a log.
/// `memory` is for caches and write buffers, in bytes.
pub(crate) fn open(
    directory: &Path,
    memory: Option<usize>,
) -> Result<Arc<dyn Store>, StorageError> {
    let mut options = RocksOptions::default();
    if let Some(memory) = memory {
        options.memory_bytes = memory;
    }
    Ok(Arc::new(RocksStore::open(directory, &options)?))
}

/// Opens the existing store in `directory` without changing a byte of it.
pub(crate) fn open_read_only(directory: &Path) -> Result<Arc<dyn Store>, StorageError> {
    Ok(Arc::new(RocksStore::open_read_only(directory)?))
}
