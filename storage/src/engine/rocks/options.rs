//! How RocksDB is set up for what each table holds.

use std::path::Path;

use rocksdb::BlockBasedIndexType;
use rocksdb::BlockBasedOptions;
use rocksdb::Cache;
use rocksdb::ColumnFamilyDescriptor;
use rocksdb::DBCompressionType;
use rocksdb::DBRecoveryMode;
use rocksdb::LogLevel;
use rocksdb::Options;
use rocksdb::SliceTransform;
use rocksdb::WriteBufferManager;

use super::super::table::Table;

/// How much of the machine RocksDB may use.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RocksOptions {
    /// Bytes of memory for write buffers, blocks, filters and indexes together; at least
    /// [`RocksOptions::MIN_MEMORY_BYTES`] are used. Compression needs about 64 MiB more while it
    /// runs. Default 256 MiB.
    pub memory_bytes: usize,
    /// Files that are kept open, at least 64. Default 1024.
    pub open_files: u16,
    /// Threads for flushes and compactions, at least 1. Default 2.
    pub background_jobs: u8,
}

impl RocksOptions {
    /// Below 16 MiB the write buffers are so small that compaction does nothing but merge them.
    pub const MIN_MEMORY_BYTES: usize = 16 << 20;

    /// The cache that everything is charged to: blocks, filters, indexes and write buffers.
    pub(crate) fn block_cache(&self) -> Cache {
        Cache::new_lru_cache(self.memory())
    }

    /// The options of the whole store.
    pub(crate) fn database(&self, cache: &Cache) -> Options {
        let mut options = Options::default();
        options.set_paranoid_checks(true);
        // A crash leaves a record cut off at the end of the log; nobody was told of it, so it is
        // dropped. A record whose checksum is wrong is refused. Absolute consistency would refuse
        // after every crash in mid-write. Point-in-time recovery would stop at a damaged record in
        // the middle and drop what was acknowledged behind it, which the kept checkpoint shows
        // only where it reached the disk itself.
        options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
        // A log that is missing or shorter than when it was closed would else look like a tail cut
        // off.
        options.set_track_and_verify_wals_in_manifest(true);
        // The log is read at every start.
        options.set_max_total_wal_size(MAX_WAL_BYTES);

        let write_buffers = self.memory() / 8 * 3;
        let charged = WriteBufferManager::new_write_buffer_manager_with_cache(
            write_buffers,
            false,
            cache.clone(),
        );
        options.set_write_buffer_manager(&charged);
        options.set_max_open_files(i32::from(self.open_files.max(64)));
        options.set_max_background_jobs(i32::from(self.background_jobs.max(1)));
        // Flushes and compactions hand their pages to the disk bit by bit, so that no sync of the
        // log waits for all of them.
        options.set_bytes_per_sync(1 << 20);

        options.set_log_level(LogLevel::Warn);
        options.set_max_log_file_size(4 << 20);
        options.set_keep_log_file_num(4);
        options.set_stats_dump_period_sec(0);
        options
    }

    /// The options of a damaged store that is only read, whose log was salvaged into the directory
    /// `logs`: files of tables may be missing or changed, which shows where they are read, and the
    /// log is another one than RocksDB closed.
    pub(super) fn of_damaged(mut options: Options, logs: &Path) -> Options {
        options.set_paranoid_checks(false);
        options.set_wal_dir(logs);
        options
    }

    /// The tables as column families, and the default one, which RocksDB insists on and nothing
    /// uses.
    pub(crate) fn tables(&self, cache: &Cache) -> Vec<ColumnFamilyDescriptor> {
        let mut unused = Options::default();
        unused.set_write_buffer_size(1 << 16);
        unused.set_block_based_table_factory(&tables(cache));
        let unused = ColumnFamilyDescriptor::new(rocksdb::DEFAULT_COLUMN_FAMILY_NAME, unused);
        let used = Table::ALL.map(|table| {
            let mut options = match table {
                Table::Entries => entries(cache),
                Table::Tiles => tiles(cache),
                Table::Leaves => leaves(cache),
                Table::Search => search(cache),
                Table::Attestations => compressed(cache),
                Table::Meta => meta(cache),
            };
            options.set_write_buffer_size(self.write_buffer(table));
            ColumnFamilyDescriptor::new(table.name(), options)
        });
        std::iter::once(unused).chain(used).collect()
    }

    /// One write buffer each. Together they stay below the share that makes RocksDB flush whatever
    /// is oldest, which would be the smallest ones again and again.
    fn write_buffer(&self, table: Table) -> usize {
        let share = match table {
            Table::Entries => 8,
            Table::Leaves | Table::Search => 16,
            Table::Tiles | Table::Attestations => 32,
            Table::Meta => 256,
        };
        self.memory() / share
    }

    fn memory(&self) -> usize {
        self.memory_bytes.max(Self::MIN_MEMORY_BYTES)
    }
}

impl Default for RocksOptions {
    fn default() -> Self {
        Self {
            memory_bytes: 256 << 20,
            open_files: 1_024,
            background_jobs: 2,
        }
    }
}

/// Bodies repeat each other (certificates of one issuer above all) more than themselves: a
/// dictionary for each file finds that. Keys only grow, so files move down the levels as they are,
/// and compression happens once.
fn entries(cache: &Cache) -> Options {
    let mut tables = tables(cache);
    tables.set_block_size(32 << 10);
    let mut options = zstd(&tables);
    // The window and strategy are zstd's own for the level.
    options.set_compression_options(-14, 3, 0, DICTIONARY_BYTES);
    options.set_zstd_max_train_bytes(100 * DICTIONARY_BYTES);
    options.set_target_file_size_base(64 << 20);
    options
}

/// Hashes do not compress. One tile a block, so that a read of a tile reads no other.
fn tiles(cache: &Cache) -> Options {
    let mut tables = tables(cache);
    tables.set_block_size(8 << 10);
    plain(&tables)
}

/// Random keys, and most look-ups are for hashes that are not there: filters answer those without a
/// read of the disk. Index and filters are split up, so that a large index needs no large cache.
fn leaves(cache: &Cache) -> Options {
    let mut tables = tables(cache);
    tables.set_ribbon_filter(FILTER_BITS);
    tables.set_whole_key_filtering(true);
    tables.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
    tables.set_partition_filters(true);
    tables.set_metadata_block_size(4 << 10);
    tables.set_pin_top_level_index_and_filter(true);
    tables.set_block_size(4 << 10);
    plain(&tables)
}

/// Scans of one prefix; filters over prefixes, because what one asks for has mostly few entries or
/// none.
fn search(cache: &Cache) -> Options {
    let mut tables = tables(cache);
    tables.set_ribbon_filter(FILTER_BITS);
    tables.set_whole_key_filtering(false);
    let mut options = zstd(&tables);
    if let Some(length) = Table::Search.scanned_prefix() {
        options.set_prefix_extractor(SliceTransform::create_fixed_prefix(length));
    }
    options.set_memtable_prefix_bloom_ratio(0.1);
    options
}

fn compressed(cache: &Cache) -> Options {
    let mut tables = tables(cache);
    tables.set_block_size(16 << 10);
    zstd(&tables)
}

fn meta(cache: &Cache) -> Options {
    plain(&tables(cache))
}

/// Filters and indexes are in the cache, so that its size bounds them too.
fn tables(cache: &Cache) -> BlockBasedOptions {
    let mut tables = BlockBasedOptions::default();
    tables.set_block_cache(cache);
    tables.set_cache_index_and_filter_blocks(true);
    tables.set_pin_l0_filter_and_index_blocks_in_cache(true);
    tables
}

fn zstd(tables: &BlockBasedOptions) -> Options {
    let mut options = Options::default();
    options.set_block_based_table_factory(tables);
    options.set_compression_type(DBCompressionType::Zstd);
    options
}

fn plain(tables: &BlockBasedOptions) -> Options {
    let mut options = Options::default();
    options.set_block_based_table_factory(tables);
    options.set_compression_type(DBCompressionType::None);
    options
}

/// The log of RocksDB that may have to be read at a start: a second's work.
const MAX_WAL_BYTES: u64 = 64 << 20;

/// The dictionary of a file of entries.
const DICTIONARY_BYTES: i32 = 32 << 10;

/// About one look-up in a hundred for an absent key reads a block in vain.
const FILTER_BITS: f64 = 10.0;
