//! What a store is built on: rows of bytes in tables, batches that are durable as a whole, and one
//! text kept for each tree.
//!
//! An engine knows nothing of entries and trees; what the rows mean, and how they are checked,
//! stands in [`Schema`](crate::Schema). [`MemoryEngine`] and RocksDB do their work where they are
//! asked, on the caller's thread. One over object storage waits for the network instead, tens of
//! milliseconds a call, and holds no thread meanwhile.

mod batch;
mod error;
mod gate;
mod interface;
mod memory;
#[cfg(feature = "rocksdb")]
mod rocks;
mod scan;
#[cfg(any(test, feature = "testing"))]
mod slow;
mod table;

pub use batch::Batch;
pub use batch::Change;
pub use batch::Value;
pub use error::EngineDamage;
pub use error::EngineError;
pub use gate::Gate;
pub use gate::Passage;
pub use interface::Answer;
pub use interface::Engine;
pub use interface::MAX_KEPT_BYTES;
pub use interface::Statistics;
pub use memory::MemoryEngine;
#[cfg(feature = "rocksdb")]
pub use rocks::RocksEngine;
#[cfg(feature = "rocksdb")]
pub use rocks::RocksOptions;
pub use scan::KeyRange;
pub use scan::Page;
pub use scan::Reuse;
pub use scan::Scan;
#[cfg(any(test, feature = "testing"))]
pub use slow::Bucket;
#[cfg(any(test, feature = "testing"))]
pub use slow::SlowEngine;
pub use table::Table;
