//! The step between the sequencer and the readers: a durable head is signed, its checkpoint is kept
//! outside the store, and only then it is shown. Whoever has to see a head before readers do stands
//! here.

use std::sync::Arc;

use ledgerstone_merkle::NoteSigner;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;

use crate::error::Fatal;
use crate::error::OpenError;
use crate::head::DurableHead;
use crate::head::Head;
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
    /// The checkpoint that is kept; `None` before the first one of this start.
    kept: Option<Arc<String>>,
}

impl Publisher {
    /// The publisher of the tree `identity`, with its signer from `keyring`.
    ///
    /// # Errors
    /// [`OpenError::NoSigner`] when the keyring has none.
    pub(crate) fn new(
        store: Store,
        shard: ShardId,
        identity: &ShardIdentity,
        protocol: Arc<dyn Protocol>,
        keyring: &Keyring,
    ) -> Result<Self, OpenError> {
        let role = KeyRole::Checkpoint {
            tree_id: identity.tree_id,
        };
        let signer = keyring.signer(role).ok_or(OpenError::NoSigner(role))?;
        Ok(Self {
            store,
            shard,
            origin: protocol.origin(&identity.origin, identity.tree_id),
            protocol,
            signer: Arc::clone(signer),
            kept: None,
        })
    }

    /// Signs the first head of a start, and keeps its checkpoint where another one is kept.
    ///
    /// # Errors
    /// [`OpenError::Signing`], or the store's own trouble.
    pub(crate) fn first(&mut self, durable: DurableHead) -> Result<Head, OpenError> {
        let head = self.sign(durable).map_err(OpenError::Signing)?;
        let checkpoint = head.checkpoint();
        if self.store.kept_checkpoint(self.shard)?.as_ref() != Some(checkpoint.as_ref()) {
            self.store.keep_checkpoint(self.shard, &checkpoint)?;
        }
        self.kept = Some(checkpoint);
        Ok(head)
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
        let head = Arc::new(self.sign(durable).map_err(Fatal::Signing)?);
        // Durable step, outside the store: a crash before it leaves a kept checkpoint that lags,
        // which a start accepts. It comes before the head is shown, so that no head that anyone saw
        // is ahead of the kept one while the machine runs.
        // It takes the place of the one before it and of no other: who finds another one there is
        // not the only writer.
        let checkpoint = head.checkpoint();
        let kept = self.kept.as_deref().map(String::as_str);
        self.store
            .advance_checkpoint(self.shard, kept, &checkpoint)?;
        self.kept = Some(checkpoint);
        reader.show(Arc::clone(&head));
        Ok(head)
    }

    fn sign(&self, durable: DurableHead) -> Result<Head, String> {
        let checkpoint = self
            .protocol
            .checkpoint(&durable, &self.origin, self.signer.as_ref())?;
        Ok(Head::new(durable, checkpoint))
    }
}
