//! The whole of a directory, checked against itself, without a server.

use ledgerstone_log::Finding;
use ledgerstone_log::FsckReport;
use ledgerstone_log::KeyError;
use ledgerstone_log::Protocols;
use ledgerstone_log::accept_head;
use ledgerstone_log::fsck;
use ledgerstone_log::fsck_copy;
use ledgerstone_log::load_foreign_key;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;

use crate::engine;
use crate::error::InstanceError;
use crate::instance::Instance;

/// A directory that is being checked, tree by tree.
pub struct StoreCheck {
    store: Store,
    instance: Instance,
    protocols: Protocols,
    accepts_heads: bool,
    shards: Vec<ShardId>,
}

/// What the check of one tree came to.
#[derive(Debug)]
pub struct CheckedTree {
    /// Where it is.
    pub shard: ShardId,
    /// What it is; `None` when the store does not say.
    pub identity: Option<ShardIdentity>,
    /// What was found.
    pub report: FsckReport,
    /// Why the signature of the last checkpoint was not verified; `None` when it was.
    pub unverified: Option<KeyError>,
    /// Whether the head was accepted: its checkpoint was signed and kept, so that findings about
    /// the kept one are mended.
    pub is_accepted: bool,
}

/// What kept a store from being opened for writing when it was checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoreMark {
    /// Why, and what lets it be opened.
    pub reason: String,
    /// Whether the check took it away.
    pub is_lifted: bool,
}

impl CheckedTree {
    /// Whether nothing is wrong with it, or nothing is any more.
    pub fn is_sound(&self) -> bool {
        self.is_accepted || self.report.findings.is_empty()
    }
}

impl Instance {
    /// Opens the directory to check it. With `accept_heads` the head of each tree of the log's own
    /// that is sound, but for the kept checkpoint, is signed, and its checkpoint is kept: the
    /// operator says that this store is the newest.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`]; the store's own trouble. Damage that leaves something to read is
    /// none: it is found.
    pub fn check(
        &self,
        protocols: Protocols,
        accept_heads: bool,
    ) -> Result<StoreCheck, InstanceError> {
        // Accepting a head writes the kept checkpoint, which takes a store that is open for
        // writing.
        let store = if accept_heads {
            self.open_existing()?
        } else {
            self.open_read_only()?
        };
        let shards = store.shards()?;
        if shards.is_empty() {
            // Damage may have taken them all.
            let damage = store.verify(ShardId::new(0))?.into_iter().next();
            if let Some(damage) = damage {
                return Err(StorageError::from(damage).into());
            }
            return Err(InstanceError::NoLog(self.data_dir().to_owned()));
        }
        Ok(StoreCheck {
            store,
            instance: self.clone(),
            protocols,
            accepts_heads: accept_heads,
            shards,
        })
    }
}

impl StoreCheck {
    /// What there is to check.
    pub fn shards(&self) -> &[ShardId] {
        &self.shards
    }

    /// Checks one tree. `progress` hears how many of how many entries are checked.
    ///
    /// # Errors
    /// [`InstanceError::Open`] when the keys are not those of the tree, and, where heads are to be
    /// accepted, when they are not there; the store's own trouble. What is wrong inside is not an
    /// error, but a [`Finding`].
    pub fn check(
        &self,
        shard: ShardId,
        progress: &mut dyn FnMut(TreeSize, TreeSize),
    ) -> Result<CheckedTree, InstanceError> {
        let identity = self.store.identity(shard)?;
        match &identity {
            Some(own) if own.import.is_none() => self.own(shard, own, progress),
            _ => self.imported(shard, identity, progress),
        }
    }

    fn own(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        progress: &mut dyn FnMut(TreeSize, TreeSize),
    ) -> Result<CheckedTree, InstanceError> {
        let store = &self.store;
        let keys = self.instance.keys();
        let (key, unverified) = match keys.checkpoint_key(shard, identity, &self.protocols) {
            Ok(key) => (Some(key), None),
            Err(error) if self.accepts_heads => return Err(error.into()),
            Err(error) => (None, Some(error)),
        };
        let report = fsck(store, shard, key.as_ref(), progress)?;
        Ok(CheckedTree {
            shard,
            identity: Some(identity.clone()),
            report,
            unverified,
            is_accepted: false,
        })
    }

    /// Accepts the heads of the trees of the log's own, where that was asked for and nothing else
    /// is wrong in the whole store. The trees share one store: where one of them was rolled back or
    /// is damaged, no head of the others is known to be the newest. `checked` are all trees.
    ///
    /// # Errors
    /// [`InstanceError::Open`] when a head cannot be signed; the store's own trouble.
    pub fn accept(&self, checked: &mut [CheckedTree]) -> Result<(), InstanceError> {
        let mut findings = checked.iter().flat_map(|tree| &tree.report.findings);
        if !self.accepts_heads || !findings.all(Finding::is_about_kept_checkpoint) {
            return Ok(());
        }
        for tree in checked {
            let own = tree.identity.as_ref();
            let own = own.filter(|identity| identity.import.is_none());
            if let Some(identity) = own
                && self.store.frozen(tree.shard)?.is_none()
            {
                let keys = self.instance.keys();
                let signer = keys.checkpoint_signer(tree.shard, identity, &self.protocols)?;
                accept_head(&self.store, tree.shard, signer.as_ref(), &self.protocols)?;
                tree.is_accepted = true;
            }
        }
        Ok(())
    }

    /// Ends the check, and lets a store that was found damaged while it ran be written again, where
    /// `is_sound` says that all of it could be read. Yields what keeps it from being opened for
    /// writing still.
    ///
    /// # Errors
    /// The store's own trouble, where the mark cannot be taken away.
    pub fn finish(self, is_sound: bool) -> Result<Option<StoreMark>, InstanceError> {
        let Self {
            store, instance, ..
        } = self;
        // Whoever takes the mark away needs the lock alone.
        drop(store);
        let Some(mark) = engine::mark(instance.data_dir())? else {
            return Ok(None);
        };
        let is_lifted = is_sound
            && matches!(mark, EngineError::Marked { .. })
            && engine::set_sound(instance.data_dir())?;
        Ok(Some(StoreMark {
            reason: mark.to_string(),
            is_lifted,
        }))
    }

    /// A copy is signed by whoever runs the log that it is of: there is nothing here to accept.
    fn imported(
        &self,
        shard: ShardId,
        identity: Option<ShardIdentity>,
        progress: &mut dyn FnMut(TreeSize, TreeSize),
    ) -> Result<CheckedTree, InstanceError> {
        let store = &self.store;
        let key = load_foreign_key(self.instance.keys().path(), shard)?;
        let report = match &key {
            Some(key) => fsck_copy(store, shard, key, progress)?,
            None => fsck(store, shard, None, progress)?,
        };
        let missing = || KeyError::Missing(self.instance.keys().foreign_key_file(shard));
        Ok(CheckedTree {
            shard,
            identity,
            report,
            unverified: key.is_none().then(missing),
            is_accepted: false,
        })
    }
}
