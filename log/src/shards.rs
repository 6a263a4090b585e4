//! The trees of one log: those that are frozen, oldest first, and the one that grows.
//!
//! A *virtual index* counts entries over all of them (rekor-v1, section 0): the lengths of the older trees, and then the index
//! in the tree itself. An inclusion proof counts in the tree alone.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;

use crate::Log;
use crate::error::OpenError;
use crate::error::ReadError;
use crate::head::Head;
use crate::keys::LogKeys;
use crate::options::LogOptions;
use crate::reader::LoggedEntry;
use crate::reader::Reader;
use crate::recovery;

/// The trees of a log's life. Clones share them.
#[derive(Clone)]
pub struct Shards {
    active: Log,
    /// The frozen ones, oldest first, and the active one at the end.
    all: Arc<[Shard]>,
}

impl Shards {
    /// The trees of a log: `frozen`, oldest first, and the one that `active` appends to.
    ///
    /// # Errors
    /// [`OpenError::SameTreeId`] when two of them have one tree id, which would make their entries' ids ambiguous.
    pub fn new(frozen: Vec<Shard>, active: Log) -> Result<Self, OpenError> {
        let mut all = frozen;
        all.push(active.shard());
        let mut start = 0_u64;
        for shard in &mut all {
            shard.start = start;
            start = start.saturating_add(shard.head().size().get());
        }
        for (position, shard) in all.iter().enumerate() {
            let tree_id = shard.tree_id();
            if all[..position]
                .iter()
                .any(|other| other.tree_id() == tree_id)
            {
                return Err(OpenError::SameTreeId(tree_id));
            }
        }
        Ok(Self {
            active,
            all: all.into(),
        })
    }

    /// The log that takes entries.
    pub fn log(&self) -> &Log {
        &self.active
    }

    /// The tree that grows.
    pub fn active(&self) -> &Shard {
        self.all.last().expect("the active shard is always there")
    }

    /// The frozen trees, oldest first.
    pub fn frozen(&self) -> &[Shard] {
        self.all.split_last().map_or(&[], |(_, frozen)| frozen)
    }

    /// All trees, oldest first.
    pub fn all(&self) -> &[Shard] {
        &self.all
    }

    /// The tree with this id.
    pub fn by_tree_id(&self, tree_id: u64) -> Option<&Shard> {
        self.all.iter().find(|shard| shard.tree_id() == tree_id)
    }

    /// The tree that holds, or will hold, the entry with this virtual index, and its index there.
    pub fn locate(&self, virtual_index: u64) -> (&Shard, LeafIndex) {
        let following = self
            .all
            .partition_point(|shard| shard.start <= virtual_index);
        // The first shard starts at 0, so that at least one starts at or before any index. Of several that start at the same
        // index, all but the last are empty.
        let shard = &self.all[following.saturating_sub(1)];
        (shard, LeafIndex::new(virtual_index - shard.start))
    }
}

/// A log of one tree.
impl From<Log> for Shards {
    fn from(active: Log) -> Self {
        let all = Arc::from([active.shard()]);
        Self { active, all }
    }
}

/// One tree of a log, as its readers see it, with what signs for it. Clones share it.
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
    /// The key of whoever ran the log that the shard is a copy of.
    Foreign(ForeignKey),
}

/// What a copy of somebody else's log can show in place of signatures of its own.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// The public key of the log, as a DER SubjectPublicKeyInfo.
    pub public_key_der: Vec<u8>,
    /// How its entries name that key: SHA-256 of the above in Rekor v1.
    pub log_id: [u8; 32],
    /// The signed checkpoint over the whole copy. Whoever made the copy has verified its signature.
    pub checkpoint: String,
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

    /// Opens a tree that takes no more entries, after the same checks as [`Log::open`]: right edge against stored head, and the
    /// head against the last checkpoint, which for a copy of somebody else's log is the one in `keys`.
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

    /// The latest tree head; the last one of a frozen tree.
    pub fn head(&self) -> Arc<Head> {
        self.inner.reader.head()
    }

    /// The virtual index of the tree's first entry.
    pub fn start(&self) -> u64 {
        self.start
    }

    /// The virtual index of the entry at `index` of this tree.
    pub fn virtual_index(&self, index: LeafIndex) -> u64 {
        self.start.saturating_add(index.get())
    }

    /// The public key that Rekor v1 clients verify with, as a DER SubjectPublicKeyInfo.
    pub fn v1_public_key_der(&self) -> &[u8] {
        match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ecdsa().public_key_der(),
            ShardKeys::Foreign(key) => &key.public_key_der,
        }
    }

    /// The id of that key: SHA-256 of its DER (rekor-v1, section 2).
    pub fn v1_log_id(&self) -> [u8; 32] {
        match &self.inner.keys {
            ShardKeys::Own(keys) => keys.ecdsa().verifier().log_id(),
            ShardKeys::Foreign(key) => key.log_id,
        }
    }

    /// The checkpoint over `head`, a head of this tree, that Rekor v1 clients read.
    ///
    /// # Errors
    /// [`ReadError::Signing`] when it could not be signed.
    pub fn v1_checkpoint(&self, head: &Head) -> Result<String, ReadError> {
        match &self.inner.keys {
            ShardKeys::Own(keys) => {
                let signed = head.v1_checkpoint(&self.inner.identity, keys);
                signed
                    .map(str::to_owned)
                    .map_err(|reason| ReadError::Signing(reason.to_owned()))
            }
            ShardKeys::Foreign(key) => Ok(key.checkpoint.clone()),
        }
    }

    /// The signed entry timestamp of Rekor v1 for the entry at `index`: the log's promise to hold it, over the canonical JSON of
    /// body, time, log id and virtual index (rekor-v1, section 2). `body` is the entry's body in standard base64, since the
    /// signature covers that text. `None` when the key of the tree is somebody else's.
    ///
    /// # Errors
    /// [`ReadError::Signing`] when it could not be signed.
    pub fn signed_entry_timestamp(
        &self,
        index: LeafIndex,
        integrated_time: i64,
        body: &str,
    ) -> Result<Option<Vec<u8>>, ReadError> {
        let ShardKeys::Own(keys) = &self.inner.keys else {
            return Ok(None);
        };
        // Canonical JSON as it stands: the keys are in order, and neither base64 nor hexadecimal digits need escapes.
        let payload = format!(
            r#"{{"body":"{body}","integratedTime":{integrated_time},"logID":"{}","logIndex":{}}}"#,
            Hash::new(self.v1_log_id()),
            self.virtual_index(index),
        );
        let signature = keys.ecdsa().sign_bytes(payload.as_bytes());
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

    /// Where the entry with `leaf_hash` is, checked against the entry itself; `None` when the tree does not hold it.
    ///
    /// # Errors
    /// As for [`proven_entry`](Self::proven_entry).
    pub fn index_of(&self, leaf_hash: &Hash) -> Result<Option<LeafIndex>, ReadError> {
        self.inner.reader.index_of(leaf_hash)
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
