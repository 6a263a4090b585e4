//! Which trees a log lacks: all of them when it begins, and one when a protocol is switched on that
//! was off before.

use ledgerstone_log::NewTree;
use ledgerstone_log::UpgradeError;
use ledgerstone_log::next_free_shard;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;

use crate::error::InstanceError;

/// Where the tree of Rekor v2 goes when it is free: its checkpoint key has the log's own name.
const FIRST: ShardId = ShardId::new(0);

/// A tree of the log's own, as the store knows it.
pub(crate) struct OwnTree {
    pub(crate) identity: ShardIdentity,
    pub(crate) is_frozen: bool,
}

impl OwnTree {
    /// The trees of the log in `store`, oldest first: none before it begins, whatever was imported.
    pub(crate) fn all(store: &Store) -> Result<Vec<Self>, StorageError> {
        let mut trees = Vec::new();
        for shard in store.shards()? {
            let identity = store.identity(shard)?;
            if let Some(identity) = identity.filter(|identity| identity.import.is_none()) {
                let is_frozen = store.frozen(shard)?.is_some();
                trees.push(Self {
                    identity,
                    is_frozen,
                });
            }
        }
        Ok(trees)
    }

    /// Whether it takes, or took, entries of this protocol: then a second tree is no beginning, but
    /// a rotation.
    fn is_of(&self, kind: TreeKind) -> bool {
        [kind, TreeKind::MIXED].contains(&self.identity.kind)
    }
}

/// The trees of `kinds` that never were, to be made under `name`.
pub(crate) fn missing(
    store: &Store,
    own: &[OwnTree],
    kinds: &[TreeKind],
    name: &str,
) -> Result<Vec<NewTree>, InstanceError> {
    let mut next = next_free_shard(store)?.get().max(FIRST.get() + 1);
    let mut first_is_free = store.identity(FIRST)?.is_none();
    let mut trees = Vec::new();
    for kind in kinds {
        if own.iter().any(|tree| tree.is_of(*kind)) {
            continue;
        }
        let shard = if first_is_free && *kind == TreeKind::REKOR_V2 {
            first_is_free = false;
            FIRST
        } else {
            let shard = ShardId::new(next);
            next = next.checked_add(1).ok_or(UpgradeError::NoFreeShard)?;
            shard
        };
        trees.push(NewTree::new(shard, *kind, name));
    }
    Ok(trees)
}
