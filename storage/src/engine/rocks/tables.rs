//! Tables and batches as RocksDB has them.

use rocksdb::ColumnFamily;
use rocksdb::DB;
use rocksdb::ReadOptions;
use rocksdb::WriteBatch;
use rocksdb::WriteOptions;

use super::super::batch::Batch;
use super::super::batch::Change;
use super::super::scan::Reuse;
use super::super::table::Table;

/// The open column family that is `table`.
pub(super) fn handle(database: &DB, table: Table) -> &ColumnFamily {
    let handle = database.cf_handle(table.name());
    handle.expect("a store is open with all of its tables")
}

/// `batch` as RocksDB takes it.
pub(super) fn write_batch(database: &DB, batch: &Batch) -> WriteBatch {
    let handles = Table::ALL.map(|table| handle(database, table));
    let mut written = WriteBatch::with_capacity_bytes(batch.bytes());
    let mut joined = Vec::new();
    for change in batch.changes() {
        match change {
            Change::Put { table, key, value } => {
                let value = value.joined(&mut joined);
                written.put_cf(handles[table as usize], key, value);
            }
            Change::Delete { table, key } => written.delete_cf(handles[table as usize], key),
        }
    }
    written
}

/// A write is acknowledged when the log of RocksDB has been synced.
pub(super) fn synced() -> WriteOptions {
    let mut options = WriteOptions::default();
    options.set_sync(true);
    options
}

pub(super) fn read_options(reuse: Reuse) -> ReadOptions {
    let mut options = ReadOptions::default();
    options.fill_cache(reuse == Reuse::Likely);
    options
}
