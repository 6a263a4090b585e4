//! Why a TUF repository gives no trusted root.

use std::io;
use std::path::PathBuf;

use ledgerstone_tuf::TufError;

use crate::transport::error::TransportError;
use crate::trust::error::TrustError;

/// Why a TUF repository gives no trusted root.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// Talking to the repository.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The repository lacks a file that it has to have.
    #[error("{url} has no {path}")]
    Missing {
        /// The repository.
        url: String,
        /// The file.
        path: String,
    },
    /// What it says does not hold.
    #[error("the metadata of {url} does not hold: {reason}")]
    Metadata {
        /// The repository.
        url: String,
        /// What is wrong.
        #[source]
        reason: TufError,
    },
    /// Nothing was kept, and the repository is not to be asked.
    #[error("nothing of {url} was kept in {}: run once without --offline", path.display())]
    NotKept {
        /// The repository.
        url: String,
        /// Where it would be kept.
        path: PathBuf,
    },
    /// What was kept cannot be read or written.
    #[error("{} cannot be used", path.display())]
    Cache {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The target is no trusted root.
    #[error(transparent)]
    Trust(#[from] TrustError),
}
