//! The keyring itself.

use std::fmt;
use std::sync::Arc;

use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;

use crate::error::KeyError;
use crate::key_role::KeyRole;
use crate::keyring::foreign::ForeignKey;
use crate::new_tree::NewTree;
use crate::protocol::table::Protocols;

/// The signers of a log, and the public keys of trees that take no more entries.
#[derive(Clone, Default)]
pub struct Keyring {
    signers: Vec<(KeyRole, Arc<dyn NoteSigner>)>,
    /// The keys that once signed for frozen trees, by tree id.
    retired: Vec<(u64, VerifierKey)>,
    /// What imported trees are shown under.
    foreign: Vec<(ShardId, ForeignKey)>,
}

impl Keyring {
    /// New keys that are nowhere stored, for `trees`.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] when a name cannot be a key name (C2SP signed-note: not empty, no
    /// spaces, no `+`).
    pub fn generate(trees: &[NewTree], protocols: &Protocols) -> Result<Self, KeyError> {
        let mut keyring = Self::default();
        for tree in trees {
            let protocol = tree.protocol(protocols)?;
            let origin = protocol.origin(&tree.name, tree.tree_id);
            let pem = Ed25519Signer::generate_pkcs8_pem().map_err(unusable(&origin))?;
            let signer = Ed25519Signer::from_pkcs8_pem(&origin, &pem).map_err(unusable(&origin))?;
            let role = KeyRole::Checkpoint {
                tree_id: tree.tree_id,
            };
            keyring.add(role, Arc::new(signer))?;
            if protocol.signs_entry_timestamps() && keyring.signer(KeyRole::RekorV1).is_none() {
                let pem = EcdsaP256Signer::generate_pkcs8_pem().map_err(unusable(&tree.name))?;
                let signer = EcdsaP256Signer::from_pkcs8_pem(&tree.name, &pem);
                keyring.add(
                    KeyRole::RekorV1,
                    Arc::new(signer.map_err(unusable(&tree.name))?),
                )?;
            }
        }
        Ok(keyring)
    }

    /// Adds a signer.
    ///
    /// # Errors
    /// [`KeyError::Shared`] when its key, or its role, is taken.
    pub fn add(&mut self, role: KeyRole, signer: Arc<dyn NoteSigner>) -> Result<(), KeyError> {
        let taken = self.signers.iter().find(|(other, present)| {
            *other == role || present.verifier().log_id() == signer.verifier().log_id()
        });
        if let Some((other, _)) = taken {
            return Err(KeyError::Shared {
                first: *other,
                second: role,
            });
        }
        self.signers.push((role, signer));
        Ok(())
    }

    /// Adds the public key of a tree that takes no more entries.
    pub fn add_retired(&mut self, tree_id: u64, key: VerifierKey) {
        self.retired.push((tree_id, key));
    }

    /// Adds what an imported tree is shown under.
    pub fn add_foreign(&mut self, shard: ShardId, key: ForeignKey) {
        self.foreign.push((shard, key));
    }

    /// The signer of a role.
    pub fn signer(&self, role: KeyRole) -> Option<&Arc<dyn NoteSigner>> {
        let found = self.signers.iter().find(|(other, _)| *other == role);
        found.map(|(_, signer)| signer)
    }

    /// The public key that signs, or once signed, the checkpoints of a tree.
    pub fn checkpoint_key(&self, tree_id: u64) -> Option<&VerifierKey> {
        let retired = self.retired.iter().find(|(other, _)| *other == tree_id);
        retired.map(|(_, key)| key).or_else(|| {
            self.signer(KeyRole::Checkpoint { tree_id })
                .map(|signer| signer.verifier())
        })
    }

    /// What an imported tree is shown under.
    pub fn foreign(&self, shard: ShardId) -> Option<&ForeignKey> {
        let found = self.foreign.iter().find(|(other, _)| *other == shard);
        found.map(|(_, key)| key)
    }
}

/// Names the keys by their public halves.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut keys = f.debug_map();
        for (role, signer) in &self.signers {
            keys.entry(role, &signer.verifier().to_string());
        }
        keys.finish()
    }
}

pub(crate) fn unusable<E: fmt::Display>(what: &str) -> impl FnOnce(E) -> KeyError + use<E> {
    let what = what.to_owned();
    move |error| KeyError::Unusable {
        what,
        reason: error.to_string(),
    }
}
