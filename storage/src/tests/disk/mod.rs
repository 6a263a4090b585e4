//! The contract over RocksDB, and what a store on a disk keeps beyond it: through restarts, crashes
//! and damage.

mod crash;
mod damage;
mod read_only;

use std::fs;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use tempfile::TempDir;

use crate::contract;
use crate::contract::SHARD;
use crate::correction::Correction;
use crate::correction::SearchRow;
use crate::damage::Damage;
use crate::engine::Engine;
use crate::engine::EngineError;
use crate::engine::RocksEngine;
use crate::engine::RocksOptions;
use crate::engine::Table;
use crate::error::StorageError;
use crate::schema::PageLimit;
use crate::schema::Schema;
use crate::schema::first_rows;
use crate::schema::planted_schema_version;
use crate::schema::planted_search_row;
use crate::shard_id::ShardId;
use crate::trees::OLD_SCHEMA_VERSION;
use crate::trees::SCHEMA_VERSION;
use crate::trees::TreeChange;

crate::contract_tests!(|| {
    let directory = tempfile::tempdir().unwrap();
    let store = contract::run(open(directory.path()));
    (directory, store)
});
crate::contract_tests!(old: || {
    let directory = tempfile::tempdir().unwrap();
    let store = contract::run(open(directory.path()));
    contract::run(plant_schema_version(&store, OLD_SCHEMA_VERSION));
    (directory, store)
});

/// The program before compares the four bytes under `schema` with 1 at its open, before it looks at
/// anything else.
#[tokio::test]
async fn the_program_before_refuses_a_store_of_this_schema() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    let version = |store: &OnDisk| {
        let meta = store.engine.handle(Table::Meta);
        let stored = store
            .engine
            .database()
            .get_cf(meta, b"schema")
            .unwrap()
            .unwrap();
        u32::from_be_bytes(stored.try_into().unwrap())
    };
    assert_ne!(version(&store), OLD_SCHEMA_VERSION);

    plant_schema_version(&store, OLD_SCHEMA_VERSION).await;
    drop(store);
    let reader = open_read_only(directory.path()).await.unwrap();
    assert_eq!(reader.schema_version().await.unwrap(), OLD_SCHEMA_VERSION);
    drop(reader);
    let store = open(directory.path()).await;
    assert_eq!(version(&store), OLD_SCHEMA_VERSION);
    store.change_trees(&TreeChange::default()).await.unwrap();
    assert_ne!(version(&store), OLD_SCHEMA_VERSION);
    drop(store);
    let store = open(directory.path()).await;
    assert_eq!(store.schema_version().await.unwrap(), SCHEMA_VERSION);
}

#[tokio::test]
async fn everything_is_there_after_reopening() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    contract::create(&store, SHARD, 300).await;
    contract::create(&store, ShardId::new(1), 10).await;
    store.keep_checkpoint(SHARD, "checkpoint").await.unwrap();
    drop(store);
    for size in [300, 301, 600] {
        let store = open(directory.path()).await;
        if size > 300 {
            let from = store.head(SHARD).await.unwrap().unwrap().size.get();
            store
                .commit(&[(SHARD, &contract::round(from..size))])
                .await
                .unwrap();
        }
        contract::assert_holds(&store, SHARD, size).await;
        contract::assert_holds(&store, ShardId::new(1), 10).await;
        let kept = store.kept_checkpoint(SHARD).await.unwrap();
        assert_eq!(kept.as_deref(), Some("checkpoint"));
    }
}

#[tokio::test]
async fn flushed_and_compacted_data_keeps_the_contract() {
    let (_directory, store) = store_of(700).await;
    for family in Table::ALL {
        let handle = store.engine.handle(family);
        store.engine.database().flush_cf(handle).unwrap();
        store
            .engine
            .database()
            .compact_range_cf(handle, None::<&[u8]>, None::<&[u8]>);
    }
    contract::assert_holds(&store, SHARD, 700).await;
    store
        .commit(&[(SHARD, &contract::round(700..800))])
        .await
        .unwrap();
    contract::assert_holds(&store, SHARD, 800).await;
    let found = store
        .search(SHARD, &contract::search_key(1), LeafIndex::new(0), 1_000)
        .await;
    assert_eq!(found.unwrap().len(), 400);
}

#[tokio::test]
async fn a_directory_is_open_once() {
    let (directory, store) = store_of(3).await;
    for _ in 0..2 {
        let second = RocksEngine::open(directory.path(), &RocksOptions::default(), &first_rows());
        assert!(matches!(second, Err(EngineError::Locked { .. })));
        let reader = RocksEngine::open_read_only(directory.path(), &RocksOptions::default());
        assert!(matches!(reader, Err(EngineError::Locked { .. })));
    }
    contract::assert_holds(&store, SHARD, 3).await;
    drop(store);
    contract::assert_holds(&*open(directory.path()).await, SHARD, 3).await;
}

#[tokio::test]
async fn reading_only_reads_and_changes_nothing() {
    let (directory, store) = store_of(300).await;
    drop(store);
    let before = files(&directory.path().join("store"));
    let store = open_read_only(directory.path()).await.unwrap();
    contract::assert_holds(&store, SHARD, 300).await;
    let refused = [
        store.commit(&[(SHARD, &contract::round(300..301))]).await,
        store
            .create_shard(ShardId::new(1), &contract::identity(1), &contract::head(0))
            .await,
        store.keep_checkpoint(SHARD, "text").await,
        store.sync_kept(SHARD).await,
        store.change_trees(&TreeChange::default()).await,
        store.correct(SHARD, &correction(&[], Some("text"))).await,
    ];
    for result in refused {
        assert!(
            matches!(result, Err(StorageError::Engine(EngineError::ReadOnly))),
            "{result:?}"
        );
    }
    drop(store);
    assert_eq!(files(&directory.path().join("store")), before);
    assert!(!directory.path().join("checkpoint-0").exists());
}

#[tokio::test]
async fn reading_only_needs_no_lock_file_and_makes_none() {
    let (directory, store) = store_of(300).await;
    drop(store);
    fs::remove_file(directory.path().join("LOCK")).unwrap();
    let store = open_read_only(directory.path()).await.unwrap();
    contract::assert_holds(&store, SHARD, 300).await;
    assert!(!directory.path().join("LOCK").exists());
}

#[tokio::test]
async fn only_an_empty_place_gets_a_new_store() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data");
    assert!(!RocksEngine::exists(&path).unwrap());
    let result = RocksEngine::open_read_only(&path, &RocksOptions::default());
    assert!(matches!(result, Err(EngineError::NoStore { .. })));
    assert!(!path.exists());

    let store = open(&path).await;
    contract::create(&store, SHARD, 3).await;
    store.keep_checkpoint(SHARD, "checkpoint").await.unwrap();
    drop(store);
    assert!(RocksEngine::exists(&path).unwrap());

    fs::remove_dir_all(path.join("store")).unwrap();
    assert!(RocksEngine::exists(&path).unwrap());
    let options = RocksOptions::default();
    for result in [
        RocksEngine::open(&path, &options, &first_rows()),
        RocksEngine::open_read_only(&path, &RocksOptions::default()),
    ] {
        match result {
            Err(EngineError::NotEmpty { found, .. }) => assert_eq!(found, "checkpoint-0"),
            other => panic!("{:?}", other.err()),
        }
    }
    assert!(!path.join("store").exists());
}

#[tokio::test]
async fn an_unfinished_store_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let unfinished = directory.path().join("store.new");
    fs::create_dir(&unfinished).unwrap();
    fs::write(unfinished.join("CURRENT"), "MANIFEST-000001").unwrap();
    assert!(!RocksEngine::exists(directory.path()).unwrap());
    contract::a_round_is_read_back(&*open(directory.path()).await).await;
    assert!(!unfinished.exists());
}

#[tokio::test]
async fn a_failed_write_stops_the_writer_but_no_reader() {
    let (_directory, store) = store_of(3).await;
    store.engine.stop();
    let refused = [
        store.commit(&[(SHARD, &contract::round(3..4))]).await,
        store
            .create_shard(ShardId::new(1), &contract::identity(1), &contract::head(0))
            .await,
        store.change_trees(&TreeChange::default()).await,
        store.correct(SHARD, &correction(&[], Some("text"))).await,
    ];
    for result in refused {
        assert!(
            matches!(result, Err(StorageError::Engine(EngineError::Stopped))),
            "{result:?}"
        );
    }
    contract::assert_holds(&store, SHARD, 3).await;
}

#[tokio::test]
async fn corrections_are_there_after_reopening() {
    let (directory, store) = store_of(300).await;
    let rows = store.search_rows(SHARD, None, 1_000).await.unwrap();
    let (removed, kept) = rows.split_at(200);
    let under_way = correction(removed, Some("a third"));
    store.correct(SHARD, &under_way).await.unwrap();
    drop(store);

    let store = open(directory.path()).await;
    assert_eq!(store.search_rows(SHARD, None, 1_000).await.unwrap(), kept);
    let progress = store.reindex_progress().await.unwrap();
    assert_eq!(progress.as_deref(), Some(&b"a third"[..]));
    assert_eq!(store.shards().await.unwrap(), [SHARD]);
    let complete = Correction {
        names: Vec::new(),
        add: removed.to_vec(),
        ..correction(&[], None)
    };
    store.correct(SHARD, &complete).await.unwrap();
    drop(store);

    let store = open(directory.path()).await;
    contract::assert_holds(&store, SHARD, 300).await;
    assert_eq!(store.reindex_progress().await.unwrap(), None);
}

/// Nothing writes such rows, and each of them can go.
#[tokio::test]
async fn rows_behind_the_end_can_be_removed() {
    let (_directory, store) = store_of(5).await;
    let planted = SearchRow {
        key: contract::search_key(1),
        index: LeafIndex::new(7),
    };
    let row = planted_search_row(SHARD, &planted);
    store.engine.write(row).await.unwrap();
    let rows = store.search_rows(SHARD, None, 1_000).await.unwrap();
    assert!(rows.contains(&planted));
    let without = correction(&[planted], None);
    store.correct(SHARD, &without).await.unwrap();
    assert_eq!(
        store.has_search_rows(SHARD, &[planted]).await.unwrap(),
        [false]
    );
    contract::assert_holds(&store, SHARD, 5).await;
}

#[tokio::test]
async fn repeating_bodies_shrink() {
    let (directory, store) = store_of(0).await;
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
    store.commit(&[(SHARD, &round)]).await.unwrap();
    flush(&store);
    let tables = store.engine.database().live_files().unwrap();
    let stored: usize = tables
        .iter()
        .filter(|table| table.column_family_name == "entries")
        .map(|table| table.size)
        .sum();
    assert!(stored * 4 < bodies, "{stored} bytes for {bodies}");
    drop(store);
    let store = open(directory.path()).await;
    for (index, entry) in round.indexed() {
        assert_eq!(
            store.entry(SHARD, index).await.unwrap().unwrap().body,
            entry.body
        );
    }
}

#[tokio::test]
async fn statistics_show_what_is_used() {
    let (_directory, store) = store_of(1_000).await;
    let before = store.statistics().await.unwrap();
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
        .await
        .unwrap();
    let after = store.statistics().await.unwrap();
    assert!(after.disk_bytes > before.disk_bytes, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_rounds_are_read_beside_the_writer() {
    let (_directory, store) = store_of(300).await;
    let store = Arc::new(store);
    let reads = Arc::clone(&store);
    let reader = tokio::spawn(async move {
        for _ in 0..5 {
            let size = reads.head(SHARD).await.unwrap().unwrap().size.get();
            let page = reads.entries(SHARD, 0..size, ALL).await.unwrap();
            assert_eq!(page.entries.len() as u64, size);
        }
    });
    for from in (300..1_300).step_by(50) {
        let round = contract::round(from..from + 50);
        store.commit(&[(SHARD, &round)]).await.unwrap();
    }
    reader.await.unwrap();
    contract::assert_holds(&store, SHARD, 1_300).await;
}

/// A store and what it is built on, which some tests reach behind its back.
struct OnDisk {
    schema: Schema,
    engine: Arc<RocksEngine>,
}

impl Deref for OnDisk {
    type Target = Schema;

    fn deref(&self) -> &Schema {
        &self.schema
    }
}

async fn open(directory: &Path) -> OnDisk {
    try_open(directory).await.unwrap()
}

async fn try_open(directory: &Path) -> Result<OnDisk, StorageError> {
    let options = RocksOptions::default();
    let engine = Arc::new(RocksEngine::open(directory, &options, &first_rows())?);
    let schema = Schema::open(Arc::clone(&engine) as Arc<dyn Engine>).await?;
    Ok(OnDisk { schema, engine })
}

async fn open_read_only(directory: &Path) -> Result<OnDisk, StorageError> {
    let engine = Arc::new(RocksEngine::open_read_only(
        directory,
        &RocksOptions::default(),
    )?);
    let schema = Schema::open_read_only(Arc::clone(&engine) as Arc<dyn Engine>).await?;
    Ok(OnDisk { schema, engine })
}

async fn plant_schema_version(store: &OnDisk, version: u32) {
    let planted = planted_schema_version(version);
    store.engine.write(planted).await.unwrap();
}

fn correction(remove: &[SearchRow], progress: Option<&'static str>) -> Correction {
    Correction {
        names: Vec::new(),
        seen: TreeSize::new(300),
        add: Vec::new(),
        remove: remove.to_vec(),
        progress: progress.map(bytes::Bytes::from),
    }
}

async fn store_of(size: u64) -> (TempDir, OnDisk) {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).await;
    contract::create(&store, SHARD, size).await;
    (directory, store)
}

fn flush(store: &OnDisk) {
    for family in Table::ALL {
        store
            .engine
            .database()
            .flush_cf(store.engine.handle(family))
            .unwrap();
    }
}

/// Whoever wants to write is refused, and whoever reads is told.
async fn assert_damaged(directory: &Path, what: &str) {
    match try_open(directory).await {
        Err(StorageError::Damaged(_)) => {}
        Err(other) => panic!("{what}: {other:?}"),
        Ok(_) => panic!("{what}: the store opened"),
    }
    match open_read_only(directory).await {
        Err(StorageError::Damaged(_)) => {}
        Err(other) => panic!("{what}: {other:?}"),
        Ok(store) => assert_ne!(store.verify(SHARD).await.unwrap(), [], "{what}"),
    }
}

/// What is wrong, where the engine found it.
fn engine_part(damage: &Damage) -> &str {
    match damage {
        Damage::Engine(damage) => &damage.part,
        other => panic!("{other:?}"),
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

const ALL: PageLimit = PageLimit {
    entries: usize::MAX,
    bytes: usize::MAX,
};
