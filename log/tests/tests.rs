//! The log against a store that may fail: what it promises, and what it refuses.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

mod append;
mod clock;
mod damaged;
mod fatal;
mod fault_table;
mod faulty;
mod fsck;
mod import;
mod imported;
mod incident;
mod protocols;
mod read;
mod read_only;
mod recall;
mod recovery;
mod reindex;
mod scrub;
mod search;
mod slow;
mod statements;
mod trees;
mod upgrade;

use std::ops::Deref;
use std::pin::pin;
use std::sync::Arc;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bytes::Bytes;
use ledgerstone_log::AppendError;
use ledgerstone_log::Appended;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::OpenError;
use ledgerstone_log::Submission;
use ledgerstone_log::Tree;
use ledgerstone_log::fsck;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;

use crate::faulty::FaultyStore;

/// Where the tree of Rekor v2 lies, which most tests are about.
pub(crate) const SHARD: ShardId = ShardId::new(0);
/// Where the tree of Rekor v1 lies, in a site that has one.
pub(crate) const V1_SHARD: ShardId = ShardId::new(1);
pub(crate) const ORIGIN: &str = "log.example.com";

/// A log's store and keys, which stay when the log is closed.
pub(crate) struct Site {
    pub(crate) store: FaultyStore,
    pub(crate) trees: Vec<NewTree>,
    pub(crate) keyring: Keyring,
    pub(crate) options: LogOptions,
}

impl Site {
    /// With a tree of Rekor v2 alone.
    pub(crate) fn new() -> Self {
        Self::of(vec![NewTree::new(SHARD, TreeKind::REKOR_V2, ORIGIN)])
    }

    /// With a tree for each of Rekor's protocols.
    pub(crate) fn with_both() -> Self {
        Self::of(NewTree::of_log(ORIGIN))
    }

    pub(crate) fn of(trees: Vec<NewTree>) -> Self {
        let options = LogOptions::default();
        let keyring = Keyring::generate(&trees, &options.protocols).unwrap();
        Self {
            store: FaultyStore::new(),
            trees,
            keyring,
            options,
        }
    }

    pub(crate) fn create(&self) -> Running {
        Running::new(self.try_create().unwrap())
    }

    pub(crate) fn try_create(&self) -> Result<Log, OpenError> {
        Log::create(
            self.store.store.clone(),
            &self.trees,
            self.keyring.clone(),
            self.options.clone(),
        )
    }

    pub(crate) fn open(&self) -> Result<Running, OpenError> {
        self.open_with(self.keyring.clone())
    }

    pub(crate) fn open_with(&self, keyring: Keyring) -> Result<Running, OpenError> {
        let log = Log::open(self.store.store.clone(), keyring, self.options.clone());
        log.map(Running::new)
    }

    /// A log that held `count` entries and was closed.
    pub(crate) async fn with_entries(count: u64) -> Self {
        let site = Self::new();
        let log = site.create();
        append_all(&log, 0..count).await;
        log.close().await.unwrap();
        site
    }

    /// The key that signs the checkpoints of the tree in [`SHARD`].
    pub(crate) fn key(&self) -> VerifierKey {
        let key = self.keyring.checkpoint_key(self.trees[0].tree_id);
        key.unwrap().clone()
    }

    /// Checks the whole store against itself and against the checkpoint that was signed last.
    pub(crate) fn check_whole_log(&self, size: u64) {
        let store: &Store = &self.store;
        let report = fsck(store, SHARD, Some(&self.key()), &mut |_, _| ()).unwrap();
        assert_eq!(report.findings, []);
        assert_eq!(report.size.get(), size);
    }
}

/// A log that runs, read as its tree of Rekor v2.
#[derive(Clone)]
pub(crate) struct Running {
    pub(crate) log: Log,
    tree: Tree,
}

impl Running {
    fn new(log: Log) -> Self {
        let tree = log.trees().growing_of(TreeKind::REKOR_V2).unwrap().clone();
        Self { log, tree }
    }

    pub(crate) async fn append(&self, submission: Submission) -> Result<Appended, AppendError> {
        self.log.append(TreeKind::REKOR_V2, submission).await
    }

    pub(crate) async fn close(&self) -> Result<(), ledgerstone_log::CloseError> {
        self.log.close().await
    }

    pub(crate) async fn failed(&self) -> Arc<ledgerstone_log::Fatal> {
        self.log.failed().await
    }
}

impl Deref for Running {
    type Target = Tree;

    fn deref(&self) -> &Tree {
        &self.tree
    }
}

/// What a read of a store in memory comes to, which never waits.
#[track_caller]
pub(crate) fn ready<T>(read: impl Future<Output = T>) -> T {
    match pin!(read).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(read) => read,
        Poll::Pending => panic!("a store in memory waits"),
    }
}

pub(crate) fn body(number: u64) -> Bytes {
    format!("{{\"entry\":{number}}}").into()
}

pub(crate) async fn append(log: &Running, number: u64) -> Result<Appended, AppendError> {
    log.append(Submission::new(body(number))?).await
}

/// Appends many at the same time, so that rounds carry many entries, but no more than the queue
/// holds.
pub(crate) async fn append_all(log: &Running, numbers: std::ops::Range<u64>) -> Vec<Appended> {
    let numbers: Vec<u64> = numbers.collect();
    let mut appended = Vec::new();
    for some in numbers.chunks(LogOptions::default().queue_entries / 2) {
        let tasks: Vec<_> = some
            .iter()
            .map(|&number| {
                let log = log.clone();
                tokio::spawn(async move { append(&log, number).await.unwrap() })
            })
            .collect();
        for task in tasks {
            appended.push(task.await.unwrap());
        }
    }
    appended
}

/// Opens a checkpoint as a stranger would, with the log's public key alone.
pub(crate) fn verified(checkpoint: &str, key: &VerifierKey) -> Checkpoint {
    let note = SignedNote::parse(checkpoint).unwrap();
    note.verify(std::slice::from_ref(key)).unwrap();
    Checkpoint::parse(note.text()).unwrap()
}

pub(crate) fn key(log: &Running) -> VerifierKey {
    log.checkpoint_key().clone()
}
