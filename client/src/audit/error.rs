//! Why an audit failed.

use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::ProofError;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;

use crate::audit::state_file::AuditStateError;
use crate::source::tiled_log_error::TiledLogError;
use crate::trust::checkpoint::CheckpointFault;

/// How a log contradicts itself.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
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
pub enum AuditError {
    /// The log could not be read.
    #[error(transparent)]
    Read(#[from] TiledLogError),
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
        "{origin} contradicts what it showed: its heads were signed with {kept}, but this one of \
         size {size} is not{}. If the log announced a new key, begin a new state file with it",
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
    Consistency(#[source] ProofError),
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
        reason: ProofError,
    },
    /// A tile does not hold the roots of the tiles below it.
    #[error(
        "the hash {position} of tile {} at level {} is not the root of the tile below it",
        id.number,
        id.level
    )]
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

fn evidence_hint(evidence: Option<&Path>) -> String {
    evidence
        .map(|path| format!("; both checkpoints are in {}", path.display()))
        .unwrap_or_default()
}
