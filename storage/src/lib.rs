//! What is durable: the [`Schema`] of a log's store, over a small [`engine`] that knows rows of
//! bytes only.
//!
//! A store holds one or more shards. A shard is one tree of the log's life: its entries, its full
//! tiles, the index from leaf hash to position, the search index, the attestations, its identity
//! and its head. A round, that is a batch of entries with everything that they change, is durable
//! as a whole or not there at all, and rounds of several shards are written together.
//!
//! ```
//! # async fn open() -> Result<(), ledgerstone_storage::StorageError> {
//! use std::sync::Arc;
//!
//! use ledgerstone_storage::Schema;
//! use ledgerstone_storage::engine::MemoryEngine;
//! use ledgerstone_storage::first_rows;
//!
//! let engine = MemoryEngine::new(&first_rows());
//! let store = Arc::new(Schema::open(Arc::new(engine)).await?);
//! // RocksDB and memory work on the thread that asks: `run` does it on another one.
//! let shards = store.run(|store| async move { store.shards().await }).await?;
//! assert!(shards.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! On a disk, with RocksDB:
//!
//! ```text
//! <directory>/LOCK                 held for as long as the store is open
//! <directory>/store/               the tables
//! <directory>/checkpoint-<shard>   the last signed checkpoint, outside the tables; may lag
//! ```

#[cfg(any(test, feature = "testing"))]
pub mod contract;
mod correction;
mod damage;
pub mod engine;
mod error;
mod round;
mod schema;
mod shard;
mod shard_id;
mod store;
#[cfg(test)]
mod tests;
mod trees;

pub use correction::Amendment;
pub use correction::Correction;
pub use correction::Expansion;
pub use correction::INDEX_GENERATION;
pub use correction::Later;
pub use correction::MAX_CORRECTION_ROWS;
pub use correction::MAX_PROGRESS_BYTES;
pub use correction::SearchRow;
pub use damage::Damage;
pub use engine::EngineDamage;
pub use engine::EngineError;
#[cfg(feature = "rocksdb")]
pub use engine::RocksOptions;
pub use engine::Statistics;
pub use error::StorageError;
pub use round::MAX_ATTESTATION_BYTES;
pub use round::MAX_ATTESTATION_KEY_BYTES;
pub use round::MAX_BESIDE_BYTES;
pub use round::MAX_BESIDE_ROWS;
pub use round::MAX_ROUND_BYTES;
pub use round::NewEntry;
pub use round::Round;
pub use round::SEARCH_ROW_BYTES;
pub use schema::BLOCKING_WORKERS;
pub use schema::EntryPage;
pub use schema::PageLimit;
pub use schema::RereadRows;
#[cfg(any(test, feature = "testing"))]
pub use schema::RowName;
pub use schema::RowsPart;
pub use schema::Schema;
pub use schema::behind_damage;
pub use schema::first_rows;
#[cfg(any(test, feature = "testing"))]
pub use schema::frozen_value;
#[cfg(any(test, feature = "testing"))]
pub use schema::head_of_value;
#[cfg(any(test, feature = "testing"))]
pub use schema::head_value;
#[cfg(any(test, feature = "testing"))]
pub use schema::leaf_value;
#[cfg(any(test, feature = "testing"))]
pub use schema::planted_schema_version;
#[cfg(any(test, feature = "testing"))]
pub use schema::planted_search_row;
pub use shard::ImportOrigin;
pub use shard::ImportRole;
pub use shard::MAX_LOG_KEYS;
pub use shard::MAX_ORIGIN_BYTES;
pub use shard::ShardIdentity;
pub use shard::StoredEntry;
pub use shard::StoredHead;
pub use shard::StoredName;
pub use shard::StoredSearchKey;
pub use shard::TreeKind;
pub use shard_id::ShardId;
pub use store::Store;
pub use trees::Frozen;
pub use trees::NewShard;
pub use trees::OLD_SCHEMA_VERSION;
pub use trees::SCHEMA_VERSION;
pub use trees::TreeChange;
