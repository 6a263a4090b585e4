//! Making a store, opening one, and what is checked before it is used.

use std::path::Path;

use ledgerstone_merkle::TileId;
use rocksdb::Cache;
use rocksdb::DB;
use rocksdb::DEFAULT_COLUMN_FAMILY_NAME;
use rocksdb::ErrorKind;
use rocksdb::Options;
use rocksdb::WriteOptions;

use super::Access;
use super::directory::DataDirectory;
use super::families::Family;
use super::keys;
use super::options::RocksOptions;
use super::verify::must_have_tables;
use super::view::View;
use super::wal;
use crate::error::Damage;
use crate::error::StorageError;
use crate::round::last_full_tiles;
use crate::shard::ShardId;
use crate::shard::StoredHead;
use crate::store::Reader as _;
use crate::trees::OLD_SCHEMA_VERSION;
use crate::trees::SCHEMA_VERSION;

/// Makes an empty store. It gets its name only when it is complete, so a store by that name without
/// a schema is damage and never the remains of a crash.
pub(super) fn create(
    directory: &DataDirectory,
    options: &RocksOptions,
) -> Result<(), StorageError> {
    directory.remove_unfinished_store()?;
    let cache = options.block_cache();
    let mut database = options.database(&cache);
    database.create_if_missing(true);
    database.create_missing_column_families(true);
    let families = options.families(&cache);
    let engine = DB::open_cf_descriptors(&database, directory.unfinished_store(), families)
        .map_err(|error| engine_error("make the store", &error))?;
    let mut durable = WriteOptions::default();
    durable.set_sync(true);
    let meta = Family::Meta.handle(&engine);
    engine
        .put_cf_opt(
            meta,
            keys::SCHEMA,
            keys::encode_schema_version(SCHEMA_VERSION),
            &durable,
        )
        .map_err(|error| engine_error("make the store", &error))?;
    drop(engine);
    directory.finish_store()
}

/// Opens the store at `path`.
pub(super) fn open(
    path: &Path,
    options: &RocksOptions,
    cache: &Cache,
    access: Access,
) -> Result<DB, StorageError> {
    wal::must_be_sound(path)?;
    let database = options.database(cache);
    must_have_families(path, &database)?;
    let families = options.families(cache);
    let engine = match access {
        Access::Write => DB::open_cf_descriptors(&database, path, families),
        Access::Read => DB::open_cf_descriptors_read_only(&database, path, families, false),
    };
    let engine = engine.map_err(|error| open_error(&error))?;
    // Who only reads looks for what is wrong, and is not helped by a refusal.
    if access == Access::Write {
        must_have_tables(&engine, path)?;
    }
    must_have_schema(&engine)?;
    Ok(engine)
}

/// Refuses a store with a shard that lacks its identity or its head. One that is to be written must
/// end as its heads say, too: whether what is before the end is right, the log finds out.
pub(super) fn check_shards(view: &View<'_>, access: Access) -> Result<(), StorageError> {
    for shard in view.named_shards()? {
        view.identity(shard)?
            .ok_or(Damage::IdentityMissing(shard))?;
        let head = view.head(shard)?.ok_or(Damage::HeadMissing(shard))?;
        if access == Access::Write {
            must_reach_head(view, shard, &head)?;
            must_not_exceed_head(view, shard, &head)?;
        }
    }
    Ok(())
}

/// Refuses a shard with entries that its head does not count.
pub(super) fn must_not_exceed_head(
    view: &View<'_>,
    shard: ShardId,
    head: &StoredHead,
) -> Result<(), StorageError> {
    match view.last_entry(shard)? {
        Some(index) if !index.is_in(head.size) => Err(Damage::EntryBeyondHead {
            shard,
            index,
            size: head.size,
        }
        .into()),
        _ => Ok(()),
    }
}

/// What went wrong in an open store. RocksDB has no kind of its own for files that are not there.
pub(super) fn engine_error(action: &'static str, error: &rocksdb::Error) -> StorageError {
    let missing = error.kind() == ErrorKind::IOError && error.to_string().contains(NO_SUCH_FILE);
    match error.kind() {
        _ if missing => Damage::Engine(error.to_string()).into(),
        ErrorKind::Corruption => Damage::Engine(error.to_string()).into(),
        _ => StorageError::Engine {
            action,
            reason: error.to_string(),
        },
    }
}

fn must_reach_head(view: &View<'_>, shard: ShardId, head: &StoredHead) -> Result<(), StorageError> {
    if let Some(index) = head.size.last_index()
        && view.entry(shard, index)?.is_none()
    {
        return Err(Damage::EntryMissing { shard, index }.into());
    }
    for id in last_full_tiles(head.size.get()) {
        must_have_tile(view, shard, id)?;
    }
    Ok(())
}

fn must_have_tile(view: &View<'_>, shard: ShardId, id: TileId) -> Result<(), StorageError> {
    match view.tile(shard, id)? {
        Some(_) => Ok(()),
        None => Err(Damage::TileMissing { shard, id }.into()),
    }
}

fn must_have_families(path: &Path, database: &Options) -> Result<(), StorageError> {
    let found = DB::list_cf(database, path).map_err(|error| open_error(&error))?;
    for family in Family::ALL {
        if !found.iter().any(|name| name == family.name()) {
            return Err(Damage::ColumnFamilyMissing(family.name()).into());
        }
    }
    let known = |name: &str| {
        name == DEFAULT_COLUMN_FAMILY_NAME || Family::ALL.iter().any(|f| f.name() == name)
    };
    let Some(unknown) = found.into_iter().find(|name| !known(name)) else {
        return Ok(());
    };
    // A later version may have added it, which is no damage: its schema version says so.
    let names = [DEFAULT_COLUMN_FAMILY_NAME, Family::Meta.name()];
    let engine = DB::open_cf_for_read_only(database, path, names, false)
        .map_err(|error| open_error(&error))?;
    must_have_schema(&engine)?;
    Err(Damage::ColumnFamilyUnknown(unknown).into())
}

fn must_have_schema(engine: &DB) -> Result<(), StorageError> {
    match View::live(engine).schema_version()? {
        SCHEMA_VERSION | OLD_SCHEMA_VERSION => Ok(()),
        found => Err(StorageError::SchemaVersion {
            found,
            expected: SCHEMA_VERSION,
        }),
    }
}

/// What went wrong while a store was opened.
fn open_error(error: &rocksdb::Error) -> StorageError {
    match error.kind() {
        ErrorKind::InvalidArgument | ErrorKind::NotFound => {
            Damage::Engine(error.to_string()).into()
        }
        _ => engine_error("open the store", error),
    }
}

const NO_SUCH_FILE: &str = "No such file or directory";
