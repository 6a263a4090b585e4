//! Reads of one tree, under its published head.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::LazyLock;

use arc_swap::ArcSwap;
use bytes::Bytes;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::GenerateError;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::root_from_tiles;
use ledgerstone_merkle::tile_width_at;
use ledgerstone_storage::PageLimit;
use ledgerstone_storage::Schema;
use ledgerstone_storage::SearchRow;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StoredSearchKey;
use quick_cache::sync::Cache;
use tokio::sync::watch;

use crate::error::ReadError;
use crate::head::Head;
use crate::protocol::rules::BundleEntry;
use crate::protocol::rules::Protocol;
use crate::submission::Submission;
use crate::tree::entry::BundlePart;
use crate::tree::entry::LoggedEntry;
use crate::tree::entry::ProvenEntry;

/// The key that what is kept beside the entry at `index` is stored under. Attestations have keys of
/// 32 bytes, signed timestamps of imported entries keys of 8.
pub(crate) fn beside_key(index: LeafIndex) -> [u8; 9] {
    let mut key = [b'b'; 9];
    key[1..].copy_from_slice(&index.get().to_be_bytes());
    key
}

/// The key that a part of what the statement of the entry at `index` named is stored under.
pub(crate) fn part_key(index: LeafIndex, part: u32) -> [u8; 13] {
    let mut key = [b'f'; 13];
    key[1..9].copy_from_slice(&index.get().to_be_bytes());
    key[9..].copy_from_slice(&part.to_be_bytes());
    key
}

/// Reads a tree at its published head. Clones share the head and the cache; no read waits for a
/// write.
#[derive(Clone)]
pub(crate) struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    schema: Arc<Schema>,
    shard: ShardId,
    protocol: Arc<dyn Protocol>,
    /// Swapped by the publisher alone.
    head: ArcSwap<Head>,
    /// Tells of each swap.
    published: watch::Sender<Arc<Head>>,
    /// Full tiles only: they never change.
    tiles: Cache<TileId, Arc<Tile>>,
}

impl Reader {
    pub(crate) fn new(
        schema: Arc<Schema>,
        shard: ShardId,
        protocol: Arc<dyn Protocol>,
        head: Head,
        cached_tiles: usize,
    ) -> Self {
        let head = Arc::new(head);
        let (published, _) = watch::channel(Arc::clone(&head));
        let tiles = Cache::new(cached_tiles);
        Self {
            shared: Arc::new(Shared {
                schema,
                shard,
                protocol,
                head: ArcSwap::new(head),
                published,
                tiles,
            }),
        }
    }

    /// Makes `head` the one that every later read sees. Only the publisher calls this.
    pub(crate) fn show(&self, head: Arc<Head>) {
        self.shared.head.store(Arc::clone(&head));
        self.shared.published.send_replace(head);
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.shared.shard
    }

    pub(crate) fn head(&self) -> Arc<Head> {
        self.shared.head.load_full()
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Arc<Head>> {
        self.shared.published.subscribe()
    }

    pub(crate) async fn entry(&self, index: LeafIndex) -> Result<Option<LoggedEntry>, ReadError> {
        if !index.is_in(self.head().size()) {
            return Ok(None);
        }
        self.stored_entry(index).await.map(Some)
    }

    /// The entry at `index`, which a head covers.
    async fn stored_entry(&self, index: LeafIndex) -> Result<LoggedEntry, ReadError> {
        let stored = self.shared.schema.entry(self.shared.shard, index).await?;
        Ok(stored.ok_or(ReadError::MissingEntry(index))?.into())
    }

    /// The entry at `index`, where the leaf index says that `submission` is: a hit is believed only
    /// when the two are the same.
    pub(crate) async fn repeated(
        &self,
        submission: &Submission,
        index: LeafIndex,
    ) -> Result<LoggedEntry, ReadError> {
        let entry = self.stored_entry(index).await?;
        let protocol = &self.shared.protocol;
        if !protocol.repeats(submission, &entry) {
            let leaf_hash = protocol.duplicate_key(submission);
            return Err(ReadError::WrongIndex { leaf_hash, index });
        }
        Ok(entry)
    }

    pub(crate) async fn entries(
        &self,
        start: LeafIndex,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(LeafIndex, LoggedEntry)>, ReadError> {
        let size = self.head().size().get();
        let end = size.min(start.get().saturating_add(limit as u64));
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let mut next = start.get();
        while next < end {
            let limit = PageLimit {
                entries: limit,
                bytes: max_bytes.saturating_sub(bytes),
            };
            let page = self
                .shared
                .schema
                .entries(self.shared.shard, next..end, limit);
            let page = page.await?.entries;
            if page.is_empty() {
                return Err(ReadError::MissingEntry(LeafIndex::new(next)));
            }
            for (index, entry) in page {
                bytes += entry.body.len();
                if bytes > max_bytes && !entries.is_empty() {
                    return Ok(entries);
                }
                next = index.get() + 1;
                entries.push((index, entry.into()));
            }
            if bytes >= max_bytes {
                break;
            }
        }
        Ok(entries)
    }

    pub(crate) async fn index_of(&self, hash: &Hash) -> Result<Option<LeafIndex>, ReadError> {
        let found = self.shared.schema.index_of(self.shared.shard, hash).await?;
        let Some(index) = found else {
            return Ok(None);
        };
        // The store may be one round ahead of the head: what no head covers is not in the log yet.
        let Some(entry) = self.entry(index).await? else {
            return Ok(None);
        };
        if leaf_hash(&entry.body) != *hash {
            return Err(ReadError::WrongIndex {
                leaf_hash: *hash,
                index,
            });
        }
        Ok(Some(index))
    }

    pub(crate) async fn tile_bytes(
        &self,
        id: TileId,
        width: TileWidth,
    ) -> Result<Option<Bytes>, ReadError> {
        let head = self.head();
        match tile_width_at(id, head.size()) {
            Some(covered) if covered >= width => {}
            _ => return Ok(None),
        }
        if let Some(tile) = head.tile(id) {
            return Ok(Some(tile.to_bytes(width)));
        }
        // Served as stored: a reader of tiles does not need the inner nodes that the cache would
        // compute.
        let bytes = self.shared.schema.tile(self.shared.shard, id).await?;
        let bytes = bytes.ok_or(ReadError::MissingTile(id))?;
        Ok(Some(bytes.slice(..width.get() * Hash::LENGTH)))
    }

    pub(crate) async fn bundle_part(
        &self,
        number: u64,
        width: TileWidth,
        from: usize,
        max_bytes: usize,
    ) -> Result<Option<BundlePart>, ReadError> {
        match tile_width_at(TileId { level: 0, number }, self.head().size()) {
            Some(covered) if covered >= width => {}
            _ => return Ok(None),
        }
        let start = LeafIndex::new(number * TILE_WIDTH as u64 + from as u64);
        let read = self.entries(start, width.get() - from, max_bytes).await?;
        let mut entries = Vec::with_capacity(read.len());
        for (index, entry) in read {
            let beside = self.beside(index).await?;
            let body = entry.body;
            entries.push(BundleEntry { body, beside });
        }
        let bytes = self.shared.protocol.bundle(&entries);
        Ok(Some(BundlePart {
            bytes: bytes.map_err(ReadError::Bundle)?,
            next: from + entries.len(),
        }))
    }

    /// What the protocol keeps beside the entry at `index`.
    async fn beside(&self, index: LeafIndex) -> Result<Option<Bytes>, ReadError> {
        if !self.shared.protocol.keeps_beside() {
            return Ok(None);
        }
        self.attestation(&beside_key(index)).await
    }

    pub(crate) async fn root_at(&self, size: TreeSize) -> Result<Hash, ReadError> {
        let head = self.covering(size)?;
        self.root_under(&head, size).await
    }

    pub(crate) async fn inclusion_proof(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<InclusionProof, ReadError> {
        let head = self.covering(size)?;
        if !index.is_in(size) {
            return Err(ReadError::IndexBeyondSize { index, size });
        }
        let proof = |tiles: &HeadTiles<'_>| InclusionProof::from_tiles(tiles, index, size);
        let proof = self.computed(&head, proof).await?;
        // The leaf hash comes from the entry, not from the tile that the proof was built from.
        let entry = self.stored_entry(index).await?;
        let root = self.root_under(&head, size).await?;
        proof
            .verify(&leaf_hash(&entry.body), &root)
            .map_err(|error| ReadError::BadProof(error.to_string()))?;
        Ok(proof)
    }

    /// The proof that the tree of `head` holds `leaf_hash` at `index`, verified against the signed
    /// root.
    pub(crate) async fn verified_inclusion(
        &self,
        head: &Head,
        index: LeafIndex,
        leaf_hash: &Hash,
    ) -> Result<InclusionProof, ReadError> {
        let size = head.size();
        let proof = |tiles: &HeadTiles<'_>| InclusionProof::from_tiles(tiles, index, size);
        let proof = self.computed(head, proof).await?;
        proof
            .verify(leaf_hash, &head.root())
            .map_err(|error| ReadError::BadProof(error.to_string()))?;
        Ok(proof)
    }

    /// The entry at `index` with its proof against the latest head.
    pub(crate) async fn proven_entry(
        &self,
        index: LeafIndex,
    ) -> Result<Option<ProvenEntry>, ReadError> {
        let head = self.head();
        if !index.is_in(head.size()) {
            return Ok(None);
        }
        let entry = self.stored_entry(index).await?;
        let leaf_hash = leaf_hash(&entry.body);
        let proof = self.verified_inclusion(&head, index, &leaf_hash).await?;
        Ok(Some(ProvenEntry {
            index,
            entry,
            leaf_hash,
            head,
            proof,
        }))
    }

    /// At most `limit` indexes that are stored under `key`, from `from` on. They may lie beyond the
    /// head.
    pub(crate) async fn search(
        &self,
        key: &StoredSearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, ReadError> {
        let shared = &self.shared;
        Ok(shared.schema.search(shared.shard, key, from, limit).await?)
    }

    /// [`search`](Self::search) for indexes of a range.
    pub(crate) async fn search_before(
        &self,
        key: &StoredSearchKey,
        range: Range<u64>,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, ReadError> {
        let shared = &self.shared;
        let range = LeafIndex::new(range.start)..LeafIndex::new(range.end);
        let found = shared
            .schema
            .search_before(shared.shard, key, range, limit)
            .await?;
        Ok(found)
    }

    /// At most `limit` of the texts of one kind of search key that begin with `start`, behind
    /// `after`.
    pub(crate) async fn names(
        &self,
        kind: u8,
        start: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<String>, ReadError> {
        let shared = &self.shared;
        let names = shared
            .schema
            .names(shared.shard, kind, start, after, limit)
            .await?;
        Ok(names)
    }

    /// Whether the search index leads from each of `keys` to the entry at `index`.
    pub(crate) async fn is_found_by(
        &self,
        index: LeafIndex,
        keys: &[StoredSearchKey],
    ) -> Result<Vec<bool>, ReadError> {
        let shared = &self.shared;
        let rows: Vec<SearchRow> = keys
            .iter()
            .map(|key| SearchRow { key: *key, index })
            .collect();
        Ok(shared.schema.has_search_rows(shared.shard, &rows).await?)
    }

    /// Of which generation the search index of the store is.
    pub(crate) async fn index_generation(&self) -> Result<u32, ReadError> {
        Ok(self.shared.schema.index_generation().await?)
    }

    /// How many entries are not found by everything yet, up to `limit`.
    pub(crate) async fn unindexed(&self, limit: usize) -> Result<usize, ReadError> {
        let shared = &self.shared;
        Ok(shared.schema.unindexed(shared.shard, limit).await?.len())
    }

    /// What the log noted of the statement of the entry at `index`, in parts; nothing where it
    /// noted nothing.
    pub(crate) async fn parts(&self, index: LeafIndex) -> Result<Vec<Bytes>, ReadError> {
        let mut parts = Vec::new();
        while let Some(part) = self
            .attestation(&part_key(index, parts.len() as u32))
            .await?
        {
            parts.push(part);
        }
        Ok(parts)
    }

    pub(crate) async fn attestation(&self, key: &[u8]) -> Result<Option<Bytes>, ReadError> {
        let shared = &self.shared;
        Ok(shared.schema.attestation(shared.shard, key).await?)
    }

    pub(crate) async fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<ConsistencyProof, ReadError> {
        let head = self.covering(new.max(old))?;
        if old > new {
            return Err(ReadError::SizesReversed { old, new });
        }
        let proof = |tiles: &HeadTiles<'_>| ConsistencyProof::from_tiles(tiles, old, new);
        let proof = self.computed(&head, proof).await?;
        let old_root = self.root_under(&head, old).await?;
        let new_root = self.root_under(&head, new).await?;
        proof
            .verify(&old_root, &new_root)
            .map_err(|error| ReadError::BadProof(error.to_string()))?;
        Ok(proof)
    }

    /// A head that covers `size`.
    fn covering(&self, size: TreeSize) -> Result<Arc<Head>, ReadError> {
        let head = self.head();
        if size > head.size() {
            return Err(ReadError::BeyondHead {
                size,
                head: head.size(),
            });
        }
        Ok(head)
    }

    async fn root_under(&self, head: &Head, size: TreeSize) -> Result<Hash, ReadError> {
        if size == head.size() {
            return Ok(head.root());
        }
        self.computed(head, |tiles| root_from_tiles(tiles, size))
            .await
    }

    /// What `compute` makes of the tiles that `head` covers. It takes tiles by their place alone,
    /// so a first run on those at hand tells which others it takes; they are read together, and a
    /// second run is the result.
    async fn computed<T>(
        &self,
        head: &Head,
        compute: impl Fn(&HeadTiles<'_>) -> Result<T, GenerateError<ReadError>>,
    ) -> Result<T, ReadError> {
        let mut read = HashMap::new();
        loop {
            let tiles = HeadTiles {
                cache: &self.shared.tiles,
                head,
                read: &read,
                absent: RefCell::default(),
            };
            let computed = compute(&tiles);
            let absent = tiles.absent.into_inner();
            if absent.is_empty() {
                return Ok(computed?);
            }
            read.extend(self.read_tiles(&absent).await?);
        }
    }

    /// Full tiles from the store, which the cache keeps from now on.
    async fn read_tiles(&self, ids: &[TileId]) -> Result<Vec<(TileId, Arc<Tile>)>, ReadError> {
        let read = self.shared.schema.tiles(self.shared.shard, ids).await?;
        let tiles = ids.iter().zip(read).map(|(id, bytes)| {
            let missing = ReadError::MissingTile(*id);
            let tile = bytes.and_then(|bytes| Tile::from_bytes(&bytes).ok());
            let tile = Arc::new(tile.ok_or(missing)?);
            self.shared.tiles.insert(*id, Arc::clone(&tile));
            Ok((*id, tile))
        });
        tiles.collect()
    }
}

/// The tiles that a head covers, as far as they are in memory: those at its right edge are in the
/// head, and others in the cache, or were just read.
struct HeadTiles<'a> {
    cache: &'a Cache<TileId, Arc<Tile>>,
    head: &'a Head,
    read: &'a HashMap<TileId, Arc<Tile>>,
    /// What was asked for and is in none of them. An empty tile stood for it.
    absent: RefCell<Vec<TileId>>,
}

impl TileSource for HeadTiles<'_> {
    type Error = ReadError;

    fn tile(&self, id: TileId, _width: TileWidth) -> Result<Arc<Tile>, ReadError> {
        let known = self.head.tile(id).or_else(|| self.read.get(&id)).cloned();
        Ok(known.or_else(|| self.cache.get(&id)).unwrap_or_else(|| {
            self.absent.borrow_mut().push(id);
            Arc::clone(&STAND_IN)
        }))
    }
}

/// What stands for a tile until it is read. What is computed from it is thrown away.
static STAND_IN: LazyLock<Arc<Tile>> = LazyLock::new(|| {
    let zeros = [0; TILE_BYTES];
    Arc::new(Tile::from_bytes(&zeros).expect("a tile has this length"))
});

impl From<GenerateError<Self>> for ReadError {
    fn from(error: GenerateError<Self>) -> Self {
        match error {
            GenerateError::Source(error) => error,
            other => Self::BadProof(other.to_string()),
        }
    }
}
