//! Why a log could not be read by its tiles.

use std::io;
use std::path::PathBuf;

use ledgerstone_merkle::EntryBundleError;
use ledgerstone_merkle::TileError;

use crate::transport::error::TransportError;

/// Why a log could not be read by its tiles.
#[derive(Debug, thiserror::Error)]
pub enum TiledLogError {
    /// The log could not be asked, or answered with an error.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// A file of the log's directory could not be read.
    #[error("{} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file of the log's directory is over the limit for its kind.
    #[error("{} is longer than {limit} bytes", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: usize,
    },
    /// Something that the checkpoint calls for is not there.
    #[error("{url} is not there; check that this is the URL of a log with tiles (C2SP tlog-tiles)")]
    Missing {
        /// What was asked for.
        url: String,
    },
    /// The checkpoint is not text.
    #[error("the checkpoint is not UTF-8")]
    CheckpointText,
    /// A tile is not a whole number of hashes.
    #[error("the tile {path} cannot be read: {reason}")]
    Tile {
        /// Its path.
        path: String,
        /// Which rule it breaks.
        #[source]
        reason: TileError,
    },
    /// An entry bundle does not add up.
    #[error("the entry bundle {path} cannot be read: {reason}")]
    Bundle {
        /// Its path.
        path: String,
        /// Which rule it breaks.
        #[source]
        reason: EntryBundleError,
    },
    /// A tile or a bundle holds less than its path says.
    #[error("{path} holds {actual} items instead of {expected}")]
    Short {
        /// Its path.
        path: String,
        /// What its path says.
        expected: usize,
        /// What it holds.
        actual: usize,
    },
    /// The sizes make no proof.
    #[error("{0}")]
    Sizes(String),
}

impl TiledLogError {
    /// Whether an answer, or a file, is longer than was allowed for.
    pub(crate) fn is_too_long(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_too_long(),
            Self::FileTooLong { .. } => true,
            Self::File { .. }
            | Self::Missing { .. }
            | Self::CheckpointText
            | Self::Tile { .. }
            | Self::Bundle { .. }
            | Self::Short { .. }
            | Self::Sizes(_) => false,
        }
    }
}
