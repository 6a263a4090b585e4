//! Everything that is new in a log, proven and looked at page by page.

use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use futures::stream::BoxStream;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::tile_width_at;

use crate::audit::bundles::BoundedBundles;
use crate::audit::error::AuditError;
use crate::audit::head_watch::HeadReport;
use crate::audit::head_watch::HeadWatch;
use crate::audit::head_watch::KeptHead;
use crate::audit::leaves::BUNDLE_ENTRIES;
use crate::audit::leaves::compare_leaves;
use crate::monitor::page::ExaminedBundle;
use crate::monitor::page::MonitorPage;
use crate::monitor::page::Watched;
use crate::monitor::state::MonitorState;
use crate::source::fetched_tiles::FetchedTiles;
use crate::source::tiled_log::TiledLog;
use crate::trust::logs::TrustedLogs;
use crate::trust::trusted_root::TrustedRoot;

/// How many bundles are fetched and looked at at the same time; fewer where they are so large that
/// they would have more than [`MAX_PARALLEL_BYTES`](crate::MAX_PARALLEL_BYTES) in sum.
const PARALLEL_BUNDLES: usize = 4;

/// While there are no hits, the state is saved once in so many bundles: a restart looks at no more
/// of them again.
const BUNDLES_PER_SAVE: u64 = 64;

/// After so many bundles, the fetched tiles are forgotten: as many as have their roots in one tile
/// of level 1.
const BUNDLES_PER_TILE: u64 = 256;

/// Looks for entries in one log.
#[derive(Debug)]
pub struct Monitor {
    heads: HeadWatch,
    watched: Arc<Watched>,
}

/// Where a run begins.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum MonitorStart {
    /// Where the last run ended, or else with the first entry.
    #[default]
    Resume,
    /// Where the last run ended, or else with what comes after the head of now.
    ResumeOrEnd,
    /// With this entry, whatever was looked at before.
    At(LeafIndex),
}

impl Monitor {
    /// A monitor of `log`, which signs as one of `logs`, that looks for what is in `list`, with its
    /// memory in the file `state_path`.
    pub fn new(
        log: TiledLog,
        logs: TrustedLogs,
        list: WatchList,
        state_path: impl Into<std::path::PathBuf>,
    ) -> Self {
        Self {
            heads: HeadWatch {
                log,
                logs,
                state_path: state_path.into(),
            },
            watched: Arc::new(Watched { list, trust: None }),
        }
    }

    /// The same, with the authorities that are trusted, for rules that ask for them.
    #[must_use]
    pub fn trusting(self, trust: Option<TrustedRoot>) -> Self {
        let list = self.watched.list.clone();
        Self {
            watched: Arc::new(Watched { list, trust }),
            ..self
        }
    }

    /// Looks for what is in `list` from now on.
    pub fn watch(&mut self, list: WatchList) {
        let trust = self.watched.trust.clone();
        self.watched = Arc::new(Watched { list, trust });
    }

    /// Checks the head as [`Auditor::audit_head`](crate::Auditor::audit_head) does and remembers
    /// it; what is new up to it is then read page by page, from `start` on.
    ///
    /// # Errors
    /// [`AuditError::Contradiction`] when the log contradicts itself: both checkpoints are kept
    /// beside the state file.
    pub async fn begin(&self, start: MonitorStart) -> Result<MonitorRun<'_>, AuditError> {
        let state = MonitorState::load(&self.heads.state_path)?;
        let kept = state.as_ref().map(|state| KeptHead {
            note: &state.checkpoint,
            key: state.key.as_ref(),
        });
        let report = self.heads.check(kept).await?;
        let kept = state.map(|state| state.next);
        let next = match (start, kept) {
            (MonitorStart::At(index), _) => index,
            (_, Some(next)) => next,
            (MonitorStart::Resume, None) => LeafIndex::default(),
            (MonitorStart::ResumeOrEnd, None) => LeafIndex::new(report.head.checkpoint.size.get()),
        };
        let run = MonitorRun {
            bundles: self.bundles(next.get(), &report),
            heads: &self.heads,
            tiles: FetchedTiles::default(),
            report,
        };
        // The head before its entries: were the log to fork while they are read, the next run would
        // know.
        run.save(next)?;
        Ok(run)
    }

    fn bundles(
        &self,
        next: u64,
        report: &HeadReport,
    ) -> BoxStream<'static, Result<ExaminedBundle, AuditError>> {
        let source = BoundedBundles::new(self.heads.log.clone(), PARALLEL_BUNDLES);
        let watched = Arc::clone(&self.watched);
        let size = report.head.checkpoint.size;
        let numbers = match next < size.get() {
            true => next / BUNDLE_ENTRIES..size.get().div_ceil(BUNDLE_ENTRIES),
            false => 0..0,
        };
        stream::iter(numbers)
            .map(move |number| {
                let (source, watched) = (source.clone(), Arc::clone(&watched));
                // A task each, so that entries are hashed and looked at on all processors.
                let task = tokio::spawn(async move {
                    let id = TileId { level: 0, number };
                    let width = tile_width_at(id, size).ok_or(AuditError::Aborted)?;
                    let bundle = source.get(number, width).await?;
                    Ok(ExaminedBundle::new(number, next, &bundle.bodies, &watched))
                });
                async { task.await.unwrap_or(Err(AuditError::Aborted)) }
            })
            .buffered(PARALLEL_BUNDLES)
            .boxed()
    }
}

/// What is new in a log, up to a head that holds.
pub struct MonitorRun<'a> {
    heads: &'a HeadWatch,
    report: HeadReport,
    bundles: BoxStream<'static, Result<ExaminedBundle, AuditError>>,
    tiles: FetchedTiles,
}

impl MonitorRun<'_> {
    /// The head, and what it extends.
    pub fn head(&self) -> &HeadReport {
        &self.report
    }

    /// The next entries, at most 256, all proven to be in the tree of the head; `None` when there
    /// are no more.
    ///
    /// # Errors
    /// When the log cannot be read, or an entry is not in the tree that was signed.
    pub async fn next_page(&mut self) -> Result<Option<MonitorPage>, AuditError> {
        let Some(bundle) = self.bundles.next().await.transpose()? else {
            return Ok(None);
        };
        self.prove(bundle.number, &bundle.tile).await?;
        Ok(Some(bundle.page))
    }

    /// Remembers that the hits of `page` were dealt with. They are found again by a run after one
    /// that did not say so.
    ///
    /// # Errors
    /// When the state file cannot be written.
    pub fn confirm(&self, page: &MonitorPage) -> Result<(), AuditError> {
        let (end, size) = (page.end.get(), self.report.head.checkpoint.size.get());
        let due = end.is_multiple_of(BUNDLE_ENTRIES * BUNDLES_PER_SAVE);
        if page.hits.is_empty() && end < size && !due {
            return Ok(());
        }
        self.save(page.end)
    }

    /// Proves that all entries of a bundle are in the tree. `tile` holds the hashes of the bodies
    /// as they came: the proof for the first leaf of a tile takes all its other leaves in.
    async fn prove(&mut self, number: u64, tile: &Tile) -> Result<(), AuditError> {
        let tree = &self.report.head.checkpoint;
        let id = TileId { level: 0, number };
        let first = LeafIndex::new(number * BUNDLE_ENTRIES);
        if number.is_multiple_of(BUNDLES_PER_TILE) {
            self.tiles = FetchedTiles::default();
        }
        self.tiles.insert(id, tile.clone());
        let prove = |tiles: &FetchedTiles| InclusionProof::from_tiles(tiles, first, tree.size);
        let proof = self.heads.log.compute(&mut self.tiles, prove).await?;
        self.tiles.remove(id);
        let leaf = tile.hashes().first().ok_or(AuditError::Aborted)?;
        let Err(reason) = proof.verify(leaf, &tree.root) else {
            return Ok(());
        };
        // The log's own tile tells whether one body is wrong, or all of the tile.
        let width = tile_width_at(id, tree.size).ok_or(AuditError::Aborted)?;
        let served = self.heads.log.tile(id, width).await?;
        compare_leaves(number, tile.hashes(), &served)?;
        Err(AuditError::NotIncluded {
            first,
            last: LeafIndex::new(first.get() + width.get() as u64 - 1),
            reason,
        })
    }

    fn save(&self, next: LeafIndex) -> Result<(), AuditError> {
        let state = MonitorState {
            checkpoint: self.report.head.note.clone(),
            key: Some(self.report.head.key.clone()),
            next,
        };
        Ok(state.save(&self.heads.state_path)?)
    }
}
