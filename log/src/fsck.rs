//! The whole of a stored log, checked against itself: every body hashed again, every tile rebuilt, every leaf looked up, the
//! root compared with the head and with the checkpoint that was signed last.

use std::fmt;
use std::ops::ControlFlow;

use bytes::Bytes;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;

use crate::error::OpenError;
use crate::head::Head;
use crate::import::open_foreign;
use crate::keys::LogKeys;
use crate::live::LiveTiles;
use crate::recovery::check_identity;
use crate::recovery::parse_kept;

/// The most findings that are reported: a store that is that damaged needs no longer list.
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

/// One thing that is wrong with a store.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// The entry is not there, or cannot be read; entries after it were not checked.
    Unreadable(LeafIndex, String),
    /// The tile is missing.
    MissingTile(TileId),
    /// The tile is not the one that the bodies give.
    WrongTile(TileId),
    /// The leaf hash of the entry leads to another index, or to none: a duplicate would be logged again.
    WrongLeafIndex(LeafIndex, Option<LeafIndex>),
    /// Time runs backwards at the entry.
    TimeReversed(LeafIndex),
    /// There is an entry beyond the head.
    BeyondHead(LeafIndex),
    /// The bodies give another root than the stored head has.
    WrongRoot(Hash),
    /// The kept checkpoint is missing, though the log has entries.
    NoKeptCheckpoint,
    /// The kept checkpoint cannot be read, or is not signed by the log.
    BadKeptCheckpoint(String),
    /// The kept checkpoint is over more leaves than the store has.
    RolledBack(TreeSize),
    /// The bodies give another root than the kept checkpoint has at its size.
    Forked(TreeSize),
    /// The copy of another log has more entries than the checkpoint that came with them is over: the import did not end.
    Incomplete(TreeSize),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(index, error) => write!(f, "entry {index} cannot be read ({error})"),
            Self::MissingTile(id) => {
                write!(f, "tile {} of level {} is missing", id.number, id.level)
            }
            Self::WrongTile(id) => write!(
                f,
                "tile {} of level {} is not what the entries give",
                id.number, id.level
            ),
            Self::WrongLeafIndex(index, None) => {
                write!(f, "the leaf hash of entry {index} is not indexed")
            }
            Self::WrongLeafIndex(index, Some(other)) => {
                write!(f, "the leaf hash of entry {index} leads to {other}")
            }
            Self::TimeReversed(index) => write!(
                f,
                "entry {index} has an earlier time than the one before it"
            ),
            Self::BeyondHead(index) => write!(f, "there is an entry {index} beyond the head"),
            Self::WrongRoot(root) => {
                write!(f, "the entries give the root {root}, the head has another")
            }
            Self::NoKeptCheckpoint => write!(f, "the checkpoint kept outside the store is missing"),
            Self::BadKeptCheckpoint(error) => {
                write!(f, "the checkpoint kept outside the store: {error}")
            }
            Self::RolledBack(size) => write!(
                f,
                "a checkpoint over {size} leaves was signed, more than the store has"
            ),
            Self::Forked(size) => write!(
                f,
                "the entries give another root than was signed at size {size}"
            ),
            Self::Incomplete(size) => write!(
                f,
                "the copy is incomplete: its checkpoint is over the first {size} entries; import from the same log again"
            ),
        }
    }
}

/// Checks the whole shard. `progress` hears the number of entries checked, once for each bundle of 256.
///
/// Without `keys` the kept checkpoint is compared, but its signature is not verified.
///
/// # Errors
/// [`OpenError`] when there is no log to check, or the keys are not its own. What is wrong inside is not an error, but a
/// [`Finding`].
pub fn fsck(
    store: &dyn Store,
    shard: ShardId,
    keys: Option<&LogKeys>,
    progress: &mut dyn FnMut(TreeSize, TreeSize),
) -> Result<FsckReport, OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    if let Some(keys) = keys {
        check_identity(&identity, keys)?;
    }
    let key = keys.map(|keys| keys.ed25519().verifier());
    let whose = Whose::Own;
    check(store, shard, whose, &|text| parse_kept(text, key), progress)
}

/// Checks the whole of a shard that is a copy of somebody else's log, which signs with `key`: as [`fsck`], but an entry may be
/// there twice, time may run backwards, and the checkpoint is over all entries.
///
/// # Errors
/// As for [`fsck`].
pub fn fsck_copy(
    store: &dyn Store,
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
    check(store, shard, Whose::Foreign, &open, progress)
}

/// Whose entries a shard holds.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Whose {
    Own,
    Foreign,
}

fn check(
    store: &dyn Store,
    shard: ShardId,
    whose: Whose,
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
        whose,
        report,
        edge: RightEdge::new(),
        live: LiveTiles::default(),
        time: i64::MIN,
        kept: None,
    };
    check.read_kept(open_kept, &head)?;
    check.entries(&head, progress)?;
    check.ends(&head)?;
    Ok(check.report)
}

/// Signs the stored head, and keeps its checkpoint, whatever was kept before: the operator says that this store is the newest.
/// The store has to have passed [`fsck`] but for findings about the kept checkpoint.
///
/// # Errors
/// [`OpenError`] when the keys are not those of the log, or the store fails.
pub fn accept_head(store: &dyn Store, shard: ShardId, keys: &LogKeys) -> Result<(), OpenError> {
    let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
    check_identity(&identity, keys)?;
    let StoredHead { size, root, time } =
        store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
    let head = Head::sign(
        &identity,
        keys,
        size,
        root,
        time,
        LiveTiles::default(),
        Default::default(),
    )
    .map_err(OpenError::Signing)?;
    store.keep_checkpoint(shard, head.checkpoint())?;
    Ok(())
}

impl Finding {
    /// Whether it is about the checkpoint outside the store, not about the store.
    pub fn is_about_kept_checkpoint(&self) -> bool {
        matches!(self, Self::NoKeptCheckpoint | Self::BadKeptCheckpoint(_))
    }
}

struct Check<'a> {
    store: &'a dyn Store,
    shard: ShardId,
    whose: Whose,
    report: FsckReport,
    /// Rebuilt from the bodies alone.
    edge: RightEdge,
    live: LiveTiles,
    time: i64,
    /// The kept checkpoint, until the rebuilt tree reaches its size.
    kept: Option<(TreeSize, Hash)>,
}

impl Check<'_> {
    fn find(&mut self, finding: Finding) {
        if self.report.findings.len() < MAX_FINDINGS {
            self.report.findings.push(finding);
        }
    }

    fn read_kept(
        &mut self,
        open: &dyn Fn(&str) -> Result<Checkpoint, String>,
        head: &StoredHead,
    ) -> Result<(), OpenError> {
        let Some(text) = self.store.kept_checkpoint(self.shard)? else {
            // A copy of an empty log has a checkpoint too, for it is what an import ends with.
            if !head.size.is_empty() || self.whose == Whose::Foreign {
                self.find(Finding::NoKeptCheckpoint);
            }
            return Ok(());
        };
        match open(&text) {
            Ok(kept) if kept.size > head.size => self.find(Finding::RolledBack(kept.size)),
            Ok(kept) => {
                if kept.size < head.size && self.whose == Whose::Foreign {
                    self.find(Finding::Incomplete(kept.size));
                }
                self.kept = Some((kept.size, kept.root));
            }
            Err(error) => self.find(Finding::BadKeptCheckpoint(error)),
        }
        self.compare_kept();
        Ok(())
    }

    /// Walks all entries, a bundle at a time.
    fn entries(
        &mut self,
        head: &StoredHead,
        progress: &mut dyn FnMut(TreeSize, TreeSize),
    ) -> Result<(), OpenError> {
        let mut next = 0;
        while next < head.size.get() {
            let end = head.size.get().min(next + TILE_WIDTH as u64);
            let bodies = match self.bundle(next..end) {
                Ok(bodies) if bodies.len() as u64 == end - next => bodies,
                Ok(bodies) => {
                    let missing = LeafIndex::new(next + bodies.len() as u64);
                    self.find(Finding::Unreadable(missing, "it is missing".to_owned()));
                    return Ok(());
                }
                Err(error) => {
                    self.find(Finding::Unreadable(LeafIndex::new(next), error.to_string()));
                    return Ok(());
                }
            };
            self.leaves(next, &bodies)?;
            next = end;
            progress(TreeSize::new(next), head.size);
        }
        Ok(())
    }

    fn bundle(
        &mut self,
        range: std::ops::Range<u64>,
    ) -> Result<Vec<Bytes>, ledgerstone_storage::StorageError> {
        let mut bodies = Vec::new();
        let mut reversed = Vec::new();
        let mut time = self.time;
        let ordered = self.whose == Whose::Own;
        self.store
            .visit_entries(self.shard, range, &mut |index, entry| {
                if entry.integrated_time < time && ordered {
                    reversed.push(index);
                }
                time = entry.integrated_time;
                bodies.push(entry.body);
                ControlFlow::Continue(())
            })?;
        self.time = time;
        reversed
            .into_iter()
            .for_each(|index| self.find(Finding::TimeReversed(index)));
        Ok(bodies)
    }

    fn leaves(&mut self, first: u64, bodies: &[Bytes]) -> Result<(), OpenError> {
        let hashes = leaf_hashes(bodies);
        let indexed = self.store.indexes_of(self.shard, &hashes)?;
        let mut completed = Vec::new();
        for ((index, hash), indexed) in (first..).zip(&hashes).zip(indexed) {
            let index = LeafIndex::new(index);
            if indexed != Some(index) && !self.is_repeated(index, hash, indexed)? {
                self.find(Finding::WrongLeafIndex(index, indexed));
            }
            self.edge.append(*hash);
            self.live.append(*hash, &mut completed);
            self.compare_kept();
        }
        self.report.bytes += bodies.iter().map(|body| body.len() as u64).sum::<u64>();
        for (id, tile) in completed {
            self.report.tiles += 1;
            match self.store.tile(self.shard, id)? {
                None => self.find(Finding::MissingTile(id)),
                Some(stored) if stored != tile.to_bytes(TileWidth::FULL) => {
                    self.find(Finding::WrongTile(id))
                }
                Some(_) => {}
            }
        }
        Ok(())
    }

    /// Whether the leaf at `index` stands again at `later`, as it may in somebody else's tree: the leaf index has the last one.
    fn is_repeated(
        &self,
        index: LeafIndex,
        hash: &Hash,
        later: Option<LeafIndex>,
    ) -> Result<bool, OpenError> {
        let Some(later) = later.filter(|later| *later > index && self.whose == Whose::Foreign)
        else {
            return Ok(false);
        };
        let entry = self.store.entry(self.shard, later)?;
        Ok(entry.is_some_and(|entry| leaf_hash(&entry.body) == *hash))
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

    fn ends(&mut self, head: &StoredHead) -> Result<(), OpenError> {
        if self.edge.size() == head.size && self.edge.root() != head.root {
            self.find(Finding::WrongRoot(self.edge.root()));
        }
        let beyond = head.size.next_index();
        if self.store.entry(self.shard, beyond)?.is_some() {
            self.find(Finding::BeyondHead(beyond));
        }
        Ok(())
    }
}
