//! What a start has to see before the log may sign again.
//!
//! The store is not believed: the right edge is recomputed from the stored tiles and the bodies of
//! the tail, compared with the stored head, and the head with the last checkpoint, which is kept
//! outside the store. The order of a round (store, then kept checkpoint) makes a kept checkpoint
//! that lags normal after a crash, and one that leads a proof of a rollback.

use std::ops::ControlFlow;
use std::sync::Arc;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::Hash;
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
use ledgerstone_storage::Damage;
use ledgerstone_storage::Frozen;
use ledgerstone_storage::NewShard;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;

use crate::clock::unix_time;
use crate::error::OpenError;
use crate::error::ReadError;
use crate::head::DurableHead;
use crate::head::Head;
use crate::kept;
use crate::key_role::KeyRole;
use crate::keyring::foreign::ForeignKey;
use crate::keyring::ring::Keyring;
use crate::live::LiveTiles;
use crate::new_tree::NewTree;
use crate::protocol::rules::Protocol;

/// What a verified load of a tree that grows yields.
pub(crate) struct Recovered {
    pub(crate) durable: DurableHead,
    pub(crate) edge: RightEdge,
}

/// What is to be stored for a tree of size 0 in a shard that holds nothing.
pub(crate) fn new_shard(
    store: &Store,
    tree: &NewTree,
    protocol: &dyn Protocol,
    keyring: &Keyring,
) -> Result<NewShard, OpenError> {
    let shard = tree.shard;
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
    let identity = identity_of(tree, protocol, keyring, created)?;
    let head = StoredHead {
        size: TreeSize::EMPTY,
        root: EMPTY_ROOT,
        time: created,
    };
    Ok(NewShard {
        id: shard,
        identity,
        head,
    })
}

/// The identity of a tree that is to be made, or that an empty one is to become.
pub(crate) fn identity_of(
    tree: &NewTree,
    protocol: &dyn Protocol,
    keyring: &Keyring,
    created: i64,
) -> Result<ShardIdentity, OpenError> {
    let keys = keys_of(tree.tree_id, protocol, keyring)?;
    Ok(ShardIdentity {
        kind: tree.kind,
        tree_id: tree.tree_id,
        origin: tree.name.clone(),
        keys: keys.into_iter().map(|(_, id)| id).collect(),
        created,
        import: None,
    })
}

/// Loads what `shard` holds, a tree that grows, and verifies it.
pub(crate) fn recover(
    store: &Store,
    shard: ShardId,
    identity: &ShardIdentity,
    protocol: &dyn Protocol,
    keyring: &Keyring,
) -> Result<Recovered, OpenError> {
    check_identity(identity, protocol, keyring)?;
    let role = KeyRole::Checkpoint {
        tree_id: identity.tree_id,
    };
    let signer = keyring.signer(role).ok_or(OpenError::NoSigner(role))?;
    let Loaded { stored, live, edge } = load(store, shard)?;
    let kept = check_kept(store, shard, signer.verifier(), &stored, &live)?;
    read_back(store, shard, kept, &stored)?;
    let durable = DurableHead::loaded(&stored, live);
    Ok(Recovered { durable, edge })
}

/// Loads a tree that grows where it is written, at the size of its kept checkpoint, which is signed
/// by `key`: what the store holds behind that nobody signed. The kept text comes with it.
pub(crate) fn recover_kept(
    store: &Store,
    shard: ShardId,
    identity: &ShardIdentity,
    key: &VerifierKey,
) -> Result<(Head, String), OpenError> {
    let Some(text) = kept_text(store, shard)? else {
        let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
        return Err(OpenError::NoKeptCheckpoint(head.size));
    };
    let kept = parse_kept(&text, Some(key)).map_err(OpenError::BadKeptCheckpoint)?;
    // Where the head can be read, it says more of a roll-back than an entry that is missing.
    if let Ok(Some(head)) = store.head(shard)
        && head.size < kept.size
    {
        return Err(OpenError::RolledBack {
            kept: kept.size,
            stored: head.size,
        });
    }
    let live = live_tiles(store, shard, kept.size)?;
    let root = edge_of(kept.size, &live).root();
    if root != kept.root {
        return Err(OpenError::Forked {
            size: kept.size,
            kept: kept.root,
            stored: root,
        });
    }
    let time = match kept.size.last_index() {
        Some(last) => {
            let entry = store.entry(shard, last)?;
            entry.ok_or(ReadError::MissingEntry(last))?.integrated_time
        }
        None => identity.created,
    };
    let stored = StoredHead {
        size: kept.size,
        root,
        time,
    };
    let head = DurableHead::loaded(&stored, live);
    Ok((Head::new(head, kept::note_of(&text).to_owned()), text))
}

/// Loads a tree of the log that takes no more entries, and verifies it against its last checkpoint.
pub(crate) fn recover_frozen(
    store: &Store,
    shard: ShardId,
    frozen: Frozen,
    key: &VerifierKey,
) -> Result<Head, OpenError> {
    let differs = |reason: String| OpenError::FrozenCheckpoint { shard, reason };
    let Loaded { stored, live, .. } = load(store, shard)?;
    let checkpoint = parse_kept(&frozen.checkpoint, Some(key)).map_err(differs)?;
    must_be_over(&checkpoint, &stored).map_err(differs)?;
    Ok(Head::new(
        DurableHead::loaded(&stored, live),
        frozen.checkpoint,
    ))
}

/// Loads a copy of somebody else's log, and verifies it against the checkpoint that came with it.
pub(crate) fn recover_foreign(
    store: &Store,
    shard: ShardId,
    identity: &ShardIdentity,
    foreign: &ForeignKey,
) -> Result<Head, OpenError> {
    let differs = |reason: String| OpenError::ForeignCheckpoint { shard, reason };
    let note = store.kept_checkpoint(shard)?;
    let note = note.ok_or_else(|| differs("the import was not completed".to_owned()))?;
    let Loaded { stored, live, .. } = load(store, shard)?;
    if identity.keys != foreign.log_ids() {
        let reason = "they are not those that it was imported with".to_owned();
        return Err(OpenError::ShardKeys { shard, reason });
    }
    let checkpoint = parse_kept(&note, None).map_err(differs)?;
    must_be_over(&checkpoint, &stored).map_err(differs)?;
    Ok(Head::new(DurableHead::loaded(&stored, live), note))
}

/// Refuses a checkpoint that is not over exactly what is stored.
pub(crate) fn must_be_over(checkpoint: &Checkpoint, stored: &StoredHead) -> Result<(), String> {
    if (checkpoint.size, checkpoint.root) == (stored.size, stored.root) {
        return Ok(());
    }
    Err(format!(
        "it has {} leaves and root {}, the tree in the store has {} and {}",
        checkpoint.size, checkpoint.root, stored.size, stored.root
    ))
}

/// What a shard holds, whoever signed it.
pub(crate) struct Loaded {
    pub(crate) stored: StoredHead,
    pub(crate) live: LiveTiles,
    pub(crate) edge: RightEdge,
}

/// Loads head and right edge of `shard`, and compares them.
pub(crate) fn load(store: &Store, shard: ShardId) -> Result<Loaded, OpenError> {
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

/// Refuses keys that are not those that the tree was made with. The first key of an identity signs
/// checkpoints.
pub(crate) fn check_identity(
    identity: &ShardIdentity,
    protocol: &dyn Protocol,
    keyring: &Keyring,
) -> Result<(), OpenError> {
    let found = keys_of(identity.tree_id, protocol, keyring)?;
    for (position, (role, id)) in found.iter().enumerate() {
        let stored = identity.keys.get(position);
        if stored != Some(id) {
            let stored = stored.map_or_else(|| "none".to_owned(), |id| Hash::new(*id).to_string());
            return Err(OpenError::OtherKey {
                role: *role,
                stored,
                configured: Hash::new(*id).to_string(),
            });
        }
    }
    Ok(())
}

/// The ids of the keys that sign for a tree, as its identity has them: first the one for
/// checkpoints.
fn keys_of(
    tree_id: u64,
    protocol: &dyn Protocol,
    keyring: &Keyring,
) -> Result<Vec<(KeyRole, [u8; 32])>, OpenError> {
    let role = KeyRole::Checkpoint { tree_id };
    let key = keyring.checkpoint_key(tree_id);
    let mut keys = vec![(role, key.ok_or(OpenError::NoSigner(role))?.log_id())];
    if protocol.signs_entry_timestamps() {
        let role = KeyRole::RekorV1;
        let signer = keyring.signer(role).ok_or(OpenError::NoSigner(role))?;
        keys.push((role, signer.verifier().log_id()));
    }
    Ok(keys)
}

/// Reads back what was stored behind the signed tree of `kept` leaves, as the rounds that stored it
/// did or would have: every body hashed, every completed tile compared. What is signed next covers
/// it.
fn read_back(
    store: &Store,
    shard: ShardId,
    kept: TreeSize,
    stored: &StoredHead,
) -> Result<(), OpenError> {
    if kept == stored.size {
        return Ok(());
    }
    let mut live = live_tiles(store, shard, kept)?;
    let mut edge = edge_of(kept, &live);
    let mut completed = Vec::new();
    let range = kept.get()..stored.size.get();
    store.visit_entries(shard, range, &mut |_, entry| {
        let hash = leaf_hash(&entry.body);
        edge.append(hash);
        live.append(hash, &mut completed);
        ControlFlow::Continue(())
    })?;
    if edge.size() != stored.size || edge.root() != stored.root {
        return Err(OpenError::WrongRoot {
            size: stored.size,
            stored: stored.root,
            computed: edge.root(),
        });
    }
    for (id, tile) in completed {
        let read = store.tile(shard, id)?.ok_or(ReadError::MissingTile(id))?;
        if read != tile.to_bytes(TileWidth::FULL) {
            return Err(ReadError::WrongTile(id).into());
        }
    }
    Ok(())
}

/// Compares the store with the last checkpoint that was signed, and says over how many leaves that
/// is.
pub(crate) fn check_kept(
    store: &Store,
    shard: ShardId,
    key: &VerifierKey,
    stored: &StoredHead,
    live: &LiveTiles,
) -> Result<TreeSize, OpenError> {
    let Some(text) = kept_text(store, shard)? else {
        // A crash between the creation of the shard and its first checkpoint leaves this; anything
        // larger was signed before.
        return if stored.size.is_empty() {
            Ok(TreeSize::EMPTY)
        } else {
            Err(OpenError::NoKeptCheckpoint(stored.size))
        };
    };
    let kept = parse_kept(&text, Some(key)).map_err(OpenError::BadKeptCheckpoint)?;
    must_extend(store, shard, stored, live, &kept)?;
    Ok(kept.size)
}

/// Refuses a tree that does not extend the one that `kept` is over.
pub(crate) fn must_extend(
    store: &Store,
    shard: ShardId,
    stored: &StoredHead,
    live: &LiveTiles,
    kept: &Checkpoint,
) -> Result<(), OpenError> {
    if kept.size > stored.size {
        return Err(OpenError::RolledBack {
            kept: kept.size,
            stored: stored.size,
        });
    }
    let root = if kept.size == stored.size {
        stored.root
    } else {
        root_from_tiles(&StartTiles { store, shard, live }, kept.size).map_err(ReadError::from)?
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

/// What is kept for a tree. Bytes that are no text are a kept checkpoint that nobody signed, and no
/// damage of the store: the way back is the same.
pub(crate) fn kept_text(store: &Store, shard: ShardId) -> Result<Option<String>, OpenError> {
    match store.kept_checkpoint(shard) {
        Err(StorageError::Damaged(damage @ Damage::KeptCheckpoint(_))) => {
            Err(OpenError::BadKeptCheckpoint(damage.to_string()))
        }
        other => Ok(other?),
    }
}

/// Parses a kept checkpoint, and verifies its signature when the log's key is at hand.
pub(crate) fn parse_kept(text: &str, key: Option<&VerifierKey>) -> Result<Checkpoint, String> {
    let note = SignedNote::parse(kept::note_of(text)).map_err(|error| error.to_string())?;
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

/// Rebuilds the partial tiles: level 0 from the bodies of the tail, each level above from the roots
/// of the full tiles below. Reads at most 255 bodies, and 255 tiles a level.
fn live_tiles(store: &Store, shard: ShardId, size: TreeSize) -> Result<LiveTiles, OpenError> {
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
    store: &Store,
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

fn full_tile_root(store: &Store, shard: ShardId, id: TileId) -> Result<Hash, OpenError> {
    let bytes = store.tile(shard, id)?.ok_or(ReadError::MissingTile(id))?;
    let tile = Tile::from_bytes(&bytes).map_err(|_| ReadError::MissingTile(id))?;
    Ok(tile.root().ok_or(ReadError::MissingTile(id))?)
}

/// The right edge as the live tiles have it: one complete subtree for each bit of the size, the
/// largest first.
fn edge_of(size: TreeSize, live: &LiveTiles) -> RightEdge {
    let hashes = live.complete_subtrees();
    RightEdge::from_hashes(size, hashes).expect("there is one subtree for each bit of the size")
}

/// The tile source of a start: full tiles from the store, partial ones from what was just rebuilt.
struct StartTiles<'a> {
    store: &'a Store,
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
