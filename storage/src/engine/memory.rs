use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;

use bytes::Bytes;

use super::batch::Batch;
use super::batch::Change;
use super::error::EngineDamage;
use super::error::EngineError;
use super::interface::Answer;
use super::interface::Engine;
use super::interface::Statistics;
use super::scan::KeyRange;
use super::scan::Page;
use super::scan::Reuse;
use super::scan::Scan;
use super::table::Table;

/// Rows in memory, which are gone when it is dropped: for tests, and for trying things out. Nothing
/// is durable.
#[derive(Debug, Default)]
pub struct MemoryEngine {
    tables: RwLock<Tables>,
    kept: RwLock<BTreeMap<u32, Bytes>>,
}

type Tables = BTreeMap<Table, BTreeMap<Vec<u8>, Bytes>>;

impl MemoryEngine {
    /// An engine with the rows of `first`.
    pub fn new(first: &Batch) -> Self {
        let engine = Self::default();
        engine.apply(first);
        engine
    }

    /// Makes changes at once, with no regard to who may write: what damage does, or another
    /// program.
    pub fn apply(&self, batch: &Batch) {
        let mut tables = write(&self.tables);
        for change in batch.changes() {
            match change {
                Change::Put { table, key, value } => {
                    let rows = tables.entry(table).or_default();
                    rows.insert(key.to_vec(), value.to_bytes());
                }
                Change::Delete { table, key } => {
                    tables.entry(table).or_default().remove(key);
                }
            }
        }
    }

    pub(super) fn row(&self, table: Table, key: &[u8]) -> Option<Bytes> {
        read(&self.tables).get(&table)?.get(key).cloned()
    }

    pub(super) fn page(&self, scan: &Scan) -> Page {
        let mut page = Page::default();
        let tables = read(&self.tables);
        let rows = tables.get(&scan.table).filter(|_| !scan.keys.is_empty());
        let mut rows = rows
            .into_iter()
            .flat_map(|rows| rows.range::<[u8], _>(bounds(&scan.keys)));
        let mut bytes = 0;
        page.is_last = rows.all(|(key, value)| page.push(scan, &mut bytes, key, value));
        page
    }

    pub(super) fn kept_text(&self, tree: u32) -> Option<Bytes> {
        read(&self.kept).get(&tree).cloned()
    }

    pub(super) fn replace(
        &self,
        tree: u32,
        from: Option<&Bytes>,
        to: Bytes,
    ) -> Result<(), EngineError> {
        let mut kept = write(&self.kept);
        if kept.get(&tree) != from {
            return Err(EngineError::KeptDiffers { tree });
        }
        kept.insert(tree, to);
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        let tables = read(&self.tables);
        let rows = tables.values().flatten();
        rows.map(|(key, value)| (key.len() + value.len()) as u64)
            .sum()
    }
}

impl Engine for MemoryEngine {
    fn blocks(&self) -> bool {
        true
    }

    fn get<'a>(&'a self, table: Table, key: &'a [u8]) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move { Ok(self.row(table, key)) })
    }

    fn multi_get<'a>(
        &'a self,
        table: Table,
        keys: &'a [&'a [u8]],
        _reuse: Reuse,
    ) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move { Ok(keys.iter().map(|key| self.row(table, key)).collect()) })
    }

    fn scan<'a>(&'a self, scan: &'a Scan) -> Answer<'a, Page> {
        Box::pin(async move { Ok(self.page(scan)) })
    }

    fn write(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move {
            self.apply(&batch);
            Ok(())
        })
    }

    fn kept(&self, tree: u32) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move { Ok(self.kept_text(tree)) })
    }

    fn advance(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Answer<'_, ()> {
        Box::pin(async move { self.replace(tree, from.as_ref(), to) })
    }

    fn sync_kept(&self, tree: u32) -> Answer<'_, ()> {
        Box::pin(async move {
            let kept = self.kept_text(tree);
            kept.map(|_| ()).ok_or(EngineError::NothingKept { tree })
        })
    }

    fn verify<'a>(&'a self, _keys: &'a KeyRange) -> Answer<'a, Vec<EngineDamage>> {
        Box::pin(async move { Ok(Vec::new()) })
    }

    fn statistics(&self) -> Answer<'_, Statistics> {
        Box::pin(async move {
            Ok(Statistics {
                memory_bytes: self.bytes(),
                ..Statistics::default()
            })
        })
    }
}

fn bounds(keys: &KeyRange) -> (Bound<&[u8]>, Bound<&[u8]>) {
    let to = keys.to.as_deref();
    (
        Bound::Included(&keys.from),
        to.map_or(Bound::Unbounded, Bound::Excluded),
    )
}

/// A panic while the lock was held left nothing half done: inserting and removing rows does not
/// fail.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
