//! A checkpoint of a trusted log, and why a note is none.

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::CheckpointError;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::VerifierKey;

/// A checkpoint whose log signature has been verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignedCheckpoint {
    /// What the log says.
    pub checkpoint: Checkpoint,
    /// The key that it says it with.
    pub key: VerifierKey,
    /// The whole note, as it was read.
    pub note: String,
    /// How many signatures by others (witnesses) the note carries; they were not verified.
    pub other_signatures: usize,
}

/// Why a note is not a checkpoint of a trusted log.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckpointFault {
    /// Not a note, or not signed by a trusted log, or wrongly.
    #[error("the checkpoint is not signed by a trusted log: {0}")]
    Note(#[from] NoteError),
    /// The text is not a checkpoint.
    #[error("the signed text is not a checkpoint: {0}")]
    Checkpoint(#[from] CheckpointError),
    /// A log signed a checkpoint of another origin (C2SP tlog-checkpoint: the key is named as the
    /// origin is).
    #[error("the checkpoint has the origin {origin:?} but the signature is by {signer}")]
    Origin {
        /// The first line of the checkpoint.
        origin: String,
        /// The names of the keys that signed.
        signer: String,
    },
}
