//! Reads of what is read again and again to see whether it is still what was written. None of it
//! displaces what others have in a cache.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;

use super::access::successor;
use super::entries::full_tile;
use super::index::decode_index;
use super::keys;
use super::store::Schema;
use crate::engine::KeyRange;
use crate::engine::Reuse;
use crate::engine::Scan;
use crate::engine::Table;
use crate::error::StorageError;
use crate::shard_id::ShardId;

/// A part of a shard whose rows say nothing about each other.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum RowsPart {
    /// The leaf index.
    Leaves,
    /// The search index.
    Search,
    /// What is kept beside entries.
    Attestations,
}

impl RowsPart {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Leaves, Self::Search, Self::Attestations];

    fn table(self) -> Table {
        match self {
            Self::Leaves => Table::Leaves,
            Self::Search => Table::Search,
            Self::Attestations => Table::Attestations,
        }
    }
}

/// Some rows that were read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RereadRows {
    /// Bytes of keys and values.
    pub bytes: u64,
    /// Where the next rows begin; `None` when these were the last of the slice.
    pub next: Option<Vec<u8>>,
}

/// Where to go on behind damage that was met from `next` on in a slice: where the byte behind the
/// slice's changes next. `None` where the slice ends before.
pub fn behind_damage(shard: ShardId, slice: u8, next: Option<&[u8]>) -> Option<Vec<u8>> {
    let prefix = [&keys::shard(shard)[..], &[slice]].concat();
    let at = next.and_then(|next| next.get(prefix.len()));
    let further = at.copied().unwrap_or(0).checked_add(1)?;
    Some([&prefix[..], &[further]].concat())
}

impl Schema {
    /// As [`Schema::tiles`].
    ///
    /// # Errors
    /// As for that.
    pub async fn reread_tiles(
        &self,
        shard: ShardId,
        ids: &[TileId],
    ) -> Result<Vec<Option<Bytes>>, StorageError> {
        let keys = ids.iter().map(|id| keys::tile(shard, *id));
        let values = self.values(Table::Tiles, keys, Reuse::Unlikely).await?;
        let tiles = ids.iter().zip(values);
        tiles
            .map(|(id, value)| full_tile(shard, *id, value))
            .collect()
    }

    /// As [`Schema::indexes_of`].
    ///
    /// # Errors
    /// As for that.
    pub async fn reread_indexes(
        &self,
        shard: ShardId,
        leaf_hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError> {
        let keys = leaf_hashes.iter().map(|hash| keys::leaf(shard, hash));
        let values = self.values(Table::Leaves, keys, Reuse::Unlikely).await?;
        values.into_iter().map(decode_index).collect()
    }

    /// Reads the next rows of a part of a shard against the engine's own checksums, up to `bytes`
    /// of them but at least one. Of the part it is the slice whose keys go on with the byte
    /// `slice`, from `next` on, or from its begin: behind damage, the next slice may be read all
    /// the same.
    ///
    /// # Errors
    /// What cannot be read.
    pub async fn reread_rows(
        &self,
        shard: ShardId,
        part: RowsPart,
        slice: u8,
        next: Option<Vec<u8>>,
        bytes: usize,
    ) -> Result<RereadRows, StorageError> {
        let prefix = [&keys::shard(shard)[..], &[slice]].concat();
        let mut keys = KeyRange::of_prefix(&prefix);
        if let Some(next) = next {
            keys.from = next;
        }
        let scan = Scan {
            table: part.table(),
            keys,
            rows: usize::MAX,
            bytes,
            reuse: Reuse::Unlikely,
        };
        let page = self.page(&scan).await?;
        let read = page.rows.iter();
        let read = read.map(|(key, value)| (key.len() + value.len()) as u64);
        let last = page.rows.last().filter(|_| !page.is_last);
        Ok(RereadRows {
            bytes: read.sum(),
            next: last.map(|(key, _)| successor(key)),
        })
    }
}
