//! A tree head on its way to the readers: first it is durable, then it is published.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::OnceLock;

use arc_swap::ArcSwap;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::StoredHead;

use crate::error::ReadError;
use crate::live::LiveTiles;

/// A tree head that is stored and was computed on two ways, with the tiles at its right edge.
/// Nobody has seen it yet.
#[derive(Clone, Debug)]
pub struct DurableHead {
    pub(crate) size: TreeSize,
    pub(crate) root: Hash,
    pub(crate) time: i64,
    pub(crate) live: LiveTiles,
    /// The tiles that became full in the round of this head: its waiters prove from them without a
    /// read of the store.
    pub(crate) completed: HashMap<TileId, Arc<Tile>>,
}

impl DurableHead {
    /// The head that a start has verified.
    pub(crate) fn loaded(stored: &StoredHead, live: LiveTiles) -> Self {
        Self {
            size: stored.size,
            root: stored.root,
            time: stored.time,
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

    /// When the last entry was taken, in Unix seconds; when the tree was made, for an empty one.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// The checkpoint over this head under `origin`, signed by `signer` (C2SP tlog-checkpoint).
    ///
    /// # Errors
    /// The signer's reason, when it fails.
    pub fn sign(&self, origin: &str, signer: &dyn NoteSigner) -> Result<String, String> {
        let checkpoint = Checkpoint {
            origin: origin.to_owned(),
            size: self.size,
            root: self.root,
            extensions: Vec::new(),
        };
        let note = SignedNote::sign(checkpoint.to_text(), &[signer]);
        note.map(|note| note.to_string())
            .map_err(|error| error.to_string())
    }
}

/// A published tree head, with its signed checkpoint. Size, root and text never change; signatures
/// may be added.
#[derive(Debug)]
pub struct Head {
    durable: DurableHead,
    /// Replaced by the same text with more signatures, never by another text.
    checkpoint: ArcSwap<String>,
    /// Signed with the head where a tree of Rekor v1 grows, and otherwise when the first of its
    /// clients asks.
    v1_checkpoint: OnceLock<Result<String, String>>,
}

impl Head {
    /// Publishes `durable` under the signed `checkpoint` over it.
    pub(crate) fn new(durable: DurableHead, checkpoint: String) -> Self {
        Self {
            durable,
            checkpoint: ArcSwap::from_pointee(checkpoint),
            v1_checkpoint: OnceLock::new(),
        }
    }

    /// The head with the checkpoint over it that Rekor v1 clients read, which is signed already.
    #[must_use]
    pub(crate) fn with_v1_checkpoint(self, note: Option<String>) -> Self {
        if let Some(note) = note {
            // Nobody else has the head yet.
            let _ = self.v1_checkpoint.set(Ok(note));
        }
        self
    }

    /// The number of leaves.
    pub fn size(&self) -> TreeSize {
        self.durable.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        self.durable.root
    }

    /// When the last entry was taken, in Unix seconds; when the tree was made, for an empty one.
    pub fn time(&self) -> i64 {
        self.durable.time
    }

    /// The checkpoint that readers of tiles see, with the signatures that it has by now. For a tree
    /// of Rekor v2 it is the one of its protocol too; a tree of Rekor v1 has
    /// [another](crate::Tree::v1_checkpoint) for its clients.
    pub fn checkpoint(&self) -> Arc<String> {
        self.checkpoint.load_full()
    }

    /// Shows the checkpoint with the signatures of `note` from now on: the same text, and all
    /// signatures that it had.
    ///
    /// # Errors
    /// [`ReadError::OtherCheckpoint`] when the text differs or a signature is gone.
    pub fn cosigned(&self, note: &SignedNote) -> Result<(), ReadError> {
        let other = ReadError::OtherCheckpoint { size: self.size() };
        let shown = self.checkpoint();
        let Ok(shown) = SignedNote::parse(shown.as_str()) else {
            return Err(other);
        };
        let keeps_all = shown
            .signatures()
            .iter()
            .all(|signature| note.signatures().contains(signature));
        if shown.text() != note.text() || !keeps_all {
            return Err(other);
        }
        self.checkpoint.store(Arc::new(note.to_string()));
        Ok(())
    }

    /// The checkpoint that Rekor v1 clients read, where it is signed already.
    pub(crate) fn signed_v1_checkpoint(&self) -> Option<&str> {
        self.v1_checkpoint.get()?.as_deref().ok()
    }

    /// The checkpoint over this head under `origin` that Rekor v1 clients read, signed by `signer`
    /// once.
    ///
    /// # Errors
    /// The signer's reason, when it fails.
    pub(crate) fn v1_checkpoint(
        &self,
        origin: &str,
        signer: &dyn NoteSigner,
    ) -> Result<&str, &str> {
        let signed = self
            .v1_checkpoint
            .get_or_init(|| self.durable.sign(origin, signer));
        signed.as_deref().map_err(String::as_str)
    }

    /// The tile `id`, when it lies at the right edge or became full in the round of this head.
    pub(crate) fn tile(&self, id: TileId) -> Option<&Arc<Tile>> {
        let durable = &self.durable;
        durable.live.tile(id).or_else(|| durable.completed.get(&id))
    }

    pub(crate) fn live(&self) -> &LiveTiles {
        &self.durable.live
    }
}
