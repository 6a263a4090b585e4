//! Reads of one tree, under its published head.

use std::ops::ControlFlow;
use std::sync::Arc;

use arc_swap::ArcSwap;
use bytes::Bytes;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::GenerateError;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::root_from_tiles;
use ledgerstone_merkle::tile_width_at;
use ledgerstone_storage::SearchKey;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use quick_cache::sync::Cache;
use tokio::sync::watch;

use crate::error::ReadError;
use crate::head::Head;
use crate::protocol::rules::BundleEntry;
use crate::protocol::rules::Protocol;
use crate::tree::entry::LoggedEntry;
use crate::tree::entry::ProvenEntry;

/// The key that what is kept beside the entry at `index` is stored under. Attestations have keys of
/// 32 bytes, signed timestamps of imported entries keys of 8.
pub(crate) fn beside_key(index: LeafIndex) -> [u8; 9] {
    let mut key = [b'b'; 9];
    key[1..].copy_from_slice(&index.get().to_be_bytes());
    key
}

/// Reads a tree at its published head. Clones share the head and the cache; no read waits for a
/// write.
#[derive(Clone)]
pub(crate) struct Reader {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<dyn Store>,
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
        store: Arc<dyn Store>,
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
                store,
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

    pub(crate) fn entry(&self, index: LeafIndex) -> Result<Option<LoggedEntry>, ReadError> {
        if !index.is_in(self.head().size()) {
            return Ok(None);
        }
        let stored = self.shared.store.entry(self.shared.shard, index)?;
        Ok(Some(stored.ok_or(ReadError::MissingEntry(index))?.into()))
    }

    pub(crate) fn entries(
        &self,
        start: LeafIndex,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(LeafIndex, LoggedEntry)>, ReadError> {
        let size = self.head().size().get();
        let end = size.min(start.get().saturating_add(limit as u64));
        let mut entries = Vec::new();
        let mut bytes = 0;
        if start.get() < end {
            self.shared.store.visit_entries(
                self.shared.shard,
                start.get()..end,
                &mut |index, entry| {
                    if !entries.is_empty() && bytes + entry.body.len() > max_bytes {
                        return ControlFlow::Break(());
                    }
                    bytes += entry.body.len();
                    entries.push((index, entry.into()));
                    ControlFlow::Continue(())
                },
            )?;
            if entries.is_empty() {
                return Err(ReadError::MissingEntry(start));
            }
        }
        Ok(entries)
    }

    pub(crate) fn index_of(&self, hash: &Hash) -> Result<Option<LeafIndex>, ReadError> {
        let Some(index) = self.shared.store.index_of(self.shared.shard, hash)? else {
            return Ok(None);
        };
        // The store may be one round ahead of the head: what no head covers is not in the log yet.
        let Some(entry) = self.entry(index)? else {
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

    pub(crate) fn tile_bytes(
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
        let bytes = self
            .shared
            .store
            .tile(self.shared.shard, id)?
            .ok_or(ReadError::MissingTile(id))?;
        Ok(Some(bytes.slice(..width.get() * Hash::LENGTH)))
    }

    pub(crate) fn bundle(&self, number: u64, width: TileWidth) -> Result<Option<Bytes>, ReadError> {
        match tile_width_at(TileId { level: 0, number }, self.head().size()) {
            Some(covered) if covered >= width => {}
            _ => return Ok(None),
        }
        let start = LeafIndex::new(number * TILE_WIDTH as u64);
        let entries = self.entries(start, width.get(), usize::MAX)?;
        if entries.len() < width.get() {
            return Err(ReadError::MissingEntry(LeafIndex::new(
                start.get() + entries.len() as u64,
            )));
        }
        let entries = entries.into_iter().map(|(index, entry)| {
            let beside = self.beside(index)?;
            let body = entry.body;
            Ok(BundleEntry { body, beside })
        });
        let entries: Vec<BundleEntry> = entries.collect::<Result<_, ReadError>>()?;
        let bundle = self.shared.protocol.bundle(&entries);
        bundle.map(Some).map_err(ReadError::Bundle)
    }

    /// What the protocol keeps beside the entry at `index`.
    fn beside(&self, index: LeafIndex) -> Result<Option<Bytes>, ReadError> {
        if !self.shared.protocol.keeps_beside() {
            return Ok(None);
        }
        self.attestation(&beside_key(index))
    }

    pub(crate) fn root_at(&self, size: TreeSize) -> Result<Hash, ReadError> {
        let head = self.covering(size)?;
        self.root_under(&head, size)
    }

    pub(crate) fn inclusion_proof(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<InclusionProof, ReadError> {
        let head = self.covering(size)?;
        if !index.is_in(size) {
            return Err(ReadError::IndexBeyondSize { index, size });
        }
        let proof = InclusionProof::from_tiles(&self.tiles(&head), index, size)?;
        // The leaf hash comes from the entry, not from the tile that the proof was built from.
        let entry = self
            .shared
            .store
            .entry(self.shared.shard, index)?
            .ok_or(ReadError::MissingEntry(index))?;
        let root = self.root_under(&head, size)?;
        proof
            .verify(&leaf_hash(&entry.body), &root)
            .map_err(|error| ReadError::BadProof(error.to_string()))?;
        Ok(proof)
    }

    /// The proof that the tree of `head` holds `leaf_hash` at `index`, verified against the signed
    /// root.
    pub(crate) fn verified_inclusion(
        &self,
        head: &Head,
        index: LeafIndex,
        leaf_hash: &Hash,
    ) -> Result<InclusionProof, ReadError> {
        let proof = InclusionProof::from_tiles(&self.tiles(head), index, head.size())?;
        proof
            .verify(leaf_hash, &head.root())
            .map_err(|error| ReadError::BadProof(error.to_string()))?;
        Ok(proof)
    }

    /// The entry at `index` with its proof against the latest head.
    pub(crate) fn proven_entry(&self, index: LeafIndex) -> Result<Option<ProvenEntry>, ReadError> {
        let head = self.head();
        if !index.is_in(head.size()) {
            return Ok(None);
        }
        let stored = self.shared.store.entry(self.shared.shard, index)?;
        let entry: LoggedEntry = stored.ok_or(ReadError::MissingEntry(index))?.into();
        let leaf_hash = leaf_hash(&entry.body);
        let proof = self.verified_inclusion(&head, index, &leaf_hash)?;
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
    pub(crate) fn search(
        &self,
        key: &SearchKey,
        from: LeafIndex,
        limit: usize,
    ) -> Result<Vec<LeafIndex>, ReadError> {
        let shared = &self.shared;
        Ok(shared.store.search(shared.shard, key, from, limit)?)
    }

    pub(crate) fn attestation(&self, key: &[u8]) -> Result<Option<Bytes>, ReadError> {
        Ok(self.shared.store.attestation(self.shared.shard, key)?)
    }

    pub(crate) fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<ConsistencyProof, ReadError> {
        let head = self.covering(new.max(old))?;
        if old > new {
            return Err(ReadError::SizesReversed { old, new });
        }
        let proof = ConsistencyProof::from_tiles(&self.tiles(&head), old, new)?;
        let (old_root, new_root) = (self.root_under(&head, old)?, self.root_under(&head, new)?);
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

    fn root_under(&self, head: &Head, size: TreeSize) -> Result<Hash, ReadError> {
        if size == head.size() {
            return Ok(head.root());
        }
        Ok(root_from_tiles(&self.tiles(head), size)?)
    }

    fn tiles<'a>(&'a self, head: &'a Head) -> HeadTiles<'a> {
        HeadTiles {
            shared: &self.shared,
            head,
        }
    }
}

/// The tiles that a head covers: those at its right edge from the head, the others from the store.
struct HeadTiles<'a> {
    shared: &'a Shared,
    head: &'a Head,
}

impl TileSource for HeadTiles<'_> {
    type Error = ReadError;

    fn tile(&self, id: TileId, _width: TileWidth) -> Result<Arc<Tile>, ReadError> {
        if let Some(tile) = self.head.tile(id) {
            return Ok(Arc::clone(tile));
        }
        self.shared.tiles.get_or_insert_with(&id, || {
            let bytes = self
                .shared
                .store
                .tile(self.shared.shard, id)?
                .ok_or(ReadError::MissingTile(id))?;
            Ok(Arc::new(
                Tile::from_bytes(&bytes).map_err(|_| ReadError::MissingTile(id))?,
            ))
        })
    }
}

impl From<GenerateError<Self>> for ReadError {
    fn from(error: GenerateError<Self>) -> Self {
        match error {
            GenerateError::Source(error) => error,
            other => Self::BadProof(other.to_string()),
        }
    }
}
