//! The settings of the store.

use std::path::PathBuf;

use crate::settings::section::section;

/// The least memory that the store works with, in bytes.
const MIN_STORE_MEMORY: usize = 32 << 20;

section! {
    /// Where the log is kept.
    pub struct StoreSettings from StoreOverrides {
        /// Directory of the log: store, kept checkpoint and keys
        [DIR] data_dir: PathBuf = PathBuf::from("./data");
        /// Directory of the log's keys, made on the first start with mode 0600
        [DIR] key_dir: PathBuf = data_dir.join("keys"), shown "keys in the data directory";
        /// Memory of the store's caches and write buffers, in bytes
        [BYTES] store_memory: usize = 256 << 20, in MIN_STORE_MEMORY..=usize::MAX;
        /// Room that the disk of the data directory keeps, in bytes: with less, entries get 503 and
        /// reads go on; 0 for none
        [BYTES] min_free_space: u64 = 512 << 20;
        /// Bytes of the store that are read again and checked in a second, round and round; 0 for
        /// none
        [BYTES] scrub_rate: u64 = 1 << 20;
    }
}
