//! Stores that are not what was written: each is refused with what was found.

use std::fs;
use std::fs::OpenOptions;
use std::path::Path;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use rocksdb::BottommostLevelCompaction;
use rocksdb::ColumnFamilyDescriptor;
use rocksdb::CompactOptions;
use rocksdb::DB;
use rocksdb::Options;
use tempfile::TempDir;

use super::ALL;
use super::OnDisk;
use super::assert_damaged;
use super::copy_of;
use super::engine_part;
use super::files;
use super::flush;
use super::open;
use super::open_read_only;
use super::store_of;
use super::try_open;
use crate::contract;
use crate::contract::SHARD;
use crate::damage::Damage;
use crate::engine::EngineDamage;
use crate::engine::EngineError;
use crate::engine::RocksEngine;
use crate::engine::RocksOptions;
use crate::engine::Table;
use crate::error::StorageError;
use crate::schema::keys;
use crate::shard_id::ShardId;
use crate::trees::SCHEMA_VERSION;

#[tokio::test]
async fn a_store_without_its_files_is_damaged() {
    let directory = tempfile::tempdir().unwrap();
    let store = directory.path().join("store");
    fs::create_dir(&store).unwrap();
    assert_damaged(directory.path(), "an empty store").await;
    fs::write(store.join("notes.txt"), "not a store").unwrap();
    assert_damaged(directory.path(), "a foreign file").await;
    fs::remove_dir_all(&store).unwrap();
    fs::write(&store, "not a directory").unwrap();
    assert!(try_open(directory.path()).await.is_err());
}

#[tokio::test]
async fn missing_and_cut_files_are_damage() {
    let (directory, store) = store_of(2_000).await;
    flush(&store);
    store
        .commit(&[(SHARD, &contract::round(2_000..2_100))])
        .await
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
            )
            .await;
            cuts += 1;
        }
        fs::remove_file(&path).unwrap();
        assert_damaged(copy.path(), &format!("{name} removed")).await;
    }
    assert!(cuts > 3 * 5, "{cuts} cuts");
}

/// RocksDB opens 16 tables at a start, and does not miss the others.
#[tokio::test]
async fn missing_and_cut_tables_are_named_though_nobody_reads_them() {
    let (directory, names) = store_of_many_files().await;
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
            let told = Damage::Engine(EngineDamage {
                part: format!("the file {name}"),
                what: match cut {
                    Some(cut) => format!("has {cut} of its {} bytes", whole.len()),
                    None => "is missing".to_owned(),
                },
            });
            let found = match open_read_only(copy.path()).await {
                Ok(store) => store.verify(SHARD).await.unwrap(),
                // Without its version a schema is not believed.
                Err(StorageError::Damaged(damage)) if family == "meta" => vec![damage],
                Err(error) => panic!("{name} of {family} cut to {cut:?}: {error:?}"),
            };
            assert_eq!(engine_part(&found[0]), format!("the file {name}"));
            // RocksDB opens some of the files, and misses those itself.
            unread += usize::from(found == [told]);
            assert_damaged(copy.path(), &format!("{name} of {family} cut to {cut:?}")).await;
        }
    }
    assert!(unread > 0);
    contract::assert_holds(&*open(directory.path()).await, SHARD, 1_200).await;
}

#[tokio::test]
async fn a_table_that_goes_missing_is_damage() {
    let (directory, names) = store_of_many_files().await;
    let store = open_read_only(directory.path()).await.unwrap();
    for (_, name) in names.iter().filter(|(family, _)| family == "attestations") {
        fs::remove_file(directory.path().join("store").join(name)).unwrap();
    }
    let mut errors = Vec::new();
    for (key, _) in (0..1_200).flat_map(|position| contract::new_entry(position).attestations) {
        errors.extend(store.attestation(SHARD, &key).await.err());
    }
    assert!(!errors.is_empty());
    for error in errors {
        assert!(matches!(error, StorageError::Damaged(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_changed_byte_is_named_wherever_it_is() {
    let (directory, names) = store_of_many_files().await;
    let store = open_read_only(directory.path()).await.unwrap();
    assert_eq!(store.verify(SHARD).await.unwrap(), []);
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
        match open_read_only(directory.path()).await {
            Ok(store) => {
                let found = store.verify(SHARD).await.unwrap();
                let parts: Vec<_> = found.iter().map(engine_part).collect();
                assert_eq!(parts, [format!("the file {name}")], "{name} of {family}");
                verified += 1;
            }
            Err(StorageError::Damaged(_)) if family == "meta" => {}
            Err(error) => panic!("{name} of {family}: {error:?}"),
        }
        flip(name);
    }
    assert!(verified >= 5 * 4, "{verified}: all but meta");

    // Every fourth one is of another column family.
    let damaged = names.iter().filter(|(family, _)| family != "meta");
    damaged.step_by(4).for_each(|(_, name)| flip(name));
    let store = open_read_only(directory.path()).await.unwrap();
    let found = store.verify(SHARD).await.unwrap();
    assert_eq!(found.len(), 5, "{found:?}");
    assert_eq!(store.verify(ShardId::new(1)).await.unwrap(), []);
}

#[tokio::test]
async fn a_changed_table_is_damage_when_it_is_read() {
    let (directory, store) = store_of(2_000).await;
    flush(&store);
    let live = store.engine.database().live_files().unwrap();
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

    let seen = match try_open(directory.path()).await {
        Ok(store) => store.entries(SHARD, 0..2_000, ALL).await,
        Err(error) => Err(error),
    };
    assert!(
        matches!(seen, Err(StorageError::Damaged(Damage::Engine(_)))),
        "{seen:?}"
    );
}

#[tokio::test]
async fn schema_versions_of_other_programs_are_refused() {
    let (directory, store) = store_of(3).await;
    let set = |store: &OnDisk, version: &[u8]| {
        let meta = store.engine.handle(Table::Meta);
        store
            .engine
            .database()
            .put_cf(meta, keys::SCHEMA, version)
            .unwrap();
    };
    set(&store, &(SCHEMA_VERSION + 1).to_be_bytes());
    drop(store);
    assert_schema_version(directory.path(), SCHEMA_VERSION + 1).await;

    // A later schema may have more tables.
    let path = directory.path().join("store");
    let mut engine = open_raw(&path, &[]);
    engine.create_cf("later", &Options::default()).unwrap();
    drop(engine);
    let refused = try_open(directory.path()).await;
    assert!(matches!(
        refused.err(),
        Some(StorageError::Engine(EngineError::UnknownTable { name })) if name == "later"
    ));

    let (directory, store) = store_of(3).await;
    set(&store, b"1");
    drop(store);
    assert_eq!(
        damage(directory.path()).await,
        Damage::Undecodable("schema version")
    );
}

#[tokio::test]
async fn missing_tables_and_names_are_damage() {
    for family in Table::ALL {
        let (directory, store) = store_of(3).await;
        drop(store);
        let mut engine = open_raw(&directory.path().join("store"), &[]);
        engine.drop_cf(family.name()).unwrap();
        drop(engine);
        let damage = damage(directory.path()).await;
        let told = format!("the table {} is missing", family.name());
        assert_eq!(damage.to_string(), told);
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
        let (directory, store) = store_of(3).await;
        let meta = store.engine.handle(Table::Meta);
        store.engine.database().delete_cf(meta, name).unwrap();
        drop(store);
        assert_eq!(damage(directory.path()).await, expected);
    }
}

#[tokio::test]
async fn values_that_do_not_decode_are_damage() {
    let spoilt = [
        (keys::identity(SHARD).to_vec(), "shard's identity"),
        (keys::head(SHARD).to_vec(), "tree head"),
        (b"unknown".to_vec(), "name in meta"),
    ];
    for (name, what) in spoilt {
        let (directory, store) = store_of(3).await;
        let meta = store.engine.handle(Table::Meta);
        store.engine.database().put_cf(meta, name, b"{}").unwrap();
        drop(store);
        assert_eq!(damage(directory.path()).await, Damage::Undecodable(what));
    }

    let (_directory, store) = store_of(300).await;
    let put = |family: Table, key: &[u8], value: &[u8]| {
        store
            .engine
            .database()
            .put_cf(store.engine.handle(family), key, value)
            .unwrap();
    };
    let leaf_hash = contract::new_entry(1).leaf_hash;
    put(
        Table::Entries,
        &keys::entry(SHARD, LeafIndex::new(1)),
        b"1234567",
    );
    put(Table::Leaves, &keys::leaf(SHARD, &leaf_hash), b"1234567");
    put(Table::Tiles, &keys::tile(SHARD, FIRST_TILE), b"short");
    let results = [
        store.entry(SHARD, LeafIndex::new(1)).await.err(),
        store.entries(SHARD, 1..3, ALL).await.err(),
        store.index_of(SHARD, &leaf_hash).await.err(),
        store.indexes_of(SHARD, &[leaf_hash]).await.err(),
        store.tile(SHARD, FIRST_TILE).await.err(),
    ];
    for error in results {
        assert!(matches!(error, Some(StorageError::Damaged(_))), "{error:?}");
    }
}

#[tokio::test]
async fn a_shard_ends_where_its_head_says() {
    let remove = async |family: Table, key: Vec<u8>| {
        let (directory, store) = store_of(600).await;
        store
            .engine
            .database()
            .delete_cf(store.engine.handle(family), key)
            .unwrap();
        drop(store);
        damage(directory.path()).await
    };
    let index = LeafIndex::new(599);
    let entry = keys::entry(SHARD, index).to_vec();
    let missing = Damage::EntryMissing {
        shard: SHARD,
        index,
    };
    assert_eq!(remove(Table::Entries, entry).await, missing);
    let id = TileId {
        level: 0,
        number: 1,
    };
    let tile = keys::tile(SHARD, id).to_vec();
    assert_eq!(
        remove(Table::Tiles, tile).await,
        Damage::TileMissing { shard: SHARD, id }
    );

    for beyond in [600, 601, u64::MAX] {
        let (directory, store) = store_of(600).await;
        let index = LeafIndex::new(beyond);
        let entries = store.engine.handle(Table::Entries);
        store
            .engine
            .database()
            .put_cf(entries, keys::entry(SHARD, index), [0; 9])
            .unwrap();
        drop(store);
        let size = contract::head(600).size;
        assert_eq!(
            damage(directory.path()).await,
            Damage::EntryBeyondHead {
                shard: SHARD,
                index,
                size
            }
        );
    }
}

#[tokio::test]
async fn a_gap_ends_a_visit_with_damage() {
    let (_directory, store) = store_of(20).await;
    let entries = store.engine.handle(Table::Entries);
    let index = LeafIndex::new(7);
    store
        .engine
        .database()
        .delete_cf(entries, keys::entry(SHARD, index))
        .unwrap();
    for range in [0..20, 5..8] {
        let page = store.entries(SHARD, range.clone(), ALL).await.unwrap();
        assert!(!page.is_last);
        let seen = page.entries.iter().map(|(index, _)| index.get());
        assert!(seen.eq(range.start..7), "{range:?}");
    }
    for range in [7..8, 7..20] {
        match store.entries(SHARD, range.clone(), ALL).await {
            Err(StorageError::Damaged(Damage::EntryMissing { index: found, .. })) => {
                assert_eq!(found, index);
            }
            other => panic!("{other:?} for {range:?}"),
        }
    }
    let behind = store.entries(SHARD, 8..20, ALL).await.unwrap();
    assert_eq!(behind.entries.len(), 12);
}

/// A store with four files in each table but `meta`, and the tables and names of all files.
pub(super) async fn store_of_many_files() -> (TempDir, Vec<(String, String)>) {
    let (directory, store) = store_of(0).await;
    let handles = Table::ALL.map(|family| (family, store.engine.handle(family)));
    for (_, handle) in handles {
        let uncompacted = [("disable_auto_compactions", "true")];
        store
            .engine
            .database()
            .set_options_cf(handle, &uncompacted)
            .unwrap();
    }
    for from in [0, 300, 600, 900] {
        let round = contract::round(from..from + 300);
        store.commit(&[(SHARD, &round)]).await.unwrap();
        for (_, handle) in handles.iter().filter(|(family, _)| *family != Table::Meta) {
            store.engine.database().flush_cf(handle).unwrap();
        }
    }
    let mut names: Vec<_> = store
        .engine
        .database()
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
    let mut families = options.tables(&cache);
    families.extend(
        further
            .iter()
            .map(|name| ColumnFamilyDescriptor::new(*name, Options::default())),
    );
    DB::open_cf_descriptors(&options.database(&cache), path, families).unwrap()
}

async fn damage(directory: &Path) -> Damage {
    match try_open(directory).await {
        Err(StorageError::Damaged(damage)) => damage,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("the store opened"),
    }
}

async fn assert_schema_version(directory: &Path, version: u32) {
    match try_open(directory).await {
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

/// A compaction meets damage that no start looks at: the first write behind it fails, and the store
/// is marked, so that the next start does not go the same way.
#[tokio::test]
async fn what_a_compaction_cannot_read_marks_the_store() {
    let (directory, names) = store_of_many_files().await;
    let entries = names.iter().find(|(family, _)| family == "entries");
    let path = directory.path().join("store").join(&entries.unwrap().1);
    let sound = fs::read(&path).unwrap();
    let mut flipped = sound.clone();
    flipped[20] ^= 1;
    fs::write(&path, &flipped).unwrap();

    let store = open(directory.path()).await;
    let handle = store.engine.handle(Table::Entries);
    let database = store.engine.database();
    // Files that need only be moved are not read otherwise.
    let mut all = CompactOptions::default();
    all.set_bottommost_level_compaction(BottommostLevelCompaction::Force);
    database.compact_range_cf_opt(handle, None::<&[u8]>, None::<&[u8]>, &all);
    let failed = store
        .commit(&[(SHARD, &contract::round(1_200..1_201))])
        .await;
    assert!(
        matches!(failed, Err(StorageError::Damaged(_))),
        "{failed:?}"
    );
    drop(store);

    for _ in 0..2 {
        let refused = try_open(directory.path()).await.err();
        let Some(StorageError::Engine(marked @ EngineError::Marked { .. })) = refused else {
            panic!("{refused:?}");
        };
        let told = marked.to_string();
        assert!(told.contains(&entries.unwrap().1), "{told}");
        assert!(told.contains("ledgerstone fsck"), "{told}");
    }
    let reader = open_read_only(directory.path()).await.unwrap();
    assert_eq!(
        reader.head(SHARD).await.unwrap(),
        Some(contract::head(1_200))
    );
    drop(reader);

    fs::write(&path, &sound).unwrap();
    assert!(RocksEngine::set_sound(directory.path()).unwrap());
    assert!(!RocksEngine::set_sound(directory.path()).unwrap());
    let store = open(directory.path()).await;
    store
        .commit(&[(SHARD, &contract::round(1_200..1_201))])
        .await
        .unwrap();
}

#[tokio::test]
async fn a_manifest_of_garbage_is_named_itself() {
    let (directory, store) = store_of(3).await;
    drop(store);
    let path = directory.path().join("store");
    let current = fs::read_to_string(path.join("CURRENT")).unwrap();
    let manifest = path.join(current.trim());
    let length = fs::metadata(&manifest).unwrap().len() as usize;
    fs::write(&manifest, vec![0x5a; length]).unwrap();
    let damage = damage(directory.path()).await;
    assert_eq!(engine_part(&damage), format!("the file {}", current.trim()));
}
