//! The right edge of a tree: all that is needed to append to it.

use crate::hash::Hash;
use crate::hashing::EMPTY_ROOT;
use crate::hashing::level_hashes;
use crate::hashing::node_hash;
use crate::index::TreeSize;

/// The right edge of a tree: the roots of the complete subtrees that its size splits into, largest
/// first.
///
/// It is all that is needed to append leaves and to compute the root: one hash for each bit set in
/// the size, 64 at most. Others call it the compact range from 0.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RightEdge {
    size: TreeSize,
    /// One hash for each bit set in `size`, highest bit first.
    hashes: Vec<Hash>,
}

impl RightEdge {
    /// The edge of the empty tree.
    pub const fn new() -> Self {
        Self {
            size: TreeSize::EMPTY,
            hashes: Vec::new(),
        }
    }

    /// The edge of a tree of `size` leaves, from the roots of its complete subtrees, largest first.
    ///
    /// # Errors
    /// When the number of hashes is not the number of bits set in `size`.
    pub fn from_hashes(size: TreeSize, hashes: Vec<Hash>) -> Result<Self, RightEdgeError> {
        let expected = size.get().count_ones() as usize;
        if hashes.len() != expected {
            return Err(RightEdgeError {
                size,
                expected,
                actual: hashes.len(),
            });
        }
        Ok(Self { size, hashes })
    }

    /// Appends one leaf.
    ///
    /// # Panics
    /// When the tree would hold more than `u64::MAX` leaves.
    pub fn append(&mut self, leaf: Hash) {
        let merges = self.size.get().trailing_ones();
        let mut hash = leaf;
        for left in self
            .hashes
            .drain(self.hashes.len() - merges as usize..)
            .rev()
        {
            hash = node_hash(&left, &hash);
        }
        self.hashes.push(hash);
        self.size = self.size.next_index().first_size();
    }

    /// Appends `leaves` in their order, hashing whole levels at a time.
    ///
    /// # Panics
    /// When the tree would hold more than `u64::MAX` leaves.
    pub fn extend(&mut self, leaves: &[Hash]) {
        let new_size = self
            .size
            .get()
            .checked_add(leaves.len() as u64)
            .expect("a tree holds at most u64::MAX leaves");
        // The new hashes of the edge, smallest subtree first.
        let mut tail = Vec::new();
        let mut position = self.size.get();
        let mut nodes = leaves.to_vec();
        while !nodes.is_empty() {
            if position % 2 == 1
                && let Some(left) = self.hashes.pop()
            {
                nodes.insert(0, left);
            }
            if nodes.len() % 2 == 1 {
                tail.extend(nodes.pop());
            }
            let mut parents = Vec::with_capacity(nodes.len() / 2);
            level_hashes(&nodes, &mut parents);
            nodes = parents;
            position /= 2;
        }
        self.hashes.extend(tail.into_iter().rev());
        self.size = TreeSize::new(new_size);
    }

    /// The number of leaves.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// The root of the tree.
    pub fn root(&self) -> Hash {
        let subtrees = self.hashes.iter().rev().copied();
        subtrees
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(EMPTY_ROOT)
    }

    /// The roots of the complete subtrees, largest first.
    pub fn hashes(&self) -> &[Hash] {
        &self.hashes
    }
}

/// The hashes cannot be the right edge of a tree of that size.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a right edge of size {size} has {expected} hashes, not {actual}")]
pub struct RightEdgeError {
    /// The size that was claimed.
    pub size: TreeSize,
    /// The number of bits set in it.
    pub expected: usize,
    /// The number of hashes given.
    pub actual: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::leaf_hash;

    fn leaves(count: u64) -> Vec<Hash> {
        (0..count)
            .map(|index| leaf_hash(&index.to_be_bytes()))
            .collect()
    }

    #[test]
    fn extending_is_appending_each() {
        let leaves = leaves(70);
        for start in 0..35 {
            let mut extended = RightEdge::new();
            extended.extend(&leaves[..start]);
            for end in start..70 {
                let mut edge = extended.clone();
                edge.extend(&leaves[start..end]);
                let mut appended = extended.clone();
                leaves[start..end]
                    .iter()
                    .for_each(|leaf| appended.append(*leaf));
                assert_eq!(edge, appended, "from {start} to {end}");
            }
        }
    }

    #[test]
    fn an_edge_must_fit_its_size() {
        let two = leaves(2);
        let edge = RightEdge::from_hashes(TreeSize::new(5), two.clone()).unwrap();
        assert_eq!(edge.root(), node_hash(&two[0], &two[1]));
        let refused = RightEdge::from_hashes(TreeSize::new(4), two);
        assert_eq!(
            refused,
            Err(RightEdgeError {
                size: TreeSize::new(4),
                expected: 1,
                actual: 2
            })
        );
    }

    #[test]
    #[should_panic(expected = "u64::MAX leaves")]
    fn a_size_never_wraps() {
        let full = vec![EMPTY_ROOT; 64];
        let mut edge = RightEdge::from_hashes(TreeSize::new(u64::MAX), full).unwrap();
        edge.extend(&leaves(1));
    }
}
