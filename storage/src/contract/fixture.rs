//! Made-up trees, and what has to be found of them.

use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::TILE_BYTES;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::round::MAX_ROUND_BYTES;
use crate::round::NewEntry;
use crate::round::Round;
use crate::round::completed_tiles;
use crate::schema::PageLimit;
use crate::schema::Schema;
use crate::shard::ShardIdentity;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::shard::StoredSearchKey;
use crate::shard::TreeKind;
use crate::shard_id::ShardId;

/// The shard that most rules use.
pub const SHARD: ShardId = ShardId::new(0);

/// An identity that keeps all rules.
pub fn identity(tree_id: u64) -> ShardIdentity {
    ShardIdentity {
        tree_id,
        origin: format!("log{tree_id}.example.org"),
        keys: vec![[1; 32], [2; 32]],
        created: 1_700_000_000,
        import: None,
        kind: TreeKind::REKOR_V2,
    }
}

/// The head of a tree of `size` leaves, as rounds of [`round`] leave it.
pub fn head(size: u64) -> StoredHead {
    StoredHead {
        size: TreeSize::new(size),
        root: hash(3, size),
        time: 1_700_000_000 + i64::try_from(size).unwrap(),
    }
}

/// The round of the leaves in `range`, with everything that it has to carry. Hashes and tiles are
/// made up, but differ.
pub fn round(range: Range<u64>) -> Round {
    let tiles = completed_tiles(range.start, range.end);
    Round {
        first: LeafIndex::new(range.start),
        entries: range.clone().map(new_entry).collect(),
        tiles: tiles.into_iter().map(|id| (id, tile_bytes(id))).collect(),
        head: head(range.end),
    }
}

/// The entry of [`round`] at `position`. Every second one shares a search key, every third one has
/// an attestation, every sixth one two.
pub fn new_entry(position: u64) -> NewEntry {
    NewEntry {
        leaf_hash: hash(1, position),
        duplicate_key: None,
        integrated_time: 1_700_000_000 + i64::try_from(position).unwrap(),
        body: format!("body of entry {position}").into(),
        search_keys: vec![search_key(position % 2), own_search_key(position)],
        names: Vec::new(),
        later: None,
        attestations: [("sha256", 3), ("timestamp", 6)]
            .into_iter()
            .filter(|(_, every)| position.is_multiple_of(*every))
            .map(|(what, _)| {
                let key = format!("{what}:{position}").into_bytes();
                (key, format!("{what} of entry {position}").into())
            })
            .collect(),
    }
}

/// The search key that all even (0) or odd (1) entries of [`round`] have.
pub fn search_key(parity: u64) -> StoredSearchKey {
    StoredSearchKey {
        kind: 1,
        hash: hash(2, parity),
    }
}

/// Makes `shard` with the first `size` entries of [`round`], in one round.
pub async fn create(store: &Schema, shard: ShardId, size: u64) {
    let identity = identity(u64::from(shard.get()) + 1);
    store
        .create_shard(shard, &identity, &head(0))
        .await
        .unwrap();
    if size > 0 {
        store.commit(&[(shard, &round(0..size))]).await.unwrap();
    }
}

/// Panics unless `shard` holds the first `size` entries of [`round`] with everything that belongs
/// to them, and nothing at and above `size`.
pub async fn assert_holds(store: &Schema, shard: ShardId, size: u64) {
    let identity = identity(u64::from(shard.get()) + 1);
    assert_eq!(store.identity(shard).await.unwrap(), Some(identity));
    assert_eq!(store.head(shard).await.unwrap(), Some(head(size)));
    for position in 0..size {
        let (index, entry) = (LeafIndex::new(position), new_entry(position));
        assert_eq!(
            store.entry(shard, index).await.unwrap(),
            Some(stored(&entry)),
            "{index}"
        );
        assert_eq!(
            store.index_of(shard, &entry.leaf_hash).await.unwrap(),
            Some(index)
        );
        for key in &entry.search_keys {
            assert_eq!(store.search(shard, key, index, 1).await.unwrap(), [index]);
        }
        for (key, content) in entry.attestations {
            assert_eq!(store.attestation(shard, &key).await.unwrap(), Some(content));
        }
    }
    let full = completed_tiles(0, size);
    for id in &full {
        assert_eq!(store.tile(shard, *id).await.unwrap(), Some(tile_bytes(*id)));
    }
    let ids: Vec<_> = full.iter().copied().rev().collect();
    let tiles: Vec<_> = ids.iter().map(|id| Some(tile_bytes(*id))).collect();
    assert_eq!(store.tiles(shard, &ids).await.unwrap(), tiles);
    for id in completed_tiles(0, size + 512).difference(&full) {
        assert_eq!(store.tile(shard, *id).await.unwrap(), None);
    }
    for position in [size, size + 1, u64::MAX] {
        let index = LeafIndex::new(position);
        assert_eq!(store.entry(shard, index).await.unwrap(), None);
        assert_eq!(
            store.search(shard, &search_key(0), index, 1).await.unwrap(),
            []
        );
        assert_eq!(
            store.search(shard, &search_key(1), index, 1).await.unwrap(),
            []
        );
    }
    assert_eq!(store.index_of(shard, &hash(1, size)).await.unwrap(), None);
}

pub(super) async fn assert_nothing_in(store: &Schema, shard: ShardId) {
    assert_eq!(store.identity(shard).await.unwrap(), None);
    assert_eq!(store.head(shard).await.unwrap(), None);
    assert_eq!(store.frozen(shard).await.unwrap(), None);
    assert_eq!(store.entry(shard, LeafIndex::new(0)).await.unwrap(), None);
    assert_eq!(visited(store, shard, 0..u64::MAX).await, NO_POSITIONS);
    assert_eq!(
        store
            .tile(
                shard,
                TileId {
                    level: 0,
                    number: 0
                }
            )
            .await
            .unwrap(),
        None
    );
    assert_eq!(store.index_of(shard, &hash(1, 0)).await.unwrap(), None);
    assert_eq!(
        store.indexes_of(shard, &[hash(1, 0)]).await.unwrap(),
        [None]
    );
    assert_eq!(
        store
            .search(shard, &search_key(0), LeafIndex::new(0), 9)
            .await
            .unwrap(),
        []
    );
    assert_eq!(store.attestation(shard, b"sha256:0").await.unwrap(), None);
}

/// The positions of the entries in `range`, after a look at each.
pub(super) async fn visited(store: &Schema, shard: ShardId, range: Range<u64>) -> Vec<u64> {
    let limit = PageLimit {
        entries: 100,
        bytes: usize::MAX,
    };
    let mut positions: Vec<u64> = Vec::new();
    loop {
        let next = positions.last().map_or(range.start, |last| last + 1);
        let page = store.entries(shard, next..range.end, limit).await.unwrap();
        for (index, entry) in page.entries {
            assert_eq!(entry, stored(&new_entry(index.get())));
            positions.push(index.get());
        }
        if page.is_last {
            return positions;
        }
    }
}

/// A round at 255 that keeps every rule but the one on the whole.
pub(super) fn too_large() -> Round {
    let entries = MAX_ROUND_BYTES / MAX_ENTRY_BYTES + 1;
    let mut large = round(255..255 + entries as u64);
    let body = zeros(MAX_ENTRY_BYTES);
    for entry in &mut large.entries {
        entry.body = body.clone();
    }
    large
}

pub(super) fn stored(entry: &NewEntry) -> StoredEntry {
    StoredEntry {
        integrated_time: entry.integrated_time,
        body: entry.body.clone(),
    }
}

pub(super) fn own_search_key(position: u64) -> StoredSearchKey {
    StoredSearchKey {
        kind: 2,
        hash: hash(2, position),
    }
}

pub(super) fn tile_bytes(id: TileId) -> Bytes {
    hash(4 + id.level, id.number)
        .as_bytes()
        .repeat(TILE_BYTES / Hash::LENGTH)
        .into()
}

pub(super) fn zeros(length: usize) -> Bytes {
    vec![0; length].into()
}

/// A made-up hash: `kind` and `number` spread over the bytes, so that keys are in no order of their
/// own.
pub(super) fn hash(kind: u8, number: u64) -> Hash {
    let mut bytes = [kind; Hash::LENGTH];
    bytes[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    Hash::new(bytes)
}

pub(super) const NO_POSITIONS: [u64; 0] = [];

/// Does what a test does, on a clock that stands still: it moves on when there is nothing left but
/// to wait for it, so that an engine that is slow costs no time.
///
/// # Panics
/// When the test does.
pub fn run<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.expect("a runtime is made").block_on(test)
}
