//! The step between the sequencer and the readers: a durable head is signed, its checkpoint is kept
//! outside the store, and only then it is shown. Whoever has to see a head before readers do stands
//! here.

use std::sync::Arc;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::SignedNote;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;
use tracing::error;

use crate::error::Fatal;
use crate::error::OpenError;
use crate::head::DurableHead;
use crate::head::Head;
use crate::kept;
use crate::key_role::KeyRole;
use crate::keyring::ring::Keyring;
use crate::protocol::rules::Protocol;
use crate::tree::reader::Reader;

/// Publishes the heads of one tree that grows.
pub(crate) struct Publisher {
    store: Store,
    shard: ShardId,
    origin: String,
    protocol: Arc<dyn Protocol>,
    signer: Arc<dyn NoteSigner>,
    /// Signs for clients of Rekor v1 as well, where the tree has any.
    v1: Option<V1Signer>,
    /// The text that is kept; `None` before the first one of this start.
    kept: Option<String>,
}

/// Who signs the checkpoints that Rekor v1 clients read, and what they call the tree.
struct V1Signer {
    origin: String,
    signer: Arc<dyn NoteSigner>,
}

impl Publisher {
    /// The publisher of the tree `identity`, with its signers from `keyring`.
    ///
    /// # Errors
    /// [`OpenError::NoSigner`] when the keyring lacks one.
    pub(crate) fn new(
        store: Store,
        shard: ShardId,
        identity: &ShardIdentity,
        protocol: Arc<dyn Protocol>,
        keyring: &Keyring,
    ) -> Result<Self, OpenError> {
        let signer = |role| keyring.signer(role).ok_or(OpenError::NoSigner(role));
        let role = KeyRole::Checkpoint {
            tree_id: identity.tree_id,
        };
        // A tree of version 0.1 grows no more, and the program that wrote it reads what is kept.
        let has_v1 = protocol.signs_entry_timestamps() && identity.kind != TreeKind::MIXED;
        let v1 = match has_v1 {
            true => Some(V1Signer {
                origin: v1_origin(identity),
                signer: Arc::clone(signer(KeyRole::RekorV1)?),
            }),
            false => None,
        };
        Ok(Self {
            store,
            shard,
            origin: protocol.origin(&identity.origin, identity.tree_id),
            protocol,
            signer: Arc::clone(signer(role)?),
            v1,
            kept: None,
        })
    }

    /// Signs the first head of a start, and keeps its checkpoint where another one is kept.
    ///
    /// # Errors
    /// [`OpenError::Signing`], or the store's own trouble.
    pub(crate) fn first(&mut self, durable: DurableHead) -> Result<Head, OpenError> {
        let note = self.note(&durable).map_err(OpenError::Signing)?;
        let kept = self.store.kept_checkpoint(self.shard);
        let kept = kept?.filter(|kept| kept::note_of(kept) == note);
        let kept_v1 = kept
            .as_deref()
            .and_then(|kept| self.kept_v1(kept, &durable));
        let v1_note = match kept_v1 {
            Some(note) => Some(note),
            None => self.v1_note(&durable).map_err(OpenError::Signing)?,
        };
        let text = kept::join(&note, v1_note.as_deref());
        if kept.as_ref() != Some(&text) {
            self.store.keep_checkpoint(self.shard, &text)?;
        }
        self.kept = Some(text);
        Ok(Head::new(durable, note).with_v1_checkpoint(v1_note))
    }

    /// Signs `durable`, keeps its checkpoint, and shows it to those who read by `reader`.
    ///
    /// # Errors
    /// [`Fatal::Signing`], or [`Fatal::Storage`] when the checkpoint cannot be kept: nobody has
    /// seen the head then.
    pub(crate) fn publish(
        &mut self,
        durable: DurableHead,
        reader: &Reader,
    ) -> Result<Arc<Head>, Fatal> {
        let note = self.note(&durable).map_err(Fatal::Signing)?;
        let v1_note = self.v1_note(&durable).map_err(Fatal::Signing)?;
        // Durable step, outside the store: a crash before it leaves a kept checkpoint that lags,
        // which a start accepts. It comes before the head is shown, so that no head that anyone saw
        // is ahead of the kept one while the machine runs.
        // It takes the place of the one before it and of no other: who finds another one there
        // that is signed is not the only writer.
        let text = kept::join(&note, v1_note.as_deref());
        match self
            .store
            .advance_checkpoint(self.shard, self.kept.as_deref(), &text)
        {
            Err(StorageError::Engine(EngineError::KeptDiffers { .. }))
                if self.kept_is_damaged()? =>
            {
                let tree = self.shard.get();
                error!(tree, "the kept checkpoint was damaged, and is written anew");
                self.store.keep_checkpoint(self.shard, &text)?;
            }
            advanced => advanced?,
        }
        self.kept = Some(text);
        let head = Arc::new(Head::new(durable, note).with_v1_checkpoint(v1_note));
        reader.show(Arc::clone(&head));
        Ok(head)
    }

    /// Whether what is kept is neither what this publisher kept last nor the checkpoint of anybody
    /// who has its key: then it was not written, it decayed.
    fn kept_is_damaged(&self) -> Result<bool, StorageError> {
        let kept = match self.store.kept_checkpoint(self.shard) {
            Err(StorageError::Damaged(_)) | Ok(None) => return Ok(true),
            kept => kept?.unwrap_or_default(),
        };
        let note = kept::note_of(&kept);
        let is_last = self.kept.as_deref().map(kept::note_of) == Some(note);
        let keys = std::slice::from_ref(self.signer.verifier());
        let signed = SignedNote::parse(note).ok();
        let is_signed = signed.is_some_and(|note| note.verify(keys).is_ok_and(|by| !by.is_empty()));
        Ok(is_last || !is_signed)
    }

    /// The checkpoint over `durable` that readers of tiles see.
    fn note(&self, durable: &DurableHead) -> Result<String, String> {
        self.protocol
            .checkpoint(durable, &self.origin, self.signer.as_ref())
    }

    /// The one that Rekor v1 clients read. The answer to the first submission of the round carries
    /// it anyhow.
    fn v1_note(&self, durable: &DurableHead) -> Result<Option<String>, String> {
        let v1 = self.v1.as_ref();
        v1.map(|v1| durable.sign(&v1.origin, v1.signer.as_ref()))
            .transpose()
    }

    /// The same, where the text `kept` has it.
    fn kept_v1(&self, kept: &str, durable: &DurableHead) -> Option<String> {
        let v1 = self.v1.as_ref()?;
        let checkpoint = Checkpoint {
            origin: self.origin.clone(),
            size: durable.size,
            root: durable.root,
            extensions: Vec::new(),
        };
        kept::v1_note_of(kept, &checkpoint, &v1.origin, v1.signer.verifier())
    }
}

/// What the checkpoints that Rekor v1 clients read call a tree (rekor-v1, section 3).
pub(crate) fn v1_origin(identity: &ShardIdentity) -> String {
    format!("{} - {}", identity.origin, identity.tree_id)
}
