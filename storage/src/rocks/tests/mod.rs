//! The contract on RocksDB, and what it keeps beyond the contract.

mod crash;
mod damage;

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use tempfile::TempDir;

use super::RocksOptions;
use super::RocksStore;
use super::Writer;
use super::families::Family;
use super::keys;
use crate::contract;
use crate::contract::SHARD;
use crate::correction::Correction;
use crate::correction::SearchRow;
use crate::error::StorageError;
use crate::shard::ShardId;
use crate::store::Reader as _;
use crate::store::Store as _;
use crate::trees::OLD_SCHEMA_VERSION;
use crate::trees::SCHEMA_VERSION;
use crate::trees::TreeChange;

crate::contract_tests!(|| {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    (directory, store)
});
crate::contract_tests!(old: || {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.plant_schema_version(OLD_SCHEMA_VERSION);
    (directory, store)
});

/// The program before compares the four bytes under `schema` with 1 at its open, before it looks at
/// anything else.
#[test]
fn the_program_before_refuses_a_store_of_this_schema() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let version = |store: &RocksStore| {
        let meta = Family::Meta.handle(&store.engine);
        let stored = store.engine.get_cf(meta, b"schema").unwrap().unwrap();
        u32::from_be_bytes(stored.try_into().unwrap())
    };
    assert_ne!(version(&store), OLD_SCHEMA_VERSION);

    store.plant_schema_version(OLD_SCHEMA_VERSION);
    drop(store);
    let reader = RocksStore::open_read_only(directory.path()).unwrap();
    assert_eq!(reader.schema_version().unwrap(), OLD_SCHEMA_VERSION);
    drop(reader);
    let store = open(directory.path());
    assert_eq!(version(&store), OLD_SCHEMA_VERSION);
    store.change_trees(&TreeChange::default()).unwrap();
    assert_ne!(version(&store), OLD_SCHEMA_VERSION);
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.schema_version().unwrap(), SCHEMA_VERSION);
}

#[test]
fn everything_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    contract::create(&store, SHARD, 300);
    contract::create(&store, ShardId::new(1), 10);
    store.keep_checkpoint(SHARD, "checkpoint").unwrap();
    drop(store);
    for size in [300, 301, 600] {
        let store = open(directory.path());
        if size > 300 {
            let from = store.head(SHARD).unwrap().unwrap().size.get();
            store
                .commit(&[(SHARD, &contract::round(from..size))])
                .unwrap();
        }
        contract::assert_holds(&store, SHARD, size);
        contract::assert_holds(&store, ShardId::new(1), 10);
        let kept = store.kept_checkpoint(SHARD).unwrap();
        assert_eq!(kept.as_deref(), Some("checkpoint"));
    }
}

#[test]
fn flushed_and_compacted_data_keeps_the_contract() {
    let (_directory, store) = store_of(700);
    for family in Family::ALL {
        let handle = family.handle(&store.engine);
        store.engine.flush_cf(handle).unwrap();
        store
            .engine
            .compact_range_cf(handle, None::<&[u8]>, None::<&[u8]>);
    }
    contract::assert_holds(&store, SHARD, 700);
    store
        .commit(&[(SHARD, &contract::round(700..800))])
        .unwrap();
    contract::assert_holds(&store, SHARD, 800);
    let found = store.search(SHARD, &contract::search_key(1), LeafIndex::new(0), 1_000);
    assert_eq!(found.unwrap().len(), 400);
}

#[test]
fn a_directory_is_open_once() {
    let (directory, store) = store_of(3);
    for _ in 0..2 {
        let second = RocksStore::open(directory.path(), &RocksOptions::default());
        assert!(matches!(second, Err(StorageError::Locked { .. })));
        let reader = RocksStore::open_read_only(directory.path());
        assert!(matches!(reader, Err(StorageError::Locked { .. })));
    }
    contract::assert_holds(&store, SHARD, 3);
    drop(store);
    contract::assert_holds(&open(directory.path()), SHARD, 3);
}

#[test]
fn reading_only_reads_and_changes_nothing() {
    let (directory, store) = store_of(300);
    drop(store);
    let before = files(&directory.path().join("store"));
    let store = RocksStore::open_read_only(directory.path()).unwrap();
    contract::assert_holds(&store, SHARD, 300);
    let refused = [
        store.commit(&[(SHARD, &contract::round(300..301))]),
        store.create_shard(ShardId::new(1), &contract::identity(1), &contract::head(0)),
        store.keep_checkpoint(SHARD, "text"),
        store.sync_kept(SHARD),
        store.change_trees(&TreeChange::default()),
        store.correct(SHARD, &correction(&[], Some("text"))),
    ];
    for result in refused {
        assert!(matches!(result, Err(StorageError::ReadOnly)), "{result:?}");
    }
    drop(store);
    assert_eq!(files(&directory.path().join("store")), before);
    assert!(!directory.path().join("checkpoint-0").exists());
}

#[test]
fn reading_only_needs_no_lock_file_and_makes_none() {
    let (directory, store) = store_of(300);
    drop(store);
    fs::remove_file(directory.path().join("LOCK")).unwrap();
    let store = RocksStore::open_read_only(directory.path()).unwrap();
    contract::assert_holds(&store, SHARD, 300);
    assert!(!directory.path().join("LOCK").exists());
}

#[test]
fn only_an_empty_place_gets_a_new_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    assert!(!RocksStore::exists(&path).unwrap());
    let result = RocksStore::open_read_only(&path);
    assert!(matches!(result, Err(StorageError::NoStore { .. })));
    assert!(!path.exists());

    let store = open(&path);
    contract::create(&store, SHARD, 3);
    store.keep_checkpoint(SHARD, "checkpoint").unwrap();
    drop(store);
    assert!(RocksStore::exists(&path).unwrap());

    fs::remove_dir_all(path.join("store")).unwrap();
    assert!(RocksStore::exists(&path).unwrap());
    let options = RocksOptions::default();
    for result in [
        RocksStore::open(&path, &options),
        RocksStore::open_read_only(&path),
    ] {
        match result {
            Err(StorageError::NotEmpty { found, .. }) => assert_eq!(found, "checkpoint-0"),
            other => panic!("{:?}", other.err()),
        }
    }
    assert!(!path.join("store").exists());
}

#[test]
fn an_unfinished_store_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("store.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("CURRENT"), "MANIFEST-000001").unwrap();
    assert!(!RocksStore::exists(directory.path()).unwrap());
    contract::a_round_is_read_back(&open(directory.path()));
    assert!(!unfinished.exists());
}

#[test]
fn a_failed_write_stops_the_writer_but_no_reader() {
    let (_directory, store) = store_of(3);
    *store.writer.lock() = Writer::Stopped;
    let refused = [
        store.commit(&[(SHARD, &contract::round(3..4))]),
        store.create_shard(ShardId::new(1), &contract::identity(1), &contract::head(0)),
        store.change_trees(&TreeChange::default()),
        store.correct(SHARD, &correction(&[], Some("text"))),
    ];
    for result in refused {
        assert!(matches!(result, Err(StorageError::Stopped)), "{result:?}");
    }
    contract::assert_holds(&store, SHARD, 3);
}

#[test]
fn corrections_are_there_after_reopening() {
    let (directory, store) = store_of(300);
    let rows = store.search_rows(SHARD, None, 1_000).unwrap();
    let (removed, kept) = rows.split_at(200);
    let under_way = correction(removed, Some("a third"));
    store.correct(SHARD, &under_way).unwrap();
    drop(store);

    let store = open(directory.path());
    assert_eq!(store.search_rows(SHARD, None, 1_000).unwrap(), kept);
    let progress = store.reindex_progress().unwrap();
    assert_eq!(progress.as_deref(), Some(&b"a third"[..]));
    assert_eq!(store.shards().unwrap(), [SHARD]);
    let complete = Correction {
        add: removed.to_vec(),
        ..correction(&[], None)
    };
    store.correct(SHARD, &complete).unwrap();
    drop(store);

    let store = open(directory.path());
    contract::assert_holds(&store, SHARD, 300);
    assert_eq!(store.reindex_progress().unwrap(), None);
}

/// Nothing writes such rows, and each of them can go.
#[test]
fn rows_behind_the_end_can_be_removed() {
    let (_directory, store) = store_of(5);
    let planted = SearchRow {
        key: contract::search_key(1),
        index: LeafIndex::new(7),
    };
    let name = keys::search(SHARD, &planted.key, planted.index);
    let handle = Family::Search.handle(&store.engine);
    store.engine.put_cf(handle, name, b"").unwrap();
    let rows = store.search_rows(SHARD, None, 1_000).unwrap();
    assert!(rows.contains(&planted));
    let without = correction(&[planted], None);
    store.correct(SHARD, &without).unwrap();
    assert_eq!(store.has_search_rows(SHARD, &[planted]).unwrap(), [false]);
    contract::assert_holds(&store, SHARD, 5);
}

#[test]
fn repeating_bodies_shrink() {
    let (directory, store) = store_of(0);
    let certificate: String = (0_u32..90)
        .map(|line| format!("{:032x}", line.wrapping_mul(0x9e37_79b9)))
        .collect();
    let mut round = contract::round(0..4_096);
    for (index, entry) in round.entries.iter_mut().enumerate() {
        let own: String = (0..8)
            .map(|part| format!("{:032x}", entry_noise(index, part)))
            .collect();
        entry.body = format!("{own}{certificate}").into();
    }
    let bodies: usize = round.entries.iter().map(|entry| entry.body.len()).sum();
    store.commit(&[(SHARD, &round)]).unwrap();
    flush(&store);
    let tables = store.engine.live_files().unwrap();
    let stored: usize = tables
        .iter()
        .filter(|table| table.column_family_name == "entries")
        .map(|table| table.size)
        .sum();
    assert!(stored * 4 < bodies, "{stored} bytes for {bodies}");
    drop(store);
    let store = open(directory.path());
    for (index, entry) in round.indexed() {
        assert_eq!(store.entry(SHARD, index).unwrap().unwrap().body, entry.body);
    }
}

#[test]
fn statistics_show_what_is_used() {
    let (_directory, store) = store_of(1_000);
    let before = store.statistics().unwrap();
    assert!(
        before.disk_bytes > 100_000 && before.memory_bytes > 0,
        "{before:?}"
    );
    assert!(
        !before.writes_stalled && before.background_errors == 0,
        "{before:?}"
    );
    store
        .commit(&[(SHARD, &contract::round(1_000..9_000))])
        .unwrap();
    let after = store.statistics().unwrap();
    assert!(after.disk_bytes > before.disk_bytes, "{before:?} {after:?}");
}

#[test]
fn whole_rounds_are_read_beside_the_writer() {
    let (_directory, store) = store_of(300);
    std::thread::scope(|threads| {
        let reader = threads.spawn(|| {
            for _ in 0..5 {
                let size = store.head(SHARD).unwrap().unwrap().size.get();
                let mut seen = 0;
                let visit = &mut |_, _| {
                    seen += 1;
                    ControlFlow::Continue(())
                };
                store.visit_entries(SHARD, 0..size, visit).unwrap();
                assert_eq!(seen, size);
            }
        });
        for from in (300..1_300).step_by(50) {
            store
                .commit(&[(SHARD, &contract::round(from..from + 50))])
                .unwrap();
        }
        reader.join().unwrap();
    });
    contract::assert_holds(&store, SHARD, 1_300);
}

fn open(directory: &Path) -> RocksStore {
    RocksStore::open(directory, &RocksOptions::default()).unwrap()
}

fn correction(remove: &[SearchRow], progress: Option<&'static str>) -> Correction {
    Correction {
        seen: TreeSize::new(300),
        add: Vec::new(),
        remove: remove.to_vec(),
        progress: progress.map(bytes::Bytes::from),
    }
}

fn store_of(size: u64) -> (TempDir, RocksStore) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    contract::create(&store, SHARD, size);
    (directory, store)
}

fn flush(store: &RocksStore) {
    for family in Family::ALL {
        store.engine.flush_cf(family.handle(&store.engine)).unwrap();
    }
}

/// Whoever wants to write is refused, and whoever reads is told.
fn assert_damaged(directory: &Path, what: &str) {
    match RocksStore::open(directory, &RocksOptions::default()) {
        Err(StorageError::Damaged(_)) => {}
        Err(other) => panic!("{what}: {other:?}"),
        Ok(_) => panic!("{what}: the store opened"),
    }
    match RocksStore::open_read_only(directory) {
        Err(StorageError::Damaged(_)) => {}
        Err(other) => panic!("{what}: {other:?}"),
        Ok(store) => assert_ne!(store.verify(SHARD).unwrap(), [], "{what}"),
    }
}

/// Names and lengths of the files in `directory`, by name.
fn files(directory: &Path) -> Vec<(String, u64)> {
    let mut files: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, file.metadata().unwrap().len())
        })
        .collect();
    files.sort();
    files
}

fn copy_of(directory: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    fs::create_dir(copy.path().join("store")).unwrap();
    for (name, _) in files(&directory.join("store")) {
        fs::copy(
            directory.join("store").join(&name),
            copy.path().join("store").join(&name),
        )
        .unwrap();
    }
    copy
}

/// Numbers without a pattern that a compressor could find.
fn entry_noise(index: usize, part: u128) -> u128 {
    let mut number =
        (8 * index as u128 + part + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834);
    for _ in 0..3 {
        number ^= number >> 61;
        number = number.wrapping_mul(0xda94_2042_e4dd_58b5_9fb2_1c65_1e98_df25);
    }
    number
}
