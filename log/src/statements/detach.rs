//! Removing a statement from a store that nobody else has open.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;

use crate::clock::unix_time;
use crate::late;
use crate::statements::error::DetachError;
use crate::statements::remove;

/// Removes what `store` has of the statement of the entry at `index` of `shard`, and returns when
/// all of it is gone: for a log that nobody else has open. A document that came with the
/// submissions of several entries is removed for all of them; how many, is returned.
///
/// # Errors
/// [`DetachError`].
pub fn detach(store: &Store, shard: ShardId, index: LeafIndex) -> Result<usize, DetachError> {
    let removed = remove::mark(store, shard, index, unix_time())?;
    late::finish(store, shard)?;
    Ok(removed)
}
