//! The contract over rows in memory, how work is shared out on an engine that blocks, and the store
//! for callers that block.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;

use crate::contract;
use crate::contract::SHARD;
use crate::correction::Correction;
use crate::engine::MemoryEngine;
use crate::schema::BLOCKING_WORKERS;
use crate::schema::Schema;
use crate::schema::first_rows;
use crate::schema::planted_schema_version;
use crate::shard_id::ShardId;
use crate::store::Store;
use crate::trees::OLD_SCHEMA_VERSION;

crate::contract_tests!(|| ((), contract::run(open(MemoryEngine::new(&first_rows())))));
crate::contract_tests!(old: || {
    let engine = MemoryEngine::new(&planted_schema_version(OLD_SCHEMA_VERSION));
    ((), contract::run(open(engine)))
});

async fn open(engine: MemoryEngine) -> Schema {
    Schema::open(Arc::new(engine)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_more_than_so_many_threads_work_at_once() {
    let store = Arc::new(open(MemoryEngine::new(&first_rows())).await);
    contract::create(&store, SHARD, 10).await;
    let at_work = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..10 * BLOCKING_WORKERS as u64)
        .map(|number| {
            let (store, at_work) = (Arc::clone(&store), Arc::clone(&at_work));
            let most = Arc::clone(&most);
            tokio::spawn(async move {
                let work = move |store: Arc<Schema>| async move {
                    let now = at_work.fetch_add(1, Ordering::SeqCst) + 1;
                    most.fetch_max(now, Ordering::SeqCst);
                    let entry = store.entry(SHARD, LeafIndex::new(number % 10)).await;
                    std::thread::yield_now();
                    at_work.fetch_sub(1, Ordering::SeqCst);
                    entry
                };
                assert!(store.run(work).await.unwrap().is_some());
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let most = most.load(Ordering::SeqCst);
    assert!((1..=BLOCKING_WORKERS).contains(&most), "{most}");
}

/// As many callers as there are workers give up work without an end: it ends, and others have the
/// workers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn work_ends_when_nobody_waits_for_it() {
    let store = Arc::new(open(MemoryEngine::new(&first_rows())).await);
    contract::create(&store, SHARD, 1).await;
    let (began, mut begins) = tokio::sync::mpsc::unbounded_channel();
    let tasks: Vec<_> = (0..BLOCKING_WORKERS)
        .map(|_| {
            let (store, began) = (Arc::clone(&store), began.clone());
            tokio::spawn(async move {
                let endless = move |store: Arc<Schema>| async move {
                    began.send(()).unwrap();
                    loop {
                        let entry = store.entry(SHARD, LeafIndex::new(0)).await;
                        entry.unwrap().unwrap();
                    }
                };
                store.run::<(), _, _>(endless).await;
            })
        })
        .collect();
    for _ in 0..BLOCKING_WORKERS {
        begins.recv().await.unwrap();
    }
    for task in tasks {
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    let shards = store.run(async |store| store.shards().await).await;
    assert_eq!(shards.unwrap(), [SHARD]);
}

#[tokio::test]
async fn a_panic_of_a_worker_is_the_callers() {
    let store = Arc::new(open(MemoryEngine::new(&first_rows())).await);
    let again = Arc::clone(&store);
    let panicked = tokio::spawn(async move {
        let work = |_| async { panic!("a test's own") };
        again.run::<(), _, _>(work).await;
    });
    assert!(panicked.await.unwrap_err().is_panic());
    assert_eq!(
        store.run(async |store| store.shards().await).await.unwrap(),
        []
    );
}

#[test]
fn visits_go_over_all_pages_and_end_where_they_are_told() {
    let store = Store::in_memory();
    contract::run(contract::create(store.schema(), SHARD, 5_000));
    for (range, last) in [
        (0..5_000, 4_999),
        (7..u64::MAX, 4_999),
        (3..4_990, 4_989),
        (4_999..5_000, 4_999),
    ] {
        for stop in [range.start, (range.start + 100).min(last), last, u64::MAX] {
            let mut next = range.start;
            let visit = &mut |index: LeafIndex, _| {
                assert_eq!(index.get(), next);
                next += 1;
                if index.get() == stop {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            };
            store.visit_entries(SHARD, range.clone(), visit).unwrap();
            assert_eq!(next, stop.min(last) + 1, "{range:?} until {stop}");
        }
    }
}

#[test]
fn callers_that_block_wait_for_each_other() {
    let store = Store::in_memory();
    contract::run(contract::create(store.schema(), SHARD, 0));
    std::thread::scope(|threads| {
        for number in 0..8 {
            let store = &store;
            threads.spawn(move || {
                for _ in 0..50 {
                    store.keep_checkpoint(ShardId::new(number), "text").unwrap();
                    let correction = Correction {
                        names: Vec::new(),
                        seen: TreeSize::EMPTY,
                        add: Vec::new(),
                        remove: Vec::new(),
                        progress: Some("under way".into()),
                    };
                    store.correct(SHARD, &correction).unwrap();
                }
            });
        }
        for position in 0..200 {
            let round = contract::round(position..position + 1);
            store.commit(&[(SHARD, &round)]).unwrap();
        }
    });
    contract::run(contract::assert_holds(store.schema(), SHARD, 200));
}
