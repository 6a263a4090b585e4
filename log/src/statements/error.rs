//! Why statements are not taken, and not removed.

use std::sync::Arc;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use thiserror::Error;

use crate::error::ReadError;

/// Why a statement is not kept.
#[derive(Clone, Debug, Error)]
pub enum AttachError {
    /// The log holds no entry that vouches for it.
    #[error(
        "the log holds no entry that vouches for the statement: its hash, or its signature, is in \
         none"
    )]
    NoEntry,
    /// The operator removed the statement of each entry that vouches for it.
    #[error("the statement was removed by the operator of the log, and is not taken again")]
    Removed,
    /// The log keeps as much as it is willing to.
    #[error(
        "the log keeps statements of {bytes} bytes, and is not willing to keep more than {limit}"
    )]
    Full {
        /// What is kept, in bytes.
        bytes: u64,
        /// The limit, in bytes.
        limit: u64,
    },
    /// There is less room on the disk than the log needs to go on safely.
    #[error("the disk of the log is nearly full")]
    DiskFull,
    /// The log is open for reading only.
    #[error("the log is only read here, and takes no statements")]
    ReadOnly,
    /// The log is closing, or ended by an error.
    #[error("the log no longer takes statements")]
    Stopped,
    /// What the log holds could not be read.
    #[error("the entries that may vouch for the statement cannot be read: {0}")]
    Read(Arc<ReadError>),
}

impl From<ReadError> for AttachError {
    fn from(error: ReadError) -> Self {
        Self::Read(Arc::new(error))
    }
}

/// Why a statement is not removed.
#[derive(Debug, Error)]
pub enum DetachError {
    /// There is no such entry.
    #[error("shard {} has no entry {index}", shard.get())]
    NoEntry {
        /// The shard.
        shard: ShardId,
        /// The index.
        index: LeafIndex,
    },
    /// The log has nothing of a statement of the entry.
    #[error("the log has no statement of entry {0}, and nothing of what one named")]
    NoStatement(LeafIndex),
    /// The log is open for reading only.
    #[error("the log is only read here: remove the statement where it is written")]
    ReadOnly,
    /// The tree is not here.
    #[error("there is no tree {0} here")]
    NoTree(u64),
    /// Too many entries vouch for the document.
    #[error("more than {0} entries vouch for the document")]
    TooMany(usize),
    /// The store could not be read or written.
    #[error("the statement cannot be removed: {0}")]
    Storage(#[from] StorageError),
}
