//! Every durable step of a log, and what may happen to it: an error before or after it was done, a
//! crash before or after, a power cut. Whatever comes, and whatever comes next, nothing that was
//! acknowledged is lost, no size gets a second root, and the next open gives a log that goes on.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_log::AttachError;
use ledgerstone_log::KeptStatement;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::OpenError;
use ledgerstone_log::Submission;
use ledgerstone_log::fsck;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::EngineDamage;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::RowName;
use ledgerstone_storage::Statistics;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;
use ledgerstone_storage::engine::Answer;
use ledgerstone_storage::engine::Batch;
use ledgerstone_storage::engine::Change;
use ledgerstone_storage::engine::Engine;
use ledgerstone_storage::engine::KeyRange;
use ledgerstone_storage::engine::MemoryEngine;
use ledgerstone_storage::engine::Page;
use ledgerstone_storage::engine::Reuse;
use ledgerstone_storage::engine::Scan;
use ledgerstone_storage::engine::Table;
use ledgerstone_storage::first_rows;

use crate::ORIGIN;
use crate::body;
use crate::incident::LIMITS;
use crate::ready;
use crate::statements::hashed;

/// The tree kinds of the log, in which every entry is logged.
const KINDS: [TreeKind; 2] = [TreeKind::REKOR_V2, TreeKind::REKOR_V1];

/// How many durable steps of the second start may meet a second fault.
const SECOND_STEPS: usize = 5;

/// What happens to a durable step.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// It fails, and nothing is stored.
    ErrorBefore,
    /// It is stored, and fails all the same.
    ErrorAfter,
    /// The process ends before it.
    CrashBefore,
    /// The process ends when it is done.
    CrashAfter,
    /// The power goes when it is done: what was not synced is as it was.
    PowerLoss,
}

const FAULTS: [Fault; 5] = [
    Fault::ErrorBefore,
    Fault::ErrorAfter,
    Fault::CrashBefore,
    Fault::CrashAfter,
    Fault::PowerLoss,
];

/// What a durable step is for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Step {
    /// Trees are made.
    Create,
    /// Public keys are kept in the store.
    PublicKeys,
    /// A checkpoint is kept outside the store.
    Keep,
    /// A round is stored.
    Commit,
    /// Rows of the search index are corrected, and how far that is.
    Correct,
    /// What is left of a statement is indexed, or taken away.
    Index,
    /// Timestamps are kept, or a statement.
    Timestamps,
}

const STEPS: [Step; 7] = [
    Step::Create,
    Step::PublicKeys,
    Step::Keep,
    Step::Commit,
    Step::Correct,
    Step::Index,
    Step::Timestamps,
];

/// What a disk has, through all starts.
#[derive(Clone, Default)]
struct Disk {
    batches: Vec<Batch>,
    kept: BTreeMap<u32, Bytes>,
    /// The kept texts that no power cut takes back.
    synced: BTreeMap<u32, Bytes>,
}

/// One start of a process on a disk, to which something happens at one of its durable steps.
struct Process {
    rows: MemoryEngine,
    state: Mutex<State>,
}

struct State {
    disk: Disk,
    /// The step, counted from 0, and what happens to it.
    fault: Option<(usize, Fault)>,
    steps: Vec<Step>,
    /// Whether nothing is stored any more.
    is_over: bool,
}

impl Process {
    fn start(disk: Disk, fault: Option<(usize, Fault)>) -> Arc<Self> {
        let rows = MemoryEngine::new(&first_rows());
        disk.batches.iter().for_each(|batch| rows.apply(batch));
        Arc::new(Self {
            rows,
            state: Mutex::new(State {
                disk,
                fault,
                steps: Vec::new(),
                is_over: false,
            }),
        })
    }

    /// What the disk has when the process is gone.
    fn end(&self) -> (Disk, Vec<Step>) {
        let state = self.state.lock().unwrap();
        (state.disk.clone(), state.steps.clone())
    }

    /// Does a durable step, or what happens to it.
    fn step(&self, step: Step, change: impl FnOnce(&mut Disk)) -> Result<(), EngineError> {
        let mut state = self.state.lock().unwrap();
        if state.is_over {
            return Err(EngineError::Stopped);
        }
        let number = state.steps.len();
        state.steps.push(step);
        let fault = state.fault.filter(|(at, _)| *at == number);
        let Some((_, fault)) = fault else {
            change(&mut state.disk);
            return Ok(());
        };
        // What fails, and what does not come back, ends the process.
        state.is_over = true;
        if !matches!(fault, Fault::ErrorBefore | Fault::CrashBefore) {
            change(&mut state.disk);
        }
        if fault == Fault::PowerLoss {
            state.disk.kept = state.disk.synced.clone();
        }
        Err(EngineError::Io {
            action: "write to",
            path: "a test's disk".into(),
            source: std::io::Error::other("failed"),
        })
    }

    fn write_batch(&self, batch: Batch) -> Result<(), EngineError> {
        let step = step_of(&batch);
        let stored = batch.clone();
        self.step(step, |disk| disk.batches.push(stored))?;
        self.rows.apply(&batch);
        Ok(())
    }

    fn keep(&self, tree: u32, from: Option<&Bytes>, to: Bytes) -> Result<(), EngineError> {
        let kept = self.state.lock().unwrap().disk.kept.get(&tree).cloned();
        if kept.as_ref() != from {
            return Err(EngineError::KeptDiffers { tree });
        }
        let is_as_long = kept.is_some_and(|kept| kept.len() == to.len());
        self.step(Step::Keep, |disk| {
            disk.kept.insert(tree, to.clone());
            // A file that is replaced is synced; one that is written over is not.
            if !is_as_long {
                disk.synced.insert(tree, to);
            }
        })
    }
}

fn step_of(batch: &Batch) -> Step {
    let mut step = None;
    for change in batch.changes() {
        let (table, key) = match change {
            Change::Put { table, key, .. } | Change::Delete { table, key } => (table, key),
        };
        let of_row = match RowName::of(table, key).unwrap() {
            RowName::Identity(_) => Step::Create,
            RowName::PublicKeys(_) => Step::PublicKeys,
            RowName::Reindex => Step::Correct,
            RowName::Head(_) => Step::Commit,
            RowName::Unindexed(_) => Step::Index,
            RowName::Attestation => Step::Timestamps,
            _ => continue,
        };
        step = Some(step.map_or(of_row, |step: Step| step.min(of_row)));
    }
    step.unwrap()
}

impl Engine for Process {
    fn blocks(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, table: Table, key: &'a [u8]) -> Answer<'a, Option<Bytes>> {
        self.rows.get(table, key)
    }

    fn multi_get<'a>(
        &'a self,
        table: Table,
        keys: &'a [&'a [u8]],
        reuse: Reuse,
    ) -> Answer<'a, Vec<Option<Bytes>>> {
        self.rows.multi_get(table, keys, reuse)
    }

    fn scan<'a>(&'a self, scan: &'a Scan) -> Answer<'a, Page> {
        self.rows.scan(scan)
    }

    fn write(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move { self.write_batch(batch) })
    }

    fn kept(&self, tree: u32) -> Answer<'_, Option<Bytes>> {
        let kept = self.state.lock().unwrap().disk.kept.get(&tree).cloned();
        Box::pin(async move { Ok(kept) })
    }

    fn advance(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Answer<'_, ()> {
        Box::pin(async move { self.keep(tree, from.as_ref(), to) })
    }

    fn sync_kept(&self, tree: u32) -> Answer<'_, ()> {
        let mut state = self.state.lock().unwrap();
        let kept = state.disk.kept.get(&tree).cloned();
        state.disk.synced.extend(kept.map(|kept| (tree, kept)));
        Box::pin(async { Ok(()) })
    }

    fn verify<'a>(&'a self, keys: &'a KeyRange) -> Answer<'a, Vec<EngineDamage>> {
        self.rows.verify(keys)
    }

    fn statistics(&self) -> Answer<'_, Statistics> {
        self.rows.statistics()
    }
}

/// What the world knows of a log.
#[derive(Clone, Default)]
struct Seen {
    /// The entries that were acknowledged, by tree: the number of the entry and its index.
    acknowledged: BTreeMap<(u64, u64), u64>,
    /// The roots that were signed, by tree and size.
    roots: BTreeMap<(u64, u64), Hash>,
    /// Where the entry is that a statement is handed in for.
    vouching: Option<(u64, LeafIndex)>,
    /// Whether it was told that the statement is kept.
    is_attached: bool,
    /// Whether it was asked to remove it, and told that it is.
    is_detached: Option<bool>,
}

impl Seen {
    fn root(&mut self, tree: u64, size: TreeSize, root: Hash) {
        let known = self.roots.insert((tree, size.get()), root);
        assert!(
            known.is_none_or(|known| known == root),
            "two roots for size {size} of tree {tree}"
        );
    }

    /// Whatever was told stays true.
    fn check(&mut self, log: &Log) {
        self.check_statement(log);
        for tree in log.trees().all() {
            let head = tree.head();
            self.root(tree.tree_id(), head.size(), head.root());
            let of_tree = |(id, _): &(u64, u64)| *id == tree.tree_id();
            for ((_, size), root) in self.roots.iter().filter(|(key, _)| of_tree(key)) {
                let now = ready(tree.root_at(TreeSize::new(*size))).unwrap();
                assert_eq!(now, *root, "another root at size {size}");
            }
            for ((_, number), index) in self.acknowledged.iter().filter(|(key, _)| of_tree(key)) {
                let index = LeafIndex::new(*index);
                let entry = ready(tree.entry(index)).unwrap();
                assert_eq!(entry.unwrap().body, body(*number), "entry {number} is lost");
            }
        }
    }

    /// What was told of a statement stays true.
    fn check_statement(&self, log: &Log) {
        let Some((tree_id, index)) = self.vouching else {
            return;
        };
        let trees = log.trees();
        let tree = trees.by_tree_id(tree_id).unwrap();
        let entry = ready(tree.entry(index)).unwrap().unwrap();
        let kept = ready(tree.statement(index, &entry)).unwrap();
        let known = ready(tree.known(index, &entry)).unwrap();
        match (self.is_attached, self.is_detached) {
            (true, None) => {
                assert!(matches!(kept, Some(KeptStatement::Kept(_))), "{kept:?}");
                assert!(known.stated().count() > 1, "it names nothing");
            }
            (_, Some(true)) => {
                assert!(matches!(kept, Some(KeptStatement::Removed(_))), "{kept:?}");
                assert!(known.is_removed && known.stated().count() == 1);
            }
            _ => {}
        }
    }

    /// Hands in a statement, as far as the log goes.
    async fn attach(&mut self, log: &Log, entry: &PreparedEntry, envelope: &AttachedStatement) {
        let appended = log.append(TreeKind::REKOR_V2, entry.clone().into()).await;
        let Ok(appended) = appended else {
            return;
        };
        self.vouching = Some((appended.tree_id, appended.index));
        match log.attach(None, envelope.clone(), LIMITS).await {
            Ok(_) => self.is_attached = true,
            Err(AttachError::Removed) => assert!(self.is_detached.is_some()),
            Err(AttachError::NoEntry) => panic!("the entry is not found"),
            Err(_) => {}
        }
    }

    /// Removes it again.
    async fn detach(&mut self, log: &Log) {
        let Some((tree_id, index)) = self.vouching.filter(|_| self.is_attached) else {
            return;
        };
        self.is_detached.get_or_insert(false);
        if log.detach(tree_id, index).await.is_ok() {
            self.is_detached = Some(true);
        }
    }

    /// Appends an entry to each tree, as far as the log goes.
    async fn append(&mut self, log: &Log, number: u64) {
        for kind in KINDS {
            let submission = Submission::new(body(number)).unwrap();
            let Ok(appended) = log.append(kind, submission).await else {
                continue;
            };
            let tree = appended.tree_id;
            let key = (tree, number);
            let index = appended.index.get();
            let known = self.acknowledged.insert(key, index);
            assert!(known.is_none_or(|known| known == index), "logged twice");
            self.root(tree, appended.head.size(), appended.head.root());
        }
    }
}

/// The keys of a log, which no fault touches.
struct Log0 {
    trees: Vec<NewTree>,
    keyring: Keyring,
    options: LogOptions,
    /// An entry, and the statement that it vouches for.
    entry: PreparedEntry,
    envelope: AttachedStatement,
}

impl Log0 {
    fn new() -> Self {
        let trees = NewTree::of_log(ORIGIN);
        let options = LogOptions::default();
        let keyring = Keyring::generate(&trees, &options.protocols).unwrap();
        let (entry, envelope) = hashed("app");
        Self {
            trees,
            keyring,
            options,
            entry,
            envelope,
        }
    }

    /// Opens the log, and makes it where it is not there.
    fn open(&self, store: Store) -> Result<Log, OpenError> {
        let (keyring, options) = (self.keyring.clone(), self.options.clone());
        match store.shards()?.is_empty() {
            true => Log::create(store, &self.trees, keyring, options),
            false => Log::open(store, keyring, options),
        }
    }

    /// A life of a process: it opens the log, takes entries and a statement, rebuilds the search
    /// index, takes more, removes the statement, and closes. It ends at the fault.
    async fn live(
        &self,
        disk: Disk,
        fault: Option<(usize, Fault)>,
        seen: &mut Seen,
        first: u64,
    ) -> (Disk, Vec<Step>) {
        let process = Process::start(disk, fault);
        let store = Store::open(Arc::clone(&process) as Arc<dyn Engine>).unwrap();
        match self.open(store) {
            Ok(log) => {
                seen.check(&log);
                // What was asked before may be asked again.
                for number in first.saturating_sub(2)..first + 3 {
                    seen.append(&log, number).await;
                }
                seen.attach(&log, &self.entry, &self.envelope).await;
                if log.start_reindex().is_ok() {
                    while log.reindex_status().is_running() {
                        tokio::task::yield_now().await;
                    }
                }
                seen.append(&log, first + 3).await;
                seen.detach(&log).await;
                let closed = log.close().await;
                assert!(closed.is_ok() || fault.is_some(), "{closed:?}");
            }
            Err(error) => assert!(
                matches!(error, OpenError::Storage(_)) && fault.is_some(),
                "a healthy log is refused: {error}"
            ),
        }
        process.end()
    }

    /// The log goes on, and is whole.
    async fn goes_on(&self, disk: Disk, seen: &mut Seen) {
        let (disk, _) = self.live(disk, None, seen, 20).await;
        for number in 18..24 {
            for tree in &self.trees {
                let key = (tree.tree_id, number);
                assert!(
                    seen.acknowledged.contains_key(&key),
                    "{number} is not taken"
                );
            }
        }
        let process = Process::start(disk, None);
        let store = Store::open(process as Arc<dyn Engine>).unwrap();
        for tree in &self.trees {
            let key = self.keyring.checkpoint_key(tree.tree_id);
            let report = fsck(&store, tree.shard, key, &mut |_, _| ()).unwrap();
            assert_eq!(report.findings, []);
        }
    }
}

/// One fault at each step of a life, and two in a row.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_fault_of_any_step_loses_or_forks_anything() {
    let log = Log0::new();
    let (_, steps) = log
        .live(Disk::default(), None, &mut Seen::default(), 0)
        .await;
    let known: BTreeSet<Step> = steps.iter().copied().collect();
    assert_eq!(known, BTreeSet::from(STEPS), "the table lacks a step");
    for (number, step) in steps.iter().enumerate() {
        for fault in FAULTS {
            eprintln!("step {number}, {step:?}: {fault:?}");
            let mut seen = Seen::default();
            let (disk, _) = log
                .live(Disk::default(), Some((number, fault)), &mut seen, 0)
                .await;
            log.goes_on(disk.clone(), &mut seen.clone()).await;
            // Of the second one, those that bear on what the first one left.
            let second = FAULTS[(number + fault as usize) % FAULTS.len()];
            for again in 0..SECOND_STEPS {
                let mut seen = seen.clone();
                let (disk, _) = log
                    .live(disk.clone(), Some((again, second)), &mut seen, 10)
                    .await;
                log.goes_on(disk, &mut seen).await;
            }
        }
    }
}
