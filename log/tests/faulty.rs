//! A store that does what a test tells it to do wrong.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_storage::EngineDamage;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::RowName;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Statistics;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
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
use ledgerstone_storage::frozen_value;
use ledgerstone_storage::head_of_value;
use ledgerstone_storage::head_value;
use ledgerstone_storage::leaf_value;
use ledgerstone_storage::planted_search_row;

/// What goes wrong.
#[derive(Clone, Default)]
pub(crate) struct Faults {
    /// The commit fails, and nothing is stored.
    pub(crate) commit: bool,
    /// The commit stores the round, and fails all the same.
    pub(crate) commit_after: bool,
    /// The search index can be corrected so often, and then no more: nothing is stored.
    pub(crate) corrections_left: Option<usize>,
    /// The checkpoint cannot be kept.
    pub(crate) keep: bool,
    /// The body at this index reads back with one bit flipped.
    pub(crate) flipped_body: Option<u64>,
    /// This tile reads back with one bit flipped.
    pub(crate) flipped_tile: Option<TileId>,
    /// This tile is gone.
    pub(crate) lost_tile: Option<TileId>,
    /// This leaf hash leads to another index.
    pub(crate) wrong_index: Option<(Hash, u64)>,
    /// The body at this index cannot be read.
    pub(crate) unreadable_body: Option<u64>,
    /// Where this leaf hash leads cannot be read.
    pub(crate) unreadable_leaf: Option<Hash>,
    /// This tile cannot be read.
    pub(crate) unreadable_tile: Option<TileId>,
    /// No search key leads to this index.
    pub(crate) unsearchable: Option<u64>,
    /// No search key can be read.
    pub(crate) unreadable_search: bool,
    /// The store's own checksums find this.
    pub(crate) damage: Option<EngineDamage>,
    /// The kept checkpoint reads as this.
    pub(crate) kept: Option<Option<String>>,
    /// The checkpoint that the tree was frozen with reads as this, whether it was frozen or not.
    pub(crate) frozen: Option<String>,
    /// The head of this shard reads as this.
    pub(crate) head: Option<(ShardId, StoredHead)>,
}

/// A durable step, in the order in which it was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Step {
    Commit { size: u64 },
    Correct { complete: bool },
    Keep { checkpoint: String },
}

/// A store in memory with faults, which outlives the logs that use it, as a disk does. Clones share
/// it.
#[derive(Clone)]
pub(crate) struct FaultyStore {
    pub(crate) store: Store,
    engine: Arc<FaultyEngine>,
}

struct FaultyEngine {
    inner: MemoryEngine,
    faults: Mutex<Faults>,
    steps: Mutex<Vec<Step>>,
    /// Whether a rebuild of the search index does not get to see rows for now.
    held: Mutex<bool>,
    released: Condvar,
}

impl FaultyStore {
    pub(crate) fn new() -> Self {
        let engine = Arc::new(FaultyEngine {
            inner: MemoryEngine::new(&first_rows()),
            faults: Mutex::default(),
            steps: Mutex::default(),
            held: Mutex::default(),
            released: Condvar::new(),
        });
        let store = Store::open(Arc::clone(&engine) as Arc<dyn Engine>).unwrap();
        Self { store, engine }
    }

    pub(crate) fn set(&self, faults: Faults) {
        *self.engine.faults.lock().unwrap() = faults;
    }

    pub(crate) fn steps(&self) -> Vec<Step> {
        self.engine.steps.lock().unwrap().clone()
    }

    /// Writes a row of the search index as damage would.
    pub(crate) fn plant(&self, shard: ShardId, row: SearchRow) {
        self.engine.inner.apply(&planted_search_row(shard, &row));
    }

    /// Keeps a rebuild of the search index waiting until [`release`](Self::release).
    pub(crate) fn hold(&self) {
        *self.engine.held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.engine.held.lock().unwrap() = false;
        self.engine.released.notify_all();
    }
}

impl Deref for FaultyStore {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl FaultyEngine {
    fn faults(&self) -> Faults {
        self.faults.lock().unwrap().clone()
    }

    fn push(&self, step: Step) {
        self.steps.lock().unwrap().push(step);
    }

    /// What is read where `value` is stored.
    fn read(
        &self,
        table: Table,
        key: &[u8],
        value: Option<Bytes>,
    ) -> Result<Option<Bytes>, EngineError> {
        let faults = self.faults();
        let Some(name) = RowName::of(table, key) else {
            return Ok(value);
        };
        Ok(match name {
            RowName::Entry(_, index) if faults.unreadable_body == Some(index.get()) => {
                return Err(disk_error());
            }
            RowName::Entry(_, index) if faults.flipped_body == Some(index.get()) => {
                // The body comes behind the time.
                value.as_ref().map(|value| flip(value, size_of::<i64>()))
            }
            RowName::Tile(_, id) if faults.unreadable_tile == Some(id) => return Err(disk_error()),
            RowName::Tile(_, id) if faults.lost_tile == Some(id) => None,
            RowName::Tile(_, id) if faults.flipped_tile == Some(id) => {
                value.as_ref().map(|value| flip(value, 0))
            }
            RowName::Leaf(_, hash) if faults.unreadable_leaf == Some(hash) => {
                return Err(disk_error());
            }
            RowName::Leaf(_, hash) => match faults.wrong_index {
                Some((wrong, index)) if wrong == hash => Some(leaf_value(LeafIndex::new(index))),
                _ => value,
            },
            RowName::Head(shard) => match faults.head {
                Some((of, head)) if of == shard => Some(head_value(&head)),
                _ => value,
            },
            RowName::Frozen(_) => match faults.frozen {
                Some(checkpoint) => Some(frozen_value(&Frozen { checkpoint, at: 0 })),
                None => value,
            },
            _ => value,
        })
    }

    async fn page(&self, scan: &Scan) -> Result<Page, EngineError> {
        // A rebuild does not come back to what it reads, and a search does.
        let is_search = scan.table == Table::Search && scan.reuse == Reuse::Likely;
        if scan.table == Table::Search && !is_search {
            let held = self.held.lock().unwrap();
            drop(self.released.wait_while(held, |held| *held).unwrap());
        }
        let faults = self.faults();
        if is_search && faults.unreadable_search {
            return Err(disk_error());
        }
        let whole = self.inner.scan(scan).await?;
        let mut page = Page {
            rows: Vec::new(),
            is_last: whole.is_last,
        };
        for (key, value) in whole.rows {
            match RowName::of(scan.table, &key) {
                Some(RowName::Search(_, row))
                    if is_search && faults.unsearchable == Some(row.index.get()) =>
                {
                    continue;
                }
                _ => {}
            }
            match self.read(scan.table, &key, Some(value)) {
                Ok(value) => page.rows.extend(value.map(|value| (key, value))),
                Err(error) if page.rows.is_empty() => return Err(error),
                Err(_) => {
                    page.is_last = false;
                    break;
                }
            }
        }
        Ok(page)
    }

    async fn apply(&self, batch: Batch) -> Result<(), EngineError> {
        let (mut sizes, mut creates, mut correction) = (Vec::new(), false, None);
        for change in batch.changes() {
            let (table, key, value) = match change {
                Change::Put { table, key, value } => (table, key, Some(value.to_bytes())),
                Change::Delete { table, key } => (table, key, None),
            };
            match (RowName::of(table, key), value) {
                (Some(RowName::Head(_)), Some(value)) => {
                    sizes.push(head_of_value(&value).unwrap().size.get());
                }
                (Some(RowName::Identity(_)), _) => creates = true,
                (Some(RowName::Reindex), value) => correction = Some(value.is_none()),
                _ => {}
            }
        }
        if let Some(complete) = correction {
            match &mut self.faults.lock().unwrap().corrections_left {
                Some(0) => return Err(disk_error()),
                Some(left) => *left -= 1,
                None => {}
            }
            self.push(Step::Correct { complete });
        }
        let is_commit = !creates && !sizes.is_empty();
        let faults = self.faults();
        if is_commit && faults.commit {
            return Err(disk_error());
        }
        self.inner.write(batch).await?;
        if is_commit {
            sizes
                .into_iter()
                .for_each(|size| self.push(Step::Commit { size }));
            if faults.commit_after {
                return Err(disk_error());
            }
        }
        Ok(())
    }

    async fn keep(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Result<(), EngineError> {
        let faults = self.faults();
        if faults.keep {
            return Err(disk_error());
        }
        let from = match faults.kept {
            // Whoever believed what was read would be refused.
            Some(_) => self.inner.kept(tree).await?,
            None => from,
        };
        self.inner.advance(tree, from, to.clone()).await?;
        self.push(Step::Keep {
            checkpoint: String::from_utf8(to.to_vec()).unwrap(),
        });
        Ok(())
    }
}

impl Engine for FaultyEngine {
    fn blocks(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, table: Table, key: &'a [u8]) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move { self.read(table, key, self.inner.get(table, key).await?) })
    }

    fn multi_get<'a>(
        &'a self,
        table: Table,
        keys: &'a [&'a [u8]],
        reuse: Reuse,
    ) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            let values = self.inner.multi_get(table, keys, reuse).await?;
            let rows = keys.iter().zip(values);
            rows.map(|(key, value)| self.read(table, key, value))
                .collect()
        })
    }

    fn scan<'a>(&'a self, scan: &'a Scan) -> Answer<'a, Page> {
        Box::pin(self.page(scan))
    }

    fn write(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(self.apply(batch))
    }

    fn kept(&self, tree: u32) -> Answer<'_, Option<Bytes>> {
        match self.faults().kept {
            Some(kept) => Box::pin(async move { Ok(kept.map(Bytes::from)) }),
            None => self.inner.kept(tree),
        }
    }

    fn advance(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Answer<'_, ()> {
        Box::pin(self.keep(tree, from, to))
    }

    fn sync_kept(&self, tree: u32) -> Answer<'_, ()> {
        self.inner.sync_kept(tree)
    }

    fn verify<'a>(&'a self, _keys: &'a KeyRange) -> Answer<'a, Vec<EngineDamage>> {
        let found = self.faults().damage.into_iter().collect();
        Box::pin(async move { Ok(found) })
    }

    fn statistics(&self) -> Answer<'_, Statistics> {
        self.inner.statistics()
    }
}

fn disk_error() -> EngineError {
    EngineError::Io {
        action: "write to",
        path: "a test's disk".into(),
        source: std::io::Error::other("failed"),
    }
}

fn flip(bytes: &Bytes, at: usize) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 1;
    bytes.into()
}
