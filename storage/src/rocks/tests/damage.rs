//! Stores that are not what was written: each is refused with what was found.

use std::fs;
use std::fs::OpenOptions;
use std::ops::ControlFlow;
use std::path::Path;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use rocksdb::ColumnFamilyDescriptor;
use rocksdb::DB;
use rocksdb::Options;
use tempfile::TempDir;

use super::assert_damaged;
use super::copy_of;
use super::files;
use super::flush;
use super::open;
use super::store_of;
use crate::contract;
use crate::contract::SHARD;
use crate::error::Damage;
use crate::error::DamagedTable;
use crate::error::StorageError;
use crate::rocks::RocksOptions;
use crate::rocks::RocksStore;
use crate::rocks::families::Family;
use crate::rocks::keys;
use crate::shard::ShardId;
use crate::store::Reader as _;
use crate::store::Store as _;
use crate::trees::SCHEMA_VERSION;

#[test]
fn a_store_without_its_files_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    fs::create_dir(&store).unwrap();
    assert_damaged(directory.path(), "an empty store");
    fs::write(store.join("notes.txt"), "not a store").unwrap();
    assert_damaged(directory.path(), "a foreign file");
    fs::remove_dir_all(&store).unwrap();
    fs::write(&store, "not a directory").unwrap();
    let options = RocksOptions::default();
    assert!(RocksStore::open(directory.path(), &options).is_err());
}

#[test]
fn missing_and_cut_files_are_damage() {
    let (directory, store) = store_of(2_000);
    flush(&store);
    store
        .commit(&[(SHARD, &contract::round(2_000..2_100))])
        .unwrap();
    drop(store);
    let mut cuts = 0;
    for (name, length) in files(&directory.path().join("store")) {
        let vital = name.ends_with(".sst") || name == "CURRENT" || name.starts_with("MANIFEST");
        if !vital {
            continue;
        }
        let copy = copy_of(directory.path());
        let path = copy.path().join("store").join(&name);
        for cut in [length - 1, length / 2, 0] {
            let file = OpenOptions::new().write(true).open(&path).unwrap();
            file.set_len(cut).unwrap();
            assert_damaged(
                copy.path(),
                &format!("{name} of {length} bytes cut to {cut}"),
            );
            cuts += 1;
        }
        fs::remove_file(&path).unwrap();
        assert_damaged(copy.path(), &format!("{name} removed"));
    }
    assert!(cuts > 3 * 5, "{cuts} cuts");
}

/// RocksDB opens 16 tables at a start, and does not miss the others.
#[test]
fn missing_and_cut_tables_are_named_though_nobody_reads_them() {
    let (directory, names) = store_of_many_tables();
    let mut unread = 0;
    for (family, name) in &names {
        let copy = copy_of(directory.path());
        let path = copy.path().join("store").join(name);
        let whole = fs::read(&path).unwrap();
        for cut in [Some(whole.len() - 1), None] {
            match cut {
                Some(cut) => fs::write(&path, &whole[..cut]).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let told = Damage::Tables(vec![DamagedTable {
                name: name.clone(),
                length: cut.map(|cut| cut as u64),
                expected: whole.len() as u64,
            }]);
            let found = match RocksStore::open_read_only(copy.path()) {
                Ok(store) => store.verify(SHARD).unwrap(),
                Err(StorageError::Damaged(damage)) => vec![damage],
                Err(error) => panic!("{name} of {family} cut to {cut:?}: {error:?}"),
            };
            match &found[..] {
                // RocksDB opened the table, and missed it itself.
                [Damage::Engine(reason)] => assert!(reason.contains(name), "{reason}"),
                found => {
                    assert_eq!(found.first(), Some(&told));
                    unread += 1;
                }
            }
            assert_damaged(copy.path(), &format!("{name} of {family} cut to {cut:?}"));
        }
    }
    assert!(unread > 0);
    contract::assert_holds(&open(directory.path()), SHARD, 1_200);
}

#[test]
fn a_table_that_goes_missing_is_damage() {
    let (directory, names) = store_of_many_tables();
    let store = RocksStore::open_read_only(directory.path()).unwrap();
    for (_, name) in names.iter().filter(|(family, _)| family == "attestations") {
        fs::remove_file(directory.path().join("store").join(name)).unwrap();
    }
    let errors: Vec<_> = (0..1_200)
        .flat_map(|position| contract::new_entry(position).attestations)
        .filter_map(|(key, _)| store.attestation(SHARD, &key).err())
        .collect();
    assert!(!errors.is_empty());
    for error in errors {
        assert!(matches!(error, StorageError::Damaged(_)), "{error:?}");
    }
}

#[test]
fn a_changed_byte_is_named_wherever_it_is() {
    let (directory, names) = store_of_many_tables();
    let store = RocksStore::open_read_only(directory.path()).unwrap();
    assert_eq!(store.verify(SHARD).unwrap(), []);
    drop(store);
    let flip = |name: &str| {
        let path = directory.path().join("store").join(name);
        let mut bytes = fs::read(&path).unwrap();
        bytes[20] ^= 1;
        fs::write(&path, bytes).unwrap();
    };
    let mut verified = 0;
    for (family, name) in &names {
        flip(name);
        match RocksStore::open_read_only(directory.path()) {
            Ok(store) => {
                let found = store.verify(SHARD).unwrap();
                assert!(
                    matches!(&found[..], [Damage::Engine(reason)] if reason.contains(name)),
                    "{name} of {family}: {found:?}"
                );
                verified += 1;
            }
            Err(StorageError::Damaged(_)) => {}
            Err(error) => panic!("{name} of {family}: {error:?}"),
        }
        flip(name);
    }
    assert!(verified >= 5 * 4, "{verified}: all but meta");

    // Every fourth one is of another column family.
    let damaged = names.iter().filter(|(family, _)| family != "meta");
    damaged.step_by(4).for_each(|(_, name)| flip(name));
    let store = RocksStore::open_read_only(directory.path()).unwrap();
    let found = store.verify(SHARD).unwrap();
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(store.verify(ShardId::new(1)).unwrap(), []);
}

#[test]
fn a_changed_table_is_damage_when_it_is_read() {
    let (directory, store) = store_of(2_000);
    flush(&store);
    let live = store.engine.live_files().unwrap();
    let entries = live
        .iter()
        .find(|file| file.column_family_name == "entries")
        .unwrap();
    let path = directory
        .path()
        .join("store")
        .join(entries.name.trim_start_matches('/'));
    drop(store);
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();

    let seen = match RocksStore::open(directory.path(), &RocksOptions::default()) {
        Ok(store) => store.visit_entries(SHARD, 0..2_000, &mut |_, _| ControlFlow::Continue(())),
        Err(error) => Err(error),
    };
    assert!(
        matches!(seen, Err(StorageError::Damaged(Damage::Engine(_)))),
        "{seen:?}"
    );
}

#[test]
fn schema_versions_of_other_programs_are_refused() {
    let (directory, store) = store_of(3);
    let set = |store: &RocksStore, version: &[u8]| {
        let meta = Family::Meta.handle(&store.engine);
        store.engine.put_cf(meta, keys::SCHEMA, version).unwrap();
    };
    set(&store, &(SCHEMA_VERSION + 1).to_be_bytes());
    drop(store);
    assert_schema_version(directory.path(), SCHEMA_VERSION + 1);

    // A later schema may have more column families.
    let path = directory.path().join("store");
    let mut engine = open_raw(&path, &[]);
    engine.create_cf("later", &Options::default()).unwrap();
    drop(engine);
    assert_schema_version(directory.path(), SCHEMA_VERSION + 1);

    let engine = open_raw(&path, &["later"]);
    let meta = engine.cf_handle("meta").unwrap();
    engine
        .put_cf(meta, keys::SCHEMA, SCHEMA_VERSION.to_be_bytes())
        .unwrap();
    drop(engine);
    assert_eq!(
        damage(directory.path()),
        Damage::ColumnFamilyUnknown("later".to_owned())
    );

    let (directory, store) = store_of(3);
    set(&store, b"1");
    drop(store);
    assert_eq!(
        damage(directory.path()),
        Damage::Undecodable("schema version")
    );
}

#[test]
fn missing_column_families_and_names_are_damage() {
    for family in Family::ALL {
        let (directory, store) = store_of(3);
        drop(store);
        let mut engine = open_raw(&directory.path().join("store"), &[]);
        engine.drop_cf(family.name()).unwrap();
        drop(engine);
        assert_eq!(
            damage(directory.path()),
            Damage::ColumnFamilyMissing(family.name())
        );
    }
    let missing = [
        (keys::SCHEMA.to_vec(), Damage::SchemaVersionMissing),
        (
            keys::identity(SHARD).to_vec(),
            Damage::IdentityMissing(SHARD),
        ),
        (keys::head(SHARD).to_vec(), Damage::HeadMissing(SHARD)),
    ];
    for (name, expected) in missing {
        let (directory, store) = store_of(3);
        let meta = Family::Meta.handle(&store.engine);
        store.engine.delete_cf(meta, name).unwrap();
        drop(store);
        assert_eq!(damage(directory.path()), expected);
    }
}

#[test]
fn values_that_do_not_decode_are_damage() {
    let spoilt = [
        (keys::identity(SHARD).to_vec(), "shard's identity"),
        (keys::head(SHARD).to_vec(), "tree head"),
        (b"unknown".to_vec(), "name in meta"),
    ];
    for (name, what) in spoilt {
        let (directory, store) = store_of(3);
        let meta = Family::Meta.handle(&store.engine);
        store.engine.put_cf(meta, name, b"{}").unwrap();
        drop(store);
        assert_eq!(damage(directory.path()), Damage::Undecodable(what));
    }

    let (_directory, store) = store_of(300);
    let put = |family: Family, key: &[u8], value: &[u8]| {
        store
            .engine
            .put_cf(family.handle(&store.engine), key, value)
            .unwrap();
    };
    let leaf_hash = contract::new_entry(1).leaf_hash;
    put(
        Family::Entries,
        &keys::entry(SHARD, LeafIndex::new(1)),
        b"1234567",
    );
    put(Family::Leaves, &keys::leaf(SHARD, &leaf_hash), b"1234567");
    put(Family::Tiles, &keys::tile(SHARD, FIRST_TILE), b"short");
    let results = [
        store.entry(SHARD, LeafIndex::new(1)).err(),
        store
            .visit_entries(SHARD, 0..3, &mut |_, _| ControlFlow::Continue(()))
            .err(),
        store.index_of(SHARD, &leaf_hash).err(),
        store.indexes_of(SHARD, &[leaf_hash]).err(),
        store.tile(SHARD, FIRST_TILE).err(),
    ];
    for error in results {
        assert!(matches!(error, Some(StorageError::Damaged(_))), "{error:?}");
    }
}

#[test]
fn a_shard_ends_where_its_head_says() {
    let remove = |family: Family, key: Vec<u8>| {
        let (directory, store) = store_of(600);
        store
            .engine
            .delete_cf(family.handle(&store.engine), key)
            .unwrap();
        drop(store);
        damage(directory.path())
    };
    let index = LeafIndex::new(599);
    let entry = keys::entry(SHARD, index).to_vec();
    let missing = Damage::EntryMissing {
        shard: SHARD,
        index,
    };
    assert_eq!(remove(Family::Entries, entry), missing);
    let id = TileId {
        level: 0,
        number: 1,
    };
    let tile = keys::tile(SHARD, id).to_vec();
    assert_eq!(
        remove(Family::Tiles, tile),
        Damage::TileMissing { shard: SHARD, id }
    );

    for beyond in [600, 601, u64::MAX] {
        let (directory, store) = store_of(600);
        let index = LeafIndex::new(beyond);
        let entries = Family::Entries.handle(&store.engine);
        store
            .engine
            .put_cf(entries, keys::entry(SHARD, index), [0; 9])
            .unwrap();
        drop(store);
        let size = contract::head(600).size;
        assert_eq!(
            damage(directory.path()),
            Damage::EntryBeyondHead {
                shard: SHARD,
                index,
                size
            }
        );
    }
}

#[test]
fn a_gap_ends_a_visit_with_damage() {
    let (_directory, store) = store_of(20);
    let entries = Family::Entries.handle(&store.engine);
    let index = LeafIndex::new(7);
    store
        .engine
        .delete_cf(entries, keys::entry(SHARD, index))
        .unwrap();
    for range in [0..20, 5..8, 7..8, 7..20] {
        let mut seen = Vec::new();
        let result = store.visit_entries(SHARD, range.clone(), &mut |index, _| {
            seen.push(index.get());
            ControlFlow::Continue(())
        });
        match result {
            Err(StorageError::Damaged(found)) => {
                assert_eq!(
                    found,
                    Damage::EntryMissing {
                        shard: SHARD,
                        index
                    }
                );
            }
            other => panic!("{other:?} for {range:?}"),
        }
        assert_eq!(seen, (range.start..7).collect::<Vec<_>>());
    }
    store
        .visit_entries(SHARD, 8..20, &mut |_, _| ControlFlow::Continue(()))
        .unwrap();
}

/// A store with four tables in each column family but `meta`, and the families and names of all
/// tables.
fn store_of_many_tables() -> (TempDir, Vec<(String, String)>) {
    let (directory, store) = store_of(0);
    let handles = Family::ALL.map(|family| (family, family.handle(&store.engine)));
    for (_, handle) in handles {
        let uncompacted = [("disable_auto_compactions", "true")];
        store.engine.set_options_cf(handle, &uncompacted).unwrap();
    }
    for from in [0, 300, 600, 900] {
        let round = contract::round(from..from + 300);
        store.commit(&[(SHARD, &round)]).unwrap();
        for (_, handle) in handles.iter().filter(|(family, _)| *family != Family::Meta) {
            store.engine.flush_cf(handle).unwrap();
        }
    }
    let mut names: Vec<_> = store
        .engine
        .live_files()
        .unwrap()
        .into_iter()
        .map(|table| {
            let name = table.name.trim_start_matches('/').to_owned();
            (table.column_family_name, name)
        })
        .collect();
    names.sort();
    assert!(names.len() > 5 * 4, "{names:?}");
    (directory, names)
}

/// The store at `path` as RocksDB has it, without our checks.
fn open_raw(path: &Path, further: &[&str]) -> DB {
    let options = RocksOptions::default();
    let cache = options.block_cache();
    let mut families = options.families(&cache);
    families.extend(
        further
            .iter()
            .map(|name| ColumnFamilyDescriptor::new(*name, Options::default())),
    );
    DB::open_cf_descriptors(&options.database(&cache), path, families).unwrap()
}

fn damage(directory: &Path) -> Damage {
    match RocksStore::open(directory, &RocksOptions::default()) {
        Err(StorageError::Damaged(damage)) => damage,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("the store opened"),
    }
}

fn assert_schema_version(directory: &Path, version: u32) {
    match RocksStore::open(directory, &RocksOptions::default()) {
        Err(StorageError::SchemaVersion { found, expected }) => {
            assert_eq!((found, expected), (version, SCHEMA_VERSION));
        }
        other => panic!("{:?}", other.err()),
    }
}

const FIRST_TILE: TileId = TileId {
    level: 0,
    number: 0,
};
