//! A log over an engine that waits for a network, as one over object storage does.

use std::sync::Arc;
use std::sync::mpsc;

use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::Submission;
use ledgerstone_log::Tree;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;
use ledgerstone_storage::engine::Bucket;
use ledgerstone_storage::first_rows;

use crate::ORIGIN;
use crate::body;

const ENTRIES: u64 = 300;
const READS: u64 = 1_000;

/// Entries are appended at once, and after another start a thousand reads are proven at once, while
/// somebody else has the only thread for work that blocks.
#[test]
fn appends_and_reads_hold_no_thread_while_the_engine_waits() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let (release, held) = mpsc::channel::<()>();
    let blocker = runtime.spawn_blocking(move || held.recv());
    runtime.block_on(async {
        let (trees, options) = (NewTree::of_log(ORIGIN), LogOptions::default());
        let keyring = Keyring::generate(&trees, &options.protocols).unwrap();
        let bucket = Bucket::new(&first_rows());
        let log = Log::create(open(&bucket), &trees, keyring.clone(), options.clone()).unwrap();
        append_all(&log).await;
        log.close().await.unwrap();

        let log = Log::open(open(&bucket), keyring, options).unwrap();
        read_all(&log).await;
        log.close().await.unwrap();
    });
    release.send(()).unwrap();
    runtime.block_on(blocker).unwrap().unwrap();
}

fn open(bucket: &Arc<Bucket>) -> Store {
    Store::open(Arc::new(bucket.open())).unwrap()
}

async fn append_all(log: &Log) {
    let tasks: Vec<_> = (0..ENTRIES)
        .map(|number| {
            let log = log.clone();
            let submission = Submission::new(body(number)).unwrap();
            tokio::spawn(async move { log.append(TreeKind::REKOR_V2, submission).await })
        })
        .collect();
    for task in tasks {
        let appended = task.await.unwrap().unwrap();
        let root = appended.head.root();
        appended.proof.verify(&appended.leaf_hash, &root).unwrap();
    }
}

async fn read_all(log: &Log) {
    let trees = log.trees();
    let tree = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert_eq!(tree.head().size().get(), ENTRIES);
    let tasks: Vec<_> = (0..READS)
        .map(|number| {
            let (log, tree) = (log.clone(), tree.clone());
            let index = LeafIndex::new(number % ENTRIES);
            tokio::spawn(async move { log.run(prove(tree, index)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}

async fn prove(tree: Tree, index: LeafIndex) {
    let proven = tree.proven_entry(index).await.unwrap().unwrap();
    let root = proven.head.root();
    proven.proof.verify(&proven.leaf_hash, &root).unwrap();
}
