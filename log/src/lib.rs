//! The running log as a library: it sequences entries, signs tree heads, and proves what it holds.
//!
//! One thread, the *sequencer*, owns the tree. It takes everything that waits, gives it contiguous indexes, and makes it
//! durable with one atomic batch and one sync ([`ledgerstone_storage::Store::commit`]). Only then does it sign the new tree
//! head and publish it by one pointer swap; readers never wait for it. The log does not know which protocol called it.
//!
//! ```
//! # use std::sync::Arc;
//! use ledgerstone_log::{Log, LogKeys, LogOptions, Submission};
//! use ledgerstone_storage::{MemoryStore, ShardId};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Arc::new(MemoryStore::new());
//! let keys = LogKeys::generate("log.example.com")?;
//! let log = Log::create(store, ShardId::new(0), keys, LogOptions::default())?;
//!
//! let appended = log.append(Submission::new("a body".into())?).await?;
//! let leaf_hash = ledgerstone_merkle::leaf_hash(b"a body");
//! appended.proof.verify(&leaf_hash, &appended.head.root())?;
//!
//! let consistency = log.consistency_proof(appended.index.first_size(), log.head().size())?;
//! assert!(consistency.hashes.is_empty(), "the head has not grown since");
//! log.close().await?;
//! # Ok(())
//! # }
//! ```

mod error;
mod foreign_key;
mod fsck;
mod head;
mod import;
mod keys;
mod live;
mod options;
mod queue;
mod reader;
mod recovery;
mod reindex;
mod search;
mod sequencer;
mod shard;
mod shards;

use std::sync::Arc;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use tokio::sync::watch;

pub use error::AppendError;
pub use error::CloseError;
pub use error::Fatal;
pub use error::KeyError;
pub use error::OpenError;
pub use error::ReadError;
pub use foreign_key::ForeignKey;
pub use foreign_key::check_shard_signer;
pub use foreign_key::load_foreign_key;
pub use foreign_key::save_foreign_key;
pub use foreign_key::save_shard_signer;
pub use fsck::Finding;
pub use fsck::FsckReport;
pub use fsck::accept_head;
pub use fsck::fsck;
pub use fsck::fsck_copy;
pub use head::Head;
pub use import::IMPORT_ROUND_ENTRIES;
pub use import::ImportError;
pub use import::ImportSource;
pub use import::ImportedEntry;
pub use import::Importer;
pub use keys::LogKeys;
pub use options::LogOptions;
pub use options::Observer;
pub use options::RoundReport;
pub use queue::Submission;
pub use reader::BundleSlice;
pub use reader::LoggedEntry;
pub use reindex::Reindex;
pub use reindex::ReindexError;
pub use reindex::ReindexPass;
pub use reindex::ReindexProgress;
pub use reindex::ReindexState;
pub use reindex::ReindexStatus;
pub use search::Evidence;
pub use search::MAX_SEARCH_KEYS;
pub use search::SearchHit;
pub use search::SearchOperator;
pub use search::SearchPage;
pub use search::SearchQuery;
pub use shard::ProvenEntry;
pub use shard::Shard;
pub use shard::ShardKeys;
pub use shards::FIRST_SHARD;
pub use shards::IncompleteCopy;
pub use shards::Shards;

use crate::queue::Queue;
use crate::reader::Reader;
use crate::reindex::Reindexing;
use crate::sequencer::Growing;
use crate::sequencer::Sequencer;
use crate::sequencer::SequencerHandle;

/// A log that runs: one tree, its keys, and the sequencer that owns it. Clones share the same log.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    identity: ShardIdentity,
    keys: Arc<LogKeys>,
    queue: Arc<Queue>,
    reader: Reader,
    sequencer: SequencerHandle,
    reindexing: Reindexing,
}

/// What an append came to: the entry is durable, and this is the proof that the log holds it.
#[derive(Clone, Debug)]
pub struct Appended {
    /// Where the entry is.
    pub index: LeafIndex,
    /// Whether it was there before: then this is the existing entry, with a fresh proof.
    pub duplicate: bool,
    /// When the log took the entry, in Unix seconds.
    pub integrated_time: i64,
    /// The tree head that the proof leads to.
    pub head: Arc<Head>,
    /// The inclusion proof, verified before it left the log.
    pub proof: InclusionProof,
}

impl Log {
    /// Makes a new log in a shard of `store` that holds nothing, and starts it.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when the shard, or any trace of it, is there already: a log is never initialised twice.
    pub fn create(
        store: Arc<dyn Store>,
        shard: ShardId,
        keys: LogKeys,
        options: LogOptions,
    ) -> Result<Self, OpenError> {
        recovery::create(store.as_ref(), shard, &keys, &options)?;
        Self::open(store, shard, keys, options)
    }

    /// Starts the log that `shard` of `store` holds, after it recomputed the right edge from the stored tiles and the last
    /// bodies and compared it with the stored head and with the checkpoint kept outside the store.
    ///
    /// # Errors
    /// Anything that is missing, smaller or different is refused, and said: see [`OpenError`].
    pub fn open(
        store: Arc<dyn Store>,
        shard: ShardId,
        keys: LogKeys,
        options: LogOptions,
    ) -> Result<Self, OpenError> {
        let keys = Arc::new(keys);
        let recovered = recovery::recover(store.as_ref(), shard, &keys)?;
        let head = Arc::new(recovered.head);
        let reader = Reader::new(
            Arc::clone(&store),
            shard,
            Arc::clone(&head),
            options.cached_tiles,
        );
        let queue = Arc::new(Queue::new(&options));
        let reindexing = Reindexing::new(Arc::clone(&store), Arc::clone(&queue));
        let tree = Growing {
            store,
            shard,
            identity: recovered.identity.clone(),
            keys: Arc::clone(&keys),
        };
        let sequencer = Sequencer::start(
            tree,
            Arc::clone(&queue),
            reader.clone(),
            recovered.edge,
            options,
        )?;
        let identity = recovered.identity;
        Ok(Self {
            inner: Arc::new(Inner {
                identity,
                keys,
                queue,
                reader,
                sequencer,
                reindexing,
            }),
        })
    }

    /// The name of the log, which stands first in its checkpoints.
    pub fn origin(&self) -> &str {
        &self.inner.identity.origin
    }

    /// Who the log is: tree id, origin and the ids of its keys.
    pub fn identity(&self) -> &ShardIdentity {
        &self.inner.identity
    }

    /// The keys that sign for the log.
    pub fn keys(&self) -> &LogKeys {
        &self.inner.keys
    }

    /// The log's tree for readers.
    pub fn shard(&self) -> Shard {
        let inner = &self.inner;
        let keys = ShardKeys::Own(Arc::clone(&inner.keys));
        Shard::new(inner.identity.clone(), inner.reader.clone(), keys)
    }

    /// Appends an entry, and answers when it is durable and covered by a signed tree head.
    ///
    /// The same entry submitted again yields the existing one with a fresh proof. When the caller goes away before the
    /// answer, the entry may be logged all the same.
    ///
    /// # Errors
    /// [`AppendError::QueueFull`] at once when too much waits; [`AppendError::Stopped`] when the log no longer takes writes.
    pub async fn append(&self, submission: Submission) -> Result<Appended, AppendError> {
        let leaf_hash = submission.leaf_hash;
        let receiver = self.inner.queue.submit(submission)?;
        let sequenced = receiver.await.map_err(|_| AppendError::Stopped)??;
        let head = sequenced.head;
        let reader = self.inner.reader.clone();
        let prove = {
            let head = Arc::clone(&head);
            move || reader.verified_inclusion(&head, sequenced.index, &leaf_hash)
        };
        // The tiles of a fresh entry lie in the head itself. Those of an old one may have to come from the disk, which must
        // not hold up the other tasks of this thread.
        let proof = if sequenced.duplicate {
            tokio::task::spawn_blocking(prove)
                .await
                .map_err(|_| AppendError::Stopped)??
        } else {
            prove()?
        };
        Ok(Appended {
            index: sequenced.index,
            duplicate: sequenced.duplicate,
            integrated_time: sequenced.integrated_time,
            head,
            proof,
        })
    }

    /// The latest published tree head.
    pub fn head(&self) -> Arc<Head> {
        self.inner.reader.head()
    }

    /// A receiver that sees each newly published tree head. A slow receiver skips to the latest.
    pub fn watch(&self) -> watch::Receiver<Arc<Head>> {
        self.inner.reader.watch()
    }

    /// The entry at `index`, or `None` beyond the head.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails, or lacks what the head covers. This and the other reads block on the disk.
    pub fn entry(&self, index: LeafIndex) -> Result<Option<LoggedEntry>, ReadError> {
        self.inner.reader.entry(index)
    }

    /// Up to `limit` entries from `start` on that the head covers, and no more than `max_bytes` of bodies but at least one.
    ///
    /// # Errors
    /// As for [`entry`](Self::entry).
    pub fn entries(
        &self,
        start: LeafIndex,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<(LeafIndex, LoggedEntry)>, ReadError> {
        self.inner.reader.entries(start, limit, max_bytes)
    }

    /// Where the entry with `leaf_hash` is, checked against the entry itself; `None` when the log does not hold it.
    ///
    /// # Errors
    /// As for [`entry`](Self::entry).
    pub fn index_of(&self, leaf_hash: &Hash) -> Result<Option<LeafIndex>, ReadError> {
        self.inner.reader.index_of(leaf_hash)
    }

    /// The hashes of a tile, cut to `width`; `None` when the head does not cover that much of it.
    ///
    /// # Errors
    /// As for [`entry`](Self::entry).
    pub fn tile(
        &self,
        id: ledgerstone_merkle::TileId,
        width: ledgerstone_merkle::TileWidth,
    ) -> Result<Option<bytes::Bytes>, ReadError> {
        self.inner.reader.tile_bytes(id, width)
    }

    /// An entry bundle, cut to `width`; `None` when the head does not cover that much of it.
    ///
    /// # Errors
    /// As for [`entry`](Self::entry).
    pub fn bundle(
        &self,
        number: u64,
        width: ledgerstone_merkle::TileWidth,
    ) -> Result<Option<BundleSlice>, ReadError> {
        self.inner.reader.bundle(number, width)
    }

    /// The root of the tree when it had `size` leaves.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] when it never had so many yet; otherwise as for [`entry`](Self::entry).
    pub fn root_at(&self, size: TreeSize) -> Result<Hash, ReadError> {
        self.inner.reader.root_at(size)
    }

    /// The proof that the tree of `size` leaves holds the leaf at `index`, verified before it is returned.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] or [`ReadError::IndexBeyondSize`] for what does not exist; otherwise as for
    /// [`entry`](Self::entry).
    pub fn inclusion_proof(
        &self,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<InclusionProof, ReadError> {
        self.inner.reader.inclusion_proof(index, size)
    }

    /// The proof that the tree of `new` leaves extends the tree of `old` leaves, verified before it is returned.
    ///
    /// # Errors
    /// [`ReadError::BeyondHead`] or [`ReadError::SizesReversed`] for what does not exist; otherwise as for
    /// [`entry`](Self::entry).
    pub fn consistency_proof(
        &self,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<ConsistencyProof, ReadError> {
        self.inner.reader.consistency_proof(old, new)
    }

    /// How many entries wait to be sequenced.
    pub fn queue_len(&self) -> usize {
        self.inner.queue.len()
    }

    /// The error that finished the sequencer, as soon as there is one. From then on the log takes no writes, and the process
    /// should end: the only way back is a verified [`open`](Self::open).
    pub async fn failed(&self) -> Arc<Fatal> {
        self.inner.sequencer.failed().await
    }

    /// Starts to rebuild the search index of all shards of the store, on a thread of its own, or goes on with a rebuild that
    /// was interrupted. While one is under way, nothing else is started. Appends and reads go on meanwhile. This, but not the
    /// rebuild, blocks on the disk.
    ///
    /// # Errors
    /// [`ReindexError`] when it cannot start. After [`ReindexError::Write`], here or during the rebuild, the log itself has
    /// [`failed`](Self::failed).
    pub fn start_reindex(&self) -> Result<ReindexStatus, ReindexError> {
        self.inner.reindexing.start()
    }

    /// Goes on with a rebuild of the search index that did not end before the log was opened, if there is one.
    ///
    /// # Errors
    /// As for [`start_reindex`](Self::start_reindex).
    pub fn resume_reindex(&self) -> Result<(), ReindexError> {
        self.inner.reindexing.resume()
    }

    /// How far the rebuild of the search index is.
    pub fn reindex_status(&self) -> ReindexStatus {
        self.inner.reindexing.status()
    }

    /// Takes no more entries, sequences those that wait, and ends the sequencer. A rebuild of the search index is interrupted.
    ///
    /// # Errors
    /// [`CloseError::Failed`] when the sequencer ended by an error before or during this.
    pub async fn close(&self) -> Result<(), CloseError> {
        self.inner.reindexing.stop().await;
        self.inner.queue.close();
        self.inner.sequencer.ended().await
    }
}

impl Submission {
    /// A body to log as it is, without search keys. Its length must be within [`MAX_ENTRY_BYTES`].
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when it is not.
    pub fn new(body: bytes::Bytes) -> Result<Self, AppendError> {
        if body.len() > MAX_ENTRY_BYTES {
            return Err(AppendError::TooLarge {
                bytes: body.len(),
                limit: MAX_ENTRY_BYTES,
            });
        }
        let leaf_hash = ledgerstone_merkle::leaf_hash(&body);
        Ok(Self {
            body,
            leaf_hash,
            search_keys: Vec::new(),
            attestation: None,
        })
    }
}
