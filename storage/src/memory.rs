use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;
use std::ops::Bound;
use std::ops::ControlFlow;
use std::ops::Range;
use std::sync::PoisonError;
use std::sync::RwLock;
use std::sync::RwLockReadGuard;
use std::sync::RwLockWriteGuard;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::tile_width_at;

use crate::correction::Correction;
use crate::correction::SearchRow;
use crate::error::Damage;
use crate::error::StorageError;
use crate::round::Round;
use crate::round::must_fit_one_write;
use crate::shard::SearchKey;
use crate::shard::ShardId;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::store::Reader;
use crate::store::Statistics;
use crate::store::Store;
use crate::store::read_through;
use crate::trees::Frozen;
use crate::trees::SCHEMA_VERSION;
use crate::trees::StoredTree;
use crate::trees::TreeChange;
use crate::trees::must_be_keepable;
use crate::trees::must_be_known;
use crate::trees::must_start_empty;

/// A store that forgets everything when it is dropped: for tests, and for trying things out.
///
/// It keeps the same contract as RocksDB, except that nothing is durable.
#[derive(Debug)]
pub struct MemoryStore {
    shards: RwLock<BTreeMap<ShardId, Shard>>,
    checkpoints: RwLock<BTreeMap<ShardId, String>>,
    progress: RwLock<Option<Bytes>>,
    schema_version: RwLock<u32>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self {
            shards: RwLock::default(),
            checkpoints: RwLock::default(),
            progress: RwLock::default(),
            schema_version: RwLock::new(SCHEMA_VERSION),
        }
    }
}

impl MemoryStore {
    /// A store without a shard.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a row of the search index as damage would: with no regard to the rules.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant(&self, shard: ShardId, row: SearchRow) {
        if let Some(stored) = write(&self.shards).get_mut(&shard) {
            stored.search.insert(row);
        }
    }

    /// Makes it a store of another version of the schema, as an earlier program would have written
    /// it.
    #[cfg(any(test, feature = "testing"))]
    pub fn plant_schema_version(&self, version: u32) {
        *write(&self.schema_version) = version;
    }

    fn view(&self) -> MemoryView<'_> {
        let heads = read(&self.shards)
            .iter()
            .map(|(id, shard)| (*id, shard.head))
            .collect();
        MemoryView { store: self, heads }
    }
}

read_through!(MemoryStore, view);

impl Store for MemoryStore {
    fn create_shard(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        head: &StoredHead,
    ) -> Result<(), StorageError> {
        must_start_empty(identity, head)?;
        must_be_known(*read(&self.schema_version), identity)?;
        let mut shards = write(&self.shards);
        if shards.contains_key(&shard) {
            return Err(StorageError::ShardExists { shard });
        }
        shards.insert(shard, Shard::new(identity.clone(), *head));
        Ok(())
    }

    fn change_trees(&self, change: &TreeChange) -> Result<(), StorageError> {
        let mut shards = write(&self.shards);
        change.must_fit(|shard| Ok(stored_tree(&shards, shard)))?;
        for (shard, frozen) in &change.freeze {
            if let Some(stored) = shards.get_mut(shard) {
                stored.frozen = Some(frozen.clone());
            }
        }
        for (shard, identity) in &change.replace {
            if let Some(stored) = shards.get_mut(shard) {
                stored.identity = identity.clone();
            }
        }
        for new in &change.create {
            shards.insert(new.id, Shard::new(new.identity.clone(), new.head));
        }
        *write(&self.schema_version) = SCHEMA_VERSION;
        Ok(())
    }

    fn commit(&self, rounds: &[(ShardId, &Round)]) -> Result<(), StorageError> {
        let mut shards = write(&self.shards);
        must_fit_one_write(rounds)?;
        for (shard, round) in rounds {
            let head = stored_tree(&shards, *shard).must_grow(*shard)?;
            round.must_follow(*shard, &head)?;
        }
        for (shard, round) in rounds {
            if let Some(stored) = shards.get_mut(shard) {
                stored.append(round);
            }
        }
        Ok(())
    }

    fn correct(&self, shard: ShardId, correction: &Correction) -> Result<(), StorageError> {
        let mut shards = write(&self.shards);
        let stored = shards
            .get_mut(&shard)
            .ok_or(StorageError::NoShard { shard })?;
        let size = stored.head.size;
        correction.must_fit(shard, size)?;
        for row in correction.removed(size) {
            stored.search.remove(row);
        }
        stored.search.extend(&correction.add);
        write(&self.progress).clone_from(&correction.progress);
        Ok(())
    }

    fn keep_checkpoint(&self, shard: ShardId, checkpoint: &str) -> Result<(), StorageError> {
        must_be_keepable(checkpoint)?;
        write(&self.checkpoints).insert(shard, checkpoint.to_owned());
        Ok(())
    }

    fn sync_kept(&self, shard: ShardId) -> Result<(), StorageError> {
        match self.kept_checkpoint(shard)? {
            Some(_) => Ok(()),
            None => Err(StorageError::NothingKept { shard }),
        }
    }

    fn kept_checkpoint(&self, shard: ShardId) -> Result<Option<String>, StorageError> {
        Ok(read(&self.checkpoints).get(&shard).cloned())
    }

    fn statistics(&self) -> Result<Statistics, StorageError> {
        let bytes = read(&self.shards).values().map(Shard::bytes).sum();
        Ok(Statistics {
            memory_bytes: bytes,
            ..Statistics::default()
        })
    }
}

/// One tree. Everything in it but the head and the search index is only ever added to, so a head
/// alone makes a consistent view.
#[derive(Debug)]
struct Shard {
    identity: ShardIdentity,
    head: StoredHead,
    frozen: Option<Frozen>,
    entries: Vec<StoredEntry>,
    tiles: HashMap<TileId, Bytes>,
    /// The indexes of each leaf hash and duplicate key, ascending.
    leaves: HashMap<Hash, Vec<u64>>,
    search: BTreeSet<SearchRow>,
    /// The contents of each key with the index of the entry that brought it, ascending.
    attestations: HashMap<Vec<u8>, Vec<(u64, Bytes)>>,
}

impl Shard {
    fn new(identity: ShardIdentity, head: StoredHead) -> Self {
        Self {
            identity,
            head,
            frozen: None,
            entries: Vec::new(),
            tiles: HashMap::new(),
            leaves: HashMap::new(),
            search: BTreeSet::new(),
            attestations: HashMap::new(),
        }
    }

    fn append(&mut self, round: &Round) {
        for (index, entry) in round.indexed() {
            let position = index.get();
            self.entries.push(StoredEntry {
                integrated_time: entry.integrated_time,
                body: entry.body.clone(),
            });
            for hash in entry.leaves() {
                self.leaves.entry(*hash).or_default().push(position);
            }
            // An entry may name one thing twice.
            let rows = entry.search_keys.iter();
            self.search
                .extend(rows.map(|&key| SearchRow { key, index }));
            for (key, content) in &entry.attestations {
                self.attestations
                    .entry(key.clone())
                    .or_default()
                    .push((position, content.clone()));
            }
        }
        self.tiles.extend(round.tiles.iter().cloned());
        self.head = round.head;
    }

    fn bytes(&self) -> u64 {
        let bodies = self.entries.iter().map(|entry| entry.body.len() as u64);
        let tiles = self.tiles.values().map(|tile| tile.len() as u64);
        bodies.sum::<u64>() + tiles.sum::<u64>()
    }
}

/// A [`MemoryStore`] at the heads that it had when the view was taken.
struct MemoryView<'a> {
    store: &'a MemoryStore,
    heads: BTreeMap<ShardId, StoredHead>,
}

impl MemoryView<'_> {
    /// What `look` finds in a shard, given the view's size of it, or `None` when the view does not
    /// have the shard.
    fn look<T>(&self, shard: ShardId, look: impl FnOnce(&Shard, u64) -> T) -> Option<T> {
        let size = self.heads.get(&shard)?.size.get();
        read(&self.store.shards)
            .get(&shard)
            .map(|stored| look(stored, size))
    }
}

impl Reader for MemoryView<'_> {
    fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        Ok(self.heads.keys().copied().collect())
    }

    fn identity(&self, shard: ShardId) -> Result<Option<ShardIdentity>, StorageError> {
        Ok(self.look(shard, |stored, _| stored.identity.clone()))
    }

    fn head(&self, shard: ShardId) -> Result<Option<StoredHead>, StorageError> {
        Ok(self.heads.get(&shard).copied())
    }

    fn entry(&self, shard: ShardId, index: LeafIndex) -> Result<Option<StoredEntry>, StorageError> {
        let entry = self.look(shard, |stored, size| {
            let position = usize::try_from(index.get()).ok()?;
            let counted = index.get() < size;
            stored.entries.get(position).filter(|_| counted).cloned()
        });
        Ok(entry.flatten())
    }

    fn visit_entries(
        &self,
        shard: ShardId,
        range: Range<u64>,
        visit: &mut dyn FnMut(LeafIndex, StoredEntry) -> ControlFlow<()>,
    ) -> Result<(), StorageError> {
        let Some(head) = self.heads.get(&shard) else {
            return Ok(());
        };
        for position in range.start..range.end.min(head.size.get()) {
            let index = LeafIndex::new(position);
            let entry = self
                .entry(shard, index)?
                .ok_or(Damage::EntryMissing { shard, index })?;
            if visit(index, entry).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn tile(&self, shard: ShardId, id: TileId) -> Result<Option<Bytes>, StorageError> {
        let Some(head) = self.heads.get(&shard) else {
            return Ok(None);
        };
        let full = tile_width_at(id, head.size).is_some_and(TileWidth::is_full);
        let tile = self.look(shard, |stored, _| stored.tiles.get(&id).cloned());
        Ok(tile.flatten().filter(|_| full))
    }

    fn index_of(
        &self,
        shard: ShardId,
        leaf_hash: &Hash,
    ) -> Result<Option<LeafIndex>, StorageError> {
        let position = self.look(shard, |stored, size| {
            let positions = stored.leaves.get(leaf_hash)?;
            positions
                .iter()
                .rfind(|position| **position < size)
                .copied()
        });
        Ok(position.flatten().map(LeafIndex::new))
    }

    fn indexes_of(
        &self,
        shard: ShardId,
        leaf_hashes: &[Hash],
    ) -> Result<Vec<Option<LeafIndex>>, StorageError> {
        leaf_hashes
            .iter()
            .map(|leaf_hash| self.index_of(shard, leaf_hash))
            .collect()
    }

    fn search(
        &self,
        shard: ShardId,
        key: &SearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, StorageError> {
        let found = self.look(shard, |stored, size| {
            let row = |index| SearchRow { key: *key, index };
            let rows = row(from)..=row(LeafIndex::new(u64::MAX));
            let indexes = stored.search.range(rows).map(|row| row.index);
            indexes
                .take_while(|index| index.get() < size)
                .take(limit)
                .collect()
        });
        Ok(found.unwrap_or_default())
    }

    fn attestation(&self, shard: ShardId, key: &[u8]) -> Result<Option<Bytes>, StorageError> {
        let content = self.look(shard, |stored, size| {
            let contents = stored.attestations.get(key)?;
            let counted = contents.iter().rfind(|(position, _)| *position < size);
            counted.map(|(_, content)| content.clone())
        });
        Ok(content.flatten())
    }

    fn search_rows(
        &self,
        shard: ShardId,
        after: Option<SearchRow>,
        limit: usize,
    ) -> Result<Vec<SearchRow>, StorageError> {
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.look(shard, |stored, _| {
            let rows = stored.search.range((first, Bound::Unbounded));
            rows.take(limit).copied().collect()
        });
        Ok(rows.unwrap_or_default())
    }

    fn has_search_rows(
        &self,
        shard: ShardId,
        rows: &[SearchRow],
    ) -> Result<Vec<bool>, StorageError> {
        let has = self.look(shard, |stored, _| {
            let has = rows.iter().map(|row| stored.search.contains(row));
            has.collect()
        });
        Ok(has.unwrap_or_else(|| vec![false; rows.len()]))
    }

    fn frozen(&self, shard: ShardId) -> Result<Option<Frozen>, StorageError> {
        Ok(self
            .look(shard, |stored, _| stored.frozen.clone())
            .flatten())
    }

    fn schema_version(&self) -> Result<u32, StorageError> {
        Ok(*read(&self.store.schema_version))
    }

    fn reindex_progress(&self) -> Result<Option<Bytes>, StorageError> {
        Ok(read(&self.store.progress).clone())
    }
}

fn stored_tree(shards: &BTreeMap<ShardId, Shard>, shard: ShardId) -> StoredTree {
    let stored = shards.get(&shard);
    StoredTree {
        head: stored.map(|stored| stored.head),
        is_frozen: stored.is_some_and(|stored| stored.frozen.is_some()),
    }
}

/// A panic while the lock was held left nothing half done: checks come first, and additions do not
/// fail.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::trees::OLD_SCHEMA_VERSION;

    crate::contract_tests!(|| ((), MemoryStore::new()));
    crate::contract_tests!(old: || {
        let store = MemoryStore::new();
        store.plant_schema_version(OLD_SCHEMA_VERSION);
        ((), store)
    });
}
