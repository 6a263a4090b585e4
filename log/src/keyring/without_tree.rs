//! Key files that belong to no tree: of a tree that is out of sight, or left by a crash.

use std::fs;
use std::io;
use std::path::PathBuf;

use ledgerstone_storage::Store;

use crate::error::KeyError;
use crate::keyring::directory::FIRST;
use crate::keyring::directory::KeyDirectory;

impl KeyDirectory {
    /// The key files of trees of the log's own that `store` does not hold. There are none, unless
    /// a tree is out of sight.
    ///
    /// # Errors
    /// [`KeyError::Io`] when the directory cannot be listed, [`KeyError::Store`] when the store
    /// cannot be read.
    pub fn keys_without_tree(&self, store: &Store) -> Result<Vec<PathBuf>, KeyError> {
        let trees = OwnTrees::of(store)?;
        let names = self.names()?;
        let without = names.iter().filter(|name| trees.have(name) == Some(false));
        Ok(without.map(|name| self.path().join(name)).collect())
    }

    /// Removes the files that a crash left: keys whose trees `store` does not hold and that never
    /// got their names, so that they never signed anything, and parts of files that were to be
    /// replaced. Call it once the keys are [loaded](Self::load), which gives the keys of all trees
    /// their names. A file that cannot be removed does no harm, and stays.
    ///
    /// # Errors
    /// [`KeyError::Io`] when the directory cannot be listed, [`KeyError::Store`] when the store
    /// cannot be read.
    pub fn remove_leftovers(&self, store: &Store) -> Result<(), KeyError> {
        let trees = OwnTrees::of(store)?;
        for name in self.names()? {
            let Some(stem) = name.strip_suffix(".new") else {
                continue;
            };
            if trees.have(stem) != Some(false) && !is_replaced_file(stem) {
                continue;
            }
            let path = self.path().join(&name);
            match fs::remove_file(&path) {
                Ok(()) => tracing::info!(file = %path.display(), "removed what a crash left"),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "what a crash left stays");
                }
            }
        }
        Ok(())
    }
}

/// The trees of the log's own in a store.
struct OwnTrees {
    tree_ids: Vec<u64>,
    has_first: bool,
    /// Whether Rekor v1 clients know one of them: then it has their key beside the one of its
    /// checkpoints.
    has_rekor_v1: bool,
}

impl OwnTrees {
    fn of(store: &Store) -> Result<Self, KeyError> {
        let mut trees = Self {
            tree_ids: Vec::new(),
            has_first: false,
            has_rekor_v1: false,
        };
        for shard in store.shards()? {
            let identity = store.identity(shard)?;
            if let Some(own) = identity.filter(|identity| identity.import.is_none()) {
                trees.tree_ids.push(own.tree_id);
                trees.has_first |= shard == FIRST;
                trees.has_rekor_v1 |= own.keys.len() > 1;
            }
        }
        Ok(trees)
    }

    /// Whether one of them has the key in the file with this name; `None` where that is no key of
    /// a log's own tree.
    fn have(&self, name: &str) -> Option<bool> {
        match name {
            KeyDirectory::ED25519_FILE => Some(self.has_first),
            KeyDirectory::ECDSA_FILE => Some(self.has_rekor_v1),
            _ => tree_id_of(name).map(|tree_id| self.tree_ids.contains(&tree_id)),
        }
    }
}

/// The tree whose key a file of this name holds, where it is one of a tree other than the first.
fn tree_id_of(name: &str) -> Option<u64> {
    let name = name.strip_prefix("tree-")?;
    let suffixes = ["-ed25519.pem", ".vkey"];
    let mut numbers = suffixes
        .iter()
        .filter_map(|suffix| name.strip_suffix(suffix));
    numbers.next()?.parse().ok()
}

/// Whether a file is written under `<stem>.new`, and then put in the place of an older one:
/// `tree-<tree id>.vkey`, `shard-<N>.vkey` and `shard-<N>-ecdsa-p256.pem`.
fn is_replaced_file(stem: &str) -> bool {
    let is_number = |number: &str| number.parse::<u64>().is_ok();
    if let Some(tree_id) = stem.strip_prefix("tree-") {
        return is_number(tree_id);
    }
    let Some(shard) = stem.strip_prefix("shard-") else {
        return false;
    };
    is_number(shard.strip_suffix("-ecdsa-p256").unwrap_or(shard))
}
