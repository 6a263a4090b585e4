//! Reads of entries, tiles, and what is kept beside entries.

use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TileId;

use super::access::decode;
use super::access::successor;
use super::keys;
use super::store::Schema;
use crate::damage::Damage;
use crate::engine::KeyRange;
use crate::engine::Page;
use crate::engine::Reuse;
use crate::engine::Scan;
use crate::engine::Table;
use crate::error::StorageError;
use crate::shard::StoredEntry;
use crate::shard_id::ShardId;

/// How much a page of entries may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PageLimit {
    /// The most entries, at least 1.
    pub entries: usize,
    /// The most bytes of bodies and what is stored with each, but one entry may be longer.
    pub bytes: usize,
}

/// Some entries of a range, in order and without a gap.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EntryPage {
    /// The entries with their indexes. The next page begins one behind the last one. There is at
    /// least one unless the range or the shard ends before.
    pub entries: Vec<(LeafIndex, StoredEntry)>,
    /// Whether the range or the shard ends with them, as far as is known: behind a short page there
    /// may be nothing either.
    pub is_last: bool,
}

impl EntryPage {
    /// The page behind the end.
    fn of_none() -> Self {
        Self {
            entries: Vec::new(),
            is_last: true,
        }
    }
}

impl Schema {
    /// The entry at `index`, or `None` when the shard has none there.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it does not decode; the engine's own trouble.
    pub async fn entry(
        &self,
        shard: ShardId,
        index: LeafIndex,
    ) -> Result<Option<StoredEntry>, StorageError> {
        let value = self
            .value(Table::Entries, &keys::entry(shard, index))
            .await?;
        decode(value, "entry", keys::decode_entry)
    }

    /// The first entries of `range`.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when the first entry, though below the shard's head, is missing or
    /// does not decode; the engine's own trouble. Trouble behind entries comes with the next page.
    pub async fn entries(
        &self,
        shard: ShardId,
        range: Range<u64>,
        limit: PageLimit,
    ) -> Result<EntryPage, StorageError> {
        if range.is_empty() {
            return Ok(EntryPage::of_none());
        }
        let page = self.scan_entries(shard, &range, limit).await?;
        if !page.entries.is_empty() {
            return Ok(page);
        }
        let index = LeafIndex::new(range.start);
        let head = self.head(shard).await?;
        if head.is_none_or(|head| !index.is_in(head.size)) {
            return Ok(EntryPage::of_none());
        }
        // The head was read behind the scan, and may count what was added in between. A second scan
        // has that.
        let page = self.scan_entries(shard, &range, limit).await?;
        if page.entries.is_empty() {
            return Err(Damage::EntryMissing { shard, index }.into());
        }
        Ok(page)
    }

    /// The full tile `id`, 8,192 bytes, or `None` when the tree is not yet large enough for it.
    /// Partial tiles are not stored: a partial tile is a prefix of the later one.
    ///
    /// # Errors
    /// [`StorageError::Damaged`] when it has another length; the engine's own trouble.
    pub async fn tile(&self, shard: ShardId, id: TileId) -> Result<Option<Bytes>, StorageError> {
        let value = self.value(Table::Tiles, &keys::tile(shard, id)).await?;
        full_tile(shard, id, value)
    }

    /// [`Schema::tile`] for many tiles in one read: the answer at each position belongs to the tile
    /// at that position.
    ///
    /// # Errors
    /// As [`Schema::tile`]; one failure fails the whole call.
    pub async fn tiles(
        &self,
        shard: ShardId,
        ids: &[TileId],
    ) -> Result<Vec<Option<Bytes>>, StorageError> {
        let keys = ids.iter().map(|id| keys::tile(shard, *id));
        let values = self.values(Table::Tiles, keys, Reuse::Likely).await?;
        let tiles = ids.iter().zip(values);
        tiles
            .map(|(id, value)| full_tile(shard, *id, value))
            .collect()
    }

    /// The attestation that was stored under `key`; the latest one, when several entries brought
    /// one.
    ///
    /// # Errors
    /// The engine's own trouble.
    pub async fn attestation(
        &self,
        shard: ShardId,
        key: &[u8],
    ) -> Result<Option<Bytes>, StorageError> {
        let key = keys::attestation(shard, key);
        self.value(Table::Attestations, &key).await
    }

    /// At most `limit` of the rows among the attestations whose keys begin with `start` and come
    /// behind `after`, in order: keys and contents.
    ///
    /// # Errors
    /// The engine's own trouble.
    pub async fn attestations(
        &self,
        shard: ShardId,
        start: &[u8],
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, StorageError> {
        let mut range = KeyRange::of_prefix(&keys::attestation(shard, start));
        if let Some(after) = after {
            range.from = successor(&keys::attestation(shard, after));
        }
        let table = Table::Attestations;
        let rows = self.rows(table, range, limit, Reuse::Unlikely).await?;
        let prefix = keys::shard(shard).len();
        let rows = rows.into_iter();
        Ok(rows
            .map(|(key, content)| (key.slice(prefix..), content))
            .collect())
    }

    /// The entries of a page, until one is not where it has to be.
    async fn scan_entries(
        &self,
        shard: ShardId,
        range: &Range<u64>,
        limit: PageLimit,
    ) -> Result<EntryPage, StorageError> {
        let key_of = |position| keys::entry(shard, LeafIndex::new(position));
        let is_short = range.end - range.start <= CACHED_SCAN_ENTRIES;
        let scan = Scan {
            table: Table::Entries,
            keys: KeyRange {
                from: key_of(range.start).to_vec(),
                to: Some(key_of(range.end).to_vec()),
            },
            rows: limit.entries.max(1),
            bytes: limit.bytes,
            // A long scan would push everything else out of the cache, and comes by once.
            reuse: if is_short {
                Reuse::Likely
            } else {
                Reuse::Unlikely
            },
        };
        let Page { rows, .. } = self.page(&scan).await?;
        let mut page = EntryPage::default();
        for ((key, value), position) in rows.into_iter().zip(range.clone()) {
            if key != key_of(position)[..] {
                break;
            }
            let Some(entry) = keys::decode_entry(value) else {
                if page.entries.is_empty() {
                    return Err(Damage::Undecodable("entry").into());
                }
                break;
            };
            page.entries.push((LeafIndex::new(position), entry));
        }
        page.is_last = page.entries.len() as u64 == range.end - range.start;
        Ok(page)
    }
}

pub(super) fn full_tile(
    shard: ShardId,
    id: TileId,
    value: Option<Bytes>,
) -> Result<Option<Bytes>, StorageError> {
    match value {
        Some(tile) if tile.len() != TILE_BYTES => {
            let length = tile.len();
            Err(Damage::TileLength { shard, id, length }.into())
        }
        tile => Ok(tile),
    }
}

/// The longest scan whose rows are worth their place in a cache: a few entry bundles.
const CACHED_SCAN_ENTRIES: u64 = 1_024;
