//! The contract over an engine that is slow and whose fence can be lost, as one over object
//! storage.

use std::fs;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;

use ledgerstone_merkle::LeafIndex;

use crate::contract;
use crate::contract::SHARD;
use crate::correction::Correction;
use crate::engine::Bucket;
use crate::engine::EngineError;
use crate::error::StorageError;
use crate::schema::Schema;
use crate::schema::first_rows;
use crate::schema::planted_schema_version;
use crate::trees::OLD_SCHEMA_VERSION;
use crate::trees::TreeChange;

crate::contract_tests!(|| ((), contract::run(open(&Bucket::new(&first_rows())))));
crate::contract_tests!(old: || {
    let bucket = Bucket::new(&planted_schema_version(OLD_SCHEMA_VERSION));
    ((), contract::run(open(&bucket)))
});

async fn open(bucket: &Arc<Bucket>) -> Schema {
    Schema::open(Arc::new(bucket.open())).await.unwrap()
}

/// A second process takes over: whatever the first one still does changes nothing, and it hears so.
#[tokio::test(start_paused = true)]
async fn a_writer_without_the_fence_changes_nothing() {
    let bucket = Bucket::new(&first_rows());
    let first = open(&bucket).await;
    contract::create(&first, SHARD, 10).await;
    first.keep_checkpoint(SHARD, "of ten").await.unwrap();
    let second = open(&bucket).await;

    let advanced = first.advance_checkpoint(SHARD, Some("of ten"), "of eleven");
    assert_fenced(advanced.await);
    assert_fenced(first.commit(&[(SHARD, &contract::round(10..11))]).await);
    // What is stored is unknown to the first one from now on, so it is not even asked again.
    let later = [
        first.commit(&[(SHARD, &contract::round(10..12))]).await,
        first.change_trees(&TreeChange::default()).await,
    ];
    for refused in later {
        assert!(matches!(
            refused,
            Err(StorageError::Engine(
                EngineError::Stopped | EngineError::Fenced
            ))
        ));
    }
    contract::assert_holds(&first, SHARD, 10).await;

    second
        .commit(&[(SHARD, &contract::round(10..20))])
        .await
        .unwrap();
    let advanced = second.advance_checkpoint(SHARD, Some("of ten"), "of twenty");
    advanced.await.unwrap();
    contract::assert_holds(&second, SHARD, 20).await;
    contract::assert_holds(&first, SHARD, 20).await;
}

/// The fence goes while a write is under way: it is settled where the rows are.
#[tokio::test(start_paused = true)]
async fn a_write_under_way_loses_to_who_takes_the_fence() {
    let bucket = Bucket::new(&first_rows());
    let first = open(&bucket).await;
    contract::create(&first, SHARD, 10).await;
    let round = contract::round(10..11);
    let rounds = [(SHARD, &round)];
    let takes_over = async {
        // Behind the read of the head, and before the write is answered.
        tokio::time::sleep(Duration::from_millis(75)).await;
        bucket.open()
    };
    let (refused, second) = tokio::join!(first.commit(&rounds), takes_over);
    assert_fenced(refused);
    let second = Schema::open(Arc::new(second)).await.unwrap();
    contract::assert_holds(&second, SHARD, 10).await;
}

/// Nobody knows what became of a write that nobody waited for.
#[tokio::test(start_paused = true)]
async fn a_write_that_nobody_waits_for_stops_the_writer() {
    let bucket = Bucket::new(&first_rows());
    let store = open(&bucket).await;
    contract::create(&store, SHARD, 10).await;
    let round = contract::round(10..11);
    let rounds = [(SHARD, &round)];
    let while_it_checks = Duration::from_millis(25);
    let dropped = tokio::time::timeout(while_it_checks, store.commit(&rounds)).await;
    assert!(dropped.is_err());
    store.commit(&rounds).await.unwrap();

    let while_it_writes = Duration::from_millis(75);
    let correction = Correction {
        names: Vec::new(),
        seen: contract::head(11).size,
        add: Vec::new(),
        remove: Vec::new(),
        progress: None,
    };
    let correct = store.correct(SHARD, &correction);
    assert!(
        tokio::time::timeout(while_it_writes, correct)
            .await
            .is_err()
    );
    let refused = store.commit(&[(SHARD, &contract::round(11..12))]).await;
    assert!(matches!(
        refused,
        Err(StorageError::Engine(EngineError::Stopped))
    ));
    contract::assert_holds(&store, SHARD, 11).await;
    let again = open(&bucket).await;
    again
        .commit(&[(SHARD, &contract::round(11..12))])
        .await
        .unwrap();
}

/// Two replace the kept checkpoint of a tree: one of them hears that the other was there first.
#[tokio::test(start_paused = true)]
async fn one_of_two_that_advance_at_once_is_refused() {
    let bucket = Bucket::new(&first_rows());
    let store = open(&bucket).await;
    store.keep_checkpoint(SHARD, "old").await.unwrap();
    let (one, two) = tokio::join!(
        store.advance_checkpoint(SHARD, Some("old"), "one"),
        store.advance_checkpoint(SHARD, Some("old"), "two"),
    );
    let (won, refused) = if one.is_ok() {
        ("one", two)
    } else {
        ("two", one)
    };
    assert!(matches!(
        refused,
        Err(StorageError::Engine(EngineError::KeptDiffers { tree: 0 }))
    ));
    let kept = store.kept_checkpoint(SHARD).await.unwrap();
    assert_eq!(kept.as_deref(), Some(won));
}

/// A thousand reads wait at once, and not one of them has a thread: the only thread for blocking
/// work is held by somebody else, and there are no more threads than before.
#[test]
fn a_thousand_reads_wait_on_two_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let (release, held) = mpsc::channel::<()>();
    let blocker = runtime.spawn_blocking(move || held.recv());
    runtime.block_on(async {
        let bucket = Bucket::new(&first_rows());
        let store = Arc::new(open(&bucket).await);
        contract::create(&store, SHARD, 1_000).await;
        let before = threads();
        // None is answered before all are under way, and one more.
        bucket.gather(READS as usize + 1);
        let reads: Vec<_> = (0..READS)
            .map(|position| {
                let store = Arc::clone(&store);
                tokio::spawn(async move {
                    let index = LeafIndex::new(position);
                    let read = async move |store: Arc<Schema>| store.entry(SHARD, index).await;
                    store.run(read).await.unwrap().unwrap()
                })
            })
            .collect();
        while bucket.waiting() < READS as usize {
            tokio::task::yield_now().await;
        }
        let more = threads().saturating_sub(before);
        assert!(more < OTHER_TESTS, "{more} more threads than before");
        store.head(SHARD).await.unwrap();
        for (position, read) in (0..READS).zip(reads) {
            let entry = read.await.unwrap();
            assert_eq!(entry.body, contract::new_entry(position).body);
        }
    });
    release.send(()).unwrap();
    runtime.block_on(blocker).unwrap().unwrap();
}

/// The threads of this process, those of other tests included.
fn threads() -> usize {
    fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

fn assert_fenced(result: Result<(), StorageError>) {
    assert!(
        matches!(result, Err(StorageError::Engine(EngineError::Fenced))),
        "{result:?}"
    );
}

const READS: u64 = 1_000;

/// More threads than other tests start meanwhile.
const OTHER_TESTS: usize = 300;
