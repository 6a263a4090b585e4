//! Changes of the search index beside the rounds.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;

use crate::error::StorageError;
use crate::round::must_fit_beside;
use crate::shard::StoredName;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;

/// The most rows that one [`Correction`] may add and remove together: about 750 KiB.
pub const MAX_CORRECTION_ROWS: usize = 16_384;

/// Of which generation the search index of a new store is. It counts up with every version that
/// finds entries by other keys than the one before: the index of an older store is to be rebuilt.
pub const INDEX_GENERATION: u32 = 2;

/// The longest text about the progress of a rebuild, in bytes.
pub const MAX_PROGRESS_BYTES: usize = 1_024;

/// A row of the search index: the entry at an index is found by a key. Rows are in the order of
/// kind, hash and index.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SearchRow {
    /// What the entry is found by.
    pub key: StoredSearchKey,
    /// Where the entry is.
    pub index: LeafIndex,
}

/// Some rows of the search index of a shard that a rebuild adds and removes, and how far it is with
/// them. It is there as a whole or not at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Correction {
    /// The size of the tree when this was decided. A row to remove that points behind it stays when
    /// the tree has grown over it since: the round that brought its entry may have written it.
    pub seen: TreeSize,
    /// Rows to add. Those that are there already stay as they are.
    pub add: Vec<SearchRow>,
    /// Texts behind rows that are there or are added. Those that are there already stay.
    pub names: Vec<StoredName>,
    /// Rows to remove. Those that are not there are no error.
    pub remove: Vec<SearchRow>,
    /// How far the rebuild is, in its own words, at most [`MAX_PROGRESS_BYTES`]; `None` when it is
    /// complete.
    pub progress: Option<Bytes>,
}

/// What an entry is found by beyond what its round brought, and how far that is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Expansion {
    /// Where the entry is.
    pub index: LeafIndex,
    /// The keys to add.
    pub keys: Vec<StoredSearchKey>,
    /// The texts behind them.
    pub names: Vec<StoredName>,
    /// The next part of what is kept beside the entry; `None` when this was the last.
    pub next: Option<u32>,
}

/// A change of what is kept beside an entry, and of what the entry is found by because of it. It is
/// there as a whole or not at all.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Amendment {
    /// Rows to keep among the attestations, keys and contents. Those that are there are replaced.
    pub keep: Vec<(Vec<u8>, Bytes)>,
    /// Keys of rows there to remove. Those that are not there are no error.
    pub forget: Vec<Vec<u8>>,
    /// Keys that the entry is found by from now on.
    pub add: Vec<StoredSearchKey>,
    /// Keys that it is no longer found by.
    pub remove: Vec<StoredSearchKey>,
    /// What is left to be done for the entry's rows in the index.
    pub later: Later,
}

/// What is left to be done for the rows of an entry in the index.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Later {
    /// As much as before.
    #[default]
    AsBefore,
    /// From this part on of what is kept beside the entry.
    From(u32),
    /// Nothing.
    Nothing,
}

impl Amendment {
    /// Refuses one of an entry behind the end of a tree of `size` leaves, or with too much.
    pub(crate) fn must_fit(
        &self,
        shard: ShardId,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<(), StorageError> {
        must_fit_beside(&self.keep)?;
        if self.forget.len() + self.add.len() + self.remove.len() > MAX_CORRECTION_ROWS {
            return Err(StorageError::CorrectionLength {
                limit: MAX_CORRECTION_ROWS,
            });
        }
        match index.is_in(size) {
            true => Ok(()),
            false => Err(StorageError::RowBeyondHead { shard, index, size }),
        }
    }
}

impl Expansion {
    /// Refuses one of an entry behind the end of a tree of `size` leaves, or with too many rows.
    pub(crate) fn must_fit(&self, shard: ShardId, size: TreeSize) -> Result<(), StorageError> {
        if self.keys.len() + self.names.len() > 2 * MAX_CORRECTION_ROWS {
            return Err(StorageError::CorrectionLength {
                limit: 2 * MAX_CORRECTION_ROWS,
            });
        }
        let index = self.index;
        match index.is_in(size) {
            true => Ok(()),
            false => Err(StorageError::RowBeyondHead { shard, index, size }),
        }
    }
}

impl Correction {
    /// Refuses a correction of a tree of `size` leaves that adds rows behind its end, or that
    /// breaks a limit.
    pub(crate) fn must_fit(&self, shard: ShardId, size: TreeSize) -> Result<(), StorageError> {
        if self.add.len() + self.remove.len() + self.names.len() > MAX_CORRECTION_ROWS {
            return Err(StorageError::CorrectionLength {
                limit: MAX_CORRECTION_ROWS,
            });
        }
        if let Some(progress) = &self.progress
            && progress.len() > MAX_PROGRESS_BYTES
        {
            return Err(StorageError::ProgressLength {
                length: progress.len(),
                limit: MAX_PROGRESS_BYTES,
            });
        }
        match self.add.iter().find(|row| !row.index.is_in(size)) {
            Some(row) => Err(StorageError::RowBeyondHead {
                shard,
                index: row.index,
                size,
            }),
            None => Ok(()),
        }
    }

    /// The rows to remove from a tree that has `size` leaves by now.
    pub(crate) fn removed(&self, size: TreeSize) -> impl Iterator<Item = &SearchRow> {
        self.remove
            .iter()
            .filter(move |row| row.index.is_in(self.seen) || !row.index.is_in(size))
    }
}
