//! Why a store refuses or fails.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::damage::Damage;
use crate::engine::EngineError;
use crate::shard_id::ShardId;

/// Why a store refused, or could not do, what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The store was written by a version of this program that this one does not know. The operator
    /// runs that one.
    #[error(
        "the store has schema version {found}, this program knows {expected} and the one before: \
         run the version that wrote it"
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
    #[error(
        "the round does not complete tile {} at level {}, or carries it twice",
        id.number, id.level
    )]
    TileUnexpected {
        /// The tile.
        id: TileId,
    },

    /// What is kept beside entries later is bounded, because a round may have to wait for it.
    #[error("the rows to keep are too many or too long for one write: write them in parts")]
    BesideLength,

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

    /// The engine refused, or could not.
    #[error(transparent)]
    Engine(EngineError),
}

impl StorageError {
    /// Whether what is stored, or the disk that it is on, is damaged, so that what is left may
    /// still be read.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged(_) => true,
            Self::Engine(error) => error.is_damage(),
            _ => false,
        }
    }

    /// Whether there is no room on the disk.
    pub fn is_out_of_space(&self) -> bool {
        matches!(self, Self::Engine(error) if error.is_out_of_space())
    }
}

impl From<Damage> for StorageError {
    fn from(damage: Damage) -> Self {
        Self::Damaged(damage)
    }
}

/// Damage is one thing, whoever found it.
impl From<EngineError> for StorageError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Damaged(damage) => Self::Damaged(Damage::Engine(damage)),
            other => Self::Engine(other),
        }
    }
}
