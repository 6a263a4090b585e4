//! Everything that is stored, read against RocksDB's own checksums.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Bound;
use std::path::Path;

use rocksdb::DB;
use rocksdb::LiveFile;
use rocksdb::ReadOptions;

use super::super::error::EngineDamage;
use super::super::error::EngineError;
use super::super::scan::KeyRange;
use super::super::table::Table;
use super::error::damage;
use super::error::engine_error;
use super::tables::handle;

/// Refuses a store that lacks a file of a table, or a part of one. RocksDB opens only some of them
/// at once, and would notice only when it reads the others.
pub(super) fn must_have_files(database: &DB, path: &Path) -> Result<(), EngineError> {
    let damaged = damaged_files(database, path)?;
    let further = damaged.len().saturating_sub(1);
    match damaged.into_iter().next() {
        None => Ok(()),
        Some(damage) if further == 0 => Err(damage.into()),
        Some(EngineDamage { part, what }) => {
            let what = format!("{what}, and {further} more files are missing or cut off");
            Err(EngineDamage { part, what }.into())
        }
    }
}

/// What cannot be read of the rows of `keys`: the damage that is `known`, the files that are
/// missing or cut off, and for each table what its checksums say, at most [`MAX_DAMAGE`] each. Of
/// each part it is the first that was found.
///
/// Behind damage it goes on where the next file starts or ends, so more damage in between may stay
/// unseen, and so may that of a file with the same range of keys: RocksDB names one. Filters are
/// not read: a damaged one costs time and no truth.
pub(super) fn verify(
    database: &DB,
    path: &Path,
    keys: &KeyRange,
    known: &[EngineDamage],
) -> Result<Vec<EngineDamage>, EngineError> {
    let mut found = damaged_files(database, path)?;
    found.splice(0..0, known.iter().cloned());
    let files = files(database)?;
    for table in Table::ALL {
        found.extend(verify_table(database, table, keys, &files));
    }
    let mut parts = BTreeSet::new();
    found.retain(|damage| parts.insert(damage.part.clone()));
    Ok(found)
}

fn verify_table(
    database: &DB,
    table: Table,
    keys: &KeyRange,
    files: &[LiveFile],
) -> Vec<EngineDamage> {
    let resumptions: BTreeSet<Vec<u8>> = files
        .iter()
        .filter(|file| file.column_family_name == table.name())
        .flat_map(|file| [file.start_key.clone(), file.end_key.clone().map(successor)])
        .flatten()
        .collect();
    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options.set_total_order_seek(true);
    options.fill_cache(false);
    if let Some(to) = &keys.to {
        options.set_iterate_upper_bound(to.clone());
    }
    let mut rows = database.raw_iterator_cf_opt(handle(database, table), options);
    let mut found = Vec::new();
    let mut at = keys.from.clone();
    while found.len() < MAX_DAMAGE {
        rows.seek(&at);
        while let Some(key) = rows.key() {
            at.clear();
            at.extend_from_slice(key);
            rows.next();
        }
        let Err(error) = rows.status() else { break };
        let damage = damage(&error);
        if !found.contains(&damage) {
            found.push(damage);
        }
        let further = (Bound::Excluded(&at), Bound::Unbounded);
        let Some(next) = resumptions.range::<Vec<u8>, _>(further).next() else {
            break;
        };
        at.clone_from(next);
    }
    found
}

/// The key right behind `key`.
fn successor(mut key: Vec<u8>) -> Vec<u8> {
    key.push(0);
    key
}

fn damaged_files(database: &DB, path: &Path) -> Result<Vec<EngineDamage>, EngineError> {
    let damage = |file: &LiveFile| {
        let what = damage_of(file, path)?;
        let part = format!("the file {}", name(file));
        Some(EngineDamage { part, what })
    };
    let mut damaged: Vec<_> = files(database)?.iter().filter_map(damage).collect();
    if !damaged.is_empty() {
        // A compaction may have replaced what was listed.
        let still: BTreeSet<_> = files(database)?
            .iter()
            .filter_map(damage)
            .map(|d| d.part)
            .collect();
        damaged.retain(|damage| still.contains(&damage.part));
    }
    Ok(damaged)
}

fn files(database: &DB) -> Result<Vec<LiveFile>, EngineError> {
    let files = database.live_files();
    files.map_err(|error| engine_error("list the files", &error))
}

fn damage_of(file: &LiveFile, path: &Path) -> Option<String> {
    let expected = file.size as u64;
    match fs::metadata(path.join(name(file))) {
        Ok(there) if there.len() >= expected => None,
        Ok(there) => Some(format!("has {} of its {expected} bytes", there.len())),
        Err(_) => Some("is missing".to_owned()),
    }
}

fn name(file: &LiveFile) -> &str {
    file.name.trim_start_matches('/')
}

/// A table that is that damaged needs no longer list.
const MAX_DAMAGE: usize = 100;
