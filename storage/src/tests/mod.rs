//! The contract over each engine, and what each keeps beyond it.

mod bucket;
#[cfg(feature = "rocksdb")]
mod disk;
mod memory;
