//! What a start has to see before the log may sign again.
//!
//! The store is not believed: the right edge is recomputed from the stored tiles and the bodies of the tail, compared with the
//! stored head, and the head with the last checkpoint, which is kept outside the store. The order of a round (store, then kept
//! checkpoint) makes a kept checkpoint that lags normal after a crash, and one that leads a proof of a rollback.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TILE_HEIGHT;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::root_from_tiles;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::TreeKind;

use crate::error::OpenError;
use crate::error::ReadError;
use crate::foreign_key::ForeignKey;
use crate::head::Head;
use crate::keys::LogKeys;
use crate::live::LiveTiles;
use crate::options::LogOptions;

/// What a verified load yields.
pub(crate) struct Recovered {
    pub(crate) identity: ShardIdentity,
    pub(crate) head: Head,
    pub(crate) edge: RightEdge,
}

/// Makes a log of size 0 in a shard that holds nothing.
pub(crate) fn create(
    store: &dyn Store,
    shard: ShardId,
    keys: &LogKeys,
    options: &LogOptions,
) -> Result<(), OpenError> {
    let exists = |what: &str| {
        Err(OpenError::Exists {
            shard,
            what: what.to_owned(),
        })
    };
    if store.identity(shard)?.is_some() {
        return exists("a log");
    }
    if store.head(shard)?.is_some() {
        return exists("a tree head");
    }
    if store.kept_checkpoint(shard)?.is_some() {
        return exists("the kept checkpoint of a log whose store is gone");
    }
    let created = unix_time();
    let identity = ShardIdentity {
        tree_id: options.tree_id.unwrap_or_else(new_tree_id),
        origin: keys.name().to_owned(),
        keys: keys.log_ids().map(|(_, id)| id).to_vec(),
        created,
        import: None,
        kind: TreeKind::MIXED,
    };
    let head = StoredHead {
        size: TreeSize::EMPTY,
        root: EMPTY_ROOT,
        time: created,
    };
    store.create_shard(shard, &identity, &head)?;
    Ok(())
}

/// Loads what `shard` holds and verifies it.
pub(crate) fn recover(
    store: &dyn Store,
    shard: ShardId,
    keys: &LogKeys,
) -> Result<Recovered, OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    check_identity(&identity, keys)?;
    let Loaded { stored, live, edge } = load(store, shard)?;
    check_kept(store, shard, keys, &stored, &live)?;

    let head = Head::sign(
        &identity,
        keys,
        stored.size,
        stored.root,
        stored.time,
        live,
        HashMap::new(),
    )
    .map_err(OpenError::Signing)?;
    if store.kept_checkpoint(shard)?.as_deref() != Some(head.checkpoint()) {
        store.keep_checkpoint(shard, head.checkpoint())?;
    }
    Ok(Recovered {
        identity,
        head,
        edge,
    })
}

/// Loads a copy of somebody else's log, and verifies it against the checkpoint that came with it.
pub(crate) fn recover_foreign(
    store: &dyn Store,
    shard: ShardId,
    foreign: &ForeignKey,
) -> Result<(ShardIdentity, Head), OpenError> {
    let differs = |reason: String| OpenError::ForeignCheckpoint { shard, reason };
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    let Loaded { stored, live, .. } = load(store, shard)?;
    if identity.keys != foreign.log_ids() {
        let reason = "they are not those that it was imported with".to_owned();
        return Err(OpenError::ShardKeys { shard, reason });
    }
    let checkpoint = parse_kept(&foreign.checkpoint, None).map_err(differs)?;
    if (checkpoint.size, checkpoint.root) != (stored.size, stored.root) {
        return Err(differs(format!(
            "it has {} leaves and root {}, the copy has {} and {}",
            checkpoint.size, checkpoint.root, stored.size, stored.root
        )));
    }
    let head = Head::foreign(&stored, foreign.checkpoint.clone(), live);
    Ok((identity, head))
}

/// What a shard holds, whoever signed it.
pub(crate) struct Loaded {
    pub(crate) stored: StoredHead,
    pub(crate) live: LiveTiles,
    pub(crate) edge: RightEdge,
}

/// Loads head and right edge of `shard`, and compares them.
pub(crate) fn load(store: &dyn Store, shard: ShardId) -> Result<Loaded, OpenError> {
    let stored = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
    let live = live_tiles(store, shard, stored.size)?;
    let edge = edge_of(stored.size, &live);
    if edge.root() != stored.root {
        return Err(OpenError::WrongRoot {
            size: stored.size,
            stored: stored.root,
            computed: edge.root(),
        });
    }
    if store.entry(shard, stored.size.next_index())?.is_some() {
        return Err(OpenError::EntriesBeyondHead(stored.size));
    }
    Ok(Loaded { stored, live, edge })
}

pub(crate) fn check_identity(identity: &ShardIdentity, keys: &LogKeys) -> Result<(), OpenError> {
    if identity.origin != keys.name() {
        let (stored, configured) = (identity.origin.clone(), keys.name().to_owned());
        return Err(OpenError::OtherOrigin { stored, configured });
    }
    let configured = keys.log_ids();
    for (position, (key, id)) in configured.into_iter().enumerate() {
        let stored = identity.keys.get(position);
        if stored != Some(&id) {
            let stored = stored.map_or_else(|| "none".to_owned(), |id| Hash::new(*id).to_string());
            return Err(OpenError::OtherKey {
                key,
                stored,
                configured: Hash::new(id).to_string(),
            });
        }
    }
    Ok(())
}

/// Compares the store with the last checkpoint that was signed.
fn check_kept(
    store: &dyn Store,
    shard: ShardId,
    keys: &LogKeys,
    stored: &StoredHead,
    live: &LiveTiles,
) -> Result<(), OpenError> {
    let Some(text) = store.kept_checkpoint(shard)? else {
        // A crash between the creation of the shard and its first checkpoint leaves this; anything larger was signed before.
        return if stored.size.is_empty() {
            Ok(())
        } else {
            Err(OpenError::NoKeptCheckpoint(stored.size))
        };
    };
    let kept =
        parse_kept(&text, Some(keys.ed25519().verifier())).map_err(OpenError::BadKeptCheckpoint)?;
    if kept.size > stored.size {
        return Err(OpenError::RolledBack {
            kept: kept.size,
            stored: stored.size,
        });
    }
    let root = if kept.size == stored.size {
        stored.root
    } else {
        {
            root_from_tiles(&StartTiles { store, shard, live }, kept.size)
                .map_err(ReadError::from)?
        }
    };
    if root != kept.root {
        return Err(OpenError::Forked {
            size: kept.size,
            kept: kept.root,
            stored: root,
        });
    }
    Ok(())
}

/// Parses a kept checkpoint, and verifies its signature when the log's key is at hand.
pub(crate) fn parse_kept(text: &str, key: Option<&VerifierKey>) -> Result<Checkpoint, String> {
    let note = SignedNote::parse(text).map_err(|error| error.to_string())?;
    if let Some(key) = key {
        note.verify(std::slice::from_ref(key))
            .map_err(|error| error.to_string())?;
    }
    let checkpoint = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
    if key.is_some_and(|key| checkpoint.origin != key.name()) {
        return Err(format!("its origin is {:?}", checkpoint.origin));
    }
    Ok(checkpoint)
}

/// Rebuilds the partial tiles: level 0 from the bodies of the tail, each level above from the roots of the full tiles below.
/// Reads at most 255 bodies, and 255 tiles a level.
fn live_tiles(store: &dyn Store, shard: ShardId, size: TreeSize) -> Result<LiveTiles, OpenError> {
    let width = TILE_WIDTH as u64;
    let mut levels = Vec::new();
    let mut nodes = size.get();
    while nodes > 0 {
        let level = levels.len();
        let first = nodes - nodes % width;
        levels.push(if level == 0 {
            tail_tile(store, shard, first..nodes)?
        } else {
            let mut tile = Tile::new();
            for number in first..nodes {
                let below = TileId {
                    level: level as u8 - 1,
                    number,
                };
                tile.push(full_tile_root(store, shard, below)?);
            }
            tile
        });
        nodes >>= TILE_HEIGHT;
    }
    // The widths follow from the size by construction.
    LiveTiles::from_levels(size, levels).ok_or(OpenError::MissingHead(shard))
}

fn tail_tile(
    store: &dyn Store,
    shard: ShardId,
    range: std::ops::Range<u64>,
) -> Result<Tile, OpenError> {
    let mut tile = Tile::new();
    let mut next = range.start;
    store.visit_entries(shard, range.clone(), &mut |_, entry| {
        tile.push(leaf_hash(&entry.body));
        next += 1;
        ControlFlow::Continue(())
    })?;
    if next != range.end {
        return Err(ReadError::MissingEntry(ledgerstone_merkle::LeafIndex::new(next)).into());
    }
    Ok(tile)
}

fn full_tile_root(store: &dyn Store, shard: ShardId, id: TileId) -> Result<Hash, OpenError> {
    let bytes = store.tile(shard, id)?.ok_or(ReadError::MissingTile(id))?;
    let tile = Tile::from_bytes(&bytes).map_err(|_| ReadError::MissingTile(id))?;
    Ok(tile.root().ok_or(ReadError::MissingTile(id))?)
}

/// The right edge as the live tiles have it: one complete subtree for each bit of the size, the largest first.
fn edge_of(size: TreeSize, live: &LiveTiles) -> RightEdge {
    let hashes = live.complete_subtrees();
    RightEdge::from_hashes(size, hashes).expect("there is one subtree for each bit of the size")
}

fn new_tree_id() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    // Positive as a signed integer, and never 0, which means "none" on the wire (rekor-v1, section 0).
    (u64::from_be_bytes(bytes) >> 1).max(1)
}

/// Seconds since the epoch, 0 when the clock is before it.
pub(crate) fn unix_time() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// The tile source of a start: full tiles from the store, partial ones from what was just rebuilt.
struct StartTiles<'a> {
    store: &'a dyn Store,
    shard: ShardId,
    live: &'a LiveTiles,
}

impl TileSource for StartTiles<'_> {
    type Error = ReadError;

    fn tile(&self, id: TileId, _width: TileWidth) -> Result<Arc<Tile>, ReadError> {
        if let Some(tile) = self.live.tile(id) {
            return Ok(Arc::clone(tile));
        }
        let bytes = self
            .store
            .tile(self.shard, id)?
            .ok_or(ReadError::MissingTile(id))?;
        Ok(Arc::new(
            Tile::from_bytes(&bytes).map_err(|_| ReadError::MissingTile(id))?,
        ))
    }
}
