//! Everything that is stored, read against RocksDB's own checksums.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Bound;
use std::path::Path;

use rocksdb::DB;
use rocksdb::LiveFile;
use rocksdb::ReadOptions;

use super::families::Family;
use super::open::engine_error;
use super::open::must_not_exceed_head;
use super::view::View;
use crate::error::Damage;
use crate::error::DamagedTable;
use crate::error::StorageError;
use crate::shard::ShardId;
use crate::store::Reader as _;

/// Refuses a store that lacks a table, or a part of one. RocksDB opens only some of its tables at
/// once, and would notice only when it reads the others.
pub(super) fn must_have_tables(engine: &DB, path: &Path) -> Result<(), StorageError> {
    let mut damaged: Vec<_> = tables(engine)?
        .iter()
        .filter_map(|table| damage_of(table, path))
        .collect();
    if !damaged.is_empty() {
        // A compaction may have replaced what was listed.
        let still = tables(engine)?;
        damaged.retain(|table| still.iter().any(|live| name(live) == table.name));
    }
    if damaged.is_empty() {
        return Ok(());
    }
    Err(Damage::Tables(damaged).into())
}

/// Reads all that is stored of `shard`, and says what cannot be read, what tables are damaged in
/// length, and whether there is an entry beyond the head: at most [`MAX_DAMAGE`] for each column
/// family.
///
/// Behind damage it goes on where the next table starts or ends, so more damage in between may stay
/// unseen, and so may that of a table with the same range of keys: the engine names one. Filters
/// are not read: a damaged one costs time and no truth.
pub(super) fn verify(
    engine: &DB,
    path: &Path,
    shard: ShardId,
) -> Result<Vec<Damage>, StorageError> {
    let tables = tables(engine)?;
    let mut found = Vec::new();
    let ends = must_have_tables(engine, path).and_then(|()| must_end(engine, shard));
    // Other trouble comes again where it is.
    if let Err(StorageError::Damaged(
        damage @ (Damage::Tables(_) | Damage::EntryBeyondHead { .. }),
    )) = ends
    {
        found.push(damage);
    }
    // What is in `meta` is read whole when a store is opened.
    for family in Family::ALL {
        if family != Family::Meta {
            found.extend(verify_family(engine, family, shard, &tables));
        }
    }
    Ok(found)
}

fn must_end(engine: &DB, shard: ShardId) -> Result<(), StorageError> {
    let view = View::live(engine);
    match view.head(shard)? {
        Some(head) => must_not_exceed_head(&view, shard, &head),
        None => Ok(()),
    }
}

fn verify_family(engine: &DB, family: Family, shard: ShardId, tables: &[LiveFile]) -> Vec<Damage> {
    let first = shard.get().to_be_bytes().to_vec();
    let behind = shard.get().checked_add(1).map(u32::to_be_bytes);
    let resumptions: BTreeSet<Vec<u8>> = tables
        .iter()
        .filter(|table| table.column_family_name == family.name())
        .flat_map(|table| {
            [
                table.start_key.clone(),
                table.end_key.clone().map(successor),
            ]
        })
        .flatten()
        .collect();

    let mut options = ReadOptions::default();
    options.set_verify_checksums(true);
    options.set_total_order_seek(true);
    options.fill_cache(false);
    if let Some(behind) = behind {
        options.set_iterate_upper_bound(behind);
    }
    let mut stored = engine.raw_iterator_cf_opt(family.handle(engine), options);
    let mut found = Vec::new();
    let mut at = first;
    while found.len() < MAX_DAMAGE {
        stored.seek(&at);
        while let Some(key) = stored.key() {
            at.clear();
            at.extend_from_slice(key);
            stored.next();
        }
        let Err(error) = stored.status() else { break };
        let damage = Damage::Engine(error.to_string());
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

fn tables(engine: &DB) -> Result<Vec<LiveFile>, StorageError> {
    let tables = engine.live_files();
    tables.map_err(|error| engine_error("list the tables", &error))
}

fn damage_of(table: &LiveFile, path: &Path) -> Option<DamagedTable> {
    let name = name(table);
    let expected = table.size as u64;
    let length = fs::metadata(path.join(name)).ok().map(|file| file.len());
    let sound = length.is_some_and(|length| length >= expected);
    (!sound).then(|| DamagedTable {
        name: name.to_owned(),
        length,
        expected,
    })
}

fn name(table: &LiveFile) -> &str {
    table.name.trim_start_matches('/')
}

/// A column family that is that damaged needs no longer list.
const MAX_DAMAGE: usize = 100;
