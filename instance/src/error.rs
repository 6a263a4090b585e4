use std::path::PathBuf;

use ledgerstone_log::DetachError;
use ledgerstone_log::ImportError;
use ledgerstone_log::KeyError;
use ledgerstone_log::OpenError;
use ledgerstone_log::ReindexError;
use ledgerstone_log::UpgradeError;
use ledgerstone_storage::StorageError;
use thiserror::Error;

/// Why something could not be done to a data directory.
#[derive(Debug, Error)]
pub enum InstanceError {
    /// There is no trace of a log.
    #[error("there is no log in {}", .0.display())]
    NoLog(PathBuf),
    /// The keys may be those of a log whose data is merely not mounted: a new log with them would
    /// sign a fork.
    #[error(
        "{} holds the keys of a log, but {} holds no log: bring its data back (is the volume \
         mounted?), or move the keys away to start a new log; --new-log starts one with these keys",
        key_dir.display(),
        data_dir.display()
    )]
    KeysWithoutLog {
        /// Where the keys are.
        key_dir: PathBuf,
        /// Where the log is not.
        data_dir: PathBuf,
    },
    /// There is a key of a tree that the store does not hold, so that nobody can tell whether a
    /// tree that is to be made is new.
    #[error(
        "{} is the key of a tree that {} does not hold: bring its data back, or move the key away \
         to let the log begin a new tree; --new-log begins one all the same",
        key.display(),
        data_dir.display()
    )]
    KeyWithoutTree {
        /// The key file.
        key: PathBuf,
        /// Where the tree is not.
        data_dir: PathBuf,
    },
    /// A log without a protocol has no tree.
    #[error("every protocol is switched off: a log needs one that it takes entries by")]
    NoProtocol,
    /// The log cannot be opened or made.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Keys cannot be loaded or made.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The store cannot be opened, or fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// A tree cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The search index cannot be rebuilt.
    #[error(transparent)]
    Reindex(#[from] ReindexError),
    /// A statement cannot be removed.
    #[error(transparent)]
    Detach(#[from] DetachError),
    /// The tree of version 0.1 cannot be upgraded.
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
}
