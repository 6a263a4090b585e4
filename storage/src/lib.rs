//! What is durable: a small trait, RocksDB behind it, and a store in memory for tests.
//!
//! A store holds one or more shards. A shard is one tree of the log's life: its entries, its full
//! tiles, the index from leaf hash to position, the search index, the attestations, its identity
//! and its head. A round, that is a batch of entries with everything that they change, is durable
//! as a whole or not there at all.
//!
//! ```text
//! <directory>/LOCK                 held for as long as the store is open
//! <directory>/store/               RocksDB
//! <directory>/checkpoint-<shard>   the last signed checkpoint, outside RocksDB, replaced without a sync
//! ```
//!
//! The store believes nothing that it can check: a round must continue its shard exactly, and a
//! value that does not decode is damage, never absence. It does not hash; whether an entry is what
//! its leaf hash says is for the reader of the entry to check.

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod correction;
mod error;
mod memory;
#[cfg(feature = "rocksdb")]
mod rocks;
mod round;
mod shard;
mod store;
mod trees;

pub use correction::Correction;
pub use correction::MAX_CORRECTION_ROWS;
pub use correction::MAX_PROGRESS_BYTES;
pub use correction::SearchRow;
pub use error::Damage;
pub use error::DamagedTable;
pub use error::StorageError;
pub use memory::MemoryStore;
#[cfg(feature = "rocksdb")]
pub use rocks::RocksOptions;
#[cfg(feature = "rocksdb")]
pub use rocks::RocksStore;
pub use round::MAX_ATTESTATION_BYTES;
pub use round::MAX_ATTESTATION_KEY_BYTES;
pub use round::MAX_ROUND_BYTES;
pub use round::NewEntry;
pub use round::Round;
pub use shard::ImportOrigin;
pub use shard::ImportRole;
pub use shard::MAX_LOG_KEYS;
pub use shard::MAX_ORIGIN_BYTES;
pub use shard::SearchKey;
pub use shard::ShardId;
pub use shard::ShardIdentity;
pub use shard::StoredEntry;
pub use shard::StoredHead;
pub use shard::TreeKind;
pub use store::Reader;
pub use store::Statistics;
pub use store::Store;
pub use trees::Frozen;
pub use trees::NewShard;
pub use trees::OLD_SCHEMA_VERSION;
pub use trees::SCHEMA_VERSION;
pub use trees::TreeChange;
