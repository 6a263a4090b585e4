//! Positions and sizes in a tree.

use std::fmt;

/// The position of a leaf in its tree, counted from 0.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LeafIndex(u64);

impl LeafIndex {
    /// The leaf at position `position`, counted from 0.
    pub const fn new(position: u64) -> Self {
        Self(position)
    }

    /// The position, counted from 0.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The smallest tree that holds this leaf.
    ///
    /// # Panics
    /// At position `u64::MAX`, which no tree holds.
    pub const fn first_size(self) -> TreeSize {
        TreeSize(self.0 + 1)
    }

    /// Whether a tree of `size` leaves holds this leaf.
    pub const fn is_in(self, size: TreeSize) -> bool {
        self.0 < size.0
    }
}

impl fmt::Display for LeafIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of leaves in a tree.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TreeSize(u64);

impl TreeSize {
    /// The tree without a leaf.
    pub const EMPTY: Self = Self(0);

    /// A tree of `leaves` leaves.
    pub const fn new(leaves: u64) -> Self {
        Self(leaves)
    }

    /// The number of leaves.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether there is no leaf.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The index that the next appended leaf gets.
    pub const fn next_index(self) -> LeafIndex {
        LeafIndex(self.0)
    }

    /// The last leaf, or `None` in the empty tree.
    pub const fn last_index(self) -> Option<LeafIndex> {
        match self.0.checked_sub(1) {
            Some(position) => Some(LeafIndex(position)),
            None => None,
        }
    }
}

impl fmt::Display for TreeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
