//! Why an engine refuses or fails.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why an engine refused, or could not do, what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// What is stored is not what was written.
    #[error("{0}")]
    Damaged(EngineDamage),

    /// Another writer has taken the store over: nothing that this one writes counts any more. The
    /// operator looks for the second process, and ends one of them.
    #[error("another process writes to the store now: end one of the two")]
    Fenced,

    /// An earlier write failed, so what is stored is unknown until it was read back. The operator
    /// restarts the process.
    #[error("an earlier write failed: open the store again and verify it before writing")]
    Stopped,

    /// The store was opened for reading only.
    #[error("the store is open for reading only")]
    ReadOnly,

    /// The kept text of a tree is another one than the caller took it for.
    #[error(
        "the kept checkpoint of shard {tree} is not the one that was to be replaced: somebody else \
         replaced it"
    )]
    KeptDiffers {
        /// The number of the tree.
        tree: u32,
    },

    /// Only a text that is kept can be made durable.
    #[error("no checkpoint of shard {tree} is kept: keep it first")]
    NothingKept {
        /// The number of the tree.
        tree: u32,
    },

    /// The end of the store was dropped, and with it perhaps what was signed. The operator proves
    /// that it was not.
    #[error(
        "the damaged end of the store in {} was dropped: prove with `ledgerstone fsck \
         --compare-with FILE` that nothing which was signed went with it; FILE is a checkpoint \
         that a witness, a mirror or somebody else kept",
        directory.display()
    )]
    Unproven {
        /// The data directory.
        directory: PathBuf,
    },

    /// One data directory, one process. The operator stops the other one; the lock goes with the
    /// process, so there is no stale lock to remove.
    #[error(
        "the data directory {} is open already: stop the process that uses it",
        directory.display()
    )]
    Locked {
        /// The directory that is in use.
        directory: PathBuf,
    },

    /// Reading needs a store. The operator names the right directory.
    #[error("there is no store in {}: name the directory of an existing log", directory.display())]
    NoStore {
        /// The directory that was named.
        directory: PathBuf,
    },

    /// An existing log is never silently initialised again: a new store is made only where no trace
    /// of a log is. The operator brings back the missing store (a volume that is not mounted, say),
    /// or moves the rest away to start a new log.
    #[error(
        "{} holds {found} but no store: bring the store back, or move what is left away to start a \
         new log",
        directory.display()
    )]
    NotEmpty {
        /// The data directory.
        directory: PathBuf,
        /// The name of the trace in it.
        found: String,
    },

    /// The store has a table that this program does not know: a later version may have made it. The
    /// operator runs that one.
    #[error(
        "the store has a table {name:?}, which this program does not know: run the version that \
         wrote it"
    )]
    UnknownTable {
        /// The name of the table.
        name: String,
    },

    /// The operating system refused. The operator looks at the path and at the reason.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was tried, as in "cannot `create`".
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },

    /// The engine could not: no space, no file handles, no network. The operator looks at the
    /// reason.
    #[error("cannot {action}: {reason}")]
    Failed {
        /// What was tried, as in "cannot `read the store`".
        action: &'static str,
        /// The engine's own words.
        reason: String,
    },
}

/// Where a store is damaged, as its engine sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EngineDamage {
    /// The part: a file or an object by its name, a table.
    pub part: String,
    /// What is wrong with it, as in "`the file 000012.sst` is missing".
    pub what: String,
}

impl fmt::Display for EngineDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.part, self.what)
    }
}

impl From<EngineDamage> for EngineError {
    fn from(damage: EngineDamage) -> Self {
        Self::Damaged(damage)
    }
}
