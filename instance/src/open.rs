//! Opening a log, and making it, or one of its trees, where it never was.

use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::OpenError;
use ledgerstone_log::Upgrade;
use ledgerstone_log::UpgradeError;
use ledgerstone_log::create_trees;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;

use crate::engine;
use crate::error::InstanceError;
use crate::instance::Instance;
use crate::new_trees::OwnTree;
use crate::new_trees::missing;

/// How a log is opened, and made where there is none.
#[derive(Clone)]
pub struct OpenSettings {
    /// The configured name. A log that is there must have it: as the origin of the tree of Rekor
    /// v2, or as the name of the one of Rekor v1.
    pub origin: Option<String>,
    /// The name of a log that is made, where none is configured.
    pub default_origin: String,
    /// Whether Rekor v1 is on: then the log has a tree for it.
    pub rekor_v1: bool,
    /// Whether Rekor v2 is on: then the log has a tree for it.
    pub rekor_v2: bool,
    /// Whether trees may be made with keys of trees that are not there.
    pub new_log: bool,
    /// For caches and write buffers of the store, in bytes; `None` for its default.
    pub store_memory: Option<usize>,
    /// How the log runs.
    pub log: LogOptions,
}

impl OpenSettings {
    /// The defaults, for a log with this name and a tree for each protocol.
    pub fn of_log(origin: &str) -> Self {
        Self {
            origin: Some(origin.to_owned()),
            default_origin: origin.to_owned(),
            rekor_v1: true,
            rekor_v2: true,
            new_log: false,
            store_memory: None,
            log: LogOptions::default(),
        }
    }

    /// The protocols that are on, in the order in which their trees are made.
    fn kinds(&self) -> Vec<TreeKind> {
        let all = [
            (TreeKind::REKOR_V2, self.rekor_v2),
            (TreeKind::REKOR_V1, self.rekor_v1),
        ];
        let on = all.into_iter().filter(|(_, on)| *on);
        on.map(|(kind, _)| kind).collect()
    }
}

impl Instance {
    /// Opens the log, after all the checks of [`Log::open`]. Where there is no trace of a log it is
    /// made: keys first, then its trees, then the keys get their names. A tree of a protocol that
    /// is on now and never was is made in the same way, and a tree of version 0.1 without entries
    /// becomes the one of Rekor v2.
    ///
    /// # Errors
    /// [`InstanceError::KeysWithoutLog`] and [`InstanceError::KeyWithoutTree`] where a new tree
    /// might be a fork of one that is out of sight; [`OpenError::OtherOrigin`] when the log has
    /// another name; [`OpenError::Mixed`] when it is one of version 0.1 with entries, which
    /// [`Instance::upgrade`] upgrades; all others of [`Log::open`].
    pub fn open_or_create(&self, settings: &OpenSettings) -> Result<Log, InstanceError> {
        if settings.kinds().is_empty() {
            return Err(InstanceError::NoProtocol);
        }
        // Before a store is made: the keys may be those of a log whose data is merely not mounted.
        if !engine::exists(self.data_dir())? {
            self.must_have_no_keys(settings)?;
        }
        let store = engine::open(self.data_dir(), settings.store_memory)?;
        let own = OwnTree::all(&store)?;
        if own.is_empty() {
            self.must_have_no_keys(settings)?;
        }
        must_have_name(&own, settings.origin.as_deref())?;
        self.upgrade_empty(&store, &settings.log)?;
        self.make_missing(&store, settings)?;
        let keyring = self.keys().load(&store, &settings.log.protocols)?;
        // All trees have their keys now: whatever else a crash left was never used.
        self.keys().remove_leftovers(&store)?;
        Ok(Log::open(store, keyring, settings.log.clone())?)
    }

    /// Refuses to make a log with the keys of another one: it would sign a fork.
    fn must_have_no_keys(&self, settings: &OpenSettings) -> Result<(), InstanceError> {
        if settings.new_log || !self.keys().has_keys() {
            return Ok(());
        }
        Err(InstanceError::KeysWithoutLog {
            key_dir: self.keys().path().to_owned(),
            data_dir: self.data_dir().to_owned(),
        })
    }

    /// Turns a tree of version 0.1 that has no entries into the one of Rekor v2. One that has any
    /// is for the operator to freeze.
    fn upgrade_empty(&self, store: &Store, options: &LogOptions) -> Result<(), InstanceError> {
        match Upgrade::plan(store, None) {
            Ok(None) => Ok(()),
            Ok(Some(upgrade)) => Ok(upgrade.carry_out(store, self.keys(), options)?),
            Err(UpgradeError::NoOrigin(entries)) => {
                Err(OpenError::Mixed(TreeSize::new(entries)).into())
            }
            Err(error) => Err(error.into()),
        }
    }

    fn make_missing(&self, store: &Store, settings: &OpenSettings) -> Result<(), InstanceError> {
        let own = OwnTree::all(store)?;
        let trees = missing(store, &own, &settings.kinds(), name(&own, settings))?;
        if trees.is_empty() {
            return Ok(());
        }
        if !settings.new_log {
            self.must_know_all_keys(store)?;
        }
        self.make(store, &trees, &settings.log)
    }

    /// Refuses to begin a tree beside the key of one that is not there, which may be the very same.
    fn must_know_all_keys(&self, store: &Store) -> Result<(), InstanceError> {
        match self.keys().keys_without_tree(store)?.into_iter().next() {
            None => Ok(()),
            Some(key) => Err(InstanceError::KeyWithoutTree {
                key,
                data_dir: self.data_dir().to_owned(),
            }),
        }
    }

    fn make(
        &self,
        store: &Store,
        trees: &[NewTree],
        options: &LogOptions,
    ) -> Result<(), InstanceError> {
        // A crash before the trees are made leaves keys without names, which are no trace of a log;
        // one behind that leaves names to give, which loading the keys does.
        let keyring = self.keys().create(trees, &options.protocols)?;
        create_trees(store, trees, &keyring, options)?;
        for tree in trees {
            self.keys().confirm(tree, &options.protocols)?;
        }
        Ok(())
    }
}

/// Refuses a configured name that no tree has which takes entries.
pub(crate) fn must_have_name(
    own: &[OwnTree],
    configured: Option<&str>,
) -> Result<(), InstanceError> {
    let names = names(own);
    let (Some(configured), Some(first)) = (configured, names.first()) else {
        return Ok(());
    };
    if names.contains(&configured) {
        return Ok(());
    }
    Err(InstanceError::Open(OpenError::OtherOrigin {
        stored: (*first).to_owned(),
        configured: configured.to_owned(),
    }))
}

/// The name that a tree which is made gets: the configured one, the one of the trees that are
/// there, or that of a new log.
fn name<'a>(own: &'a [OwnTree], settings: &'a OpenSettings) -> &'a str {
    let configured = settings.origin.as_deref();
    let present = || names(own).first().copied();
    configured
        .or_else(present)
        .unwrap_or(&settings.default_origin)
}

/// The names of the trees that take entries.
fn names(own: &[OwnTree]) -> Vec<&str> {
    let growing = own.iter().filter(|tree| !tree.is_frozen);
    growing.map(|tree| tree.identity.origin.as_str()).collect()
}
