//! The whole of a stored log, checked against itself: every body hashed again, every tile rebuilt,
//! every leaf and search key looked up, the root compared with the head and with the checkpoint
//! that was signed last, statements held against their entries, and all that the store holds read
//! against its own checksums.

mod finding;
mod statements;

use std::mem::discriminant;
use std::ops::ControlFlow;
use std::ops::Range;

use bytes::Bytes;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::INDEX_GENERATION;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredEntry;
use ledgerstone_storage::StoredHead;

use crate::error::OpenError;
use crate::error::reason;
use crate::head::DurableHead;
use crate::import::open_foreign;
use crate::key_role::KeyRole;
use crate::live::LiveTiles;
use crate::protocol::table::Protocols;
use crate::recovery::must_be_over;
use crate::recovery::parse_kept;
use crate::submission::stored_key;

pub use finding::Finding;

/// The most findings of one kind that are reported: a store that is that damaged needs no longer
/// list.
const MAX_FINDINGS: usize = 100;

/// What a check came to.
#[derive(Clone, Debug)]
pub struct FsckReport {
    /// The stored head.
    pub size: TreeSize,
    /// The root of the stored head.
    pub root: Hash,
    /// Bytes of bodies.
    pub bytes: u64,
    /// Full tiles compared.
    pub tiles: u64,
    /// What is wrong. Nothing, for a sound store.
    pub findings: Vec<Finding>,
}

/// Checks the whole shard. `progress` hears the number of entries checked, once for each bundle of
/// 256.
///
/// `key` signs the checkpoints of the tree; without it the last one is compared, but its signature
/// is not verified. For a frozen tree that is the one that it was frozen with.
///
/// # Errors
/// [`OpenError`] when there is no log to check, or the keys are not its own. What is wrong inside
/// is not an error, but a [`Finding`].
pub fn fsck(
    store: &Store,
    shard: ShardId,
    key: Option<&VerifierKey>,
    progress: &mut dyn FnMut(TreeSize, TreeSize),
) -> Result<FsckReport, OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    if let Some(key) = key
        && identity.keys.first() != Some(&key.log_id())
    {
        let stored = identity.keys.first();
        let stored = stored.map_or_else(|| "none".to_owned(), |id| Hash::new(*id).to_string());
        return Err(OpenError::OtherKey {
            role: KeyRole::Checkpoint {
                tree_id: identity.tree_id,
            },
            stored,
            configured: Hash::new(key.log_id()).to_string(),
        });
    }
    let open = |text: &str| parse_kept(text, key);
    let source = if identity.import.is_some() {
        Source::Foreign
    } else {
        Source::Log
    };
    check(store, shard, source, &open, progress)
}

/// Checks the whole of a shard that is a copy of somebody else's log, which signs with `key`: as
/// [`fsck`], but an entry may be there twice, time may run backwards, and the checkpoint is over
/// all entries.
///
/// # Errors
/// As for [`fsck`].
pub fn fsck_copy(
    store: &Store,
    shard: ShardId,
    key: &VerifierKey,
    progress: &mut dyn FnMut(TreeSize, TreeSize),
) -> Result<FsckReport, OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    if !identity.keys.contains(&key.log_id()) {
        let reason = "its key is not the one of the copy".to_owned();
        return Err(OpenError::ForeignCheckpoint { shard, reason });
    }
    let open = |text: &str| open_foreign(text, key, identity.tree_id);
    check(store, shard, Source::Foreign, &open, progress)
}

/// Where the entries of a shard come from.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Source {
    Log,
    Foreign,
}

fn check(
    store: &Store,
    shard: ShardId,
    source: Source,
    open_kept: &dyn Fn(&str) -> Result<Checkpoint, String>,
    progress: &mut dyn FnMut(TreeSize, TreeSize),
) -> Result<FsckReport, OpenError> {
    let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
    let report = FsckReport {
        size: head.size,
        root: head.root,
        bytes: 0,
        tiles: 0,
        findings: Vec::new(),
    };
    let mut check = Check {
        store,
        shard,
        source,
        report,
        comparable: true,
        edge: RightEdge::new(),
        live: LiveTiles::default(),
        time: i64::MIN,
        kept: None,
    };
    check.last_checkpoint(open_kept, &head);
    check.entries(&head, progress);
    check.ends(&head);
    check.statements();
    check.checksums();
    Ok(check.report)
}

/// Signs the stored head, and keeps its checkpoint, whatever was kept before: the operator says
/// that this store is the newest. The store has to have passed [`fsck`] but for findings about the
/// kept checkpoint.
///
/// # Errors
/// [`OpenError`] when the keys are not those of the tree, or the store fails; [`OpenError::Frozen`]
/// for a tree that takes no more entries, whose checkpoint lies in the store.
pub fn accept_head(
    store: &Store,
    shard: ShardId,
    signer: &dyn NoteSigner,
    protocols: &Protocols,
) -> Result<(), OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    if store.frozen(shard)?.is_some() {
        return Err(OpenError::Frozen(shard));
    }
    let kind = identity.kind;
    let protocol = protocols.of(kind);
    let protocol = protocol.ok_or(OpenError::UnknownProtocol { shard, kind })?;
    let stored = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
    let durable = DurableHead::loaded(&stored, LiveTiles::default());
    let origin = protocol.origin(&identity.origin, identity.tree_id);
    let checkpoint = protocol.checkpoint(&durable, &origin, signer);
    store.keep_checkpoint(shard, &checkpoint.map_err(OpenError::Signing)?)?;
    Ok(())
}

struct Check<'a> {
    store: &'a Store,
    shard: ShardId,
    source: Source,
    report: FsckReport,
    /// Whether all entries so far were read, so that `edge` and `live` are those of the tree.
    comparable: bool,
    /// Rebuilt from the bodies alone.
    edge: RightEdge,
    live: LiveTiles,
    time: i64,
    /// The kept checkpoint, until the rebuilt tree reaches its size.
    kept: Option<(TreeSize, Hash)>,
}

impl Check<'_> {
    fn find(&mut self, finding: Finding) {
        let kind = discriminant(&finding);
        let alike = self.report.findings.iter();
        let alike = alike.filter(|found| discriminant(*found) == kind).count();
        // Each kind for itself, so that much of one does not hide another.
        if alike < MAX_FINDINGS {
            self.report.findings.push(finding);
        }
    }

    /// Compares the head with the last checkpoint: of a frozen tree with the one in the store,
    /// which has to be over all of it. One that is kept outside the store as well is compared where
    /// it can be read, and not missed where it cannot.
    fn last_checkpoint(
        &mut self,
        open: &dyn Fn(&str) -> Result<Checkpoint, String>,
        head: &StoredHead,
    ) {
        let frozen = match self.store.frozen(self.shard) {
            Ok(None) => return self.read_kept(open, head),
            Ok(Some(frozen)) => open(&frozen.checkpoint),
            Err(error) => Err(reason(&error)),
        };
        let compared = frozen.and_then(|checkpoint| must_be_over(&checkpoint, head));
        if let Err(reason) = compared {
            self.find(Finding::BadFrozenCheckpoint(reason));
        }
        if let Ok(Some(text)) = self.store.kept_checkpoint(self.shard)
            && let Ok(kept) = open(&text)
        {
            self.expect(&kept, head);
        }
    }

    fn read_kept(&mut self, open: &dyn Fn(&str) -> Result<Checkpoint, String>, head: &StoredHead) {
        let opened = match self.store.kept_checkpoint(self.shard) {
            Ok(Some(text)) => open(&text),
            Ok(None) => {
                // A copy of an empty log has a checkpoint too, for it is what an import ends with.
                if !head.size.is_empty() || self.source == Source::Foreign {
                    self.find(Finding::NoKeptCheckpoint);
                }
                return;
            }
            Err(error) => Err(reason(&error)),
        };
        match opened {
            Ok(kept) => {
                if kept.size < head.size && self.source == Source::Foreign {
                    self.find(Finding::Incomplete(kept.size));
                }
                self.expect(&kept, head);
            }
            Err(error) => self.find(Finding::BadKeptCheckpoint(error)),
        }
    }

    /// Refuses a checkpoint that is ahead of the head, and has any other compared when the rebuilt
    /// tree has its size.
    fn expect(&mut self, kept: &Checkpoint, head: &StoredHead) {
        if kept.size > head.size {
            self.find(Finding::RolledBack(kept.size));
            return;
        }
        self.kept = Some((kept.size, kept.root));
        self.compare_kept();
    }

    /// Walks all entries, a bundle at a time.
    fn entries(&mut self, head: &StoredHead, progress: &mut dyn FnMut(TreeSize, TreeSize)) {
        let mut next = 0;
        while next < head.size.get() {
            let end = head.size.get().min(next + TILE_WIDTH as u64);
            let bodies = self.bundle(next..end);
            let whole = bodies.len() as u64 == end - next;
            if !whole && self.comparable {
                self.comparable = false;
                self.find(Finding::Incomparable);
            }
            let (indexes, bodies): (Vec<_>, Vec<_>) = bodies.into_iter().unzip();
            let hashes = leaf_hashes(&bodies);
            self.leaf_indexes(&indexes, &hashes);
            self.search_keys(&indexes, &bodies);
            if self.comparable {
                self.grow(&hashes);
            } else if whole {
                self.lowest_tile(next, &hashes);
            }
            self.report.bytes += bodies.iter().map(|body| body.len() as u64).sum::<u64>();
            next = end;
            progress(TreeSize::new(next), head.size);
        }
    }

    /// The bodies of a bundle that can be read, which are all of them in a sound store.
    fn bundle(&mut self, range: Range<u64>) -> Vec<(LeafIndex, Bytes)> {
        let mut entries: Vec<(LeafIndex, StoredEntry)> = Vec::new();
        let mut visit = |index, entry| {
            entries.push((index, entry));
            ControlFlow::Continue(())
        };
        let visited = self
            .store
            .visit_entries(self.shard, range.clone(), &mut visit);
        let behind = range.start + entries.len() as u64;
        let mut seen = true;
        // Behind trouble one by one: it may be about few of them.
        for index in (behind..range.end).map(LeafIndex::new) {
            match self.store.entry(self.shard, index) {
                Ok(Some(entry)) => {
                    entries.push((index, entry));
                    continue;
                }
                Ok(None) => self.find(Finding::Unreadable(index, "it is missing".to_owned())),
                Err(error) => self.find(Finding::Unreadable(index, reason(&error))),
            }
            seen = false;
        }
        if let Err(error) = visited
            && seen
        {
            let index = LeafIndex::new(behind);
            self.find(Finding::Unreadable(index, reason(&error)));
        }
        self.times(&entries);
        let bodies = entries
            .into_iter()
            .map(|(index, entry)| (index, entry.body));
        bodies.collect()
    }

    fn times(&mut self, entries: &[(LeafIndex, StoredEntry)]) {
        for (index, entry) in entries {
            if entry.integrated_time < self.time && self.source == Source::Log {
                self.find(Finding::TimeReversed(*index));
            }
            self.time = entry.integrated_time;
        }
    }

    fn leaf_indexes(&mut self, indexes: &[LeafIndex], hashes: &[Hash]) {
        let together = self.store.indexes_of(self.shard, hashes);
        for (position, (&index, hash)) in indexes.iter().zip(hashes).enumerate() {
            // One failure fails the whole call, and says nothing about the others.
            let indexed = match &together {
                Ok(together) => Ok(together.get(position).copied().flatten()),
                Err(_) => self.store.index_of(self.shard, hash),
            };
            match indexed {
                Ok(Some(found)) if found == index => {}
                Ok(indexed) if self.is_repeated(index, hash, indexed) => {}
                Ok(indexed) => self.find(Finding::WrongLeafIndex(index, indexed)),
                Err(error) => self.find(Finding::UnreadableLeafIndex(index, reason(&error))),
            }
        }
    }

    /// Whether the leaf at `index` stands again at `later`, as it may in somebody else's tree: the
    /// leaf index has the last one.
    fn is_repeated(&self, index: LeafIndex, hash: &Hash, later: Option<LeafIndex>) -> bool {
        let later = later.filter(|later| *later > index && self.source == Source::Foreign);
        later.is_some_and(|later| {
            // When it cannot be read, that is found where it is read for itself.
            let entry = self.store.entry(self.shard, later);
            entry.is_ok_and(|entry| entry.is_some_and(|entry| leaf_hash(&entry.body) == *hash))
        })
    }

    /// Looks for each entry by all that its body names. One may be indexed by more: by what it was
    /// submitted with. The index of an earlier version leads to it by less, until it is rebuilt.
    fn search_keys(&mut self, indexes: &[LeafIndex], bodies: &[Bytes]) {
        let generation = self.store.index_generation();
        if generation.is_ok_and(|generation| generation != INDEX_GENERATION) {
            return;
        }
        for (&index, body) in indexes.iter().zip(bodies) {
            // A body that is no entry of Sigstore's names nothing.
            let keys = ledgerstone_entry::search_keys_of_body(body).unwrap_or_default();
            let mut lacking = 0;
            let mut unreadable = None;
            for key in keys.iter().map(stored_key) {
                match self.store.search(self.shard, &key, index, 1) {
                    Ok(found) if found == [index] => {}
                    Ok(_) => lacking += 1,
                    Err(error) => unreadable = Some(reason(&error)),
                }
            }
            if let Some(error) = unreadable {
                self.find(Finding::UnreadableSearch(index, error));
            }
            if lacking > 0 {
                self.find(Finding::Unsearchable(index, lacking));
            }
        }
    }

    /// Adds leaves to the rebuilt tree, and compares what they complete.
    fn grow(&mut self, hashes: &[Hash]) {
        let mut completed = Vec::new();
        for hash in hashes {
            self.edge.append(*hash);
            self.live.append(*hash, &mut completed);
            self.compare_kept();
        }
        for (id, tile) in completed {
            self.compare_tile(id, &tile);
        }
    }

    /// Compares the tile of the leaves from `first` on, which needs no others.
    fn lowest_tile(&mut self, first: u64, hashes: &[Hash]) {
        if hashes.len() == TILE_WIDTH
            && let Ok(tile) = Tile::from_hashes(hashes)
        {
            let number = first / TILE_WIDTH as u64;
            self.compare_tile(TileId { level: 0, number }, &tile);
        }
    }

    fn compare_tile(&mut self, id: TileId, tile: &Tile) {
        self.report.tiles += 1;
        match self.store.tile(self.shard, id) {
            Ok(None) => self.find(Finding::MissingTile(id)),
            Ok(Some(stored)) if stored != tile.to_bytes(TileWidth::FULL) => {
                self.find(Finding::WrongTile(id));
            }
            Ok(Some(_)) => {}
            Err(error) => self.find(Finding::UnreadableTile(id, reason(&error))),
        }
    }

    /// Compares the kept checkpoint once the rebuilt tree has its size.
    fn compare_kept(&mut self) {
        let Some((size, _)) = self.kept.filter(|(size, _)| *size == self.edge.size()) else {
            return;
        };
        if self
            .kept
            .take()
            .is_some_and(|(_, root)| root != self.edge.root())
        {
            self.find(Finding::Forked(size));
        }
    }

    fn ends(&mut self, head: &StoredHead) {
        if self.comparable && self.edge.root() != head.root {
            self.find(Finding::WrongRoot(self.edge.root()));
        }
        let beyond = head.size.next_index();
        match self.store.entry(self.shard, beyond) {
            Ok(None) => {}
            Ok(Some(_)) => self.find(Finding::BeyondHead(beyond)),
            Err(error) => self.find(Finding::Unreadable(beyond, reason(&error))),
        }
    }

    /// Holds statements that were handed in after their entries against these.
    fn statements(&mut self) {
        let (store, shard) = (self.store, self.shard);
        statements::check(store, shard, &mut |finding| self.find(finding));
    }

    /// Reads what else the store holds, such as attestations.
    fn checksums(&mut self) {
        match self.store.verify(self.shard) {
            Ok(damage) => damage
                .iter()
                .for_each(|damage| self.find(Finding::Store(damage.to_string()))),
            Err(error) => self.find(Finding::Store(reason(&error))),
        }
    }
}
