//! Why a store refuses, and what is wrong with one that is damaged.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::PathBuf;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::shard::ShardId;

/// Why a store refused, or could not do, what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// One data directory, one process. The operator stops the other one; the lock goes with the
    /// process, so there is no stale lock to remove.
    #[error("the data directory {} is open already: stop the process that uses it", directory.display())]
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

    /// The store was written by a version of this program that this one does not know. The operator
    /// runs that one.
    #[error(
        "the store has schema version {found}, this program knows {expected} and the one before: \
         run the version that \
         wrote it"
    )]
    SchemaVersion {
        /// The version in the store.
        found: u32,
        /// The newest version that this program reads and writes.
        expected: u32,
    },

    /// What is stored is not what was written. The log must not go on; the operator runs `fsck` and
    /// restores from a copy.
    #[error(
        "the store is damaged: {0}; do not write to it: see what else `ledgerstone fsck` finds, \
         and restore it from a copy"
    )]
    Damaged(Damage),

    /// A shard is created once.
    #[error("shard {shard} exists already: choose the next ordinal")]
    ShardExists {
        /// The shard that was to be created.
        shard: ShardId,
    },

    /// A round needs a shard that was created before.
    #[error("there is no shard {shard}: create it first")]
    NoShard {
        /// The shard that was named.
        shard: ShardId,
    },

    /// One write has one round for a shard.
    #[error("shard {shard} is named twice in one write: name it once")]
    ShardTwice {
        /// The shard.
        shard: ShardId,
    },

    /// A write has at least one round.
    #[error("a write needs at least one round")]
    NoRound,

    /// A frozen tree takes no entry, and is not frozen again.
    #[error("shard {shard} is frozen: append to another tree")]
    Frozen {
        /// The shard.
        shard: ShardId,
    },

    /// Only an empty tree gets another identity.
    #[error("shard {shard} has {size} entries: only an empty tree can become another one")]
    ShardNotEmpty {
        /// The shard.
        shard: ShardId,
        /// The size of its stored head.
        size: TreeSize,
    },

    /// The store was written by an earlier version, which must be able to read it until its trees
    /// are changed. The operator upgrades it.
    #[error("the store has schema version {found}, which knows no {what}: upgrade the store first")]
    OldSchema {
        /// The version of the store.
        found: u32,
        /// What that version does not know.
        what: &'static str,
    },

    /// Only a kept checkpoint can be made durable.
    #[error("no checkpoint of shard {shard} is kept: keep it first")]
    NothingKept {
        /// The shard.
        shard: ShardId,
    },

    /// A shard starts empty.
    #[error("a new shard starts at size 0, not {size}")]
    NotEmptyTree {
        /// The size of the head that was given.
        size: TreeSize,
    },

    /// A field of an identity breaks its rule.
    #[error("{field} of a shard's identity must be {rule}")]
    Identity {
        /// The field of [`ShardIdentity`](crate::ShardIdentity).
        field: &'static str,
        /// What it must be.
        rule: &'static str,
    },

    /// A round starts where the stored head ends: an index is never skipped and never reused.
    #[error("a round for shard {shard} must start at index {expected}, not {found}")]
    OutOfOrder {
        /// The shard.
        shard: ShardId,
        /// The size of the stored head.
        expected: LeafIndex,
        /// The round's first index.
        found: LeafIndex,
    },

    /// A round's head counts exactly the entries that the round adds.
    #[error("the round's head must have size {expected}, not {found}")]
    HeadSize {
        /// First index plus number of entries.
        expected: TreeSize,
        /// The size that the round's head names.
        found: TreeSize,
    },

    /// Time in the log never runs backwards. The operator sets the clock right.
    #[error(
        "the round's time {found} lies before {last}, the time of the last round: set the clock \
         right"
    )]
    TimeBackwards {
        /// The time of the stored head, in Unix seconds.
        last: i64,
        /// The time of the round's head, in Unix seconds.
        found: i64,
    },

    /// A round adds at least one entry.
    #[error("a round needs at least one entry")]
    EmptyRound,

    /// Bodies are bounded, because entry bundles give their length in two bytes.
    #[error("the body at index {index} has {length} bytes: at most {limit}")]
    BodyLength {
        /// The index that the entry was to get.
        index: LeafIndex,
        /// The body's length in bytes.
        length: usize,
        /// The bound in bytes.
        limit: usize,
    },

    /// Attestations and their keys are bounded.
    #[error("the {part} of the attestation at index {index} has {length} bytes: at most {limit}")]
    AttestationLength {
        /// The index of the entry that brought it.
        index: LeafIndex,
        /// `key` or `content`.
        part: &'static str,
        /// Its length in bytes.
        length: usize,
        /// The bound in bytes.
        limit: usize,
    },

    /// The bodies, tiles and attestations of the rounds of one write are bounded, because they are
    /// in memory more than once while they are written.
    #[error("the rounds of one write have more than {limit} bytes: make them smaller")]
    RoundLength {
        /// The bound in bytes.
        limit: usize,
    },

    /// Only full tiles are stored.
    #[error("tile {} at level {} has {length} bytes: a full tile has 8192", id.number, id.level)]
    TileLength {
        /// The tile.
        id: TileId,
        /// Its length in bytes.
        length: usize,
    },

    /// A round carries every tile that it completes: nobody writes it later.
    #[error("the round completes tile {} at level {} but does not carry it", id.number, id.level)]
    TileMissing {
        /// The tile.
        id: TileId,
    },

    /// A round carries no tile that it does not complete, and none twice: a tile is written once.
    #[error("the round does not complete tile {} at level {}, or carries it twice", id.number, id.level)]
    TileUnexpected {
        /// The tile.
        id: TileId,
    },

    /// A correction of the search index is bounded, because a round may have to wait for it.
    #[error("the correction has more than {limit} rows: make it smaller")]
    CorrectionLength {
        /// The bound in rows.
        limit: usize,
    },

    /// What a rebuild of the search index remembers is bounded.
    #[error("the progress of a rebuild has {length} bytes: at most {limit}")]
    ProgressLength {
        /// Its length in bytes.
        length: usize,
        /// The bound in bytes.
        limit: usize,
    },

    /// The search index leads to entries.
    #[error("a row for index {index} cannot be added: shard {shard} has {size} entries")]
    RowBeyondHead {
        /// The shard.
        shard: ShardId,
        /// Where the row points.
        index: LeafIndex,
        /// The size of the stored head.
        size: TreeSize,
    },

    /// A checkpoint is a note, and notes are bounded.
    #[error("the checkpoint has {length} bytes: at most {limit}")]
    CheckpointLength {
        /// Its length in bytes.
        length: usize,
        /// The bound in bytes.
        limit: usize,
    },

    /// The store was opened for reading only.
    #[error("the store is open for reading only")]
    ReadOnly,

    /// An earlier write failed, so what is stored is unknown until it was read back. The operator
    /// restarts the process.
    #[error("an earlier write failed: open the store again and verify it before writing")]
    Stopped,

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

    /// The storage engine refused: no space, no file handles, an I/O error. The operator looks at
    /// the reason.
    #[error("cannot {action}: {reason}")]
    Engine {
        /// What was tried, as in "cannot `commit a round`".
        action: &'static str,
        /// The engine's own words.
        reason: String,
    },
}

/// What is wrong with a store.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Damage {
    /// The engine found a file missing, shortened or changed.
    #[error("{0}")]
    Engine(String),

    /// Tables of the engine are missing or were shortened.
    #[error("{}", Self::list(.0))]
    Tables(Vec<DamagedTable>),

    /// The engine's write-ahead log holds what nobody writes there.
    #[error("the write-ahead log {} has {what} at byte {at}", name.display())]
    WriteAheadLog {
        /// The name of the file.
        name: OsString,
        /// Where in it the damage starts, in bytes.
        at: u64,
        /// What is there.
        what: &'static str,
    },

    /// A column family of this schema is not there.
    #[error("the column family {0} is missing")]
    ColumnFamilyMissing(&'static str),

    /// A column family that this schema does not have.
    #[error("the column family {0} is unknown")]
    ColumnFamilyUnknown(String),

    /// The store does not say which schema it has.
    #[error("the schema version is missing")]
    SchemaVersionMissing,

    /// A stored name or value is not one that this schema writes.
    #[error("a {0} does not decode")]
    Undecodable(&'static str),

    /// A shard has a head but no identity.
    #[error("the identity of shard {0} is missing")]
    IdentityMissing(ShardId),

    /// A shard has an identity but no head.
    #[error("the head of shard {0} is missing")]
    HeadMissing(ShardId),

    /// An entry below the head is not there.
    #[error("entry {index} of shard {shard} is missing")]
    EntryMissing {
        /// The shard.
        shard: ShardId,
        /// The index of the entry.
        index: LeafIndex,
    },

    /// There is an entry at or above the head.
    #[error("shard {shard} has entry {index}, which its head of size {size} does not count")]
    EntryBeyondHead {
        /// The shard.
        shard: ShardId,
        /// The index of the entry.
        index: LeafIndex,
        /// The size of the stored head.
        size: TreeSize,
    },

    /// A full tile below the head is not there.
    #[error("tile {} at level {} of shard {shard} is missing", id.number, id.level)]
    TileMissing {
        /// The shard.
        shard: ShardId,
        /// The tile.
        id: TileId,
    },

    /// A stored tile is not 8,192 bytes long.
    #[error("tile {} at level {} of shard {shard} has {length} bytes instead of 8192", id.number, id.level)]
    TileLength {
        /// The shard.
        shard: ShardId,
        /// The tile.
        id: TileId,
        /// Its length in bytes.
        length: usize,
    },

    /// The kept checkpoint of a shard is not a text of the length of a checkpoint.
    #[error("the kept checkpoint of shard {0} is not a checkpoint")]
    KeptCheckpoint(ShardId),
}

impl Damage {
    /// The most tables that a message names.
    const LISTED_TABLES: usize = 10;

    fn list(tables: &[DamagedTable]) -> String {
        let named = tables.iter().take(Self::LISTED_TABLES);
        let mut list: Vec<_> = named.map(DamagedTable::to_string).collect();
        if let Some(more @ 1..) = tables.len().checked_sub(Self::LISTED_TABLES) {
            list.push(format!("and {more} more tables"));
        }
        list.join(", ")
    }
}

/// A table of the engine, that is a file of the store, which is not as long as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DamagedTable {
    /// The name of the file.
    pub name: String,
    /// Its length in bytes; `None` when there is no such file.
    pub length: Option<u64>,
    /// The length that it was written with, in bytes.
    pub expected: u64,
}

impl fmt::Display for DamagedTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, expected, .. } = self;
        match self.length {
            None => write!(f, "the table {name} is missing"),
            Some(length) => write!(f, "the table {name} has {length} of its {expected} bytes"),
        }
    }
}

impl From<Damage> for StorageError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}
