//! One tree of a store, as its readers see it.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;

use crate::error::OpenError;
use crate::error::ReadError;
use crate::foreign_key::ForeignKey;
use crate::head::Head;
use crate::import::timestamp_key;
use crate::keys::LogKeys;
use crate::options::LogOptions;
use crate::reader::BundleSlice;
use crate::reader::LoggedEntry;
use crate::reader::Reader;
use crate::recovery;

/// One tree of a store, as its readers see it, with what signs for it. Clones share it.
#[derive(Clone)]
pub struct Shard {
    inner: Arc<Inner>,
    /// The virtual index of the first entry.
    start: u64,
}

struct Inner {
    identity: ShardIdentity,
    reader: Reader,
    keys: ShardKeys,
}

/// What signs, or once signed, for a shard.
pub enum ShardKeys {
    /// The log's own keys, which sign checkpoints and timestamps when they are asked for.
    Own(Arc<LogKeys>),
    /// The key of the log that the shard was imported from.
    Foreign(Box<ForeignKey>),
}

/// An entry with the proof that a tree holds it.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    /// Its index in its tree.
    pub index: LeafIndex,
    /// The entry.
    pub entry: LoggedEntry,
    /// Its leaf hash.
    pub leaf_hash: Hash,
    /// The tree head that the proof leads to.
    pub head: Arc<Head>,
    /// The proof, verified.
    pub proof: InclusionProof,
}

impl Shard {
    pub(crate) fn new(identity: ShardIdentity, reader: Reader, keys: ShardKeys) -> Self {
        let inner = Inner {
            identity,
            reader,
            keys,
        };
        Self {
            inner: Arc::new(inner),
            start: 0,
        }
    }

    /// Opens a tree that takes no more entries, after the same checks as [`Log::open`](crate::Log::open): right edge against
    /// stored head, and the head against the last checkpoint, which for an imported tree is the one in `keys`.
    ///
    /// # Errors
    /// [`OpenError`] with what is missing or different.
    pub fn open_frozen(
        store: Arc<dyn Store>,
        shard: ShardId,
        keys: ShardKeys,
        options: &LogOptions,
    ) -> Result<Self, OpenError> {
        let (identity, head) = match &keys {
            ShardKeys::Own(keys) => {
                let recovered = recovery::recover(store.as_ref(), shard, keys)?;
                (recovered.identity, recovered.head)
            }
            ShardKeys::Foreign(key) => recovery::recover_foreign(store.as_ref(), shard, key)?,
        };
        let reader = Reader::new(store, shard, Arc::new(head), options.cached_tiles);
        Ok(Self::new(identity, reader, keys))
    }

    /// The number of the tree towards Rekor clients.
    pub fn tree_id(&self) -> u64 {
        self.inner.identity.tree_id
    }

    /// The name in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.inner.identity.origin
    }

    /// Where its entries come from, when they were imported.
    pub fn import(&self) -> Option<ImportOrigin> {
        self.inner.identity.import
    }

    /// The latest tree head; the last one of a frozen tree.
    pub fn head(&self) -> Arc<Head> {
        self.inner.reader.head()
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

    /// The public key that [`Head::checkpoint`] of this tree is signed with, as a C2SP verifier key.
    pub fn checkpoint_key(&self) -> String {
        match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ed25519().verifier().to_string(),
            ShardKeys::Foreign(foreign) => foreign.key.to_string(),
        }
    }

    /// The id of that key: what Rekor v2 calls `logId.keyId`.
    pub fn checkpoint_log_id(&self) -> [u8; 32] {
        match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ed25519().verifier().log_id(),
            ShardKeys::Foreign(foreign) => foreign.key.log_id(),
        }
    }

    /// The public key that Rekor v1 clients verify with, as a DER SubjectPublicKeyInfo.
    pub fn v1_public_key_der(&self) -> Vec<u8> {
        match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ecdsa().public_key_der().to_vec(),
            ShardKeys::Foreign(foreign) => foreign.v1_key().public_key_der(),
        }
    }

    /// The id of that key: SHA-256 of its DER (rekor-v1, section 2).
    pub fn v1_log_id(&self) -> [u8; 32] {
        match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ecdsa().verifier().log_id(),
            ShardKeys::Foreign(foreign) => foreign.v1_key().log_id(),
        }
    }

    /// The checkpoint over `head`, a head of this tree, that Rekor v1 clients read.
    ///
    /// # Errors
    /// [`ReadError::Signing`] when it could not be signed.
    pub fn v1_checkpoint(&self, head: &Head) -> Result<String, ReadError> {
        let signer = match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ecdsa(),
            ShardKeys::Foreign(foreign) => match &foreign.signer {
                Some(signer) => signer.as_ref(),
                None => return Ok(foreign.checkpoint.clone()),
            },
        };
        head.v1_checkpoint(&self.inner.identity, signer)
            .map(str::to_owned)
            .map_err(|reason| ReadError::Signing(reason.to_owned()))
    }

    /// The signed entry timestamp of Rekor v1 for the entry at `index`: the log's promise to hold it, over the canonical JSON of
    /// body, time, log id and virtual index (rekor-v1, section 2). `body` is the entry's body in standard base64, since the
    /// signature covers that text.
    ///
    /// An imported tree has the ones that came with its entries, as long as it counts from where they did, and otherwise those
    /// that its own key signs; `None` when it has neither.
    ///
    /// # Errors
    /// [`ReadError::Signing`] when it could not be signed; [`ReadError`] when the store fails. Blocks on the disk.
    pub fn signed_entry_timestamp(
        &self,
        index: LeafIndex,
        integrated_time: i64,
        body: &str,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let signer = match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ecdsa(),
            ShardKeys::Foreign(foreign) => {
                let counted_from = self.import().map(|import| import.start);
                // What came with the entry is signed by the key of the source, which is the key of the shard unless another
                // signs for it.
                if foreign.signs_as_source() && counted_from == Some(self.start) {
                    let kept = self.inner.reader.attestation(&timestamp_key(index))?;
                    if let Some(kept) = kept {
                        return Ok(Some(kept.to_vec()));
                    }
                }
                match &foreign.signer {
                    Some(signer) => signer.as_ref(),
                    None => return Ok(None),
                }
            }
        };
        // Canonical JSON as it stands: the keys are in order, and neither base64 nor hexadecimal digits need escapes.
        let payload = format!(
            r#"{{"body":"{body}","integratedTime":{integrated_time},"logID":"{}","logIndex":{}}}"#,
            Hash::new(self.v1_log_id()),
            self.virtual_index(index),
        );
        let signature = signer.sign_bytes(payload.as_bytes());
        signature
            .map(Some)
            .map_err(|error| ReadError::Signing(error.to_string()))
    }

    /// The entry at `index` with its proof against the latest head, or `None` beyond that.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails, or lacks what the head covers. This and the other reads block on the disk.
    pub fn proven_entry(&self, index: LeafIndex) -> Result<Option<ProvenEntry>, ReadError> {
        self.inner.reader.proven_entry(index)
    }

    /// The entry at `index`, or `None` beyond the head.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn entry(&self, index: LeafIndex) -> Result<Option<LoggedEntry>, ReadError> {
        self.inner.reader.entry(index)
    }

    /// Up to `limit` entries from `start` on that the head covers, and no more than `max_bytes` of bodies but at least one.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn entries(
        &self,
        start: LeafIndex,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(LeafIndex, LoggedEntry)>, ReadError> {
        self.inner.reader.entries(start, limit, max_bytes)
    }

    /// Where the entry with `leaf_hash` is, checked against the entry itself; `None` when the tree does not hold it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn index_of(&self, leaf_hash: &Hash) -> Result<Option<LeafIndex>, ReadError> {
        self.inner.reader.index_of(leaf_hash)
    }

    /// The hashes of a tile, cut to `width`; `None` when the head does not cover that much of it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn tile(&self, id: TileId, width: TileWidth) -> Result<Option<Bytes>, ReadError> {
        self.inner.reader.tile_bytes(id, width)
    }

    /// An entry bundle, cut to `width`; `None` when the head does not cover that much of it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn bundle(&self, number: u64, width: TileWidth) -> Result<Option<BundleSlice>, ReadError> {
        self.inner.reader.bundle(number, width)
    }

    /// The root of the tree when it had `size` leaves.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] when it never had so many; otherwise as for [`proven_entry`](Self::proven_entry).
    pub fn root_at(&self, size: TreeSize) -> Result<Hash, ReadError> {
        self.inner.reader.root_at(size)
    }

    /// The proof that the tree of `size` leaves holds the leaf at `index`, verified before it is returned.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] or [`ReadError::IndexBeyondSize`] for what does not exist; otherwise as for
    /// [`proven_entry`](Self::proven_entry).
    pub fn inclusion_proof(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<InclusionProof, ReadError> {
        self.inner.reader.inclusion_proof(index, size)
    }

    /// The proof that the tree of `new` leaves extends the tree of `old` leaves, verified.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] or [`ReadError::SizesReversed`] for what does not exist; otherwise as for
    /// [`proven_entry`](Self::proven_entry).
    pub fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<ConsistencyProof, ReadError> {
        self.inner.reader.consistency_proof(old, new)
    }

    /// The attestation that an entry of this tree brought under `key`.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn attestation(&self, key: &[u8]) -> Result<Option<Bytes>, ReadError> {
        self.inner.reader.attestation(key)
    }

    pub(crate) fn reader(&self) -> &Reader {
        &self.inner.reader
    }

    /// Whether entries lie in the order of their times: so the sequencer takes them, but others may not.
    pub(crate) fn is_in_order_of_time(&self) -> bool {
        matches!(self.inner.keys, ShardKeys::Own(_))
    }
}
