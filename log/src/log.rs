//! A running log: the trees of a store, and the appender that extends those that grow.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arc_swap::ArcSwap;
use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::Schema;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeChange;
use ledgerstone_storage::TreeKind;
use tokio::sync::watch;
use tokio::task::spawn_blocking;

use crate::appender::growing::Growing;
use crate::appender::growing::NewPlace;
use crate::appender::growing::Place;
use crate::appender::queue::Coming;
use crate::appender::queue::Queue;
use crate::appender::queue::Sequenced;
use crate::appender::sequencer::Sequencer;
use crate::appender::sequencer::SequencerHandle;
use crate::background::Background;
use crate::error::AppendError;
use crate::error::CloseError;
use crate::error::Fatal;
use crate::error::OpenError;
use crate::error::ReadError;
use crate::head::Head;
use crate::key_role::KeyRole;
use crate::keyring::foreign::ForeignKey;
use crate::keyring::ring::Keyring;
use crate::lacking::Lacking;
use crate::late;
use crate::late::Retention;
use crate::late::Wake;
use crate::new_tree::NewTree;
use crate::options::LogOptions;
use crate::options::Observer;
use crate::protocol::rules::Protocol;
use crate::public_keys;
use crate::publish::Publisher;
use crate::recovery;
use crate::reindex::rebuild::ReindexError;
use crate::reindex::running::ReindexStatus;
use crate::reindex::running::Reindexing;
use crate::scrub;
use crate::scrub::pass::Scrub;
use crate::search::MAX_COUNTED;
use crate::statements::error::AttachError;
use crate::statements::error::DetachError;
use crate::statements::find::Attached;
use crate::statements::find::vouching;
use crate::statements::keep::StatementLimits;
use crate::statements::keep::Statements;
use crate::statements::totals::StatementTotals;
use crate::submission::Submission;
use crate::timestamps;
use crate::tree::Tree;
use crate::tree::TreeKeys;
use crate::tree::reader::Reader;
use crate::trees::Trees;

/// A log that runs: the trees of a store, and the sequencer that owns those that grow. Clones share
/// the same log.
#[derive(Clone)]
pub struct Log {
    inner: Arc<Inner>,
}

struct Inner {
    /// Swapped when a tree comes or goes.
    trees: ArcSwap<Trees>,
    schema: Arc<Schema>,
    incomplete: Vec<IncompleteCopy>,
    lacking: Lacking,
    rounds: watch::Receiver<u64>,
    /// Whether the disk is too full to take entries.
    is_disk_full: AtomicBool,
    /// Reads the store again and again, where that is wanted.
    scrubbing: Option<Background>,
    /// What writes; `None` where the log is only read.
    writer: Option<Writer>,
}

/// What writes to a log.
struct Writer {
    queue: Arc<Queue>,
    sequencer: SequencerHandle,
    reindexing: Reindexing,
    timestamps: Background,
    late: Background,
    statements: Arc<Statements>,
    observer: Option<Arc<dyn Observer>>,
}

/// What an append came to: the entry is durable, and this is the proof that the log holds it.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The tree that holds it.
    pub tree_id: u64,
    /// Where in that tree the entry is.
    pub index: LeafIndex,
    /// Whether it was there before: then this is the existing entry, with a fresh proof.
    pub duplicate: bool,
    /// When the log took the entry, in Unix seconds.
    pub integrated_time: i64,
    /// The bytes that the leaf hash is over.
    pub body: Bytes,
    /// Their leaf hash.
    pub leaf_hash: Hash,
    /// The tree head that the proof leads to.
    pub head: Arc<Head>,
    /// The inclusion proof, verified before it left the log.
    pub proof: InclusionProof,
}

/// A copy of another log that is not served, since the import of it never ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IncompleteCopy {
    /// The name of that log.
    pub origin: String,
    /// The number of the tree.
    pub tree_id: u64,
    /// How many of its entries are there.
    pub entries: u64,
}

impl IncompleteCopy {
    /// The tree in `shard`, of `size` entries, where it is one. An import that was interrupted
    /// leaves no checkpoint, or that of an earlier one over fewer entries.
    pub(crate) fn of(
        store: &Store,
        shard: ShardId,
        identity: &ShardIdentity,
        size: TreeSize,
    ) -> Result<Option<Self>, StorageError> {
        let is_copy = identity.import.map(|import| import.role) == Some(ImportRole::Copy);
        let covered = covered_size(store.kept_checkpoint(shard)?.as_deref());
        let is_incomplete = is_copy && covered.is_none_or(|covered| covered < size);
        Ok(is_incomplete.then(|| Self {
            origin: identity.origin.clone(),
            tree_id: identity.tree_id,
            entries: size.get(),
        }))
    }
}

impl Log {
    /// Makes `trees` in shards of `store` that hold nothing, and starts the log.
    ///
    /// # Errors
    /// [`OpenError::Exists`] when a shard, or any trace of it, is there already: a log is never
    /// initialised twice.
    pub fn create(
        store: Store,
        trees: &[NewTree],
        keyring: Keyring,
        options: LogOptions,
    ) -> Result<Self, OpenError> {
        create_trees(&store, trees, &keyring, &options)?;
        Self::open(store, keyring, options)
    }

    /// Starts the log that `store` holds. Each tree is verified first: its right edge is recomputed
    /// from the stored tiles and the last bodies, and compared with the stored head and with the
    /// last checkpoint.
    ///
    /// # Errors
    /// Anything that is missing, smaller or different is refused, and said: see [`OpenError`]. Of
    /// copies, those that are not complete are left out, and [named](Self::incomplete_copies).
    pub fn open(store: Store, keyring: Keyring, options: LogOptions) -> Result<Self, OpenError> {
        let mut opening = Opening {
            store: store.clone(),
            keyring,
            options,
            trees: Vec::new(),
            growing: Vec::new(),
            incomplete: Vec::new(),
        };
        for shard in store.shards()? {
            opening.shard(shard)?;
        }
        if opening.growing.is_empty() {
            return Err(OpenError::NothingGrows);
        }
        let trees = Trees::new(opening.trees)?;
        public_keys::keep(&store, trees.all())?;
        let queue = Arc::new(Queue::new(&opening.options));
        let reindexing = Reindexing::new(store.clone(), Arc::clone(&queue));
        let schema = Arc::clone(store.schema());
        let observer = opening.options.observer.clone();
        let (rounds, followed) = watch::channel(0);
        // Whoever is refused here leaves nothing that holds the store.
        let timestamps = timestamps::start(store.clone(), trees.all(), Arc::clone(&queue))?;
        let scrubbing = scrubbing(&store, &trees, &opening.options)?;
        let wake = Arc::new(Wake::default());
        let shards: Vec<ShardId> = trees.all().map(Tree::shard).collect();
        let clock = Arc::clone(&opening.options.clock);
        let statements = Statements::new(
            store.clone(),
            shards.clone(),
            Arc::clone(&queue),
            Arc::clone(&wake),
            Arc::clone(&clock),
        );
        let retention = Retention {
            period: opening.options.statement_retention,
            clock,
        };
        let late = late::start(
            store.clone(),
            shards,
            retention,
            Arc::clone(&queue),
            Arc::clone(&wake),
        )?;
        let sequencer = Sequencer::start(
            store,
            opening.growing,
            Arc::clone(&queue),
            rounds,
            opening.options,
            wake,
        )?;
        Ok(Self {
            inner: Arc::new(Inner {
                trees: ArcSwap::from_pointee(trees),
                schema,
                incomplete: opening.incomplete,
                lacking: Lacking::default(),
                rounds: followed,
                is_disk_full: AtomicBool::new(false),
                scrubbing,
                writer: Some(Writer {
                    queue,
                    sequencer,
                    reindexing,
                    timestamps,
                    late,
                    statements: Arc::new(statements),
                    observer,
                }),
            }),
        })
    }

    /// A log of `trees` that is only read.
    pub(crate) fn over(
        store: &Store,
        trees: Trees,
        incomplete: Vec<IncompleteCopy>,
        lacking: Lacking,
        options: &LogOptions,
    ) -> Result<Self, OpenError> {
        // No round will ever be seen.
        let (_, rounds) = watch::channel(0);
        let scrubbing = scrubbing(store, &trees, options)?;
        Ok(Self {
            inner: Arc::new(Inner {
                trees: ArcSwap::from_pointee(trees),
                schema: Arc::clone(store.schema()),
                incomplete,
                lacking,
                rounds,
                is_disk_full: AtomicBool::new(false),
                scrubbing,
                writer: None,
            }),
        })
    }

    /// Whether it is only read: it takes no entries and signs nothing.
    pub fn is_read_only(&self) -> bool {
        self.inner.writer.is_none()
    }

    /// The trees of the log as they are now, and the copies beside them.
    pub fn trees(&self) -> Arc<Trees> {
        self.inner.trees.load_full()
    }

    /// Does `work`, which reads trees, without holding up the caller's thread: where the store is
    /// on a disk, on one of a few threads for all such work ([`Schema::run`]).
    ///
    /// # Panics
    /// When `work` does, or outside of a Tokio runtime.
    pub async fn run<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.inner.schema.run(|_| work).await
    }

    /// The copies that are left out.
    pub fn incomplete_copies(&self) -> &[IncompleteCopy] {
        &self.inner.incomplete
    }

    /// Which trees it does not serve, since they cannot be read: only a log that is only read lacks
    /// any.
    pub fn lacking(&self) -> Lacking {
        self.inner.lacking
    }

    /// A receiver that sees a change after each round, when the heads of all its trees are
    /// published.
    pub fn rounds(&self) -> watch::Receiver<u64> {
        self.inner.rounds.clone()
    }

    /// Appends an entry to the tree of this protocol that grows, and answers when it is durable and
    /// covered by a signed tree head.
    ///
    /// The same entry submitted again yields the existing one with a fresh proof. When the caller
    /// goes away before the answer, the entry may be logged all the same.
    ///
    /// # Errors
    /// [`AppendError::NotGrowing`] when there is no such tree; [`AppendError::QueueFull`] at once
    /// when too much waits; [`AppendError::Unchecked`] when it cannot be read whether the entry is
    /// logged already; [`AppendError::DiskFull`] and [`AppendError::ReadOnly`];
    /// [`AppendError::Stopped`] when it no longer takes writes.
    pub async fn append(
        &self,
        kind: TreeKind,
        submission: Submission,
    ) -> Result<Appended, AppendError> {
        self.append_announced(None, kind, submission).await
    }

    /// Says that an entry will be appended soon, or not, when what this returns is dropped: the
    /// round that is about to begin may wait a moment for it.
    pub fn announce(&self) -> Option<Coming> {
        let writer = self.inner.writer.as_ref();
        writer.map(|writer| writer.queue.announce())
    }

    /// [Appends](Self::append) an entry that was [announced](Self::announce).
    ///
    /// # Errors
    /// Those of `append`.
    pub async fn append_announced(
        &self,
        coming: Option<Coming>,
        kind: TreeKind,
        submission: Submission,
    ) -> Result<Appended, AppendError> {
        let trees = self.trees();
        let tree = trees.growing_of(kind).ok_or(AppendError::NotGrowing)?;
        if self.inner.is_disk_full.load(Ordering::Acquire) {
            return Err(AppendError::DiskFull);
        }
        let writer = self.inner.writer.as_ref().ok_or(AppendError::ReadOnly)?;
        let receiver = writer.queue.submit(tree.shard(), submission, coming)?;
        let Sequenced {
            submission,
            place,
            head,
        } = receiver.await.map_err(|_| AppendError::Stopped)??;
        match place {
            Place::New(place) => self.appended(tree, place, head).await,
            Place::Stored(index) => {
                let repeated = self.repeated(tree, submission, index, head).await;
                if let (Err(AppendError::Unchecked(_)), Some(observer)) =
                    (&repeated, &writer.observer)
                {
                    observer.unchecked();
                }
                repeated
            }
        }
    }

    /// The answer to a submission of which this round made an entry. The tiles that its proof takes
    /// lie in the head.
    async fn appended(
        &self,
        tree: &Tree,
        place: NewPlace,
        head: Arc<Head>,
    ) -> Result<Appended, AppendError> {
        let (index, leaf_hash) = (place.index, place.leaf_hash);
        let reader = tree.reader();
        let proof = reader.verified_inclusion(&head, index, &leaf_hash).await?;
        Ok(Appended {
            tree_id: tree.tree_id(),
            index,
            duplicate: place.duplicate,
            integrated_time: place.integrated_time,
            body: place.body,
            leaf_hash,
            head,
            proof,
        })
    }

    /// The answer to a submission of what the leaf index says to be at `index`. The entry and the
    /// tiles may have to come from the disk, which must not hold up the other tasks of this thread.
    async fn repeated(
        &self,
        tree: &Tree,
        submission: Submission,
        index: LeafIndex,
        head: Arc<Head>,
    ) -> Result<Appended, AppendError> {
        let (reader, tree_id) = (tree.reader().clone(), tree.tree_id());
        let work = async move {
            let entry = reader.repeated(&submission, index).await;
            let entry = entry.map_err(|error| AppendError::Unchecked(Arc::new(error)))?;
            let leaf_hash = ledgerstone_merkle::leaf_hash(&entry.body);
            let proof = reader.verified_inclusion(&head, index, &leaf_hash).await?;
            Ok(Appended {
                tree_id,
                index,
                duplicate: true,
                integrated_time: entry.integrated_time,
                body: entry.body,
                leaf_hash,
                head,
                proof,
            })
        };
        self.run(work).await
    }

    /// Keeps a statement beside the entries that vouch for it: of the tree with the number
    /// `tree_id`, or of all. Answers when it is durable; what it names is found a little later. One
    /// that was handed in before is no error.
    ///
    /// # Errors
    /// [`AttachError`].
    pub async fn attach(
        &self,
        tree_id: Option<u64>,
        statement: AttachedStatement,
        limits: StatementLimits,
    ) -> Result<Vec<Attached>, AttachError> {
        let writer = self.inner.writer.as_ref().ok_or(AttachError::ReadOnly)?;
        if self.inner.is_disk_full.load(Ordering::Acquire) {
            return Err(AttachError::DiskFull);
        }
        let trees = self.trees();
        let mut trees: Vec<Tree> = trees.own().chain(trees.copies()).cloned().collect();
        trees.retain(|tree| tree_id.is_none_or(|id| tree.tree_id() == id));
        let statement = Arc::new(statement);
        let looked_for = Arc::clone(&statement);
        let found = self.run(async move { vouching(&trees, &looked_for).await });
        let found = found.await?;
        if found.is_empty() {
            return Err(AttachError::NoEntry);
        }
        let statements = Arc::clone(&writer.statements);
        // It ends also where the caller goes away: a write that is dropped would end the log.
        let kept = spawn_blocking(move || statements.keep(&statement, found, limits));
        kept.await.map_err(|_| AttachError::Stopped)?
    }

    /// Removes what the log has of the statement of an entry, and says of how many entries that
    /// was: a document that came with the submissions of several is removed for all of them. From
    /// then on no answer rests on it.
    ///
    /// # Errors
    /// [`DetachError`].
    pub async fn detach(&self, tree_id: u64, index: LeafIndex) -> Result<usize, DetachError> {
        let writer = self.inner.writer.as_ref().ok_or(DetachError::ReadOnly)?;
        let trees = self.trees();
        let tree = trees.by_tree_id(tree_id);
        let shard = tree.ok_or(DetachError::NoTree(tree_id))?.shard();
        let statements = Arc::clone(&writer.statements);
        let removed = spawn_blocking(move || statements.remove(shard, index));
        removed.await.map_err(|_| DetachError::ReadOnly)?
    }

    /// How many statements are kept that were handed in after their entries, and how many entries
    /// are not found by everything yet, up to [`MAX_COUNTED`](crate::MAX_COUNTED) a tree.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn statement_counts(&self) -> Result<(StatementTotals, u64), ReadError> {
        let trees = self.trees();
        self.run(async move {
            let (mut totals, mut unindexed) = (StatementTotals::default(), 0);
            for tree in trees.all() {
                totals = totals.and(tree.reader().statement_totals().await?);
                unindexed += tree.reader().unindexed(MAX_COUNTED).await? as u64;
            }
            Ok((totals, unindexed))
        })
        .await
    }

    /// How long the last round took to become durable.
    pub fn commit_time(&self) -> Duration {
        let writer = self.inner.writer.as_ref();
        writer.map_or(Duration::ZERO, |writer| writer.sequencer.commit_time())
    }

    /// Says whether the disk is too full to take entries: then each is refused, before the store
    /// would fail, and reads go on.
    pub fn set_disk_full(&self, is_full: bool) {
        self.inner.is_disk_full.store(is_full, Ordering::Release);
    }

    /// How many entries wait to be sequenced.
    pub fn queue_len(&self) -> usize {
        let writer = self.inner.writer.as_ref();
        writer.map_or(0, |writer| writer.queue.len())
    }

    /// The error that finished the sequencer, as soon as there is one. From then on the log takes
    /// no writes, and the process should end: the only way back is a verified [`open`](Self::open).
    pub async fn failed(&self) -> Arc<Fatal> {
        match &self.inner.writer {
            Some(writer) => writer.sequencer.failed().await,
            None => std::future::pending().await,
        }
    }

    /// Starts to rebuild the search index of all shards of the store, on a thread of its own, or
    /// goes on with a rebuild that was interrupted. While one is under way, nothing else is
    /// started. Appends and reads go on meanwhile. This, but not the rebuild, blocks on the disk.
    ///
    /// # Errors
    /// [`ReindexError`] when it cannot start. After [`ReindexError::Write`], here or during the
    /// rebuild, the log itself has [`failed`](Self::failed). [`ReindexError::ReadOnly`] when the
    /// log is only read.
    pub fn start_reindex(&self) -> Result<ReindexStatus, ReindexError> {
        let writer = self.inner.writer.as_ref();
        writer.ok_or(ReindexError::ReadOnly)?.reindexing.start()
    }

    /// Goes on with a rebuild of the search index that did not end before the log was opened, if
    /// there is one.
    ///
    /// # Errors
    /// As for [`start_reindex`](Self::start_reindex), but that a log which is only read goes on
    /// with none.
    pub fn resume_reindex(&self) -> Result<(), ReindexError> {
        match &self.inner.writer {
            Some(writer) => writer.reindexing.resume(),
            None => Ok(()),
        }
    }

    /// How far the rebuild of the search index is.
    pub fn reindex_status(&self) -> ReindexStatus {
        let writer = self.inner.writer.as_ref();
        writer.map_or_else(ReindexStatus::idle, |writer| writer.reindexing.status())
    }

    /// Takes no more entries, sequences those that wait, and ends the sequencer. A rebuild of the
    /// search index is interrupted.
    ///
    /// # Errors
    /// [`CloseError::Failed`] when the sequencer ended by an error before or during this.
    pub async fn close(&self) -> Result<(), CloseError> {
        if let Some(scrubbing) = &self.inner.scrubbing {
            scrubbing.stop().await;
        }
        let Some(writer) = &self.inner.writer else {
            return Ok(());
        };
        writer.reindexing.stop().await;
        writer.late.stop().await;
        writer.queue.close();
        let ended = writer.sequencer.ended().await;
        writer.timestamps.stop().await;
        ended
    }
}

/// Makes `trees` in shards of `store` that hold nothing: all of them or none.
///
/// # Errors
/// [`OpenError::Exists`] when a shard, or any trace of it, is there already.
pub fn create_trees(
    store: &Store,
    trees: &[NewTree],
    keyring: &Keyring,
    options: &LogOptions,
) -> Result<(), OpenError> {
    let create = trees.iter().map(|tree| {
        let protocol = protocol_of(options, tree.shard, tree.kind)?;
        recovery::new_shard(store, tree, protocol.as_ref(), keyring)
    });
    let change = TreeChange {
        create: create.collect::<Result<_, OpenError>>()?,
        ..TreeChange::default()
    };
    // Durable step: before it nothing of the trees is there, after it all of them are, empty and
    // unsigned.
    Ok(store.change_trees(&change)?)
}

/// Starts to read the store again and again, where the options want it.
fn scrubbing(
    store: &Store,
    trees: &Trees,
    options: &LogOptions,
) -> Result<Option<Background>, OpenError> {
    if options.scrub_rate == 0 {
        return Ok(None);
    }
    let scrub = Scrub::new(store.clone(), trees.all().cloned().collect());
    let observer = options.observer.clone();
    scrub::running::start(scrub, options.scrub_rate, observer).map(Some)
}

fn protocol_of(
    options: &LogOptions,
    shard: ShardId,
    kind: TreeKind,
) -> Result<Arc<dyn Protocol>, OpenError> {
    let protocol = options.protocols.of(kind);
    let protocol = protocol.ok_or(OpenError::UnknownProtocol { shard, kind })?;
    Ok(Arc::clone(protocol))
}

/// A log that is being opened, tree by tree.
struct Opening {
    store: Store,
    keyring: Keyring,
    options: LogOptions,
    trees: Vec<Tree>,
    growing: Vec<Growing>,
    incomplete: Vec<IncompleteCopy>,
}

impl Opening {
    fn shard(&mut self, shard: ShardId) -> Result<(), OpenError> {
        let identity = self.store.identity(shard)?;
        let identity = identity.ok_or(OpenError::NoShard(shard))?;
        let protocol = protocol_of(&self.options, shard, identity.kind)?;
        if identity.import.is_some() {
            return self.imported(shard, identity);
        }
        match self.store.frozen(shard)? {
            Some(frozen) => self.frozen(shard, identity, protocol, frozen),
            None if identity.kind == TreeKind::MIXED => {
                let head = self.store.head(shard)?;
                let size = head.ok_or(OpenError::MissingHead(shard))?.size;
                Err(OpenError::Mixed(size))
            }
            None => self.growing(shard, identity, protocol),
        }
    }

    fn growing(
        &mut self,
        shard: ShardId,
        identity: ShardIdentity,
        protocol: Arc<dyn Protocol>,
    ) -> Result<(), OpenError> {
        let store = &self.store;
        let recovered =
            recovery::recover(store, shard, &identity, protocol.as_ref(), &self.keyring)?;
        let mut publisher = Publisher::new(
            self.store.clone(),
            shard,
            &identity,
            Arc::clone(&protocol),
            &self.keyring,
        )?;
        let reader = self.reader(shard, &protocol, publisher.first(recovered.durable)?);
        let keys = self.own_keys(&identity, protocol.as_ref())?;
        self.growing.push(Growing::new(
            self.store.clone(),
            shard,
            identity.tree_id,
            Arc::clone(&protocol),
            publisher,
            reader.clone(),
            recovered.edge,
        ));
        let tree = Tree::new(identity, protocol, reader, keys, None);
        self.trees.push(tree);
        Ok(())
    }

    fn frozen(
        &mut self,
        shard: ShardId,
        identity: ShardIdentity,
        protocol: Arc<dyn Protocol>,
        frozen: ledgerstone_storage::Frozen,
    ) -> Result<(), OpenError> {
        recovery::check_identity(&identity, protocol.as_ref(), &self.keyring)?;
        let keys = self.own_keys(&identity, protocol.as_ref())?;
        let at = frozen.at;
        let store = &self.store;
        let head = recovery::recover_frozen(store, shard, frozen, keys.checkpoint())?;
        let reader = self.reader(shard, &protocol, head);
        let tree = Tree::new(identity, protocol, reader, keys, Some(at));
        self.trees.push(tree);
        Ok(())
    }

    fn imported(&mut self, shard: ShardId, identity: ShardIdentity) -> Result<(), OpenError> {
        let store = &self.store;
        let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
        let copy = IncompleteCopy::of(store, shard, &identity, head.size)?;
        if let Some(copy) = copy {
            self.incomplete.push(copy);
            return Ok(());
        }
        let foreign = self.keyring.foreign(shard).cloned();
        let foreign = foreign.ok_or(OpenError::NoForeignKey(shard))?;
        let tree = open_imported(self.store.clone(), shard, foreign, &self.options)?;
        self.trees.push(tree);
        Ok(())
    }

    fn reader(&self, shard: ShardId, protocol: &Arc<dyn Protocol>, head: Head) -> Reader {
        Reader::new(
            Arc::clone(self.store.schema()),
            shard,
            Arc::clone(protocol),
            head,
            self.options.cached_tiles,
        )
    }

    fn own_keys(
        &self,
        identity: &ShardIdentity,
        protocol: &dyn Protocol,
    ) -> Result<TreeKeys, OpenError> {
        let tree_id = identity.tree_id;
        let role = KeyRole::Checkpoint { tree_id };
        let checkpoint = self.keyring.checkpoint_key(tree_id);
        let v1 = if protocol.signs_entry_timestamps() {
            let role = KeyRole::RekorV1;
            let signer = self.keyring.signer(role);
            Some(Arc::clone(signer.ok_or(OpenError::NoSigner(role))?))
        } else {
            None
        };
        Ok(TreeKeys::Own {
            checkpoint: checkpoint.ok_or(OpenError::NoSigner(role))?.clone(),
            v1,
        })
    }
}

/// Opens an imported tree to read it, after the same checks as [`Log::open`]: its right edge
/// against the stored head, and the head against the checkpoint that came with it.
///
/// # Errors
/// [`OpenError`] with what is missing or different; [`OpenError::ForeignCheckpoint`] when the
/// import is not complete.
pub fn open_imported(
    store: Store,
    shard: ShardId,
    key: ForeignKey,
    options: &LogOptions,
) -> Result<Tree, OpenError> {
    let identity = store.identity(shard)?;
    let identity = identity.ok_or(OpenError::NoShard(shard))?;
    let protocol = protocol_of(options, shard, identity.kind)?;
    let head = recovery::recover_foreign(&store, shard, &identity, &key)?;
    let cached = options.cached_tiles;
    let reader = Reader::new(
        Arc::clone(store.schema()),
        shard,
        Arc::clone(&protocol),
        head,
        cached,
    );
    let keys = TreeKeys::Foreign(key);
    Ok(Tree::new(identity, protocol, reader, keys, None))
}

/// The size that a kept checkpoint is over. A text that a power cut emptied says nothing; one that
/// is damaged is refused when the tree is opened.
fn covered_size(kept: Option<&str>) -> Option<TreeSize> {
    match kept {
        None | Some("") => None,
        Some(note) => {
            let checkpoint = recovery::parse_kept(note, None);
            Some(checkpoint.map_or(TreeSize::new(u64::MAX), |checkpoint| checkpoint.size))
        }
    }
}

impl From<ReadError> for AppendError {
    fn from(error: ReadError) -> Self {
        Self::Unproven(Arc::new(error))
    }
}
