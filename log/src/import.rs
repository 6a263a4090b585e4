//! Importing a tree that grew elsewhere into a frozen shard: a copy of a log that somebody else
//! runs, or an earlier tree of this log.
//!
//! The source is not believed. Before a round is written, a consistency proof has to lead from the
//! tree that it would make to the root that the source signed: what is stored is a prefix of that
//! tree at any time, and the stored head tells where an interrupted copy goes on. The checkpoint is
//! kept only when the copy has all of its entries, so that a copy which is not complete has none,
//! or one over fewer entries, and [`Log::open`](crate::Log::open) leaves it out.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_entry::IndexKeys;
use ledgerstone_entry::v1::attestation_of;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::KeyAlgorithm;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::ProofError;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::MAX_ATTESTATION_BYTES;
use ledgerstone_storage::MAX_ROUND_BYTES;
use ledgerstone_storage::NewEntry;
use ledgerstone_storage::Round;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::TreeKind;
use thiserror::Error;

use crate::clock::unix_time;
use crate::error::OpenError;
use crate::keyring::foreign::log_ids;
use crate::live::LiveTiles;
use crate::recovery;
use crate::submission::stored_key;
use crate::submission::stored_names;

/// How many entries should be given at a time.
pub const IMPORT_ROUND_ENTRIES: usize = 2_048;

/// How many bytes of entries, of what is kept beside them and of rows of the search index one round
/// brings, but at least one entry: an eighth of what a store takes, so that its tiles fit in any
/// case.
const ROUND_BYTES: usize = MAX_ROUND_BYTES / 8;

/// Which log is copied, and up to where.
#[derive(Clone, Debug)]
pub struct ImportSource {
    /// The key that the log signs its checkpoints with. Its name becomes the origin of the shard.
    pub key: VerifierKey,
    /// The number of the tree where the log has one (Rekor v1); otherwise one is derived from the
    /// key.
    pub tree_id: Option<u64>,
    /// The signed checkpoint over the entries to copy.
    pub checkpoint: String,
    /// What the tree is to the log whose store it goes into, and the virtual index of its first
    /// entry in its source.
    pub origin: ImportOrigin,
    /// The key that signs for the shard towards Rekor v1 clients, when there is one: see
    /// [`save_shard_signer`](crate::save_shard_signer).
    pub signer: Option<VerifierKey>,
}

/// An entry of somebody else's log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ImportedEntry {
    /// The bytes that the leaf hash is over.
    pub body: Bytes,
    /// When that log took it, in Unix seconds; 0 where it does not say.
    pub integrated_time: i64,
    /// The signed entry timestamp of that log, verified by the caller, where it has any (rekor-v1,
    /// section 2).
    pub timestamp: Option<Bytes>,
    /// The attestation that the log keeps beside the entry.
    pub attestation: Option<Bytes>,
}

/// The key that the signed entry timestamp of an imported entry is kept under. Attestations are
/// kept under 32 bytes.
pub(crate) fn timestamp_key(index: LeafIndex) -> [u8; 8] {
    index.get().to_be_bytes()
}

/// Writes the copy of one log. All calls block on the disk.
pub struct Importer {
    store: Store,
    shard: ShardId,
    identity: ShardIdentity,
    note: String,
    target: Checkpoint,
    /// The tree as it is stored.
    edge: RightEdge,
    live: LiveTiles,
    time: i64,
}

impl Importer {
    /// Begins to copy into `shard`, or goes on where an earlier import into it ended: there, or at
    /// a smaller checkpoint of the same log.
    ///
    /// # Errors
    /// [`ImportError::Checkpoint`] when the checkpoint is not signed by the key of `source`;
    /// [`ImportError::OtherLog`], [`ImportError::Shrunk`] or [`ImportError::Forked`] when the shard
    /// holds something that the checkpoint does not extend; [`ImportError::Open`] when what is
    /// stored does not verify.
    pub fn open(store: Store, shard: ShardId, source: ImportSource) -> Result<Self, ImportError> {
        let ImportSource {
            key,
            tree_id,
            checkpoint: note,
            origin,
            signer,
        } = source;
        let tree_id = tree_id.unwrap_or_else(|| derived_tree_id(&key));
        let target = open_foreign(&note, &key, tree_id).map_err(ImportError::Checkpoint)?;
        let identity = ShardIdentity {
            // Whose entries they are is for each entry to say.
            kind: TreeKind::MIXED,
            tree_id,
            origin: key.name().to_owned(),
            keys: log_ids(&key, signer.as_ref()),
            created: unix_time(),
            import: Some(origin),
        };
        let identity = match store.identity(shard)? {
            Some(stored) => same_import(shard, stored, identity)?,
            None => {
                must_be_the_only_one(&store, shard, tree_id)?;
                create(&store, shard, &key, signer.as_ref(), identity)?
            }
        };
        let kept = read_kept(&store, shard, &key, tree_id)?;
        let loaded = recovery::load(&store, shard)?;
        let stored = loaded.stored;
        check_order(&target, stored.size, stored.root)?;
        if origin.role == ImportRole::Predecessor && target.size > stored.size {
            must_precede_nothing(&store, shard)?;
        }
        if let Some(kept) = kept {
            check_order(&target, kept.size, kept.root)?;
        }
        Ok(Self {
            store,
            shard,
            identity,
            note,
            target,
            edge: loaded.edge,
            live: loaded.live,
            time: stored.time,
        })
    }

    /// The number of entries that are stored: the index of the next one to append.
    pub fn size(&self) -> TreeSize {
        self.edge.size()
    }

    /// The tree head that the copy leads to.
    pub fn target(&self) -> &Checkpoint {
        &self.target
    }

    /// The shard's identity.
    pub fn identity(&self) -> &ShardIdentity {
        &self.identity
    }

    /// Writes the next `entries`, at least one, in rounds that are as large as a store takes.
    /// `proof` has to lead from the tree with all of them to the [target](Self::target); with the
    /// last ones it is empty.
    ///
    /// # Errors
    /// [`ImportError::Untrue`] when the entries are not those of the signed tree. Nothing is
    /// written then, and the right entries may follow. After the store's own trouble some of them
    /// may be there: [`open`](Self::open) tells.
    pub fn append(
        &mut self,
        entries: Vec<ImportedEntry>,
        proof: &ConsistencyProof,
    ) -> Result<(), ImportError> {
        let leaves = leaf_hashes(&entries.iter().map(|entry| &entry.body).collect::<Vec<_>>());
        let mut edge = self.edge.clone();
        edge.extend(&leaves);
        // All of them are proven before the first is written: what is stored is a prefix of the
        // signed tree at any time.
        self.check_proof(&edge, proof)?;
        let (mut round, mut bytes) = (Vec::new(), 0);
        for (index, (entry, leaf)) in (self.size().get()..).zip(entries.into_iter().zip(leaves)) {
            let entry = new_entry(LeafIndex::new(index), entry, leaf);
            let length = entry.payload_bytes();
            if bytes + length > ROUND_BYTES && !round.is_empty() {
                self.write(std::mem::take(&mut round))?;
                bytes = 0;
            }
            bytes += length;
            round.push(entry);
        }
        if round.is_empty() {
            return Ok(());
        }
        self.write(round)
    }

    /// Writes entries that are proven as one round.
    fn write(&mut self, entries: Vec<NewEntry>) -> Result<(), ImportError> {
        let first = self.size();
        let (mut edge, mut live) = (self.edge.clone(), self.live.clone());
        let mut completed = Vec::new();
        for entry in &entries {
            edge.append(entry.leaf_hash);
            live.append(entry.leaf_hash, &mut completed);
        }
        debug_assert!(live.agree_with(&edge));
        let times = entries.iter().map(|entry| entry.integrated_time);
        let round = Round {
            first: first.next_index(),
            head: StoredHead {
                size: edge.size(),
                root: edge.root(),
                time: times.fold(self.time, i64::max),
            },
            entries,
            tiles: completed.into_iter().map(full_tile).collect(),
        };
        self.store.commit(&[(self.shard, &round)])?;
        self.time = round.head.time;
        (self.edge, self.live) = (edge, live);
        Ok(())
    }

    /// Keeps the checkpoint: the copy is complete, and frozen until an import with a later
    /// checkpoint goes on.
    ///
    /// # Errors
    /// [`ImportError::Incomplete`] when entries are missing; the store's own trouble.
    pub fn finish(self) -> Result<(), ImportError> {
        if self.edge.size() != self.target.size {
            return Err(ImportError::Incomplete {
                size: self.edge.size(),
                target: self.target.size,
            });
        }
        // A power cut may bring back an older one, and then an import from the same source finds
        // all entries there, and keeps it again.
        Ok(self.store.keep_checkpoint(self.shard, &self.note)?)
    }

    fn check_proof(&self, edge: &RightEdge, proof: &ConsistencyProof) -> Result<(), ImportError> {
        let untrue = |reason| ImportError::Untrue {
            first: self.size(),
            end: edge.size(),
            reason,
        };
        let (size, target) = (edge.size(), &self.target);
        if size > target.size || (proof.old, proof.new) != (size, target.size) {
            return Err(ImportError::ProofSizes {
                old: size,
                new: target.size,
            });
        }
        proof.verify(&edge.root(), &target.root).map_err(untrue)
    }
}

/// Why a log could not be copied.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The checkpoint is not one of the log, or not signed with its key.
    #[error("the checkpoint is not the source's: {0}")]
    Checkpoint(String),
    /// The shard holds another log.
    #[error(
        "shard {shard} holds the tree {stored_tree_id} of {stored:?} and not the tree {tree_id} of \
         {origin:?} with this key; \
         import into another shard"
    )]
    OtherLog {
        /// The shard.
        shard: ShardId,
        /// The origin in the store.
        stored: String,
        /// The tree id in the store.
        stored_tree_id: u64,
        /// The origin of the source.
        origin: String,
        /// The tree id of the source.
        tree_id: u64,
    },
    /// The shard is imported from this log, but for another purpose.
    #[error(
        "shard {shard} is an import of this log that was begun in another way: go on with or \
         without --predecessor, and with \
         the same --signing-key or none, as it was begun"
    )]
    OtherPurpose {
        /// The shard.
        shard: ShardId,
    },
    /// The tree is in the store already.
    #[error("shard {other} is the tree {tree_id} already; leave out --shard to go on with it")]
    SameTree {
        /// The tree.
        tree_id: u64,
        /// Where it is.
        other: ShardId,
    },
    /// The key that is to sign is not the one that the entries of the source are signed with.
    #[error(
        "the signing key is not the private half of the key that the log signs with, so that \
         clients would take it for another log"
    )]
    OtherSigner,
    /// Another predecessor counts from where this one ends.
    #[error(
        "shard {later} comes behind this one in the log; import predecessors one after the other, \
         the oldest first"
    )]
    OutOfOrder {
        /// The one behind.
        later: ShardId,
    },
    /// The imported timestamps cover other indexes than the entries would have.
    #[error(
        "its entries count from {there} where they come from, and would from {here} in this log, \
         where its signed timestamps do not \
         hold: give the key that signs for it with --signing-key, or import what comes before it \
         first"
    )]
    CountsFromElsewhere {
        /// The virtual index of its first entry in its source.
        there: u64,
        /// The one that it would have here.
        here: u64,
    },
    /// A tree can come before others only as long as they are empty.
    #[error(
        "the log has {size} entries already, whose places in it are signed: no tree can come \
         before them; import it as a copy"
    )]
    TooLate {
        /// The entries of the log's own tree.
        size: TreeSize,
    },
    /// Rekor v1 clients could verify nothing of the tree.
    #[error(
        "a predecessor needs an ECDSA P-256 key that signs for it towards Rekor v1 clients; give \
         the log's own with --signing-key"
    )]
    NoV1Key,
    /// The source shows fewer entries than have been copied from it.
    #[error(
        "{stored} entries have been copied, but the source now shows a tree of {target}: it was \
         rolled back, or shows an old copy"
    )]
    Shrunk {
        /// The entries that are stored, or that its last checkpoint was over.
        stored: TreeSize,
        /// The size of the source's checkpoint.
        target: TreeSize,
    },
    /// The source signs another root over the entries that were copied from it.
    #[error(
        "over {size} entries the source signed the root {target}, but what was copied from it has \
         {stored}: it shows another tree than before"
    )]
    Forked {
        /// The size of the trees.
        size: TreeSize,
        /// The root of what is stored.
        stored: Hash,
        /// The root of the source's checkpoint.
        target: Hash,
    },
    /// The entries are not those that the signed root is over.
    #[error(
        "the entries from index {first} up to {end} are not those of the signed tree, or those \
         before are not: {reason}"
    )]
    Untrue {
        /// The index of the first of them.
        first: TreeSize,
        /// The index behind the last of them.
        end: TreeSize,
        /// Why the proof does not lead to the root.
        #[source]
        reason: ProofError,
    },
    /// The proof is about other trees.
    #[error("give the consistency proof from {old} to {new} entries")]
    ProofSizes {
        /// The size with the entries that were given.
        old: TreeSize,
        /// The size of the source's checkpoint.
        new: TreeSize,
    },
    /// The copy was to be finished before it was complete.
    #[error("the copy has {size} of {target} entries")]
    Incomplete {
        /// The entries that are stored.
        size: TreeSize,
        /// The size of the source's checkpoint.
        target: TreeSize,
    },
    /// What is stored does not verify.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The store failed, or refuses an entry.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The checkpoint in `note`, signed with `key`. Its origin is the name of the key, or that and the
/// tree id (rekor-v1, section 3).
pub(crate) fn open_foreign(
    note: &str,
    key: &VerifierKey,
    tree_id: u64,
) -> Result<Checkpoint, String> {
    let signed = SignedNote::parse(note).map_err(|error| error.to_string())?;
    signed
        .verify(std::slice::from_ref(key))
        .map_err(|error| error.to_string())?;
    let checkpoint = Checkpoint::parse(signed.text()).map_err(|error| error.to_string())?;
    let origin = &checkpoint.origin;
    if origin != key.name() && *origin != format!("{} - {tree_id}", key.name()) {
        return Err(format!(
            "its origin is {origin:?}, and the key is of {:?}",
            key.name()
        ));
    }
    Ok(checkpoint)
}

fn create(
    store: &Store,
    shard: ShardId,
    key: &VerifierKey,
    signer: Option<&VerifierKey>,
    identity: ShardIdentity,
) -> Result<ShardIdentity, ImportError> {
    // It would be overwritten in the end, and with it the only trace of a store that is gone.
    if store.kept_checkpoint(shard)?.is_some() {
        return Err(ImportError::Open(OpenError::Exists {
            shard,
            what: "the kept checkpoint of a log whose store is gone".to_owned(),
        }));
    }
    let signs_v1 = signer.unwrap_or(key).algorithm() == KeyAlgorithm::EcdsaP256;
    let is_predecessor = identity.import.map(|import| import.role) == Some(ImportRole::Predecessor);
    if is_predecessor && !signs_v1 {
        return Err(ImportError::NoV1Key);
    }
    let is_ecdsa = key.algorithm() == KeyAlgorithm::EcdsaP256;
    if is_ecdsa && signer.is_some_and(|signer| signer.log_id() != key.log_id()) {
        return Err(ImportError::OtherSigner);
    }
    if is_predecessor {
        must_precede_nothing(store, shard)?;
        let (there, here) = (
            identity.import.map_or(0, |import| import.start),
            start_behind_others(store)?,
        );
        if signer.is_none() && there != here {
            return Err(ImportError::CountsFromElsewhere { there, here });
        }
    }
    // Time 0: the entries may be older than the copy, and a head's time never runs backwards.
    let head = StoredHead {
        size: TreeSize::EMPTY,
        root: EMPTY_ROOT,
        time: 0,
    };
    store.create_shard(shard, &identity, &head)?;
    Ok(identity)
}

/// Refuses to put entries before others that count from where they are: the log has signed their
/// virtual indexes.
fn must_precede_nothing(store: &Store, shard: ShardId) -> Result<(), ImportError> {
    for own in store.shards()? {
        let identity = store.identity(own)?;
        // Only trees with entries of Rekor v1 have places in that order.
        let is_counted = identity.is_some_and(|identity| {
            identity.import.is_none() && identity.kind != TreeKind::REKOR_V2
        });
        let head = store.head(own)?.filter(|head| !head.size.is_empty());
        if let Some(head) = head.filter(|_| is_counted) {
            return Err(ImportError::TooLate { size: head.size });
        }
    }
    let later = predecessors(store)?.find(|(other, _)| *other > shard);
    match later {
        Some((later, _)) => Err(ImportError::OutOfOrder { later }),
        None => Ok(()),
    }
}

/// The virtual index behind the predecessors that are there.
fn start_behind_others(store: &Store) -> Result<u64, ImportError> {
    let sizes = predecessors(store)?.map(|(_, size)| size.get());
    Ok(sizes.fold(0, u64::saturating_add))
}

/// The predecessors in the store, the oldest first, with their sizes.
fn predecessors(store: &Store) -> Result<impl Iterator<Item = (ShardId, TreeSize)>, ImportError> {
    let mut found = Vec::new();
    for shard in store.shards()? {
        let import = store.identity(shard)?.and_then(|identity| identity.import);
        if import.is_some_and(|import| import.role == ImportRole::Predecessor) {
            let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
            found.push((shard, head.size));
        }
    }
    Ok(found.into_iter())
}

/// Refuses a tree that the store holds in another shard: the ids of its entries would be ambiguous,
/// and no start would succeed.
fn must_be_the_only_one(store: &Store, shard: ShardId, tree_id: u64) -> Result<(), ImportError> {
    for other in store.shards()? {
        let stored = store.identity(other)?;
        if other != shard && stored.is_some_and(|stored| stored.tree_id == tree_id) {
            return Err(ImportError::SameTree { tree_id, other });
        }
    }
    Ok(())
}

fn same_import(
    shard: ShardId,
    stored: ShardIdentity,
    given: ShardIdentity,
) -> Result<ShardIdentity, ImportError> {
    let given = ShardIdentity {
        created: stored.created,
        ..given
    };
    let same_log = (&stored.origin, stored.tree_id, stored.keys.first())
        == (&given.origin, given.tree_id, given.keys.first());
    if !same_log {
        return Err(ImportError::OtherLog {
            shard,
            stored: stored.origin,
            stored_tree_id: stored.tree_id,
            origin: given.origin,
            tree_id: given.tree_id,
        });
    }
    if stored != given {
        return Err(ImportError::OtherPurpose { shard });
    }
    Ok(stored)
}

/// The checkpoint of an earlier import that was completed. A text that a power cut emptied says
/// nothing.
fn read_kept(
    store: &Store,
    shard: ShardId,
    key: &VerifierKey,
    tree_id: u64,
) -> Result<Option<Checkpoint>, ImportError> {
    match store.kept_checkpoint(shard)?.as_deref() {
        None | Some("") => Ok(None),
        Some(note) => open_foreign(note, key, tree_id)
            .map(Some)
            .map_err(|reason| OpenError::ForeignCheckpoint { shard, reason }.into()),
    }
}

/// Refuses a target that cannot extend the tree with this size and root. Between different sizes
/// the next proof decides.
fn check_order(target: &Checkpoint, size: TreeSize, root: Hash) -> Result<(), ImportError> {
    if target.size < size {
        return Err(ImportError::Shrunk {
            stored: size,
            target: target.size,
        });
    }
    if target.size == size && target.root != root {
        return Err(ImportError::Forked {
            size,
            stored: root,
            target: target.root,
        });
    }
    Ok(())
}

/// A tree id for a log that has none: the same at every import of the log, and another for every
/// other log.
fn derived_tree_id(key: &VerifierKey) -> u64 {
    let hash = leaf_hash(key.to_string().as_bytes());
    let first = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    // Positive as a signed integer, and never 0 (rekor-v1, section 0).
    (u64::from_be_bytes(first) >> 1).max(1)
}

fn new_entry(index: LeafIndex, entry: ImportedEntry, leaf_hash: Hash) -> NewEntry {
    // A body that is no entry of Sigstore's is found by its index and its leaf hash alone.
    let mut attestations = Vec::new();
    if let Some(timestamp) = entry.timestamp {
        attestations.push((timestamp_key(index).to_vec(), timestamp));
    }
    // Nothing vouches for it but the hash in the body: what does not have that is left out.
    let attestation = entry
        .attestation
        .filter(|document| document.len() <= MAX_ATTESTATION_BYTES)
        .and_then(|document| attestation_of(&entry.body, document));
    let kept = attestation
        .as_ref()
        .map(|attestation| attestation.data.clone());
    let Ok(keys) = IndexKeys::of(&entry.body, |_| Ok::<_, Infallible>(kept));
    if let Some(attestation) = &attestation {
        attestations.push((attestation.key.as_ref().to_vec(), attestation.data.clone()));
    }
    NewEntry {
        leaf_hash,
        duplicate_key: None,
        integrated_time: entry.integrated_time,
        body: entry.body,
        search_keys: keys
            .named()
            .iter()
            .chain(keys.submitted())
            .map(stored_key)
            .collect(),
        names: stored_names(keys.names().iter().cloned()).collect(),
        later: None,
        attestations,
    }
}

fn full_tile((id, tile): (TileId, Arc<ledgerstone_merkle::Tile>)) -> (TileId, Bytes) {
    (id, tile.to_bytes(TileWidth::FULL))
}
