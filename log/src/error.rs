//! Why the log refuses or fails.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::TreeKind;
use thiserror::Error;

use crate::clock::ClockAhead;
use crate::key_role::KeyRole;

/// Why an entry was not appended. Nothing is logged when one of these is returned, except after
/// [`Self::Stopped`], where the entry may have become durable unacknowledged.
#[derive(Clone, Debug, Error)]
pub enum AppendError {
    /// As much waits as the log is willing to hold: come back after a moment.
    #[error("too many entries wait to be logged ({waiting} of {limit}); retry after a moment")]
    QueueFull {
        /// Entries, or bytes of bodies, that wait.
        waiting: usize,
        /// The limit of what waits, in the same unit.
        limit: usize,
    },
    /// A body is longer than an entry bundle can carry (C2SP tlog-tiles: a 16-bit length).
    #[error("the entry has {bytes} bytes, and at most {limit} can be logged")]
    TooLarge {
        /// The length of the body.
        bytes: usize,
        /// The longest body, in bytes.
        limit: usize,
    },
    /// What the log holds of the entry cannot be read, so that nobody can tell whether it is logged
    /// already. It is not logged again. The operator repairs the store.
    #[error("whether the entry is logged already cannot be read: {0}")]
    Unchecked(Arc<ReadError>),
    /// The log has no tree that takes entries of this protocol.
    #[error("the log has no tree that takes such entries")]
    NotGrowing,
    /// The clock of the log is too far ahead to be believed: nothing is dated by it. The operator
    /// sets the clock, or, where the time is right, restarts the log.
    #[error("the log cannot tell the time: {0}")]
    Clock(#[from] ClockAhead),
    /// There is less room on the disk than the log needs to go on safely.
    #[error("the disk of the log is nearly full")]
    DiskFull,
    /// The log is open for reading only.
    #[error("the log is only read here, and takes no entries")]
    ReadOnly,
    /// The log is closing, or ended by an error: it takes no writes.
    #[error("the log no longer takes entries")]
    Stopped,
    /// The entry is durable, but no proof could be built for it. Submitting it again answers with a
    /// proof.
    #[error("the entry was logged, but its proof could not be built: {0}")]
    Unproven(Arc<ReadError>),
}

/// Why a read failed. What is merely absent is not an error: see the methods that return an
/// `Option`.
#[derive(Debug, Error)]
pub enum ReadError {
    /// A tree size beyond the published head.
    #[error("the tree has {head} leaves, fewer than the size {size} asked for")]
    BeyondHead {
        /// The size that was asked for.
        size: TreeSize,
        /// The size of the published head.
        head: TreeSize,
    },
    /// A leaf that the tree of the given size does not hold.
    #[error("a tree of {size} leaves has no index {index}")]
    IndexBeyondSize {
        /// The index that was asked for.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// A consistency proof from a larger to a smaller tree.
    #[error("the old size {old} is larger than the new size {new}")]
    SizesReversed {
        /// The size to prove from.
        old: TreeSize,
        /// The size to prove to.
        new: TreeSize,
    },
    /// The store lacks an entry that the published head covers.
    #[error("the store lacks the entry at index {0}")]
    MissingEntry(LeafIndex),
    /// The store lacks a tile that the published head covers.
    #[error("the store lacks tile {} of level {}", .0.number, .0.level)]
    MissingTile(TileId),
    /// A stored tile is not the one that the entries below it give.
    #[error("tile {} of level {} is not what the entries give", .0.number, .0.level)]
    WrongTile(TileId),
    /// An index entry points at an entry with another leaf hash.
    #[error("the leaf index points from {leaf_hash} to index {index}, which holds another entry")]
    WrongIndex {
        /// The leaf hash that was looked up.
        leaf_hash: Hash,
        /// Where the index pointed.
        index: LeafIndex,
    },
    /// A proof that the log built does not verify: a tile or an entry is damaged.
    #[error("a proof built from the stored tiles does not verify: {0}")]
    BadProof(String),
    /// What a reader asked for could not be signed.
    #[error("the log's key could not sign: {0}")]
    Signing(String),
    /// What a reader asked for would have to be signed, and the log is only read.
    #[error("the log is only read here, and what it signed for this was not kept")]
    NotKept,
    /// A tree that Rekor v1 clients cannot read.
    #[error("the tree {0} is not one of Rekor v1")]
    NotRekorV1(u64),
    /// A note that is to be shown in place of a checkpoint, and is not that checkpoint with more
    /// signatures.
    #[error(
        "the note is not the checkpoint over {size} leaves that is published, with all its \
         signatures"
    )]
    OtherCheckpoint {
        /// The size of the published head.
        size: TreeSize,
    },
    /// Entries that do not fit into a bundle.
    #[error("the entries do not make a bundle: {0}")]
    Bundle(String),
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ReadError {
    /// Whether the caller asked for what cannot exist, rather than the log being in trouble.
    pub fn is_out_of_range(&self) -> bool {
        matches!(
            self,
            Self::BeyondHead { .. } | Self::IndexBeyondSize { .. } | Self::SizesReversed { .. }
        )
    }
}

/// What finished the sequencer. Nothing is signed after it.
#[derive(Debug, Error)]
pub enum Fatal {
    /// The store failed: what it holds is uncertain until it is opened and verified anew.
    #[error("the store failed: {0}")]
    Storage(#[from] StorageError),
    /// A read of the sequencer failed, or found damage.
    #[error("the store is damaged: {0}")]
    Read(#[from] ReadError),
    /// The search index could not be written, in the words of the store: what that holds is
    /// uncertain now.
    #[error("the store failed while the search index was rebuilt: {0}")]
    Index(String),
    /// The root of the running right edge and the root recomputed from what was read back differ:
    /// one of them is wrong, and nobody can tell which, so none is signed.
    #[error(
        "at size {size} the running root is {running}, and the root of what was stored is \
         {stored}; nothing was signed"
    )]
    RootsDiffer {
        /// The size of the tree that was not signed.
        size: TreeSize,
        /// The root of the running right edge.
        running: Hash,
        /// The root recomputed from the stored bodies.
        stored: Hash,
    },
    /// A tile that was just stored reads back differently.
    #[error(
        "tile {} of level {} does not read back as it was written; nothing was signed",
        .0.number, .0.level
    )]
    TileDiffers(TileId),
    /// The checkpoint could not be signed.
    #[error("the checkpoint could not be signed: {0}")]
    Signing(String),
    /// The tree has as many leaves as an index can count.
    #[error("the tree is full")]
    TreeFull,
    /// A defect of the sequencer itself.
    #[error("the sequencer panicked")]
    Panicked,
}

/// Why a log could not be started. Nothing was changed, and nothing was signed.
#[derive(Debug, Error)]
pub enum OpenError {
    /// A new log was asked for where there is one, or a trace of one.
    #[error("shard {shard} already holds {what}; a log is never initialised twice")]
    Exists {
        /// The shard.
        shard: ShardId,
        /// What was found.
        what: String,
    },
    /// The shard does not exist in this store.
    #[error("the store holds no log in shard {0}")]
    NoShard(ShardId),
    /// The store belongs to another log.
    #[error(
        "the store belongs to the log {stored:?}, not to {configured:?}; use its own data \
         directory, or configure the stored name"
    )]
    OtherOrigin {
        /// The origin in the store.
        stored: String,
        /// The origin of the keys.
        configured: String,
    },
    /// The keys are not those that the log was made with.
    #[error(
        "the key for {role} has the id {configured}, but the log was made with {stored}; restore \
         the key files of this log"
    )]
    OtherKey {
        /// What the key is for.
        role: KeyRole,
        /// The id in the store, in hexadecimal.
        stored: String,
        /// The id of the key that was given, in hexadecimal.
        configured: String,
    },
    /// The shard has an identity but no head.
    #[error("shard {0} has no tree head; restore the data directory")]
    MissingHead(ShardId),
    /// The root computed from tiles and bodies is not the root of the stored head.
    #[error(
        "the stored head has {size} leaves and root {stored}, but the stored tiles and bodies give \
         {computed}; run `ledgerstone fsck`, and restore what it names"
    )]
    WrongRoot {
        /// The size of the stored head.
        size: TreeSize,
        /// The root of the stored head.
        stored: Hash,
        /// The root recomputed.
        computed: Hash,
    },
    /// There are entries beyond the stored head.
    #[error(
        "the stored head has {0} leaves, but there are entries beyond it; run `ledgerstone fsck`"
    )]
    EntriesBeyondHead(TreeSize),
    /// The checkpoint outside the store is gone.
    #[error(
        "the store has {0} leaves, but the checkpoint kept outside it is missing, so that nobody \
         can tell whether the store \
         was rolled back; check it with `ledgerstone fsck`, and accept it with `ledgerstone fsck \
         --accept-head`"
    )]
    NoKeptCheckpoint(TreeSize),
    /// The checkpoint outside the store cannot be read or is not signed by this log.
    #[error(
        "the checkpoint kept outside the store cannot be trusted ({0}); check the store with \
         `ledgerstone fsck`, and accept it \
         with `ledgerstone fsck --accept-head`"
    )]
    BadKeptCheckpoint(String),
    /// The checkpoint outside the store is ahead: the store lost entries that were acknowledged.
    #[error(
        "a checkpoint over {kept} leaves was signed, but the store holds only {stored}: it was \
         rolled back; restore the newest \
         store, and do not start this one, because it would sign a fork"
    )]
    RolledBack {
        /// The size of the kept checkpoint.
        kept: TreeSize,
        /// The size of the stored head.
        stored: TreeSize,
    },
    /// The tree in the store does not extend the tree that was signed.
    #[error(
        "the checkpoint signed over {size} leaves has root {kept}, but the store gives {stored}: \
         it is another tree; restore the store of this log"
    )]
    Forked {
        /// The size of the kept checkpoint.
        size: TreeSize,
        /// The root of the kept checkpoint.
        kept: Hash,
        /// The root that the store gives at that size.
        stored: Hash,
    },
    /// No checkpoint that was named is one of the tree, and as new as the kept one.
    #[error(
        "none of the checkpoints is one of {origin:?} over at least {size} leaves that its key \
         signed: name one that a witness, a mirror or somebody else kept with --compare-with"
    )]
    NothingToCompare {
        /// What the checkpoints of the tree call it.
        origin: String,
        /// The size of the kept checkpoint.
        size: TreeSize,
    },
    /// The store failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The store lacks something, or holds something damaged.
    #[error("{0}; run `ledgerstone fsck`, and restore what it names")]
    Read(#[from] ReadError),
    /// The checkpoint could not be signed.
    #[error("the checkpoint could not be signed: {0}")]
    Signing(String),
    /// Two trees of one log have the same id.
    #[error("two shards have the tree id {0}; every tree of a log needs one of its own")]
    SameTreeId(u64),
    /// Two trees of one log have the same origin.
    #[error("two trees have the origin {0:?}; every tree of a log needs one of its own")]
    SameOrigin(String),
    /// Two trees of one protocol grow.
    #[error("two trees take entries of protocol {0}; one of them has to be frozen")]
    TwoGrow(u64),
    /// No tree takes entries.
    #[error("the store holds no tree that takes entries")]
    NothingGrows,
    /// A tree of a protocol that this program does not know.
    #[error(
        "shard {shard} holds a tree of protocol {}, which this program does not know; run the one \
         that made it",
        kind.get()
    )]
    UnknownProtocol {
        /// The shard.
        shard: ShardId,
        /// The number of the protocol.
        kind: TreeKind,
    },
    /// The tree that version 0.1 made takes entries of both Rekor protocols, and would go on to.
    #[error(
        "the tree has {0} entries of version 0.1, which kept entries of Rekor v1 and v2 in one \
         tree; freeze it and begin a tree for \
         each with `ledgerstone tree upgrade --v2-origin NAME` (see what it would do with \
         --dry-run)"
    )]
    Mixed(TreeSize),
    /// The keyring has no key for a role.
    #[error("there is no key for {0}; restore the key files of this log")]
    NoSigner(KeyRole),
    /// The keys of the log cannot be loaded.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The tree takes no more entries.
    #[error(
        "the tree in shard {0} is frozen: its last checkpoint lies in the store and is signed no \
         more"
    )]
    Frozen(ShardId),
    /// What a frozen tree holds is not what its last checkpoint is over.
    #[error(
        "what shard {shard} holds is not what was frozen ({reason}); run `ledgerstone fsck`, and \
         restore what it names"
    )]
    FrozenCheckpoint {
        /// The shard.
        shard: ShardId,
        /// What differs.
        reason: String,
    },
    /// The public key of the log that a shard is imported from is not in the key directory.
    #[error(
        "the key directory has no public key of the log that shard {0} is imported from; bring it \
         back, or import again from \
         the same log, which writes it"
    )]
    NoForeignKey(ShardId),
    /// The keys beside the store are not those that a shard was imported with, or cannot be read.
    #[error(
        "the keys of shard {shard}, which was imported, cannot be used ({reason}); bring back its \
         files shard-{shard}* in the key \
         directory as they were"
    )]
    ShardKeys {
        /// The shard.
        shard: ShardId,
        /// What is wrong with them.
        reason: String,
    },
    /// The checkpoint that came with an imported tree is not one over that tree.
    #[error(
        "what shard {shard} holds is not what was imported with its checkpoint ({reason}); import \
         it again"
    )]
    ForeignCheckpoint {
        /// The shard.
        shard: ShardId,
        /// What differs.
        reason: String,
    },
    /// The clock is far ahead of the last round. What it would date could not be undone.
    #[error(
        "the log made its last round long before the time of this machine ({0}); set the clock, \
         or, if it is right, start once with `ledgerstone serve --trust-clock`"
    )]
    Clock(#[from] ClockAhead),
    /// The sequencer's thread could not be started.
    #[error("the sequencer could not be started: {0}")]
    Thread(io::Error),
}

/// Why a key could not be loaded or made.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The key file could not be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file does not exist, and an existing log must not get a new key.
    #[error("{} is missing; restore the key file of this log", .0.display())]
    Missing(PathBuf),
    /// Others than the owner may read the key file.
    #[error("{} is readable by others (mode {mode:03o}); make it 600", path.display())]
    Exposed {
        /// The key file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// One raw key signs for one role and one origin.
    #[error(
        "the key for {second} is there already, for {first}; every role needs a key of its own"
    )]
    Shared {
        /// The role that has it.
        first: KeyRole,
        /// The role that was to get it.
        second: KeyRole,
    },
    /// The store, and the files without private keys, have no public keys of a tree.
    #[error(
        "the store has no public keys of {0:?}: start the log once for writing, which keeps them"
    )]
    NotKept(String),
    /// A tree of a protocol that this program does not know.
    #[error("protocol {} is not known to this program", .0.get())]
    Kind(TreeKind),
    /// The store cannot say which trees there are.
    #[error(transparent)]
    Store(#[from] StorageError),
    /// The file does not hold a usable key, or the name cannot be a key name.
    #[error("{what}: {reason}")]
    Unusable {
        /// The file, or the name.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why closing a log did not end well.
#[derive(Clone, Debug, Error)]
pub enum CloseError {
    /// The sequencer ended by an error.
    #[error("{0}")]
    Failed(Arc<Fatal>),
}

/// Why something cannot be read, without the advice of a start: whoever reads this follows it.
pub(crate) fn reason(error: &StorageError) -> String {
    match error {
        StorageError::Damaged(damage) => damage.to_string(),
        other => other.to_string(),
    }
}
