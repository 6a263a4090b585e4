//! Reads of the index of leaves and of the search index.

use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;

use super::access::decode;
use super::access::successor;
use super::keys;
use super::store::Schema;
use crate::correction::SearchRow;
use crate::damage::Damage;
use crate::engine::KeyRange;
use crate::engine::Reuse;
use crate::engine::Table;
use crate::error::StorageError;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;

impl Schema {
    /// The index of the leaf whose hash, or whose duplicate key, is `leaf_hash`, by all 256 bits.
    /// Where a tree holds a leaf twice (only an imported one does), it is the later one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    pub async fn index_of(
        &self,
        shard: ShardId,
        leaf_hash: &Hash,
    ) -> Result<Option<LeafIndex>, StorageError> {
        let value = self
            .value(Table::Leaves, &keys::leaf(shard, leaf_hash))
            .await?;
        decode_index(value)
    }

    /// [`Schema::index_of`] for many hashes in one read: the answer at each position belongs to the
    /// hash at that position.
    ///
    /// # Errors
    /// As [`Schema::index_of`]; one failure fails the whole call.
    pub async fn indexes_of(
        &self,
        shard: ShardId,
        leaf_hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError> {
        let keys = leaf_hashes.iter().map(|hash| keys::leaf(shard, hash));
        let values = self.values(Table::Leaves, keys, Reuse::Likely).await?;
        values.into_iter().map(decode_index).collect()
    }

    /// The indexes of at most `limit` entries that were stored with `key`, ascending, none below
    /// `from`. The next page starts one behind the last index of this one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a key does not decode; the engine's own trouble.
    pub async fn search(
        &self,
        shard: ShardId,
        key: &StoredSearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError> {
        self.search_before(shard, key, from..LeafIndex::new(u64::MAX), limit)
            .await
    }

    /// [`Schema::search`] for indexes of a range.
    ///
    /// # Errors
    /// As for that.
    pub async fn search_before(
        &self,
        shard: ShardId,
        key: &StoredSearchKey,
        range: Range<LeafIndex>,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError> {
        let is_open = range.end.get() == u64::MAX;
        let keys = KeyRange {
            from: keys::search(shard, key, range.start).to_vec(),
            // Filters help where only keys of one prefix are wanted.
            to: match is_open {
                true => KeyRange::end_of_prefix(&keys::search_prefix(shard, key)),
                false => Some(keys::search(shard, key, range.end).to_vec()),
            },
        };
        let rows = self.rows(Table::Search, keys, limit, Reuse::Likely).await?;
        let rows = rows.into_iter().map(|(key, _)| decode_row(&key));
        rows.map(|row| row.map(|row| row.index)).collect()
    }

    /// At most `limit` rows of the search index in order, the first ones behind `after`, or from
    /// the start. Unlike [`Schema::search`] this yields rows behind the end of the tree too, which
    /// nothing but damage leaves there.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a row does not decode; the engine's own trouble.
    pub async fn search_rows(
        &self,
        shard: ShardId,
        after: Option<SearchRow>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StorageError> {
        let mut keys = KeyRange {
            from: keys::shard(shard).to_vec(),
            to: Some(keys::names(shard).to_vec()),
        };
        if let Some(row) = after {
            keys.from = successor(&keys::search(shard, &row.key, row.index));
        }
        let rows = self
            .rows(Table::Search, keys, limit, Reuse::Unlikely)
            .await?;
        rows.iter().map(|(key, _)| decode_row(key)).collect()
    }

    /// At most `limit` of the texts of one kind that begin with `start` and come behind `after`, in
    /// the order of their bytes.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a row does not decode; the engine's own trouble.
    pub async fn names(
        &self,
        shard: ShardId,
        kind: u8,
        start: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, StorageError> {
        let mut keys = KeyRange::of_prefix(&keys::name(shard, kind, start));
        if let Some(after) = after {
            keys.from = successor(&keys::name(shard, kind, after));
        }
        let rows = self.rows(Table::Search, keys, limit, Reuse::Likely).await?;
        let names = rows.into_iter().map(|(key, _)| {
            let name = keys::decode_name(&key).map(|(_, name)| name.text);
            Ok(name.ok_or(Damage::Undecodable("text in the search index"))?)
        });
        names.collect()
    }

    /// At most `limit` of the entries that are not found by everything yet, in order, and of each
    /// the next part of what is kept beside it that the index has to be written of.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when a row does not decode; the engine's own trouble.
    pub async fn unindexed(
        &self,
        shard: ShardId,
        limit: usize,
    ) -> Result<Vec<(LeafIndex, u32)>, StorageError> {
        let keys = KeyRange::of_prefix(&keys::laters(shard));
        let rows = self.rows(Table::Search, keys, limit, Reuse::Likely).await?;
        let entries = rows.into_iter().map(|(key, value)| {
            let index = keys::decode_later(&key).map(|(_, index)| index);
            let part = value.first_chunk().copied().map(u32::from_be_bytes);
            let entry = index.zip(part);
            Ok(entry.ok_or(Damage::Undecodable("entry that is to be indexed"))?)
        });
        entries.collect()
    }

    /// The next part of what is kept beside the entry at `index` that the index has to be written
    /// of; `None` where nothing is left to be done.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when the row does not decode; the engine's own trouble.
    pub async fn unindexed_part(
        &self,
        shard: ShardId,
        index: LeafIndex,
    ) -> Result<Option<u32>, StorageError> {
        let value = self
            .value(Table::Search, &keys::later(shard, index))
            .await?;
        decode(value, "entry that is to be indexed", |value| {
            Some(u32::from_be_bytes(value[..].try_into().ok()?))
        })
    }

    /// Of which generation the search index is: 0 where no version said it.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    pub async fn index_generation(&self) -> Result<u32, StorageError> {
        let value = self.value(Table::Meta, keys::GENERATION).await?;
        let generation = decode(value, "generation of the search index", |value| {
            Some(u32::from_be_bytes(value[..].try_into().ok()?))
        })?;
        Ok(generation.unwrap_or(0))
    }

    /// Whether the search index has each of `rows`: the answer at each position belongs to the row
    /// at that position.
    ///
    /// # Errors
    /// The engine's own trouble; one failure fails the whole call.
    pub async fn has_search_rows(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
    ) -> Result<Vec<bool>, StorageError> {
        let keys = rows
            .iter()
            .map(|row| keys::search(shard, &row.key, row.index));
        let values = self.values(Table::Search, keys, Reuse::Unlikely).await?;
        Ok(values.iter().map(Option::is_some).collect())
    }
}

pub(super) fn decode_index(value: Option<Bytes>) -> Result<Option<LeafIndex>, StorageError> {
    decode(value, "leaf's index", |value| keys::decode_index(&value))
}

fn decode_row(key: &[u8]) -> Result<SearchRow, StorageError> {
    let row = keys::decode_search(key).map(|(_, row)| row);
    Ok(row.ok_or(Damage::Undecodable("search key"))?)
}
