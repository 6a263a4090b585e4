//! The trees that a store holds: those of the log, one of which grows for each protocol, and copies
//! of other logs.
//!
//! A *virtual index* counts entries over all trees of the log that hold entries of Rekor v1
//! (rekor-v1, section 0): the lengths of the older trees, and then the index in the tree itself. An
//! inclusion proof counts in the tree alone. Signed entry timestamps cover virtual indexes, so that
//! a tree can never come in before one that has entries. Copies of other logs have no place in that
//! order: their entries have the virtual indexes that they had there. Trees of other protocols have
//! none.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::TreeKind;

use crate::error::OpenError;
use crate::tree::Tree;

/// The trees of a store as they are now. A request takes them once and finds the same ones until it
/// ends.
#[derive(Clone, Default)]
pub struct Trees {
    /// Those that virtual indexes count over, oldest first.
    counted: Vec<Tree>,
    /// The others of the log, oldest first.
    uncounted: Vec<Tree>,
    copies: Vec<Tree>,
}

impl Trees {
    /// The trees of a store, in the order in which they came into it, which is their order of time
    /// but for predecessors: those stand before all trees of the log's own.
    ///
    /// # Errors
    /// [`OpenError::SameTreeId`] when two of them have one tree id, which would make their entries'
    /// ids ambiguous; [`OpenError::SameOrigin`] when two of the log's own have one origin, so that
    /// nobody could tell their checkpoints apart; [`OpenError::TwoGrow`] when two of one protocol
    /// grow.
    pub(crate) fn new(trees: Vec<Tree>) -> Result<Self, OpenError> {
        let role = |tree: &Tree| tree.import().map(|import| import.role);
        let (copies, own): (Vec<Tree>, Vec<Tree>) = trees
            .into_iter()
            .partition(|tree| role(tree) == Some(ImportRole::Copy));
        let (predecessors, own): (Vec<Tree>, Vec<Tree>) = own
            .into_iter()
            .partition(|tree| role(tree) == Some(ImportRole::Predecessor));
        let (counted, uncounted): (Vec<Tree>, Vec<Tree>) =
            own.into_iter().partition(Tree::counts_virtual_indexes);
        let mut start = 0_u64;
        let count = |tree: Tree| {
            let tree = tree.starting_at(start);
            start = start.saturating_add(tree.head().size().get());
            tree
        };
        let copy = |tree: Tree| {
            let start = tree.import().map_or(0, |import| import.start);
            tree.starting_at(start)
        };
        let trees = Self {
            counted: predecessors.into_iter().chain(counted).map(count).collect(),
            uncounted,
            copies: copies.into_iter().map(copy).collect(),
        };
        trees.must_be_unambiguous()?;
        Ok(trees)
    }

    fn must_be_unambiguous(&self) -> Result<(), OpenError> {
        let repeated = |ids: &mut Vec<u64>| {
            ids.sort_unstable();
            ids.windows(2)
                .find(|pair| pair[0] == pair[1])
                .map(|pair| pair[0])
        };
        let mut tree_ids: Vec<u64> = self.all().map(Tree::tree_id).collect();
        if let Some(tree_id) = repeated(&mut tree_ids) {
            return Err(OpenError::SameTreeId(tree_id));
        }
        let own = self.own().filter(|tree| tree.import().is_none());
        let mut origins: Vec<String> = own.map(Tree::origin).collect();
        origins.sort_unstable();
        if let Some(pair) = origins.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(OpenError::SameOrigin(pair[0].clone()));
        }
        let mut kinds: Vec<u64> = self
            .growing()
            .map(|tree| tree.kind().get().into())
            .collect();
        match repeated(&mut kinds) {
            Some(kind) => Err(OpenError::TwoGrow(kind)),
            None => Ok(()),
        }
    }

    /// The trees that grow, one for each protocol at most.
    pub fn growing(&self) -> impl Iterator<Item = &Tree> {
        self.own().filter(|tree| tree.grows())
    }

    /// The tree that takes entries of this protocol.
    pub fn growing_of(&self, kind: TreeKind) -> Option<&Tree> {
        self.growing().find(|tree| tree.kind() == kind)
    }

    /// The trees that virtual indexes of Rekor v1 count over, oldest first.
    pub fn counted(&self) -> &[Tree] {
        &self.counted
    }

    /// Those of them that take no more entries: what Rekor v1 calls inactive shards.
    pub fn inactive(&self) -> impl Iterator<Item = &Tree> {
        self.counted.iter().filter(|tree| !tree.grows())
    }

    /// The trees of the log: those that virtual indexes count over, and then the others, each
    /// oldest first.
    pub fn own(&self) -> impl Iterator<Item = &Tree> {
        self.counted.iter().chain(&self.uncounted)
    }

    /// The copies of other logs.
    pub fn copies(&self) -> &[Tree] {
        &self.copies
    }

    /// The trees of the log, and then the copies.
    pub fn all(&self) -> impl Iterator<Item = &Tree> {
        self.own().chain(&self.copies)
    }

    /// The tree with this id, which may be one of another log.
    pub fn by_tree_id(&self, tree_id: u64) -> Option<&Tree> {
        self.all().find(|tree| tree.tree_id() == tree_id)
    }

    /// The tree of the log's own whose checkpoints have this origin.
    pub fn by_origin(&self, origin: &str) -> Option<&Tree> {
        let mut own = self.own().filter(|tree| tree.import().is_none());
        own.find(|tree| tree.origin() == origin)
    }

    /// The tree that holds, or will hold, the entry with this virtual index, and its index there.
    /// `None` where the log has no tree that virtual indexes count over.
    pub fn locate(&self, virtual_index: u64) -> Option<(&Tree, LeafIndex)> {
        let following = self
            .counted
            .partition_point(|tree| tree.start() <= virtual_index);
        // The first tree starts at 0, so that at least one starts at or before any index. Of
        // several that start at the same index, all but the last are empty.
        let tree = self.counted.get(following.saturating_sub(1))?;
        Some((tree, LeafIndex::new(virtual_index - tree.start())))
    }
}
