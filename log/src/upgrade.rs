//! From the one tree of version 0.1 to a tree for each protocol.
//!
//! Version 0.1 put entries of Rekor v1 and v2 into one tree, which blinds the monitors of both. A
//! tree that has entries is frozen with its last checkpoint, byte for byte, and both protocols
//! begin new trees: Rekor v2 under a new name and key, since a new tree under an old name is a
//! fork; Rekor v1 under its name and key, with a new tree id, and virtual indexes that go on. A
//! tree without entries becomes the one of Rekor v2.

use std::sync::Arc;

use ledgerstone_storage::Frozen;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeChange;
use ledgerstone_storage::TreeKind;
use thiserror::Error;

use crate::clock::unix_time;
use crate::error::KeyError;
use crate::error::OpenError;
use crate::keyring::directory::KeyDirectory;
use crate::keyring::ring::Keyring;
use crate::new_tree::NewTree;
use crate::options::LogOptions;
use crate::protocol::rules::Protocol;
use crate::publish::Publisher;
use crate::recovery;
use crate::recovery::Recovered;

/// What is to be done about the tree of version 0.1 in a store.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Upgrade {
    /// The tree of version 0.1.
    pub shard: ShardId,
    /// What it is.
    pub identity: ShardIdentity,
    /// How many entries it has. With none it becomes the tree of Rekor v2, otherwise it is frozen.
    pub entries: u64,
    /// The trees that are made.
    pub create: Vec<NewTree>,
}

/// Why an upgrade is not possible, or did not succeed.
#[derive(Debug, Error)]
pub enum UpgradeError {
    /// The tree has entries, so that Rekor v2 needs a new name.
    #[error(
        "the tree has {0} entries: name the new log of Rekor v2 with --v2-origin, a host name \
         under which this server is reached \
         and which no log had before"
    )]
    NoOrigin(u64),
    /// The name is taken.
    #[error(
        "{0:?} is the name of a tree here already; a new tree under the name of another is a fork: \
         choose a new name"
    )]
    SameOrigin(String),
    /// There is no place for another tree.
    #[error("the store has no free shard")]
    NoFreeShard,
    /// The tree does not verify, or cannot be signed for a last time.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Keys cannot be loaded or made.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Upgrade {
    /// What an upgrade of `store` would do; `None` when it holds no tree of version 0.1 that takes
    /// entries. `v2_origin` is the name of the new tree of Rekor v2, which only a tree without
    /// entries does without.
    ///
    /// # Errors
    /// [`UpgradeError::NoOrigin`] and [`UpgradeError::SameOrigin`]; the store's own trouble.
    pub fn plan(store: &Store, v2_origin: Option<&str>) -> Result<Option<Self>, UpgradeError> {
        let mut origins = Vec::new();
        let mut mixed = None;
        for shard in store.shards()? {
            let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
            origins.push(identity.origin.clone());
            let grows = identity.import.is_none() && store.frozen(shard)?.is_none();
            if grows && identity.kind == TreeKind::MIXED {
                mixed = Some((shard, identity));
            }
        }
        let Some((shard, identity)) = mixed else {
            return Ok(None);
        };
        let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
        let entries = head.size.get();
        let mut free = next_free_shard(store)?;
        let mut create = Vec::new();
        if entries > 0 {
            let v2_origin = v2_origin.ok_or(UpgradeError::NoOrigin(entries))?;
            if origins.iter().any(|origin| origin == v2_origin) {
                return Err(UpgradeError::SameOrigin(v2_origin.to_owned()));
            }
            create.push(NewTree::new(free, TreeKind::REKOR_V2, v2_origin));
            free = after(free)?;
        }
        let name = &identity.origin;
        create.push(NewTree::new(free, TreeKind::REKOR_V1, name));
        Ok(Some(Self {
            shard,
            identity,
            entries,
            create,
        }))
    }

    /// Does it. A crash at any moment leaves the store as it was or as it is to be, and the command
    /// can be given again.
    ///
    /// # Errors
    /// [`UpgradeError::Open`] when the tree does not verify: nothing was changed then.
    pub fn carry_out(
        &self,
        store: &Store,
        keys: &KeyDirectory,
        options: &LogOptions,
    ) -> Result<(), UpgradeError> {
        let protocols = &options.protocols;
        let mut change = TreeChange::default();
        if self.entries > 0 {
            change
                .freeze
                .push((self.shard, self.freeze(store, keys, options)?));
        }
        // Before the batch: trees whose keys nobody has could not be opened. Their files get their
        // names behind it.
        let mut made = self.create.clone();
        if self.entries == 0 {
            made.push(self.becoming());
        }
        let keyring = keys.create(&made, protocols)?;
        for tree in &made {
            let protocol = protocol_of(options, tree)?;
            let protocol = protocol.as_ref();
            if tree.shard == self.shard {
                let created = self.identity.created;
                let identity = recovery::identity_of(tree, protocol, &keyring, created)?;
                change.replace.push((tree.shard, identity));
            } else {
                let new = recovery::new_shard(store, tree, protocol, &keyring)?;
                change.create.push(new);
            }
        }
        // Durable step: before it the store is as version 0.1 left it, after it that version
        // refuses it.
        store.change_trees(&change)?;
        for tree in &made {
            keys.confirm(tree, protocols)?;
        }
        Ok(())
    }

    /// What the tree becomes when it has no entries.
    fn becoming(&self) -> NewTree {
        NewTree {
            shard: self.shard,
            kind: TreeKind::REKOR_V2,
            name: self.identity.origin.clone(),
            tree_id: self.identity.tree_id,
        }
    }

    /// Checks all that [`carry_out`](Self::carry_out) checks before it changes anything.
    ///
    /// # Errors
    /// [`UpgradeError::Open`] when the tree does not verify, [`UpgradeError::Keys`] when its keys
    /// cannot be loaded.
    pub fn verify(
        &self,
        store: &Store,
        keys: &KeyDirectory,
        options: &LogOptions,
    ) -> Result<(), UpgradeError> {
        self.load(store, keys, options).map(drop)
    }

    /// Loads the tree and its keys, and verifies it.
    fn load(
        &self,
        store: &Store,
        keys: &KeyDirectory,
        options: &LogOptions,
    ) -> Result<(Keyring, Arc<dyn Protocol>, Recovered), UpgradeError> {
        let (shard, identity) = (self.shard, &self.identity);
        let keyring = keys.load(store, &options.protocols)?;
        let protocol = options.protocols.of(identity.kind);
        let protocol = Arc::clone(protocol.ok_or(KeyError::Kind(identity.kind))?);
        let recovered = recovery::recover(store, shard, identity, protocol.as_ref(), &keyring)?;
        Ok((keyring, protocol, recovered))
    }

    /// Verifies the tree, and signs, keeps and syncs its last checkpoint.
    fn freeze(
        &self,
        store: &Store,
        keys: &KeyDirectory,
        options: &LogOptions,
    ) -> Result<Frozen, UpgradeError> {
        let (shard, identity) = (self.shard, &self.identity);
        let (keyring, protocol, recovered) = self.load(store, keys, options)?;
        let mut publisher = Publisher::new(store.clone(), shard, identity, protocol, &keyring)?;
        let head = publisher.first(recovered.durable)?;
        store.sync_kept(shard)?;
        if let Some(key) = keyring.checkpoint_key(identity.tree_id) {
            keys.retire(identity.tree_id, key)?;
        }
        Ok(Frozen {
            checkpoint: head.checkpoint().to_string(),
            at: unix_time().max(head.time()),
        })
    }
}

/// The first shard behind all that the store has.
///
/// # Errors
/// [`UpgradeError::NoFreeShard`] when there is none; the store's own trouble.
pub fn next_free_shard(store: &Store) -> Result<ShardId, UpgradeError> {
    match store.shards()?.last() {
        Some(last) => after(*last),
        None => Ok(ShardId::new(0)),
    }
}

fn after(shard: ShardId) -> Result<ShardId, UpgradeError> {
    let next = shard.get().checked_add(1);
    next.map(ShardId::new).ok_or(UpgradeError::NoFreeShard)
}

fn protocol_of(options: &LogOptions, tree: &NewTree) -> Result<Arc<dyn Protocol>, KeyError> {
    let protocol = tree.protocol(&options.protocols)?;
    Ok(Arc::clone(protocol))
}
