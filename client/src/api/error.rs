//! Why a log did not give what was asked, or gave something that does not hold.

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::NoteError;
use ledgerstone_merkle::ProofError;
use ledgerstone_merkle::TreeSize;

use crate::api::lookup::EntryLookup;
use crate::transport::error::TransportError;
use crate::trust::checkpoint::CheckpointFault;
use crate::trust::error::TrustError;

/// Why a log did not give what was asked, or gave something that does not hold.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The log could not be asked, or answered with an error.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server has no such interface.
    #[error(
        "{0} is not the URL of a Ledgerstone log: give the address that `serve` prints behind \
         `listening on`, without a path"
    )]
    NotLedgerstone(String),
    /// The log says that it has no such entry.
    #[error("the log has no {0}")]
    NoSuchEntry(EntryLookup),
    /// The log has fewer entries than a proof was asked over.
    #[error("the log has {size} entries, fewer than the {asked} that were asked for")]
    NoSuchSize {
        /// How many were asked for.
        asked: TreeSize,
        /// How many there are.
        size: TreeSize,
    },
    /// The log gave another entry than was asked for.
    #[error("the log gave something else than the {0}")]
    OtherEntry(EntryLookup),
    /// The log gave an entry of another tree than was asked for.
    #[error("the log gave an entry of the tree {tree_id}, which was not asked for")]
    OtherTree {
        /// The tree of the entry.
        tree_id: u64,
    },
    /// The body of an entry does not have the hash that the log says.
    #[error("the body of entry {index} does not have the hash that the log says")]
    Body {
        /// The position of the entry.
        index: u64,
    },
    /// The log found an entry that does not name what was searched for.
    #[error(
        "the log found entry {index} of the tree {tree_id}, whose body does not name what was \
         searched for"
    )]
    UnaskedHit {
        /// The number of its tree.
        tree_id: u64,
        /// Its index there.
        index: u64,
    },
    /// The keys of the log cannot be used.
    #[error(transparent)]
    Keys(#[from] TrustError),
    /// The head is not signed by a trusted log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// A proof does not hold.
    #[error("the log's proof does not hold: {0}")]
    Proof(#[from] ProofError),
    /// The entries that the log gives are not those of the tree that it signed.
    #[error(
        "the {size} entries that the log gives have the root {computed}, but {signed} is signed"
    )]
    OtherEntries {
        /// How many entries the signed tree has.
        size: TreeSize,
        /// The signed root.
        signed: Hash,
        /// The root of the entries.
        computed: Hash,
    },
    /// The root of a proof is not the one that was signed.
    #[error("the proof leads to the root {proven} at size {size}, but {signed} is signed")]
    OtherRoot {
        /// The size of the tree.
        size: TreeSize,
        /// The signed root.
        signed: Hash,
        /// The root of the proof.
        proven: Hash,
    },
}

impl ApiError {
    /// Whether none of the logs that are trusted signed a checkpoint.
    pub fn is_unknown_key(&self) -> bool {
        matches!(
            self,
            Self::Checkpoint(CheckpointFault::Note(NoteError::NoKnownKey))
        )
    }
}
