//! Giving up a damaged end of the store, and proving afterwards that nothing signed went with it.
//!
//! Nobody can tell from the directory alone whether a damaged end was acknowledged: the kept
//! checkpoint may lag. So the store is marked before the end is dropped, and refuses to be opened
//! for writing until it was compared with checkpoints from outside. The mark is a file beside the
//! store, for that is the one place that is durable before the store can be written, and whoever
//! signs has to open the store. The comparison only reads, and then removes the mark.

use ledgerstone_log::Protocols;
use ledgerstone_log::compare_tree;
use ledgerstone_log::verify_tree;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::EngineDamage;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;

use crate::engine;
use crate::error::InstanceError;
use crate::instance::Instance;

/// An end that was dropped.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DroppedEnd {
    /// The file that it was the end of, and from which byte on.
    pub damage: EngineDamage,
    /// The trees that may have lost entries: those that grow.
    pub trees: Vec<ShortenedTree>,
}

/// A tree that may have lost entries.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShortenedTree {
    /// What its checkpoints call it.
    pub origin: String,
    /// How many entries it has now: what may be lost are those from this index on.
    pub size: TreeSize,
    /// How many entries it had at the end of what was dropped, as far as that could be read.
    pub seen: TreeSize,
}

/// A tree that was compared.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComparedTree {
    /// What its checkpoints call it.
    pub origin: String,
    /// The size of the checkpoint that it extends.
    pub size: TreeSize,
}

impl Instance {
    /// Drops the end of the write-ahead log from its first damage on, and marks the store, so that
    /// it is not written before [`compare_with`](Self::compare_with). `None` where there is nothing
    /// that a start would not drop by itself.
    ///
    /// # Errors
    /// [`InstanceError::Open`] when what is left is not sound, or is behind the kept checkpoint: it
    /// is proven then that signed entries would be lost, and nothing is changed. The store's own
    /// trouble, damage that is not at the end included.
    pub fn drop_torn_round(
        &self,
        protocols: &Protocols,
    ) -> Result<Option<DroppedEnd>, InstanceError> {
        self.must_exist()?;
        let Some((left, damage)) = engine::open_without_end(self.data_dir())? else {
            return Ok(None);
        };
        let mut trees = Vec::new();
        for (shard, key) in self.growing(&left, protocols)? {
            let size = verify_tree(&left, shard, &key)?;
            trees.push((shard, key.name().to_owned(), size));
        }
        drop(left);
        let whole = self.open_read_only()?;
        let shortened = trees.into_iter().map(|(shard, origin, size)| {
            // Where the head itself cannot be read, nothing is known of it.
            let seen = whole.head(shard).ok().flatten().map(|head| head.size);
            let seen = seen.unwrap_or(size).max(size);
            ShortenedTree { origin, size, seen }
        });
        let trees = shortened.collect();
        drop(whole);
        engine::drop_end(self.data_dir())?;
        Ok(Some(DroppedEnd { damage, trees }))
    }

    /// Proves that each tree that grows extends one of `notes`, checkpoints of it from outside, and
    /// lets the store be written again.
    ///
    /// # Errors
    /// [`InstanceError::Open`] when a tree does not, or has none; the store's own trouble.
    pub fn compare_with(
        &self,
        protocols: &Protocols,
        notes: &[String],
    ) -> Result<Vec<ComparedTree>, InstanceError> {
        let store = self.open_read_only()?;
        let mut compared = Vec::new();
        for (shard, key) in self.growing(&store, protocols)? {
            let size = compare_tree(&store, shard, &key, notes)?;
            let origin = key.name().to_owned();
            compared.push(ComparedTree { origin, size });
        }
        drop(store);
        engine::set_proven(self.data_dir())?;
        Ok(compared)
    }

    /// The trees that grow, with the keys of their checkpoints.
    fn growing(
        &self,
        store: &Store,
        protocols: &Protocols,
    ) -> Result<Vec<(ShardId, VerifierKey)>, InstanceError> {
        let mut growing = Vec::new();
        for shard in store.shards()? {
            let Some(identity) = store.identity(shard)? else {
                continue;
            };
            if identity.import.is_none() && store.frozen(shard)?.is_none() {
                let key = self.keys().checkpoint_key(shard, &identity, protocols)?;
                growing.push((shard, key));
            }
        }
        Ok(growing)
    }
}
