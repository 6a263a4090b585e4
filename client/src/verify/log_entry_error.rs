//! Why a message is no entry of a log, and what is untrue about one that is.

use ledgerstone_merkle::CheckpointError;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::MAX_PROOF_HASHES;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::TreeSize;

use crate::trust::checkpoint::CheckpointFault;

/// Why a message is not the entry of a log. The rules are those of Rekor v2's reply.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LogEntryError {
    /// A field that verification needs is missing.
    #[error("the log entry has no {0}")]
    Missing(&'static str),
    /// A number is negative.
    #[error("the {field} of the log entry is negative: {value}")]
    Negative {
        /// The field.
        field: &'static str,
        /// What it holds.
        value: i64,
    },
    /// A hash does not have 32 bytes.
    #[error("a hash in {0} of the log entry does not have 32 bytes")]
    HashLength(&'static str),
    /// More hashes than any proof has.
    #[error("the inclusion proof has {hashes} hashes, and at most {MAX_PROOF_HASHES} are possible")]
    ProofLength {
        /// How many.
        hashes: usize,
    },
    /// The entry and its proof name different indexes.
    #[error("the log entry has index {entry} but its inclusion proof is for {proof}")]
    TwoIndexes {
        /// The entry's.
        entry: i64,
        /// The proof's.
        proof: i64,
    },
    /// The proof is into another tree than the checkpoint's.
    #[error(
        "the inclusion proof is into a tree of size {proof}, but the checkpoint is of one of size \
         {checkpoint}"
    )]
    TwoTrees {
        /// The size in the proof.
        proof: TreeSize,
        /// The size in the checkpoint.
        checkpoint: TreeSize,
    },
    /// The proof is into a tree of the checkpoint's size, but with another root.
    #[error(
        "the inclusion proof names the root {proof} at size {size}, but the checkpoint has \
         {checkpoint}"
    )]
    TwoRoots {
        /// The size of both trees.
        size: TreeSize,
        /// The root in the proof.
        proof: Hash,
        /// The root in the checkpoint.
        checkpoint: Hash,
    },
    /// The checkpoint is not in a signed note.
    #[error("the checkpoint of the log entry cannot be read: {0}")]
    Note(#[from] NoteError),
    /// The signed text is not a checkpoint.
    #[error("the checkpoint of the log entry cannot be read: {0}")]
    Checkpoint(#[from] CheckpointError),
}

/// What is untrue about an entry.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LogEntryFault {
    /// The proof does not lead to the root.
    #[error("the entry is not in the tree of its checkpoint: {0}")]
    Inclusion(#[source] ledgerstone_merkle::ProofError),
    /// No trusted log has this id.
    #[error("the entry is from the log {log_id}, which is not among the trusted ones")]
    UnknownLog {
        /// Hexadecimal.
        log_id: String,
    },
    /// The signed entry timestamp is not the log's over this entry.
    #[error("the signed entry timestamp is not the log's promise to hold this entry")]
    Promise,
    /// The log took the entry when its key was not valid.
    #[error(
        "the log says that it took the entry at {time} (Unix seconds), when its key was not valid \
         (validFor)"
    )]
    OutsideWindow {
        /// In Unix seconds.
        time: i64,
    },
    /// The checkpoint is not the log's.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
}
