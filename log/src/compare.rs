//! Proving that a store lacks nothing that was signed, as far as a checkpoint tells.

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;

use crate::error::OpenError;
use crate::key_role::KeyRole;
use crate::recovery::Loaded;
use crate::recovery::check_kept;
use crate::recovery::kept_text;
use crate::recovery::load;
use crate::recovery::must_extend;
use crate::recovery::parse_kept;

/// Verifies the tree in `shard` as a start does: its edge, and that it extends the kept checkpoint,
/// which is signed by `key`. Yields its size.
///
/// # Errors
/// As for [`Log::open`](crate::Log::open).
pub fn verify_tree(
    store: &Store,
    shard: ShardId,
    key: &VerifierKey,
) -> Result<TreeSize, OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    let configured = key.log_id();
    let stored = identity.keys.first();
    if stored != Some(&configured) {
        let stored = stored.map_or_else(|| "none".to_owned(), |id| Hash::new(*id).to_string());
        return Err(OpenError::OtherKey {
            role: KeyRole::Checkpoint {
                tree_id: identity.tree_id,
            },
            stored,
            configured: Hash::new(configured).to_string(),
        });
    }
    let Loaded { stored, live, .. } = load(store, shard)?;
    check_kept(store, shard, key, &stored, &live)?;
    Ok(stored.size)
}

/// Proves that the tree in `shard` extends one of `notes`, which are checkpoints that were signed
/// by `key` and come from outside: from a witness, from a mirror, or from whoever kept one. One
/// that is older than the kept checkpoint proves nothing new. Yields the size of that checkpoint.
///
/// # Errors
/// [`OpenError::NothingToCompare`] when none of them is one of the tree, or not a new enough one;
/// [`OpenError::RolledBack`] and [`OpenError::Forked`] when the tree does not extend it; otherwise
/// as for [`verify_tree`].
pub fn compare_tree(
    store: &Store,
    shard: ShardId,
    key: &VerifierKey,
    notes: &[String],
) -> Result<TreeSize, OpenError> {
    verify_tree(store, shard, key)?;
    let kept = match kept_text(store, shard)? {
        Some(text) => {
            parse_kept(&text, Some(key))
                .map_err(OpenError::BadKeptCheckpoint)?
                .size
        }
        None => TreeSize::EMPTY,
    };
    let notes = notes
        .iter()
        .filter_map(|note| parse_kept(note, Some(key)).ok());
    let newest = notes
        .filter(|note| note.size >= kept)
        .max_by_key(|note| note.size);
    let newest = newest.ok_or_else(|| OpenError::NothingToCompare {
        origin: key.name().to_owned(),
        size: kept,
    })?;
    let Loaded { stored, live, .. } = load(store, shard)?;
    must_extend(store, shard, &stored, &live, &newest)?;
    Ok(newest.size)
}
