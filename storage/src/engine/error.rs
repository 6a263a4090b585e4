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

    /// The store was found damaged while it ran, by work in the background that every later start
    /// would begin again. The operator checks it, which takes the mark away where it is sound, and
    /// restores it where it is not.
    #[error(
        "the store in {} was found damaged while it ran ({what}): run `ledgerstone fsck`, which \
         lets it be written again if all of it can be read, and restore what it names",
        directory.display()
    )]
    Marked {
        /// The data directory.
        directory: PathBuf,
        /// What was found.
        what: String,
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

impl EngineError {
    /// Whether there is no room on the disk. Reading goes on, and frees nothing.
    pub fn is_out_of_space(&self) -> bool {
        match self {
            Self::Io { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
            ),
            Self::Failed { reason, .. } => NO_SPACE.iter().any(|words| reason.contains(words)),
            _ => false,
        }
    }

    /// Whether what is stored, or the disk that it is on, is damaged, so that what is left may
    /// still be read.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) | Self::Marked { .. } | Self::Unproven { .. } => true,
            Self::Io { source, .. } => source.raw_os_error() == Some(EIO),
            Self::Failed { reason, .. } => reason.contains(INPUT_OUTPUT_ERROR),
            _ => false,
        }
    }
}

/// What the system says where a disk is full, or a quota is used up, as RocksDB passes it on.
const NO_SPACE: [&str; 2] = ["No space left on device", "Disk quota exceeded"];

/// What the system says where a disk cannot do what it should, and its number.
const INPUT_OUTPUT_ERROR: &str = "Input/output error";
const EIO: i32 = 5;

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
