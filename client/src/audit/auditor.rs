//! Auditing a log by its tiles: every head extends the last one that was seen, and, on demand,
//! every entry is where the signed root says.

use std::path::PathBuf;

use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_merkle::tile_width_at;

use crate::audit::bundles::BoundedBundles;
use crate::audit::error::AuditError;
use crate::audit::growing_tree::GrowingTree;
use crate::audit::head_watch::HeadReport;
use crate::audit::head_watch::HeadWatch;
use crate::audit::head_watch::KeptHead;
use crate::audit::leaves::BUNDLE_ENTRIES;
use crate::audit::leaves::compare_leaves;
use crate::audit::state::AuditState;
use crate::source::tiled_log::TiledLog;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::logs::TrustedLogs;

/// How many bundles with their tiles are fetched at the same time; fewer where they are so large
/// that they would have more than [`MAX_PARALLEL_BYTES`](crate::MAX_PARALLEL_BYTES) in sum.
pub const PARALLEL_BUNDLES: usize = 16;

/// A full audit can go on from a multiple of this many entries.
pub const SAVED_EVERY: u64 = 65_536;

/// Watches one log.
#[derive(Debug)]
pub struct Auditor {
    heads: HeadWatch,
}

impl Auditor {
    /// An auditor of `log`, which signs as one of `logs`, with its memory in the file `state_path`.
    pub fn new(log: TiledLog, logs: TrustedLogs, state_path: impl Into<PathBuf>) -> Self {
        Self {
            heads: HeadWatch {
                log,
                logs,
                state_path: state_path.into(),
            },
        }
    }

    /// Fetches the head, checks its signature, that its tiles have its root, and that it extends
    /// the last head that was seen; then remembers it with the key that signed it. Without a
    /// memory, the first head is believed.
    ///
    /// # Errors
    /// [`AuditError::Contradiction`] when the log contradicts itself: both checkpoints are kept
    /// beside the state file.
    pub async fn audit_head(&self) -> Result<HeadReport, AuditError> {
        let state = AuditState::load(&self.heads.state_path)?;
        let kept = state.as_ref().map(|state| KeptHead {
            note: &state.checkpoint,
            key: state.key.as_ref(),
        });
        let report = self.heads.check(kept).await?;
        self.save(&report.head, state.and_then(|state| state.rebuilt))?;
        Ok(report)
    }

    /// Downloads every entry and tile of the tree that `head` describes, hashes them again, and
    /// compares. An audit that was interrupted goes on where it was; one that was completed starts
    /// from the first entry.
    ///
    /// # Errors
    /// When anything differs from what `head` signs.
    pub async fn audit_all(
        &self,
        head: &SignedCheckpoint,
        mut progress: impl FnMut(AuditProgress),
    ) -> Result<FullReport, AuditError> {
        let size = head.checkpoint.size;
        let mut tree = self.resume(size).await?;
        let resumed_at = tree.size().get();
        let mut bytes = 0;
        let bundles = resumed_at / BUNDLE_ENTRIES..size.get().div_ceil(BUNDLE_ENTRIES);
        let source = BoundedBundles::new(self.heads.log.clone(), PARALLEL_BUNDLES);
        let mut checked = stream::iter(bundles)
            .map(|number| check_bundle(self.heads.log.clone(), source.clone(), number, size))
            .buffered(PARALLEL_BUNDLES);
        while let Some(bundle) = checked.try_next().await? {
            bytes += bundle.bytes;
            for (id, tile) in tree.append(bundle.tile) {
                self.compare_tile(id, TileWidth::FULL, &tile).await?;
            }
            let entries = tree.size().get();
            progress(AuditProgress {
                entries,
                of: size.get(),
                bytes,
            });
            if entries.is_multiple_of(SAVED_EVERY) && entries < size.get() {
                self.save(head, Some((tree.size(), tree.root())))?;
            }
        }
        for (id, width, tile) in tree.edge() {
            self.compare_tile(id, width, tile).await?;
        }
        let root = tree.root();
        if root != head.checkpoint.root {
            return Err(AuditError::Root {
                size,
                signed: head.checkpoint.root,
                computed: root,
            });
        }
        self.save(head, None)?;
        Ok(FullReport {
            entries: size.get() - resumed_at,
            resumed_at,
            bytes,
        })
    }

    /// The tree as far as an interrupted audit had come, with its last tiles fetched anew and
    /// compared.
    async fn resume(&self, size: TreeSize) -> Result<GrowingTree, AuditError> {
        let state = AuditState::load(&self.heads.state_path)?;
        let Some((rebuilt, root)) = state.and_then(|state| state.rebuilt) else {
            return Ok(GrowingTree::new());
        };
        if rebuilt > size || !rebuilt.get().is_multiple_of(BUNDLE_ENTRIES) {
            return Ok(GrowingTree::new());
        }
        let mut edge = Vec::new();
        for (id, width) in GrowingTree::edge_of(rebuilt) {
            edge.push((id, self.heads.log.tile(id, width).await?));
        }
        let tree = GrowingTree::resume(rebuilt, edge);
        let computed = tree.root();
        if computed != root {
            return Err(AuditError::Root {
                size: rebuilt,
                signed: root,
                computed,
            });
        }
        Ok(tree)
    }

    /// Compares a tile above level 0 with the log's.
    async fn compare_tile(
        &self,
        id: TileId,
        width: TileWidth,
        computed: &Tile,
    ) -> Result<(), AuditError> {
        let served = self.heads.log.tile(id, width).await?;
        let mut pairs = computed.hashes().iter().zip(served.hashes());
        match pairs.position(|(computed, served)| computed != served) {
            None => Ok(()),
            Some(position) => Err(AuditError::Tile { id, position }),
        }
    }

    fn save(
        &self,
        head: &SignedCheckpoint,
        rebuilt: Option<(TreeSize, Hash)>,
    ) -> Result<(), AuditError> {
        Ok(AuditState {
            checkpoint: head.note.clone(),
            key: Some(head.key.clone()),
            rebuilt,
        }
        .save(&self.heads.state_path)?)
    }
}

/// A whole log that holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FullReport {
    /// How many entries were downloaded and checked by this run.
    pub entries: u64,
    /// The index at which it went on from an interrupted run, or 0.
    pub resumed_at: u64,
    /// How many bytes of bodies were checked by this run.
    pub bytes: u64,
}

/// How far a full audit is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AuditProgress {
    /// Entries that have been checked, those of an interrupted run included.
    pub entries: u64,
    /// Entries in the tree.
    pub of: u64,
    /// Bytes of bodies that this run has checked.
    pub bytes: u64,
}

struct CheckedBundle {
    tile: Tile,
    bytes: u64,
}

/// Fetches one bundle and its tile, and compares them. Runs as a task of its own, so that hashing
/// uses all processors.
async fn check_bundle(
    log: TiledLog,
    bundles: BoundedBundles,
    number: u64,
    size: TreeSize,
) -> Result<CheckedBundle, AuditError> {
    let task = tokio::spawn(async move {
        let id = TileId { level: 0, number };
        let width = tile_width_at(id, size).ok_or(AuditError::Aborted)?;
        let tile = async { Ok(log.tile(id, width).await?) };
        let (bundle, tile) = tokio::try_join!(bundles.get(number, width), tile)?;
        compare_leaves(number, &leaf_hashes(&bundle.bodies), &tile)?;
        let bodies = bundle.bodies.iter();
        Ok(CheckedBundle {
            tile,
            bytes: bodies.map(|body: &Bytes| body.len() as u64).sum(),
        })
    });
    task.await.unwrap_or(Err(AuditError::Aborted))
}
