use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StoredHead;

use crate::keys::LogKeys;
use crate::live::LiveTiles;

/// A published tree head, with its signed checkpoint and the tiles at its right edge. It never changes.
#[derive(Debug)]
pub struct Head {
    size: TreeSize,
    root: Hash,
    time: i64,
    checkpoint: String,
    /// Signed when the first v1 client asks, and then kept: most rounds are never asked for.
    v1_checkpoint: OnceLock<Result<String, String>>,
    live: LiveTiles,
    /// The tiles that became full in the round of this head: its waiters prove from them without a read of the store.
    completed: HashMap<TileId, Arc<Tile>>,
}

impl Head {
    /// Signs the tree head. The caller has made it durable.
    pub(crate) fn sign(
        identity: &ShardIdentity,
        keys: &LogKeys,
        size: TreeSize,
        root: Hash,
        time: i64,
        live: LiveTiles,
        completed: HashMap<TileId, Arc<Tile>>,
    ) -> Result<Self, String> {
        let checkpoint = Checkpoint {
            origin: identity.origin.clone(),
            size,
            root,
            extensions: Vec::new(),
        };
        let checkpoint = signed(&checkpoint, keys.ed25519())?;
        Ok(Self {
            size,
            root,
            time,
            checkpoint,
            v1_checkpoint: OnceLock::new(),
            live,
            completed,
        })
    }

    /// The head of a copy of somebody else's log, with the checkpoint that came with it.
    pub(crate) fn foreign(stored: &StoredHead, checkpoint: String, live: LiveTiles) -> Self {
        Self {
            size: stored.size,
            root: stored.root,
            time: stored.time,
            checkpoint,
            v1_checkpoint: OnceLock::new(),
            live,
            completed: HashMap::new(),
        }
    }

    /// The number of leaves.
    pub fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        self.root
    }

    /// When the last entry was taken, in Unix seconds; when the log was made, for an empty tree.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// The checkpoint that C2SP and Rekor v2 clients read: a note signed by the Ed25519 key, whose origin is the log's name.
    pub fn checkpoint(&self) -> &str {
        &self.checkpoint
    }

    /// The checkpoint that Rekor v1 clients read: origin `<name> - <tree id>`, one ECDSA signature under the bare name
    /// (rekor-v1, section 3).
    ///
    /// # Errors
    /// The signer's reason, when it fails.
    pub fn v1_checkpoint(
        &self,
        identity: &ShardIdentity,
        signer: &EcdsaP256Signer,
    ) -> Result<&str, &str> {
        let signed = self.v1_checkpoint.get_or_init(|| {
            let origin = format!("{} - {}", identity.origin, identity.tree_id);
            let checkpoint = Checkpoint {
                origin,
                size: self.size,
                root: self.root,
                extensions: Vec::new(),
            };
            signed(&checkpoint, signer)
        });
        signed.as_deref().map_err(String::as_str)
    }

    /// The tile `id`, when it lies at the right edge or became full in the round of this head.
    pub(crate) fn tile(&self, id: TileId) -> Option<&Arc<Tile>> {
        self.live.tile(id).or_else(|| self.completed.get(&id))
    }

    pub(crate) fn live(&self) -> &LiveTiles {
        &self.live
    }
}

fn signed(checkpoint: &Checkpoint, signer: &dyn NoteSigner) -> Result<String, String> {
    let note =
        SignedNote::sign(checkpoint.to_text(), &[signer]).map_err(|error| error.to_string())?;
    Ok(note.to_string())
}
