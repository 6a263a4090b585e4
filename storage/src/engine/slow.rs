//! An engine as slow as object storage, whose fence can be lost: for tests.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Barrier;
use tokio::time::sleep;

use super::batch::Batch;
use super::error::EngineDamage;
use super::error::EngineError;
use super::gate::Gate;
use super::interface::Answer;
use super::interface::Engine;
use super::interface::Statistics;
use super::memory::MemoryEngine;
use super::scan::KeyRange;
use super::scan::Page;
use super::scan::Reuse;
use super::scan::Scan;
use super::table::Table;

/// How long a call of a [`SlowEngine`] takes: a request to object storage.
const CALL: Duration = Duration::from_millis(50);

/// What [`SlowEngine`]s store their rows in, as a bucket of object storage: for tests.
#[derive(Debug)]
pub struct Bucket {
    rows: MemoryEngine,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Who opened it last holds the fence.
    epoch: u64,
    /// Where calls wait for each other.
    crowd: Option<Arc<Barrier>>,
    /// The calls that have come there.
    waiting: usize,
}

/// An engine that takes 50 ms for each call and holds no thread meanwhile, and whose fence the next
/// one on the same [`Bucket`] takes away: for tests.
#[derive(Debug)]
pub struct SlowEngine {
    bucket: Arc<Bucket>,
    epoch: u64,
    gate: Gate,
}

impl Bucket {
    /// A bucket with the rows of `first`.
    pub fn new(first: &Batch) -> Arc<Self> {
        Arc::new(Self {
            rows: MemoryEngine::new(first),
            state: Mutex::default(),
        })
    }

    /// Opens the bucket for writing, and takes the fence from whoever holds it.
    pub fn open(self: &Arc<Self>) -> SlowEngine {
        let mut state = self.state();
        state.epoch += 1;
        SlowEngine {
            bucket: Arc::clone(self),
            epoch: state.epoch,
            gate: Gate::default(),
        }
    }

    /// From now on calls are answered when so many are under way at once, and then the next so
    /// many.
    pub fn gather(&self, calls: usize) {
        self.state().crowd = Some(Arc::new(Barrier::new(calls)));
    }

    /// How many calls have come to wait for each other.
    pub fn waiting(&self) -> usize {
        self.state().waiting
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SlowEngine {
    async fn call(&self) {
        sleep(CALL).await;
        let crowd = {
            let mut state = self.bucket.state();
            let crowd = state.crowd.clone();
            state.waiting += usize::from(crowd.is_some());
            crowd
        };
        if let Some(crowd) = crowd {
            crowd.wait().await;
        }
    }

    /// Makes a change if this engine holds the fence, which is settled where the rows are.
    fn change<T>(
        &self,
        change: impl FnOnce(&MemoryEngine) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let state = self.bucket.state();
        if state.epoch != self.epoch {
            return Err(EngineError::Fenced);
        }
        change(&self.bucket.rows)
    }
}

impl Engine for SlowEngine {
    fn blocks(&self) -> bool {
        false
    }

    fn get<'a>(&'a self, table: Table, key: &'a [u8]) -> Answer<'a, Option<Bytes>> {
        Box::pin(async move {
            self.call().await;
            Ok(self.bucket.rows.row(table, key))
        })
    }

    fn multi_get<'a>(
        &'a self,
        table: Table,
        keys: &'a [&'a [u8]],
        _reuse: Reuse,
    ) -> Answer<'a, Vec<Option<Bytes>>> {
        Box::pin(async move {
            self.call().await;
            let rows = keys.iter().map(|key| self.bucket.rows.row(table, key));
            Ok(rows.collect())
        })
    }

    fn scan<'a>(&'a self, scan: &'a Scan) -> Answer<'a, Page> {
        Box::pin(async move {
            self.call().await;
            Ok(self.bucket.rows.page(scan))
        })
    }

    fn write(&self, batch: Batch) -> Answer<'_, ()> {
        Box::pin(async move {
            let passage = self.gate.enter()?;
            self.call().await;
            self.change(|rows| {
                rows.apply(&batch);
                Ok(())
            })?;
            passage.passed();
            Ok(())
        })
    }

    fn kept(&self, tree: u32) -> Answer<'_, Option<Bytes>> {
        Box::pin(async move {
            self.call().await;
            Ok(self.bucket.rows.kept_text(tree))
        })
    }

    fn advance(&self, tree: u32, from: Option<Bytes>, to: Bytes) -> Answer<'_, ()> {
        Box::pin(async move {
            self.call().await;
            self.change(|rows| rows.replace(tree, from.as_ref(), to))
        })
    }

    fn sync_kept(&self, tree: u32) -> Answer<'_, ()> {
        Box::pin(async move {
            self.call().await;
            let kept = self.bucket.rows.kept_text(tree);
            kept.map(|_| ()).ok_or(EngineError::NothingKept { tree })
        })
    }

    fn verify<'a>(&'a self, _keys: &'a KeyRange) -> Answer<'a, Vec<EngineDamage>> {
        Box::pin(async move {
            self.call().await;
            Ok(Vec::new())
        })
    }

    fn statistics(&self) -> Answer<'_, Statistics> {
        Box::pin(async move {
            self.call().await;
            Ok(Statistics {
                disk_bytes: self.bucket.rows.bytes(),
                ..Statistics::default()
            })
        })
    }
}
