use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TileId;
use rocksdb::DB;
use rocksdb::DBRawIterator;
use rocksdb::ReadOptions;

use super::families::Family;
use super::identity;
use super::keys;
use super::keys::MetaKey;
use super::open::engine_error;
use crate::correction::SearchRow;
use crate::error::Damage;
use crate::error::StorageError;
use crate::shard::SearchKey;
use crate::shard::ShardId;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::store::Reader;
use crate::trees::Frozen;
use crate::trees::StoredTree;

/// A store as it is: each read sees the latest round.
pub(super) struct View<'a> {
    engine: &'a DB,
}

impl<'a> View<'a> {
    pub(super) fn live(engine: &'a DB) -> Self {
        Self { engine }
    }

    /// All shards that anything in `meta` names, oldest first.
    pub(super) fn named_shards(&self) -> Result<BTreeSet<ShardId>, StorageError> {
        let names = self.names()?;
        let shards = names.into_iter().filter_map(|name| match name {
            MetaKey::Identity(shard) | MetaKey::Head(shard) | MetaKey::Frozen(shard) => Some(shard),
            MetaKey::Schema | MetaKey::Reindex => None,
        });
        Ok(shards.collect())
    }

    /// The index of the last entry of `shard` that is stored, whatever the head says.
    pub(super) fn last_entry(&self, shard: ShardId) -> Result<Option<LeafIndex>, StorageError> {
        let handle = Family::Entries.handle(self.engine);
        let options = ReadOptions::default();
        let mut entries = self.engine.raw_iterator_cf_opt(handle, options);
        entries.seek_for_prev(keys::entry(shard, LeafIndex::new(u64::MAX)));
        must_have_ended(&entries)?;
        let Some(key) = entries.key() else {
            return Ok(None);
        };
        match keys::decode_entry_key(key).ok_or(Damage::Undecodable("name of an entry"))? {
            (found, index) if found == shard => Ok(Some(index)),
            _ => Ok(None),
        }
    }

    fn names(&self) -> Result<Vec<MetaKey>, StorageError> {
        let mut stored = self.iterate(Family::Meta, b"", None, ReadOptions::default());
        let mut names = Vec::new();
        while let Some(name) = stored.key() {
            names.push(MetaKey::decode(name).ok_or(Damage::Undecodable("name in meta"))?);
            stored.next();
        }
        must_have_ended(&stored)?;
        Ok(names)
    }

    /// What is stored of `shard`, for the check of a write.
    pub(super) fn stored_tree(&self, shard: ShardId) -> Result<StoredTree, StorageError> {
        Ok(StoredTree {
            head: self.head(shard)?,
            is_frozen: self.frozen(shard)?.is_some(),
        })
    }

    fn value(&self, family: Family, key: &[u8]) -> Result<Option<Vec<u8>>, StorageError> {
        let handle = family.handle(self.engine);
        let value = self.engine.get_cf_opt(handle, key, &ReadOptions::default());
        value.map_err(|error| engine_error("read the store", &error))
    }

    /// The keys of `family` from `from` on, below `end`.
    fn iterate(
        &self,
        family: Family,
        from: &[u8],
        end: Option<Vec<u8>>,
        mut options: ReadOptions,
    ) -> DBRawIterator<'_> {
        if let Some(end) = end {
            options.set_iterate_upper_bound(end);
        }
        let handle = family.handle(self.engine);
        let mut iterator = self.engine.raw_iterator_cf_opt(handle, options);
        iterator.seek(from);
        iterator
    }
}

impl Reader for View<'_> {
    fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        let names = self.names()?;
        let shards = names.into_iter().filter_map(|name| match name {
            MetaKey::Identity(shard) => Some(shard),
            MetaKey::Head(_) | MetaKey::Frozen(_) | MetaKey::Schema | MetaKey::Reindex => None,
        });
        Ok(shards.collect())
    }

    fn identity(&self, shard: ShardId) -> Result<Option<ShardIdentity>, StorageError> {
        let value = self.value(Family::Meta, &keys::identity(shard))?;
        decode(value, "shard's identity", |value| identity::decode(&value))
    }

    fn head(&self, shard: ShardId) -> Result<Option<StoredHead>, StorageError> {
        let value = self.value(Family::Meta, &keys::head(shard))?;
        decode(value, "tree head", |value| keys::decode_head(&value))
    }

    fn entry(&self, shard: ShardId, index: LeafIndex) -> Result<Option<StoredEntry>, StorageError> {
        let value = self.value(Family::Entries, &keys::entry(shard, index))?;
        decode(value, "entry", |value| keys::decode_entry(value.into()))
    }

    fn visit_entries(
        &self,
        shard: ShardId,
        range: Range<u64>,
        visit: &mut dyn FnMut(LeafIndex, StoredEntry) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        // The head is read before the iterator is made, so the iterator sees all entries that the
        // head counts.
        let Some(head) = self.head(shard)? else {
            return Ok(());
        };
        let range = range.start..range.end.min(head.size.get());
        if range.is_empty() {
            return Ok(());
        }
        let mut options = ReadOptions::default();
        // A long scan would push everything else out of the cache, and comes by once.
        options.fill_cache(range.end - range.start <= CACHED_SCAN_ENTRIES);
        let key_of = |position| keys::entry(shard, LeafIndex::new(position));
        let end = key_of(range.end).to_vec();
        let mut entries = self.iterate(Family::Entries, &key_of(range.start), Some(end), options);
        for position in range {
            let index = LeafIndex::new(position);
            let Some((key, value)) = entries.item() else {
                must_have_ended(&entries)?;
                return Err(Damage::EntryMissing { shard, index }.into());
            };
            if key != key_of(position) {
                return Err(Damage::EntryMissing { shard, index }.into());
            }
            let entry = keys::decode_entry(Bytes::copy_from_slice(value))
                .ok_or(Damage::Undecodable("entry"))?;
            if visit(index, entry).is_break() {
                break;
            }
            entries.next();
        }
        Ok(())
    }

    fn tile(&self, shard: ShardId, id: TileId) -> Result<Option<Bytes>, StorageError> {
        match self.value(Family::Tiles, &keys::tile(shard, id))? {
            Some(tile) if tile.len() != TILE_BYTES => Err(Damage::TileLength {
                shard,
                id,
                length: tile.len(),
            }
            .into()),
            tile => Ok(tile.map(Bytes::from)),
        }
    }

    fn index_of(
        &self,
        shard: ShardId,
        leaf_hash: &Hash,
    ) -> Result<Option<LeafIndex>, StorageError> {
        let value = self.value(Family::Leaves, &keys::leaf(shard, leaf_hash))?;
        decode(value, LEAF_INDEX, |value| keys::decode_index(&value))
    }

    fn indexes_of(
        &self,
        shard: ShardId,
        leaf_hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError> {
        let leaves: Vec<_> = leaf_hashes
            .iter()
            .map(|leaf_hash| keys::leaf(shard, leaf_hash))
            .collect();
        let handle = Family::Leaves.handle(self.engine);
        let in_order = false;
        let values = self.engine.batched_multi_get_cf_opt(
            handle,
            &leaves,
            in_order,
            &ReadOptions::default(),
        );
        values
            .into_iter()
            .map(|value| {
                let value = value.map_err(|error| engine_error("read the store", &error))?;
                decode(value, LEAF_INDEX, |value| keys::decode_index(&value))
            })
            .collect()
    }

    fn search(
        &self,
        shard: ShardId,
        key: &SearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError> {
        let mut options = ReadOptions::default();
        options.set_prefix_same_as_start(true);
        let first = keys::search(shard, key, from);
        let mut found = self.iterate(Family::Search, &first, None, options);
        let mut indexes = Vec::new();
        while indexes.len() < limit
            && let Some(stored) = found.key()
        {
            let index = keys::index_of_search_key(stored);
            indexes.push(index.ok_or(Damage::Undecodable("search key"))?);
            found.next();
        }
        must_have_ended(&found)?;
        Ok(indexes)
    }

    fn attestation(&self, shard: ShardId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        let content = self.value(Family::Attestations, &keys::attestation(shard, key))?;
        Ok(content.map(Bytes::from))
    }

    fn search_rows(
        &self,
        shard: ShardId,
        after: Option<SearchRow>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StorageError> {
        let mut options = ReadOptions::default();
        // The rows of all keys, whatever the filters are made for; and they come by once.
        options.set_total_order_seek(true);
        options.fill_cache(false);
        let end = shard.get().checked_add(1).map(ShardId::new);
        let end = end.map(|next| keys::first_search(next).to_vec());
        let mut stored = match after {
            None => self.iterate(Family::Search, &keys::first_search(shard), end, options),
            Some(row) => {
                let last = keys::search(shard, &row.key, row.index);
                let mut stored = self.iterate(Family::Search, &last, end, options);
                if stored.key() == Some(&last[..]) {
                    stored.next();
                }
                stored
            }
        };
        let mut rows = Vec::new();
        while rows.len() < limit
            && let Some(key) = stored.key()
        {
            let (_, row) = keys::decode_search(key).ok_or(Damage::Undecodable("search key"))?;
            rows.push(row);
            stored.next();
        }
        must_have_ended(&stored)?;
        Ok(rows)
    }

    fn has_search_rows(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
    ) -> Result<Vec<bool>, StorageError> {
        let mut options = ReadOptions::default();
        options.fill_cache(false);
        let keys: Vec<_> = rows
            .iter()
            .map(|row| keys::search(shard, &row.key, row.index))
            .collect();
        let handle = Family::Search.handle(self.engine);
        let in_order = false;
        let values = self
            .engine
            .batched_multi_get_cf_opt(handle, &keys, in_order, &options);
        values
            .into_iter()
            .map(|value| {
                let value = value.map_err(|error| engine_error("read the store", &error))?;
                Ok(value.is_some())
            })
            .collect()
    }

    fn frozen(&self, shard: ShardId) -> Result<Option<Frozen>, StorageError> {
        let value = self.value(Family::Meta, &keys::frozen(shard))?;
        decode(value, "frozen tree", |value| keys::decode_frozen(&value))
    }

    fn schema_version(&self) -> Result<u32, StorageError> {
        let value = self.value(Family::Meta, keys::SCHEMA)?;
        let version = decode(value, "schema version", |value| {
            keys::decode_schema_version(&value)
        })?;
        Ok(version.ok_or(Damage::SchemaVersionMissing)?)
    }

    fn reindex_progress(&self) -> Result<Option<Bytes>, StorageError> {
        let progress = self.value(Family::Meta, keys::REINDEX)?;
        Ok(progress.map(Bytes::from))
    }
}

/// What `value` means. A value that means nothing is damage, never absence.
fn decode<V, T>(
    value: Option<V>,
    what: &'static str,
    decode: impl FnOnce(V) -> Option<T>,
) -> Result<Option<T>, StorageError> {
    let Some(value) = value else { return Ok(None) };
    match decode(value) {
        None => Err(Damage::Undecodable(what).into()),
        decoded => Ok(decoded),
    }
}

/// An iterator also stops at trouble, which must not be taken for the end.
fn must_have_ended(iterator: &DBRawIterator<'_>) -> Result<(), StorageError> {
    let status = iterator.status();
    status.map_err(|error| engine_error("read the store", &error))
}

/// The longest scan whose blocks are worth their place in the cache: a few entry bundles.
const CACHED_SCAN_ENTRIES: u64 = 1_024;

const LEAF_INDEX: &str = "leaf's index";
