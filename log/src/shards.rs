//! The trees that a store holds: those of the log, which are frozen but for the last, and copies of other logs.
//!
//! A *virtual index* counts entries over all trees of the log (rekor-v1, section 0): the lengths of the older trees, and then
//! the index in the tree itself. An inclusion proof counts in the tree alone. Signed entry timestamps cover virtual indexes, so
//! that a tree can never come in before one that has entries. Copies of other logs have no place in that order: their entries
//! have the virtual indexes that they had there.

use std::path::Path;
use std::sync::Arc;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;

use crate::Log;
use crate::error::OpenError;
use crate::foreign_key::ForeignKey;
use crate::options::LogOptions;
use crate::recovery;
use crate::shard::Shard;
use crate::shard::ShardKeys;

/// The shard of the tree that a log starts with.
pub const FIRST_SHARD: ShardId = ShardId::new(0);

/// The trees of a store. Clones share them.
#[derive(Clone)]
pub struct Shards {
    active: Log,
    /// The frozen ones of the log, oldest first, and the active one at the end.
    all: Arc<[Shard]>,
    copies: Arc<[Shard]>,
}

impl Shards {
    /// The trees of a log: `frozen`, oldest first, and the one that `active` appends to.
    ///
    /// # Errors
    /// [`OpenError::SameTreeId`] when two of them have one tree id, which would make their entries' ids ambiguous.
    pub fn new(frozen: Vec<Shard>, active: Log) -> Result<Self, OpenError> {
        let mut all = Vec::with_capacity(frozen.len() + 1);
        let mut start = 0_u64;
        for shard in frozen.into_iter().chain([active.shard()]) {
            let shard = shard.starting_at(start);
            start = start.saturating_add(shard.head().size().get());
            all.push(shard);
        }
        let shards = Self {
            active,
            all: all.into(),
            copies: Arc::from([]),
        };
        shards.must_be_unambiguous()?;
        Ok(shards)
    }

    /// The trees that `store` holds beside that of `active`, with their keys from `key_dir`. Those that a copy of is not
    /// complete are left out, and named.
    ///
    /// # Errors
    /// [`OpenError`] when a tree does not verify, or is a predecessor that is not complete: the log would count from elsewhere
    /// once it is.
    pub fn open(
        store: &Arc<dyn Store>,
        active: Log,
        key_dir: &Path,
        options: &LogOptions,
    ) -> Result<(Self, Vec<IncompleteCopy>), OpenError> {
        let (mut predecessors, mut copies, mut incomplete) = (Vec::new(), Vec::new(), Vec::new());
        for shard in store.shards()? {
            let identity = store.identity(shard)?.ok_or(OpenError::NoShard(shard))?;
            let Some(import) = identity.import else {
                if identity.tree_id == active.identity().tree_id {
                    continue;
                }
                return Err(OpenError::NotImported(shard));
            };
            let head = store.head(shard)?.ok_or(OpenError::MissingHead(shard))?;
            // An import that was interrupted leaves no checkpoint, or that of an earlier one over fewer entries.
            let covered = covered_size(store.kept_checkpoint(shard)?.as_deref());
            if import.role == ImportRole::Copy && covered.is_none_or(|size| size < head.size) {
                incomplete.push(IncompleteCopy {
                    origin: identity.origin,
                    tree_id: identity.tree_id,
                    entries: head.size.get(),
                });
                continue;
            }
            let key = ForeignKey::load(store.as_ref(), shard, key_dir)?;
            let keys = ShardKeys::Foreign(Box::new(key.ok_or(OpenError::NoForeignKey(shard))?));
            let opened = Shard::open_frozen(Arc::clone(store), shard, keys, options)?;
            match import.role {
                ImportRole::Predecessor => predecessors.push(opened),
                ImportRole::Copy => copies.push(opened.starting_at(import.start)),
            }
        }
        let shards = Self {
            copies: copies.into(),
            ..Self::new(predecessors, active)?
        };
        shards.must_be_unambiguous()?;
        Ok((shards, incomplete))
    }

    fn must_be_unambiguous(&self) -> Result<(), OpenError> {
        let mut tree_ids: Vec<u64> = self.everywhere().map(Shard::tree_id).collect();
        tree_ids.sort_unstable();
        match tree_ids.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(OpenError::SameTreeId(pair[0])),
            None => Ok(()),
        }
    }

    /// The log that takes entries.
    pub fn log(&self) -> &Log {
        &self.active
    }

    /// The tree that grows.
    pub fn active(&self) -> &Shard {
        self.all.last().expect("the active shard is always there")
    }

    /// The frozen trees of the log, oldest first.
    pub fn frozen(&self) -> &[Shard] {
        self.all.split_last().map_or(&[], |(_, frozen)| frozen)
    }

    /// The trees of the log, oldest first.
    pub fn all(&self) -> &[Shard] {
        &self.all
    }

    /// The copies of other logs.
    pub fn copies(&self) -> &[Shard] {
        &self.copies
    }

    /// The trees of the log, oldest first, and then the copies.
    pub fn everywhere(&self) -> impl Iterator<Item = &Shard> {
        self.all.iter().chain(self.copies.iter())
    }

    /// The tree with this id, which may be one of another log.
    pub fn by_tree_id(&self, tree_id: u64) -> Option<&Shard> {
        self.everywhere().find(|shard| shard.tree_id() == tree_id)
    }

    /// The tree of the log that holds, or will hold, the entry with this virtual index, and its index there.
    pub fn locate(&self, virtual_index: u64) -> (&Shard, LeafIndex) {
        let following = self
            .all
            .partition_point(|shard| shard.start() <= virtual_index);
        // The first shard starts at 0, so that at least one starts at or before any index. Of several that start at the same
        // index, all but the last are empty.
        let shard = &self.all[following.saturating_sub(1)];
        (shard, LeafIndex::new(virtual_index - shard.start()))
    }
}

/// The size that a kept checkpoint is over. A text that a power cut emptied says nothing; one that is damaged is refused when
/// the tree is opened.
fn covered_size(kept: Option<&str>) -> Option<TreeSize> {
    match kept {
        None | Some("") => None,
        Some(note) => {
            let checkpoint = recovery::parse_kept(note, None);
            Some(checkpoint.map_or(TreeSize::new(u64::MAX), |checkpoint| checkpoint.size))
        }
    }
}

/// A log of one tree.
impl From<Log> for Shards {
    fn from(active: Log) -> Self {
        let all = Arc::from([active.shard()]);
        Self {
            active,
            all,
            copies: Arc::from([]),
        }
    }
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
