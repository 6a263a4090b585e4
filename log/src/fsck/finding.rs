use std::fmt;

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

/// One thing that is wrong with a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Finding {
    /// The entry is not there, or cannot be read.
    Unreadable(LeafIndex, String),
    /// Entries cannot be read, so the root could not be compared, nor could the tiles above the
    /// lowest level from there on.
    Incomparable,
    /// The tile is missing.
    MissingTile(TileId),
    /// The tile is not the one that the bodies give.
    WrongTile(TileId),
    /// The tile cannot be read.
    UnreadableTile(TileId, String),
    /// Where the leaf hash of the entry leads cannot be read.
    UnreadableLeafIndex(LeafIndex, String),
    /// The entry is not found by as many of the keys that its body names.
    Unsearchable(LeafIndex, usize),
    /// Whether the entry is found by what its body names cannot be read.
    UnreadableSearch(LeafIndex, String),
    /// The statement that was handed in after the entry is not what it was: why.
    BadStatement(LeafIndex, String),
    /// The store cannot read all that it holds.
    Store(String),
    /// The leaf hash of the entry leads to another index, or to none: a duplicate would be logged
    /// again.
    WrongLeafIndex(LeafIndex, Option<LeafIndex>),
    /// Time runs backwards at the entry.
    TimeReversed(LeafIndex),
    /// There is an entry beyond the head.
    BeyondHead(LeafIndex),
    /// The bodies give another root than the stored head has.
    WrongRoot(Hash),
    /// The kept checkpoint is missing, though the log has entries.
    NoKeptCheckpoint,
    /// The kept checkpoint cannot be read, or is not signed by the log.
    BadKeptCheckpoint(String),
    /// The kept checkpoint is over more leaves than the store has.
    RolledBack(TreeSize),
    /// The bodies give another root than the kept checkpoint has at its size.
    Forked(TreeSize),
    /// The last checkpoint of a frozen tree cannot be read, is not signed by its key, or is not
    /// over exactly what is stored.
    BadFrozenCheckpoint(String),
    /// The copy of another log has more entries than the checkpoint that came with them is over:
    /// the import did not end.
    Incomplete(TreeSize),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(index, error) => write!(f, "entry {index} cannot be read ({error})"),
            Self::Incomparable => write!(
                f,
                "without the entries that cannot be read, the root and the upper tiles cannot be \
                 compared"
            ),
            Self::UnreadableTile(id, error) => write!(
                f,
                "tile {} of level {} cannot be read ({error})",
                id.number, id.level
            ),
            Self::UnreadableLeafIndex(index, error) => {
                write!(
                    f,
                    "the leaf index of entry {index} cannot be read ({error})"
                )
            }
            Self::Unsearchable(index, keys) => write!(
                f,
                "the search index does not lead to entry {index} by {keys} of the things that it \
                 names; `ledgerstone reindex` rebuilds it"
            ),
            Self::UnreadableSearch(index, error) => {
                write!(
                    f,
                    "the search index of entry {index} cannot be read ({error})"
                )
            }
            Self::BadStatement(index, why) => write!(
                f,
                "the statement that was handed in after entry {index}: {why}; remove it with \
                 `ledgerstone detach`"
            ),
            Self::Store(damage) => write!(f, "the store: {damage}"),
            Self::MissingTile(id) => {
                write!(f, "tile {} of level {} is missing", id.number, id.level)
            }
            Self::WrongTile(id) => write!(
                f,
                "tile {} of level {} is not what the entries give",
                id.number, id.level
            ),
            Self::WrongLeafIndex(index, None) => {
                write!(f, "the leaf hash of entry {index} is not indexed")
            }
            Self::WrongLeafIndex(index, Some(other)) => {
                write!(f, "the leaf hash of entry {index} leads to {other}")
            }
            Self::TimeReversed(index) => write!(
                f,
                "entry {index} has an earlier time than the one before it"
            ),
            Self::BeyondHead(index) => write!(f, "there is an entry {index} beyond the head"),
            Self::WrongRoot(root) => {
                write!(f, "the entries give the root {root}, the head has another")
            }
            Self::NoKeptCheckpoint => write!(f, "the checkpoint kept outside the store is missing"),
            Self::BadKeptCheckpoint(error) => {
                write!(f, "the checkpoint kept outside the store: {error}")
            }
            Self::RolledBack(size) => write!(
                f,
                "a checkpoint over {size} leaves was signed, more than the store has"
            ),
            Self::Forked(size) => write!(
                f,
                "the entries give another root than was signed at size {size}"
            ),
            Self::BadFrozenCheckpoint(error) => {
                write!(f, "the checkpoint that the tree was frozen with: {error}")
            }
            Self::Incomplete(size) => write!(
                f,
                "the copy is incomplete: its checkpoint is over the first {size} entries; import \
                 from the same log again"
            ),
        }
    }
}

impl Finding {
    /// Whether it is about the checkpoint outside the store, not about the store.
    pub fn is_about_kept_checkpoint(&self) -> bool {
        matches!(self, Self::NoKeptCheckpoint | Self::BadKeptCheckpoint(_))
    }
}
