//! Proofs for subtrees that start anywhere.

use crate::hash::Hash;
use crate::hashing::EMPTY_ROOT;
use crate::index::LeafIndex;
use crate::index::TreeSize;
use crate::proof::error::ProofError;
use crate::proof::error::check_old_root;
use crate::proof::error::check_root;
use crate::proof::walk::Subtree;

/// A proof that a leaf is in a subtree: the leaves `start` to `end` of some tree (C2SP
/// tlog-witness, sign-subtree).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SubtreeInclusionProof {
    /// The position of the leaf in the whole tree.
    pub index: LeafIndex,
    /// The first leaf of the subtree.
    pub start: LeafIndex,
    /// The leaf after the subtree's last one.
    pub end: LeafIndex,
    /// The siblings on the way from the leaf to the subtree's root, the leaf's own first.
    pub hashes: Vec<Hash>,
}

impl SubtreeInclusionProof {
    /// Checks that the leaf with hash `leaf` is at this index, in the subtree with root `root`.
    ///
    /// # Errors
    /// When the range is no subtree, the leaf is not in it, the number of hashes is wrong, or the
    /// proof leads to another root.
    pub fn verify(&self, leaf: &Hash, root: &Hash) -> Result<(), ProofError> {
        let (start, end, index) = (self.start.get(), self.end.get(), self.index.get());
        let size = TreeSize::new(end);
        let no_subtree = ProofError::NotASubtree {
            start: self.start,
            end: self.end,
            size,
        };
        Subtree::new(start, end, end).ok_or(no_subtree)?;
        let leaves = end - start;
        let out_of_range = ProofError::IndexOutOfRange {
            index: self.index,
            size,
        };
        let position = index
            .checked_sub(start)
            .filter(|position| *position < leaves)
            .ok_or(out_of_range)?;
        let alone = Subtree::new(position, position + 1, leaves).ok_or(out_of_range)?;
        check_root(alone.walk(leaf, &self.hashes)?.tree, root)
    }
}

/// A proof that a subtree, the leaves `start` to `end`, is part of a tree (C2SP tlog-witness,
/// sign-subtree).
///
/// A consistency proof is the case where the subtree starts at 0. The empty subtree is part of
/// every tree: its proof is empty and checks only that its root is the one of the empty tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SubtreeConsistencyProof {
    /// The first leaf of the subtree.
    pub start: LeafIndex,
    /// The leaf after the subtree's last one.
    pub end: LeafIndex,
    /// The size of the tree.
    pub size: TreeSize,
    /// The nodes from which both roots follow, lowest first.
    pub hashes: Vec<Hash>,
}

impl SubtreeConsistencyProof {
    /// Checks that the subtree with `subtree_root` is in this place of the tree with `root`.
    ///
    /// # Errors
    /// When the range is no subtree of the tree, the number of hashes is wrong, or the proof leads
    /// to another root.
    pub fn verify(&self, subtree_root: &Hash, root: &Hash) -> Result<(), ProofError> {
        let (start, end, size) = (self.start.get(), self.end.get(), self.size.get());
        if start == end && end <= size {
            return self.verify_empty(subtree_root);
        }
        let no_subtree = ProofError::NotASubtree {
            start: self.start,
            end: self.end,
            size: self.size,
        };
        let subtree = Subtree::new(start, end, size).ok_or(no_subtree)?;
        let roots = subtree.walk(subtree_root, &self.hashes)?;
        check_old_root(roots.subtree, subtree_root)?;
        check_root(roots.tree, root)
    }

    fn verify_empty(&self, subtree_root: &Hash) -> Result<(), ProofError> {
        if !self.hashes.is_empty() {
            return Err(ProofError::Length {
                expected: 0,
                actual: self.hashes.len(),
            });
        }
        check_old_root(EMPTY_ROOT, subtree_root)
    }
}
