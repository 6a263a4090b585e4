//! RocksDB as an engine: its column families are the tables.

mod database;
mod directory;
mod error;
mod kept;
mod open;
mod options;
mod salvage;
mod tables;
mod torn;
mod verify;
mod wal;

pub use database::RocksEngine;
pub use options::RocksOptions;
