//! Reads of the index of leaves and of the search index.

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
        let keys = KeyRange {
            from: keys::search(shard, key, from).to_vec(),
            to: KeyRange::end_of_prefix(&keys::search_prefix(shard, key)),
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
        let mut keys = KeyRange::of_prefix(&keys::shard(shard));
        if let Some(row) = after {
            keys.from = successor(&keys::search(shard, &row.key, row.index));
        }
        let rows = self
            .rows(Table::Search, keys, limit, Reuse::Unlikely)
            .await?;
        rows.iter().map(|(key, _)| decode_row(key)).collect()
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
