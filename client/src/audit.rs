//! Auditing a log by its tiles: every head extends the last one that was seen, and, on demand, every entry is where the
//! signed root says.

use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::VerifyError;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_merkle::tile_width_at;

use crate::audit_state::AuditState;
use crate::audit_state::AuditStateError;
use crate::growing_tree::GrowingTree;
use crate::head_watch::HeadWatch;
use crate::head_watch::KeptHead;
use crate::tiled_log::ReadError;
use crate::tiled_log::TiledLog;
use crate::trusted_log::CheckpointFault;
use crate::trusted_log::SignedCheckpoint;
use crate::trusted_log::TrustedLogs;

/// How many bundles with their tiles are fetched at the same time. Bounds the memory of a full audit: one bundle has at
/// most 16 MiB, and commonly less than one.
pub const PARALLEL_BUNDLES: usize = 16;

/// A full audit can go on from a multiple of this many entries.
pub const SAVED_EVERY: u64 = 65_536;

pub(crate) const BUNDLE_ENTRIES: u64 = TILE_WIDTH as u64;

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

    /// Fetches the head, checks its signature, that its tiles have its root, and that it extends the last head that was
    /// seen; then remembers it with the key that signed it. Without a memory, the first head is believed.
    ///
    /// # Errors
    /// [`AuditError::Contradiction`] when the log contradicts itself: both checkpoints are kept beside the state file.
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

    /// Downloads every entry and tile of the tree that `head` describes, hashes them again, and compares. An audit that was
    /// interrupted goes on where it was; one that was completed starts from the first entry.
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
        let mut checked = stream::iter(bundles)
            .map(|number| check_bundle(self.heads.log.clone(), number, size))
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

    /// The tree as far as an interrupted audit had come, with its last tiles fetched anew and compared.
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

/// A head that holds.
#[derive(Clone, Debug)]
pub struct HeadReport {
    /// The head.
    pub head: SignedCheckpoint,
    /// The head that it extends, from the state file.
    pub previous: Option<Checkpoint>,
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

/// How a log contradicts itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Contradiction {
    /// The head is older than one that was seen: the log was rolled back, or shows an old copy.
    Shrunk,
    /// Two roots for one size.
    TwoRoots,
    /// The newer tree does not contain the older one.
    Fork,
}

impl std::fmt::Display for Contradiction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Shrunk => "the log shows an older tree than it did before",
            Self::TwoRoots => "the log signed two roots for one size",
            Self::Fork => "the log's tree is not an extension of the one that it signed before",
        })
    }
}

/// Why an audit failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The memory could not be read or written.
    #[error(transparent)]
    State(#[from] AuditStateError),
    /// The head is not signed by a trusted log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// The remembered head is not signed by a trusted log.
    #[error("the checkpoint in {} is not of a trusted log: {reason}", path.display())]
    Kept {
        /// The state file.
        path: PathBuf,
        /// What is wrong with the checkpoint.
        #[source]
        reason: CheckpointFault,
    },
    /// The memory is of another log.
    #[error(
        "the state file is of the log {kept}, but this is {seen}; give each log a file of its own"
    )]
    OtherLog {
        /// The origin in the memory.
        kept: String,
        /// The origin of the head.
        seen: String,
    },
    /// The log signed two things that cannot both be true.
    #[error(
        "{kind}: size {} with root {} before, size {} with root {} now{}",
        kept.size, kept.root, seen.size, seen.root, evidence_hint(evidence.as_deref())
    )]
    Contradiction {
        /// How.
        kind: Contradiction,
        /// The head that was seen before.
        kept: Box<Checkpoint>,
        /// The head that was seen now.
        seen: Box<Checkpoint>,
        /// The file with both signed checkpoints, unless it could not be written.
        evidence: Option<PathBuf>,
    },
    /// The log that the state is of now signs with other keys.
    #[error(
        "{origin} contradicts what it showed: its heads were signed with {kept}, but this one of size {size} is not{}. If the \
         log announced a new key, begin a new state file with it",
        evidence_hint(evidence.as_deref())
    )]
    OtherKeys {
        /// The name of the log.
        origin: String,
        /// The key in the state file.
        kept: Box<VerifierKey>,
        /// The size that the head claims.
        size: TreeSize,
        /// The file with both checkpoints, if it could be written.
        evidence: Option<PathBuf>,
    },
    /// The tiles of a tree have another root than was signed.
    #[error("the tiles at size {size} have the root {computed}, but {signed} is signed")]
    Root {
        /// The size of the tree.
        size: TreeSize,
        /// The signed root, or the one that was rebuilt before.
        signed: Hash,
        /// The root of the tiles.
        computed: Hash,
    },
    /// The tiles do not make a proof.
    #[error("the tiles do not prove consistency: {0}")]
    Consistency(#[source] VerifyError),
    /// A body does not have the hash that its tile says.
    #[error("the entry {index} hashes to {computed}, but its tile says {tile}")]
    Entry {
        /// The position of the entry.
        index: LeafIndex,
        /// The hash in the tile.
        tile: Hash,
        /// The hash of the body.
        computed: Hash,
    },
    /// The entries of a bundle, as its tile says, are not in the tree.
    #[error("the entries from {first} to {last} are not in the tree that was signed: {reason}")]
    NotIncluded {
        /// The first entry of the bundle.
        first: LeafIndex,
        /// The last one.
        last: LeafIndex,
        /// Why not.
        #[source]
        reason: VerifyError,
    },
    /// A tile does not hold the roots of the tiles below it.
    #[error("the hash {position} of tile {} at level {} is not the root of the tile below it", id.number, id.level)]
    Tile {
        /// Which tile.
        id: TileId,
        /// Which hash in it.
        position: usize,
    },
    /// The machine gave up on a piece of the work.
    #[error("a part of the audit was aborted")]
    Aborted,
}

struct CheckedBundle {
    tile: Tile,
    bytes: u64,
}

/// Fetches one bundle and its tile, and compares them. Runs as a task of its own, so that hashing uses all processors.
async fn check_bundle(
    log: TiledLog,
    number: u64,
    size: TreeSize,
) -> Result<CheckedBundle, AuditError> {
    let task = tokio::spawn(async move {
        let id = TileId { level: 0, number };
        let width = tile_width_at(id, size).ok_or(AuditError::Aborted)?;
        let (bodies, tile) = tokio::try_join!(log.bodies(number, width), log.tile(id, width))?;
        compare_leaves(number, &leaf_hashes(&bodies), &tile)?;
        Ok(CheckedBundle {
            tile,
            bytes: bodies.iter().map(|body: &Bytes| body.len() as u64).sum(),
        })
    });
    task.await.unwrap_or(Err(AuditError::Aborted))
}

pub(crate) fn compare_leaves(number: u64, leaves: &[Hash], tile: &Tile) -> Result<(), AuditError> {
    let mut pairs = leaves.iter().zip(tile.hashes()).enumerate();
    match pairs.find(|(_, (computed, tile))| computed != tile) {
        None => Ok(()),
        Some((position, (computed, tile))) => Err(AuditError::Entry {
            index: LeafIndex::new(number * BUNDLE_ENTRIES + position as u64),
            tile: *tile,
            computed: *computed,
        }),
    }
}

fn evidence_hint(evidence: Option<&Path>) -> String {
    evidence
        .map(|path| format!("; both checkpoints are in {}", path.display()))
        .unwrap_or_default()
}
