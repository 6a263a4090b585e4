//! The files that hold keys, in one directory.
//!
//! ```text
//! log-ecdsa-p256.pem          signs for clients of Rekor v1, whichever tree the entry is in
//! log-ed25519.pem             signs the checkpoints of the first tree of a store
//! tree-<tree id>-ed25519.pem  signs the checkpoints of another tree that grows
//! tree-<tree id>.vkey         what signed the checkpoints of a tree that takes no more entries
//! shard-<N>.vkey, shard-<N>-ecdsa-p256.pem   the keys of an imported tree
//! ```
//!
//! New keys get their names only after the trees that they sign for are made, and sign nothing
//! before that. Until then `.new` is behind the name: what a crash leaves of them is no trace of a
//! log, and the next start removes it.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use zeroize::Zeroizing;

use crate::error::KeyError;
use crate::key_role::KeyRole;
use crate::keyring::disk::read;
use crate::keyring::disk::replace;
use crate::keyring::disk::sync_directory;
use crate::keyring::disk::write_for_owner;
use crate::keyring::foreign::ForeignKey;
use crate::keyring::foreign::public_key_file;
use crate::keyring::ring::Keyring;
use crate::keyring::ring::unusable;
use crate::new_tree::NewTree;
use crate::protocol::table::Protocols;

/// The shard whose checkpoint key has the log's own name.
pub(crate) const FIRST: ShardId = ShardId::new(0);

/// The directory with the key files of a log.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
}

impl KeyDirectory {
    /// The file of the key that signs the checkpoints of the first tree.
    pub const ED25519_FILE: &'static str = "log-ed25519.pem";
    /// The file of the key that signs for clients of Rekor v1.
    pub const ECDSA_FILE: &'static str = "log-ecdsa-p256.pem";

    /// The directory at `path`, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a key of a log: then a log was made with it, which may merely be out of
    /// sight.
    pub fn has_keys(&self) -> bool {
        let exists = |file| self.path.join(file).exists();
        exists(Self::ED25519_FILE) || exists(Self::ECDSA_FILE)
    }

    /// Makes the keys of `trees`, with mode 0600, and takes those that are there: the key of Rekor
    /// v1 serves all trees. New ones get their names by [`confirm`](Self::confirm), once the trees
    /// are made.
    ///
    /// # Errors
    /// [`KeyError::Io`] when the system refuses, [`KeyError::Unusable`] when a name cannot be a key
    /// name.
    pub fn create(&self, trees: &[NewTree], protocols: &Protocols) -> Result<Keyring, KeyError> {
        fs::create_dir_all(&self.path).map_err(|source| KeyError::Io {
            path: self.path.clone(),
            source,
        })?;
        let mut keyring = Keyring::default();
        for tree in trees {
            let protocol = tree.protocol(protocols)?;
            let origin = protocol.origin(&tree.name, tree.tree_id);
            let role = KeyRole::Checkpoint {
                tree_id: tree.tree_id,
            };
            let path = self.checkpoint_file(tree.shard, tree.tree_id);
            let pem = self.load_or_make(&path, Ed25519Signer::generate_pkcs8_pem)?;
            keyring.add(role, ed25519(&origin, &path, &pem)?)?;
            if protocol.signs_entry_timestamps() && keyring.signer(KeyRole::RekorV1).is_none() {
                let path = self.path.join(Self::ECDSA_FILE);
                let pem = self.load_or_make(&path, EcdsaP256Signer::generate_pkcs8_pem)?;
                keyring.add(KeyRole::RekorV1, ecdsa(&tree.name, &path, &pem)?)?;
            }
        }
        sync_directory(&self.path)?;
        Ok(keyring)
    }

    /// Gives the keys that [`create`](Self::create) made for a tree their names. Nothing to do
    /// where they have them.
    ///
    /// # Errors
    /// [`KeyError::Io`] when the system refuses.
    pub fn confirm(&self, tree: &NewTree, protocols: &Protocols) -> Result<(), KeyError> {
        self.confirm_file(self.checkpoint_file(tree.shard, tree.tree_id))?;
        if tree.protocol(protocols)?.signs_entry_timestamps() {
            self.confirm_file(self.path.join(Self::ECDSA_FILE))?;
        }
        Ok(())
    }

    fn confirm_file(&self, path: PathBuf) -> Result<(), KeyError> {
        let unconfirmed = unconfirmed(&path);
        if path.exists() || !unconfirmed.exists() {
            return Ok(());
        }
        fs::rename(&unconfirmed, &path).map_err(|source| KeyError::Io { path, source })?;
        sync_directory(&self.path)
    }

    /// Loads what the trees of `store` are signed or shown with.
    ///
    /// # Errors
    /// [`KeyError::Missing`] when a file is not there, [`KeyError::Exposed`] when others than its
    /// owner may read it, [`KeyError::Store`] when the store cannot be read.
    pub fn load(&self, store: &Store, protocols: &Protocols) -> Result<Keyring, KeyError> {
        let mut keyring = Keyring::default();
        for shard in store.shards()? {
            let Some(identity) = store.identity(shard)? else {
                continue;
            };
            if identity.import.is_some() {
                if let Some(key) = ForeignKey::load(&self.path, shard)? {
                    keyring.add_foreign(shard, key);
                }
                continue;
            }
            self.load_own(&mut keyring, store, shard, &identity, protocols)?;
        }
        Ok(keyring)
    }

    /// Where the public key of the log is that `shard` is imported from.
    pub fn foreign_key_file(&self, shard: ShardId) -> PathBuf {
        self.path.join(public_key_file(shard))
    }

    /// The public key that signs, or once signed, the checkpoints of a tree of the log's own.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn checkpoint_key(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        protocols: &Protocols,
    ) -> Result<VerifierKey, KeyError> {
        let path = self.path.join(retired_file(identity.tree_id));
        match fs::read_to_string(&path) {
            Ok(text) => text.trim().parse().map_err(unusable_file(&path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let signer = self.checkpoint_signer(shard, identity, protocols)?;
                Ok(signer.verifier().clone())
            }
            Err(source) => Err(KeyError::Io { path, source }),
        }
    }

    /// The signer of the checkpoints of a tree that grows.
    ///
    /// # Errors
    /// As for [`load`](Self::load).
    pub fn checkpoint_signer(
        &self,
        shard: ShardId,
        identity: &ShardIdentity,
        protocols: &Protocols,
    ) -> Result<Arc<dyn NoteSigner>, KeyError> {
        let protocol = protocols.of(identity.kind);
        let protocol = protocol.ok_or(KeyError::Kind(identity.kind))?;
        // A crash after the tree was made and before its keys got their names leaves this to do.
        let path = self.checkpoint_file(shard, identity.tree_id);
        self.confirm_file(path.clone())?;
        let origin = protocol.origin(&identity.origin, identity.tree_id);
        ed25519(&origin, &path, &read(&path)?)
    }

    /// Keeps the public key of a tree that takes no more entries, so that the private one can be
    /// destroyed.
    ///
    /// # Errors
    /// [`KeyError::Io`] when it cannot be written.
    pub fn retire(&self, tree_id: u64, key: &VerifierKey) -> Result<(), KeyError> {
        replace(&self.path, &retired_file(tree_id), &format!("{key}\n"))
    }

    fn load_own(
        &self,
        keyring: &mut Keyring,
        store: &Store,
        shard: ShardId,
        identity: &ShardIdentity,
        protocols: &Protocols,
    ) -> Result<(), KeyError> {
        let tree_id = identity.tree_id;
        if store.frozen(shard)?.is_some() {
            keyring.add_retired(tree_id, self.checkpoint_key(shard, identity, protocols)?);
        } else {
            let signer = self.checkpoint_signer(shard, identity, protocols)?;
            keyring.add(KeyRole::Checkpoint { tree_id }, signer)?;
        }
        let protocol = protocols.of(identity.kind);
        let protocol = protocol.ok_or(KeyError::Kind(identity.kind))?;
        if protocol.signs_entry_timestamps() && keyring.signer(KeyRole::RekorV1).is_none() {
            let path = self.path.join(Self::ECDSA_FILE);
            self.confirm_file(path.clone())?;
            keyring.add(
                KeyRole::RekorV1,
                ecdsa(&identity.origin, &path, &read(&path)?)?,
            )?;
        }
        Ok(())
    }

    /// The key in the file, or one that is written to its unconfirmed name, durably but for the
    /// name.
    fn load_or_make<E: std::fmt::Display>(
        &self,
        path: &Path,
        make: impl FnOnce() -> Result<Zeroizing<String>, E>,
    ) -> Result<Zeroizing<String>, KeyError> {
        if path.exists() {
            return read(path);
        }
        let pem = make().map_err(unusable(&path.display().to_string()))?;
        write_for_owner(&unconfirmed(path), &pem)?;
        Ok(pem)
    }

    /// The names of the files that are there, in order.
    pub(crate) fn names(&self) -> Result<Vec<String>, KeyError> {
        let io_error = |source| KeyError::Io {
            path: self.path.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            other => other.map_err(io_error)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let name = entry.map_err(io_error)?.file_name();
            names.push(name.to_string_lossy().into_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn checkpoint_file(&self, shard: ShardId, tree_id: u64) -> PathBuf {
        if shard == FIRST {
            return self.path.join(Self::ED25519_FILE);
        }
        self.path.join(format!("tree-{tree_id}-ed25519.pem"))
    }
}

pub(crate) fn retired_file(tree_id: u64) -> PathBuf {
    format!("tree-{tree_id}.vkey").into()
}

fn ed25519(name: &str, path: &Path, pem: &str) -> Result<Arc<dyn NoteSigner>, KeyError> {
    let signer = Ed25519Signer::from_pkcs8_pem(name, pem).map_err(unusable_file(path))?;
    Ok(Arc::new(signer))
}

fn ecdsa(name: &str, path: &Path, pem: &str) -> Result<Arc<dyn NoteSigner>, KeyError> {
    let signer = EcdsaP256Signer::from_pkcs8_pem(name, pem).map_err(unusable_file(path))?;
    Ok(Arc::new(signer))
}

fn unusable_file<E: std::fmt::Display>(path: &Path) -> impl FnOnce(E) -> KeyError + use<E> {
    unusable(&path.display().to_string())
}

/// The name of a key file until its tree is made.
fn unconfirmed(path: &Path) -> PathBuf {
    path.with_extension("pem.new")
}
