//! Making a store, opening one to write it, and opening what is left of a damaged one to read it.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use rocksdb::Cache;
use rocksdb::DB;
use rocksdb::DEFAULT_COLUMN_FAMILY_NAME;
use rocksdb::Options;
use tempfile::TempDir;

use super::super::batch::Batch;
use super::super::error::EngineDamage;
use super::super::error::EngineError;
use super::super::table::Table;
use super::directory::DataDirectory;
use super::error::damage;
use super::error::engine_error;
use super::error::in_path;
use super::error::open_error;
use super::options::RocksOptions;
use super::salvage;
use super::tables::synced;
use super::tables::write_batch;
use super::torn;
use super::verify::must_have_files;
use super::wal;
use super::wal::Damaged;

/// Makes a store with the rows of `first`. It gets its name only when it is complete, so a store by
/// that name without them is damage and never the remains of a crash.
pub(super) fn create(
    directory: &DataDirectory,
    options: &RocksOptions,
    first: &Batch,
) -> Result<(), EngineError> {
    directory.remove_unfinished_store()?;
    let cache = options.block_cache();
    let mut database = options.database(&cache);
    database.create_if_missing(true);
    database.create_missing_column_families(true);
    let tables = options.tables(&cache);
    let database = DB::open_cf_descriptors(&database, directory.unfinished_store(), tables)
        .map_err(|error| engine_error("make the store", &error))?;
    database
        .write_opt(write_batch(&database, first), &synced())
        .map_err(|error| engine_error("make the store", &error))?;
    drop(database);
    directory.finish_store()
}

/// Opens the store of `directory` for writing.
pub(super) fn to_write(
    directory: &DataDirectory,
    options: &RocksOptions,
    cache: &Cache,
) -> Result<DB, EngineError> {
    let path = &directory.store();
    torn::must_be_sound(path, directory.path())?;
    let settings = options.database(cache);
    must_have_tables(path, &settings)?;
    let database = DB::open_cf_descriptors(&settings, path, options.tables(cache));
    let database = database.map_err(|error| open_error(&error))?;
    must_have_files(&database, path)?;
    Ok(database)
}

/// Opens the store at `path` to read what can be read, and says what cannot.
pub(super) fn to_read(
    path: &Path,
    options: &RocksOptions,
    cache: &Cache,
) -> Result<(DB, Vec<EngineDamage>), EngineError> {
    let settings = options.database(cache);
    must_have_tables(path, &settings)?;
    let unsound = torn::Unsound::of(path)?;
    let mut found = unsound.damage();
    if found.is_empty() && unsound.torn.is_none() {
        // Who only reads looks for what is wrong, and is not helped by a refusal.
        match DB::open_cf_descriptors_read_only(&settings, path, options.tables(cache), false) {
            Ok(database) => return Ok((database, found)),
            Err(error) => match open_error(&error) {
                EngineError::Damaged(_) => found.push(damage(&error)),
                other => return Err(other),
            },
        }
    }
    let database = salvaged(path, options, cache, None)?;
    Ok((database, found))
}

/// Opens the store at `path` to read what can be read, where its log is damaged: of that up to
/// `end`, if one is given.
pub(super) fn salvaged(
    path: &Path,
    options: &RocksOptions,
    cache: &Cache,
    end: Option<&Damaged>,
) -> Result<DB, EngineError> {
    let settings = options.database(cache);
    // RocksDB reads the log while it opens, and then no more.
    let logs = TempDir::new().map_err(in_path("make a directory in", &std::env::temp_dir()))?;
    salvage::logs(path, logs.path(), end)?;
    let settings = RocksOptions::of_damaged(settings, logs.path());
    for _ in 0..MAX_ATTEMPTS {
        let tables = options.tables(cache);
        match DB::open_cf_descriptors_read_only(&settings, path, tables, false) {
            Ok(database) => return Ok(database),
            Err(error) if salvage::fill_up(error.as_ref(), logs.path())? => {}
            Err(error) => return Err(open_error(&error)),
        }
    }
    Err(EngineError::Failed {
        action: "open the store",
        reason: format!("more than {MAX_ATTEMPTS} of its logs are missing or cut off"),
    })
}

fn must_have_tables(path: &Path, settings: &Options) -> Result<(), EngineError> {
    // RocksDB may read some damaged manifests for ever, and takes one of garbage for one that ends
    // early: it names no table then, and is what is damaged, not the tables.
    must_have_sound_manifest(path)?;
    let found = DB::list_cf(settings, path).map_err(|error| open_error(&error))?;
    for table in Table::ALL {
        if !found.iter().any(|name| name == table.name()) {
            let part = format!("the table {}", table.name());
            let what = "is missing".to_owned();
            return Err(EngineDamage { part, what }.into());
        }
    }
    let known = |name: &str| {
        name == DEFAULT_COLUMN_FAMILY_NAME || Table::ALL.iter().any(|table| table.name() == name)
    };
    match found.into_iter().find(|name| !known(name)) {
        Some(name) => Err(EngineError::UnknownTable { name }),
        None => Ok(()),
    }
}

/// The manifest that the store at `path` names. `None` where it names none: RocksDB says what is
/// wrong then.
fn named_manifest(path: &Path) -> Option<PathBuf> {
    let current = fs::read_to_string(path.join("CURRENT")).ok()?;
    let name = current.strip_suffix('\n')?;
    let number = name.strip_prefix("MANIFEST-")?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| path.join(name))
}

/// Refuses a store whose manifest does not read as it was written. One that a crash cut off in a
/// record is sound, and one that is missing is named by RocksDB.
fn must_have_sound_manifest(path: &Path) -> Result<(), EngineError> {
    let manifest = named_manifest(path).filter(|manifest| manifest.is_file());
    let Some(manifest) = manifest else {
        return Ok(());
    };
    match wal::damage_in(&manifest)? {
        Some(damaged) => Err(damaged.to_damage().into()),
        None => Ok(()),
    }
}

/// Each missing log takes two attempts, and each that is cut off one. RocksDB has a handful of
/// them.
const MAX_ATTEMPTS: usize = 100;
