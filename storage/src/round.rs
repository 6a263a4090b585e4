//! Entries that are added together, and the rules for them.

use std::collections::BTreeSet;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TILE_HEIGHT;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::error::StorageError;
use crate::shard::StoredHead;
use crate::shard::StoredName;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;

/// The bytes of bodies, tiles and attestations that the rounds of one write may carry together: 256
/// MiB.
pub const MAX_ROUND_BYTES: usize = 256 << 20;

/// The longest key of an attestation, in bytes.
pub const MAX_ATTESTATION_KEY_BYTES: usize = 1_024;

/// The longest attestation, in bytes: 16 MiB. What a log accepts is its own, lower setting.
pub const MAX_ATTESTATION_BYTES: usize = 16 << 20;

/// The most rows that one write beside the rounds may keep.
pub const MAX_BESIDE_ROWS: usize = 16_384;

/// The bytes of keys and contents that one write beside the rounds may keep: 4 MiB. A round may
/// have to wait for it.
pub const MAX_BESIDE_BYTES: usize = 4 << 20;

/// The bytes of a row of the search index: shard, kind and hash of the key, and the index.
pub const SEARCH_ROW_BYTES: usize = 4 + 1 + Hash::LENGTH + 8;

/// Everything that one batch of entries changes in a shard. It is durable as a whole or not there
/// at all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Round {
    /// The index of the first entry: the size of the stored head.
    pub first: LeafIndex,
    /// The entries in the order of their indexes, at least one.
    pub entries: Vec<NewEntry>,
    /// The tiles that become full with these entries, at all levels, in any order: all of them,
    /// each once.
    pub tiles: Vec<(TileId, Bytes)>,
    /// The head after these entries.
    pub head: StoredHead,
}

/// An entry that a [`Round`] adds.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewEntry {
    /// The leaf hash of the body. The store does not compute it, and does not look whether it is
    /// stored already.
    pub leaf_hash: Hash,
    /// When the entry was taken into the log, in Unix seconds.
    pub integrated_time: i64,
    /// What duplicates of the entry are found by, where that is not the leaf hash: both then lead
    /// to the entry.
    pub duplicate_key: Option<Hash>,
    /// The canonical bytes, at most [`MAX_ENTRY_BYTES`].
    pub body: Bytes,
    /// What the entry can be found by.
    pub search_keys: Vec<StoredSearchKey>,
    /// Texts behind such keys, each of which is kept once for all entries.
    pub names: Vec<StoredName>,
    /// Where the entry is found by more than these: the first part of what is kept beside it that
    /// the index has still to be written of.
    pub later: Option<u32>,
    /// What is kept beside the entry, each with the key to find it by: an attestation, or what
    /// another log signed for it.
    pub attestations: Vec<(Vec<u8>, Bytes)>,
}

impl Round {
    /// Refuses a round that does not continue a tree with the stored head `head`, or that breaks a
    /// limit.
    pub(crate) fn must_follow(
        &self,
        shard: ShardId,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        if self.first != head.size.next_index() {
            return Err(StorageError::OutOfOrder {
                shard,
                expected: head.size.next_index(),
                found: self.first,
            });
        }
        if self.entries.is_empty() {
            return Err(StorageError::EmptyRound);
        }
        // A tree has at most 2^64 - 1 leaves, so a sum beyond that can equal no size.
        let size = self.first.get().saturating_add(self.entries.len() as u64);
        if self.head.size.get() != size {
            return Err(StorageError::HeadSize {
                expected: TreeSize::new(size),
                found: self.head.size,
            });
        }
        if self.head.time < head.time {
            return Err(StorageError::TimeBackwards {
                last: head.time,
                found: self.head.time,
            });
        }
        self.must_keep_limits()?;
        self.must_carry_its_tiles()
    }

    /// The entries with their indexes.
    pub(crate) fn indexed(&self) -> impl Iterator<Item = (LeafIndex, &NewEntry)> {
        let first = self.first.get();
        self.entries
            .iter()
            .zip(first..)
            .map(|(entry, position)| (LeafIndex::new(position), entry))
    }

    /// The bytes of bodies, tiles, attestations and rows of the search index.
    pub(crate) fn payload_bytes(&self) -> usize {
        let entries = self.entries.iter().map(NewEntry::payload_bytes);
        entries.sum::<usize>() + self.tiles.iter().map(|(_, tile)| tile.len()).sum::<usize>()
    }

    fn must_keep_limits(&self) -> Result<(), StorageError> {
        for (index, entry) in self.indexed() {
            entry.must_keep_limits(index)?;
        }
        if self.payload_bytes() > MAX_ROUND_BYTES {
            return Err(StorageError::RoundLength {
                limit: MAX_ROUND_BYTES,
            });
        }
        Ok(())
    }

    fn must_carry_its_tiles(&self) -> Result<(), StorageError> {
        let mut due: BTreeSet<TileId> = completed_tiles(self.first.get(), self.head.size.get());
        for (id, tile) in &self.tiles {
            if tile.len() != TILE_BYTES {
                return Err(StorageError::TileLength {
                    id: *id,
                    length: tile.len(),
                });
            }
            if !due.remove(id) {
                return Err(StorageError::TileUnexpected { id: *id });
            }
        }
        match due.first() {
            Some(id) => Err(StorageError::TileMissing { id: *id }),
            None => Ok(()),
        }
    }
}

/// Refuses rounds that cannot be one write: none at all, two for one shard, or more than a write
/// may carry.
pub(crate) fn must_fit_one_write(rounds: &[(ShardId, &Round)]) -> Result<(), StorageError> {
    if rounds.is_empty() {
        return Err(StorageError::NoRound);
    }
    must_differ(rounds.iter().map(|(shard, _)| *shard))?;
    let bytes = rounds.iter().map(|(_, round)| round.payload_bytes());
    if bytes.sum::<usize>() > MAX_ROUND_BYTES {
        return Err(StorageError::RoundLength {
            limit: MAX_ROUND_BYTES,
        });
    }
    Ok(())
}

/// Refuses rows that are too many or too long for one write beside the rounds.
pub(crate) fn must_fit_beside(rows: &[(Vec<u8>, Bytes)]) -> Result<(), StorageError> {
    let bytes = rows.iter().map(|(key, content)| key.len() + content.len());
    let is_long = bytes.sum::<usize>() > MAX_BESIDE_BYTES;
    let mut keys = rows.iter().map(|(key, _)| key.len());
    let has_long_key = keys.any(|length| length > MAX_ATTESTATION_KEY_BYTES);
    match is_long || has_long_key || rows.len() > MAX_BESIDE_ROWS {
        true => Err(StorageError::BesideLength),
        false => Ok(()),
    }
}

/// Refuses a write that names a shard twice.
pub(crate) fn must_differ(shards: impl IntoIterator<Item = ShardId>) -> Result<(), StorageError> {
    let mut named = BTreeSet::new();
    match shards.into_iter().find(|shard| !named.insert(*shard)) {
        Some(shard) => Err(StorageError::ShardTwice { shard }),
        None => Ok(()),
    }
}

impl NewEntry {
    /// The bytes of its body, its attestations and its rows of the search index: what it adds to a
    /// round, but for the tiles that it completes.
    pub fn payload_bytes(&self) -> usize {
        let attestations = self.attestations.iter();
        let beside = attestations.map(|(key, content)| key.len() + content.len());
        let search = self.search_keys.len() * SEARCH_ROW_BYTES;
        let names = self.names.iter().map(StoredName::row_bytes);
        self.body.len() + beside.sum::<usize>() + search + names.sum::<usize>()
    }

    /// What the index of leaves leads to the entry by.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &Hash> {
        std::iter::once(&self.leaf_hash).chain(&self.duplicate_key)
    }

    fn must_keep_limits(&self, index: LeafIndex) -> Result<(), StorageError> {
        if self.body.len() > MAX_ENTRY_BYTES {
            return Err(StorageError::BodyLength {
                index,
                length: self.body.len(),
                limit: MAX_ENTRY_BYTES,
            });
        }
        let parts = self.attestations.iter().flat_map(|(key, content)| {
            [
                ("key", key.len(), MAX_ATTESTATION_KEY_BYTES),
                ("content", content.len(), MAX_ATTESTATION_BYTES),
            ]
        });
        for (part, length, limit) in parts {
            if length > limit {
                return Err(StorageError::AttestationLength {
                    index,
                    part,
                    length,
                    limit,
                });
            }
        }
        Ok(())
    }
}

/// The last full tile of every level in a tree of `size` leaves.
pub(crate) fn last_full_tiles(size: u64) -> impl Iterator<Item = TileId> {
    (0..TILE_LEVELS).map_while(move |level| {
        let number = full_tiles(size, level).checked_sub(1)?;
        Some(TileId { level, number })
    })
}

/// The tiles that become full when a tree grows from `from` to `to` leaves.
pub(crate) fn completed_tiles(from: u64, to: u64) -> BTreeSet<TileId> {
    (0..TILE_LEVELS)
        .flat_map(|level| {
            (full_tiles(from, level)..full_tiles(to, level))
                .map(move |number| TileId { level, number })
        })
        .collect()
}

/// The number of full tiles at `level` in a tree of `size` leaves.
fn full_tiles(size: u64, level: u8) -> u64 {
    size >> (u32::from(TILE_HEIGHT) * (u32::from(level) + 1))
}

/// A tree has fewer than 2^64 leaves, so no tile of level 7 is ever full.
const TILE_LEVELS: u8 = 7;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tiles_are_due_when_their_last_leaf_is_there() {
        let due = |from, to| {
            completed_tiles(from, to)
                .into_iter()
                .map(|id| (id.level, id.number))
                .collect::<Vec<_>>()
        };
        assert_eq!(due(0, 255), []);
        assert_eq!(due(0, 256), [(0, 0)]);
        assert_eq!(due(255, 256), [(0, 0)]);
        assert_eq!(due(256, 511), []);
        assert_eq!(due(300, 1_024), [(0, 1), (0, 2), (0, 3)]);
        assert_eq!(due(65_535, 65_536), [(0, 255), (1, 0)]);
        assert_eq!(due(u64::MAX - 1, u64::MAX), []);
    }

    #[test]
    fn the_last_full_tiles_of_a_size() {
        let last = |size| {
            last_full_tiles(size)
                .map(|id| (id.level, id.number))
                .collect::<Vec<_>>()
        };
        assert_eq!(last(0), []);
        assert_eq!(last(255), []);
        assert_eq!(last(70_000), [(0, 272), (1, 0)]);
        assert_eq!(last(u64::MAX).len(), 7);
    }

    proptest! {
        #[test]
        fn rounds_complete_each_tile_once(
            mut cuts in proptest::collection::vec(0_u64..200_000, 1..20),
        ) {
            cuts.sort_unstable();
            let mut seen = BTreeSet::new();
            let mut from = 0;
            for to in cuts {
                for tile in completed_tiles(from, to) {
                    prop_assert!(seen.insert(tile));
                }
                from = to;
            }
            prop_assert_eq!(seen, completed_tiles(0, from));
        }
    }
}
