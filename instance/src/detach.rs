//! Removes what a data directory has of the statement of an entry.

use ledgerstone_log::DetachError;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::Store;

use crate::error::InstanceError;
use crate::instance::Instance;

impl Instance {
    /// Removes what is kept of the statement of the entry at `index` of the tree with this number,
    /// and all that leads to the entry because of it. Says of how many entries that was.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`]; [`ledgerstone_storage::EngineError::Locked`] when a server runs on
    /// it, which can do it itself; [`DetachError`].
    pub fn detach(&self, tree_id: u64, index: LeafIndex) -> Result<usize, InstanceError> {
        let store = self.open_existing()?;
        let shard = shard_of(&store, tree_id)?;
        Ok(ledgerstone_log::detach(&store, shard, index)?)
    }
}

fn shard_of(store: &Store, tree_id: u64) -> Result<ledgerstone_storage::ShardId, InstanceError> {
    for shard in store.shards()? {
        let identity = store.identity(shard)?;
        if identity.is_some_and(|identity| identity.tree_id == tree_id) {
            return Ok(shard);
        }
    }
    Err(DetachError::NoTree(tree_id).into())
}
