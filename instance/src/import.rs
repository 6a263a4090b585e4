//! Copying a tree that grew elsewhere into a shard of its own.

use ledgerstone_log::ImportSource;
use ledgerstone_log::Importer;
use ledgerstone_log::check_shard_signer;
use ledgerstone_log::load_foreign_key;
use ledgerstone_log::next_free_shard;
use ledgerstone_log::save_foreign_key;
use ledgerstone_log::save_shard_signer;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use zeroize::Zeroizing;

use crate::engine;
use crate::error::InstanceError;
use crate::instance::Instance;

/// The first shard that an import may take: the one before is for the log's own first tree.
const FIRST_IMPORTED: u32 = 1;

/// What is imported, and what for.
#[derive(Clone)]
pub struct ImportRequest {
    /// The key that the log signs its checkpoints with. Its name becomes the origin of the shard.
    pub key: VerifierKey,
    /// The number of the tree where the log has one (Rekor v1); otherwise one is derived from the
    /// key.
    pub tree_id: Option<u64>,
    /// The signed checkpoint over the entries to copy.
    pub checkpoint: String,
    /// What the tree is to the log here, and the virtual index of its first entry in its source.
    pub origin: ImportOrigin,
    /// The shard to copy into, instead of the one that holds this tree already, or else the next
    /// one that is free.
    pub shard: Option<ShardId>,
    /// PKCS#8 PEM of the ECDSA P-256 key that signs for the tree towards Rekor v1 clients, where
    /// the operator has it.
    pub signing_key: Option<Zeroizing<String>>,
}

/// An import that may write entries.
pub struct StartedImport {
    /// Where the tree goes.
    pub shard: ShardId,
    /// Takes the entries.
    pub importer: Importer,
}

impl Instance {
    /// Begins to import a tree, or goes on where an import of the same one ended; makes the store
    /// where there is none. The keys of the tree are kept in the key directory: its public key
    /// before there is a shard that needs it, and the one that signs for it when the shard is known
    /// to be one that the key signs for.
    ///
    /// # Errors
    /// [`ledgerstone_log::ImportError`] when the tree cannot be imported, or not here; the store's
    /// own trouble.
    pub fn import(&self, request: ImportRequest) -> Result<StartedImport, InstanceError> {
        let store = engine::open(self.data_dir(), None)?;
        let key_dir = self.keys().path();
        let shard = match request.shard {
            Some(shard) => shard,
            None => self.choose_shard(&store, &request)?,
        };
        let key = &request.key;
        if store.identity(shard)?.is_none() {
            // First the key: a shard whose key nobody knows could not be opened.
            save_foreign_key(key_dir, shard, key)?;
        }
        let signing_key = request.signing_key.as_ref();
        let signer = signing_key.map(|pem| check_shard_signer(key.name(), pem));
        let source = ImportSource {
            key: key.clone(),
            tree_id: request.tree_id,
            checkpoint: request.checkpoint.clone(),
            origin: request.origin,
            signer: signer.transpose()?,
        };
        let importer = Importer::open(store, shard, source)?;
        // By now the shard is known to be one that this key signs for.
        if let Some(pem) = signing_key {
            save_shard_signer(key_dir, shard, key.name(), pem)?;
        }
        // The file may have been lost since. By now the shard is known to be a copy of the log with
        // this key.
        if load_foreign_key(key_dir, shard)?.as_ref() != Some(key) {
            save_foreign_key(key_dir, shard, key)?;
        }
        Ok(StartedImport { shard, importer })
    }

    /// The shard that holds this tree already, or one behind all others.
    fn choose_shard(
        &self,
        store: &Store,
        request: &ImportRequest,
    ) -> Result<ShardId, InstanceError> {
        for shard in store.shards()? {
            let key = load_foreign_key(self.keys().path(), shard)?;
            let identity = store.identity(shard)?;
            let is_same = identity.is_some_and(|identity| {
                let tree_id = request.tree_id;
                tree_id.is_none_or(|tree_id| tree_id == identity.tree_id)
            });
            if is_same && key.as_ref() == Some(&request.key) {
                return Ok(shard);
            }
        }
        let free = next_free_shard(store)?.get().max(FIRST_IMPORTED);
        Ok(ShardId::new(free))
    }
}
