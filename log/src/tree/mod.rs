//! One tree of a store: the only thing that is read.

pub(crate) mod entry;
pub(crate) mod offered;
pub(crate) mod reader;

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_entry::Known;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::TreeKind;
use tokio::sync::watch;

use crate::error::ReadError;
use crate::head::Head;
use crate::import::timestamp_key;
use crate::keyring::foreign::ForeignKey;
use crate::protocol::rules::Protocol;
use crate::publish::v1_origin;
use crate::statements::read::KeptStatement;
use crate::statements::record::State;
use crate::tree::entry::BundlePart;
use crate::tree::entry::LoggedEntry;
use crate::tree::entry::ProvenEntry;
use crate::tree::offered::Offered;
use crate::tree::offered::signed_key;
use crate::tree::reader::Reader;

/// One tree of a store, as its readers see it, with what signs for it. Clones share it.
#[derive(Clone)]
pub struct Tree {
    inner: Arc<Inner>,
    /// The virtual index of the first entry.
    start: u64,
}

struct Inner {
    identity: ShardIdentity,
    protocol: Arc<dyn Protocol>,
    reader: Reader,
    keys: TreeKeys,
    /// When the tree was frozen, in Unix seconds.
    frozen: Option<i64>,
    offered: Offered,
}

/// What signs, or once signed, for a tree.
pub(crate) enum TreeKeys {
    /// The log's own keys.
    Own {
        /// Signs the checkpoints that readers of tiles see, or once signed them.
        checkpoint: VerifierKey,
        /// Signs checkpoints and timestamps for Rekor v1 clients when they are asked for, where the
        /// protocol has any.
        v1: Option<Arc<dyn NoteSigner>>,
    },
    /// The log's own keys where the tree is only read: nothing is signed.
    Shown {
        /// What the checkpoints were signed with that readers of tiles see.
        checkpoint: VerifierKey,
        /// What was signed with for Rekor v1 clients.
        v1: Option<VerifierKey>,
    },
    /// The keys of the log that the tree was imported from.
    Foreign(ForeignKey),
}

impl TreeKeys {
    /// The public key that checkpoints are, or were, signed with.
    pub(crate) fn checkpoint(&self) -> &VerifierKey {
        match self {
            Self::Own { checkpoint, .. } | Self::Shown { checkpoint, .. } => checkpoint,
            Self::Foreign(foreign) => &foreign.key,
        }
    }
}

impl Tree {
    pub(crate) fn new(
        identity: ShardIdentity,
        protocol: Arc<dyn Protocol>,
        reader: Reader,
        keys: TreeKeys,
        frozen: Option<i64>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                identity,
                protocol,
                reader,
                keys,
                frozen,
                offered: Offered::default(),
            }),
            start: 0,
        }
    }

    /// The number of the tree towards clients.
    pub fn tree_id(&self) -> u64 {
        self.inner.identity.tree_id
    }

    /// Which protocol's entries it holds. An imported tree does not say.
    pub fn kind(&self) -> TreeKind {
        self.inner.identity.kind
    }

    /// What it is, once and for all.
    pub fn identity(&self) -> &ShardIdentity {
        &self.inner.identity
    }

    /// The protocol that its bundles and checkpoints are of.
    pub fn protocol(&self) -> &dyn Protocol {
        self.inner.protocol.as_ref()
    }

    /// The name of the log that it is of.
    pub fn log_name(&self) -> &str {
        &self.inner.identity.origin
    }

    /// The first line of the checkpoints that readers of tiles see. An imported tree has the name
    /// of its log here.
    pub fn origin(&self) -> String {
        match &self.inner.keys {
            TreeKeys::Own { .. } | TreeKeys::Shown { .. } => {
                let protocol = &self.inner.protocol;
                protocol.origin(self.log_name(), self.tree_id())
            }
            TreeKeys::Foreign(_) => self.log_name().to_owned(),
        }
    }

    /// Where its entries come from, when they were imported.
    pub fn import(&self) -> Option<ImportOrigin> {
        self.inner.identity.import
    }

    /// When it was frozen, in Unix seconds; `None` for one that grows or was imported.
    pub fn frozen_at(&self) -> Option<i64> {
        self.inner.frozen
    }

    /// Whether it takes entries here.
    pub fn grows(&self) -> bool {
        self.inner.frozen.is_none() && self.inner.identity.import.is_none()
    }

    /// Whether Rekor v1 counts its entries among those of the log.
    pub(crate) fn counts_virtual_indexes(&self) -> bool {
        self.inner.protocol.counts_virtual_indexes()
    }

    /// The latest tree head; the last one of a tree that takes no entries.
    pub fn head(&self) -> Arc<Head> {
        self.inner.reader.head()
    }

    /// A receiver that sees each newly published tree head. A slow receiver skips to the latest.
    pub fn watch(&self) -> watch::Receiver<Arc<Head>> {
        self.inner.reader.watch()
    }

    /// The virtual index of the tree's first entry.
    pub fn start(&self) -> u64 {
        self.start
    }

    pub(crate) fn starting_at(mut self, start: u64) -> Self {
        self.start = start;
        self
    }

    /// The virtual index of the entry at `index` of this tree.
    pub fn virtual_index(&self, index: LeafIndex) -> u64 {
        self.start.saturating_add(index.get())
    }

    /// The public key that [`Head::checkpoint`] of this tree is signed with.
    pub fn checkpoint_key(&self) -> &VerifierKey {
        self.inner.keys.checkpoint()
    }

    /// The public key that Rekor v1 clients verify the tree with; `None` where it is none of
    /// theirs.
    pub fn v1_key(&self) -> Option<&VerifierKey> {
        match &self.inner.keys {
            TreeKeys::Own { v1, .. } => v1.as_ref().map(|signer| signer.verifier()),
            TreeKeys::Shown { v1, .. } => v1.as_ref(),
            TreeKeys::Foreign(foreign) => Some(foreign.v1_key()),
        }
    }

    /// The public keys of the tree, as its identity has their ids: first the one for checkpoints.
    pub(crate) fn public_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        let second = match &self.inner.keys {
            TreeKeys::Foreign(foreign) => foreign.own_key(),
            TreeKeys::Own { .. } | TreeKeys::Shown { .. } => self.v1_key(),
        };
        std::iter::once(self.checkpoint_key()).chain(second)
    }

    /// The checkpoint over `head`, a head of this tree, that Rekor v1 clients read: its origin is
    /// `<name> - <tree id>`, and one ECDSA signature stands under the bare name (rekor-v1, section
    /// 3). An imported tree that nothing here signs for has the one that came with it.
    ///
    /// # Errors
    /// [`ReadError::NotRekorV1`] where the tree is none of theirs, [`ReadError::Signing`] when it
    /// could not be signed, [`ReadError::NotKept`] where the tree is only read and nobody kept one.
    pub fn v1_checkpoint(&self, head: &Head) -> Result<String, ReadError> {
        let signer: &dyn NoteSigner = match &self.inner.keys {
            TreeKeys::Own {
                v1: Some(signer), ..
            } => signer.as_ref(),
            TreeKeys::Own { v1: None, .. } | TreeKeys::Shown { v1: None, .. } => {
                return Err(ReadError::NotRekorV1(self.tree_id()));
            }
            TreeKeys::Shown { v1: Some(_), .. } => return kept_v1_checkpoint(head),
            TreeKeys::Foreign(foreign) => match &foreign.signer {
                Some(signer) => signer.as_ref(),
                None if foreign.shown.is_some() => return kept_v1_checkpoint(head),
                None => return Ok(head.checkpoint().to_string()),
            },
        };
        head.v1_checkpoint(&v1_origin(self.identity()), signer)
            .map(str::to_owned)
            .map_err(|reason| ReadError::Signing(reason.to_owned()))
    }

    /// The signed entry timestamp of Rekor v1 for the entry at `index`: the log's promise to hold
    /// it, over the canonical JSON of body, time, log id and virtual index (rekor-v1, section 2).
    /// `body` is the entry's body in standard base64, since the signature covers that text.
    ///
    /// An imported tree has the ones that came with its entries, as long as it counts from where
    /// they did, and otherwise those that its own key signs; `None` when it has neither, as no tree
    /// of Rekor v2 has. Where the tree is only read it is the one that was kept, and `None` when
    /// none was yet.
    ///
    /// # Errors
    /// [`ReadError::Signing`] when it could not be signed; [`ReadError`] when the store fails.
    pub async fn signed_entry_timestamp(
        &self,
        index: LeafIndex,
        integrated_time: i64,
        body: &str,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        if let Some(kept) = self.source_timestamp(index).await? {
            return Ok(Some(kept));
        }
        let Some(key) = self.v1_key() else {
            return Ok(None);
        };
        if let Some(signed) = self.sign_timestamp(index, integrated_time, body)? {
            self.inner.offered.offer(index, &signed);
            return Ok(Some(signed));
        }
        let payload = self.timestamp_payload(key, index, integrated_time, body);
        let kept = self.inner.reader.attestation(&signed_key(index)).await?;
        // One that was signed while the tree counted from elsewhere is none of the entry any more.
        let kept = kept.filter(|kept| key.verify(&payload, kept).is_ok());
        Ok(kept.map(|kept| kept.to_vec()))
    }

    /// The timestamp of an entry, signed now; `None` where nothing here signs for the tree.
    pub(crate) fn sign_timestamp(
        &self,
        index: LeafIndex,
        integrated_time: i64,
        body: &str,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(signer) = self.v1_signer() else {
            return Ok(None);
        };
        let key = signer.verifier();
        let payload = self.timestamp_payload(key, index, integrated_time, body);
        let signed = signer.sign(&payload);
        signed
            .map(Some)
            .map_err(|error| ReadError::Signing(error.to_string()))
    }

    /// The timestamp that came with an imported entry, as long as the tree counts from where it was
    /// signed.
    async fn source_timestamp(&self, index: LeafIndex) -> Result<Option<Vec<u8>>, ReadError> {
        if !self.has_source_timestamps() {
            return Ok(None);
        }
        let kept = self.inner.reader.attestation(&timestamp_key(index)).await?;
        Ok(kept.map(|kept| kept.to_vec()))
    }

    /// Whether timestamps that came with imported entries are those of the tree: signed by the key
    /// of the source, which is the key of the tree unless another signs for it, and counted from
    /// where the tree counts.
    pub(crate) fn has_source_timestamps(&self) -> bool {
        let TreeKeys::Foreign(foreign) = &self.inner.keys else {
            return false;
        };
        let counted_from = self.import().map(|import| import.start);
        foreign.signs_as_source() && counted_from == Some(self.start)
    }

    /// What signs for Rekor v1 clients here, if anything does.
    pub(crate) fn v1_signer(&self) -> Option<&dyn NoteSigner> {
        match &self.inner.keys {
            TreeKeys::Own { v1, .. } => v1.as_deref(),
            TreeKeys::Shown { .. } => None,
            TreeKeys::Foreign(foreign) => {
                let signer = foreign.signer.as_deref();
                signer.map(|signer| signer as &dyn NoteSigner)
            }
        }
    }

    /// Canonical JSON as it stands: the keys are in order, and neither base64 nor hexadecimal
    /// digits need escapes.
    fn timestamp_payload(
        &self,
        key: &VerifierKey,
        index: LeafIndex,
        integrated_time: i64,
        body: &str,
    ) -> String {
        format!(
            r#"{{"body":"{body}","integratedTime":{integrated_time},"logID":"{}","logIndex":{}}}"#,
            Hash::new(key.log_id()),
            self.virtual_index(index),
        )
    }

    /// The timestamps that were signed for answers, for whoever keeps them.
    pub(crate) fn offered(&self) -> &Offered {
        &self.inner.offered
    }

    /// The entry at `index` with its proof against the latest head, or `None` beyond that.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails, or lacks what the head covers. Where the store is on a
    /// disk, this and the other reads wait for it on the thread that polls them: see
    /// [`Log::run`](crate::Log::run).
    pub async fn proven_entry(&self, index: LeafIndex) -> Result<Option<ProvenEntry>, ReadError> {
        self.inner.reader.proven_entry(index).await
    }

    /// The entry at `index`, or `None` beyond the head.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn entry(&self, index: LeafIndex) -> Result<Option<LoggedEntry>, ReadError> {
        self.inner.reader.entry(index).await
    }

    /// Up to `limit` entries from `start` on that the head covers, and no more than `max_bytes` of
    /// bodies but at least one.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn entries(
        &self,
        start: LeafIndex,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(LeafIndex, LoggedEntry)>, ReadError> {
        self.inner.reader.entries(start, limit, max_bytes).await
    }

    /// Where the entry with `leaf_hash` is, checked against the entry itself; `None` when the tree
    /// does not hold it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn index_of(&self, leaf_hash: &Hash) -> Result<Option<LeafIndex>, ReadError> {
        self.inner.reader.index_of(leaf_hash).await
    }

    /// The hashes of a tile, cut to `width`; `None` when the head does not cover that much of it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn tile(&self, id: TileId, width: TileWidth) -> Result<Option<Bytes>, ReadError> {
        self.inner.reader.tile_bytes(id, width).await
    }

    /// An encoded entry bundle, cut to `width`; `None` when the head does not cover that much of
    /// it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn bundle(&self, number: u64, width: TileWidth) -> Result<Option<Bytes>, ReadError> {
        let whole = self.bundle_part(number, width, 0, usize::MAX).await?;
        Ok(whole.map(|part| part.bytes))
    }

    /// The part of an entry bundle, cut to `width`, that starts with its entry `from`, counted from
    /// 0: about `max_bytes`, and at least one entry. `None` when the head does not cover that much
    /// of the bundle.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn bundle_part(
        &self,
        number: u64,
        width: TileWidth,
        from: usize,
        max_bytes: usize,
    ) -> Result<Option<BundlePart>, ReadError> {
        let reader = &self.inner.reader;
        reader.bundle_part(number, width, from, max_bytes).await
    }

    /// The root of the tree when it had `size` leaves.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] when it never had so many; otherwise as for
    /// [`proven_entry`](Self::proven_entry).
    pub async fn root_at(&self, size: TreeSize) -> Result<Hash, ReadError> {
        self.inner.reader.root_at(size).await
    }

    /// The proof that the tree of `size` leaves holds the leaf at `index`, verified before it is
    /// returned.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] or [`ReadError::IndexBeyondSize`] for what does not exist;
    /// otherwise as for [`proven_entry`](Self::proven_entry).
    pub async fn inclusion_proof(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<InclusionProof, ReadError> {
        self.inner.reader.inclusion_proof(index, size).await
    }

    /// The proof that the tree of `new` leaves extends the tree of `old` leaves, verified.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] or [`ReadError::SizesReversed`] for what does not exist; otherwise
    /// as for [`proven_entry`](Self::proven_entry).
    pub async fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<ConsistencyProof, ReadError> {
        self.inner.reader.consistency_proof(old, new).await
    }

    /// The attestation that an entry of this tree brought under `key`.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn attestation(&self, key: &[u8]) -> Result<Option<Bytes>, ReadError> {
        self.inner.reader.attestation(key).await
    }

    /// The attestation under `key` of the entry at `index`, unless the operator removed it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn attestation_of(
        &self,
        index: LeafIndex,
        key: &[u8],
    ) -> Result<Option<Bytes>, ReadError> {
        let record = self.inner.reader.record(index).await?;
        match record.is_some_and(|record| record.state == State::Removed) {
            true => Ok(None),
            false => self.attestation(key).await,
        }
    }

    /// All that the log knows of an entry of this tree: what its body names, and what a statement
    /// named that is kept beside it, or that came with it or after it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn known(&self, index: LeafIndex, entry: &LoggedEntry) -> Result<Known, ReadError> {
        let mut known = self.known_by_body(index, entry);
        if !known.wants_statement() {
            return Ok(known);
        }
        let reader = &self.inner.reader;
        let record = reader.record(index).await?;
        if record
            .as_ref()
            .is_some_and(|record| record.state == State::Removed)
        {
            return Ok(known.with_removed());
        }
        if let Some(hash) = known.wanted_statement()
            && let Some(document) = self.attestation(hash.as_bytes()).await?
        {
            known = known.with_kept(&document);
        }
        if known.wants_parts() {
            known = known.with_parts(&reader.parts(index).await?);
        }
        if let Some(record) = record.filter(|_| known.wants_statement()) {
            known = known.with_parts(&reader.attached_parts(index, &record).await?);
        }
        Ok(known)
    }

    /// The statement of an entry of this tree that the log keeps, or what has become of it; `None`
    /// where the log never had it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub async fn statement(
        &self,
        index: LeafIndex,
        entry: &LoggedEntry,
    ) -> Result<Option<KeptStatement>, ReadError> {
        self.inner.reader.statement(index, entry).await
    }

    /// What the body and the place of an entry tell.
    pub(crate) fn known_by_body(&self, index: LeafIndex, entry: &LoggedEntry) -> Known {
        let known = Known::of_body(&entry.body).at(index.get());
        known.taken_at(entry.integrated_time)
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.inner.reader
    }

    pub(crate) fn shard(&self) -> ShardId {
        self.inner.reader.shard()
    }

    /// Whether entries lie in the order of their times: so the sequencer takes them, but others may
    /// not.
    pub(crate) fn is_in_order_of_time(&self) -> bool {
        !matches!(self.inner.keys, TreeKeys::Foreign(_))
    }
}

/// The checkpoint of Rekor v1 over `head` that its writer kept.
fn kept_v1_checkpoint(head: &Head) -> Result<String, ReadError> {
    let kept = head.signed_v1_checkpoint();
    kept.map(str::to_owned).ok_or(ReadError::NotKept)
}
