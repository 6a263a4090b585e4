//! Inclusion proofs: a tree contains a leaf.

use crate::hash::Hash;
use crate::index::LeafIndex;
use crate::index::TreeSize;
use crate::proof::error::ProofError;
use crate::proof::error::check_root;
use crate::proof::walk::Subtree;
use crate::tiles::GenerateError;
use crate::tiles::TileReader;
use crate::tiles::TileSource;

/// A proof that a leaf is in a tree (RFC 6962, section 2.1.1).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InclusionProof {
    /// The position of the leaf.
    pub index: LeafIndex,
    /// The size of the tree.
    pub size: TreeSize,
    /// The siblings on the way from the leaf to the root, the leaf's own first.
    pub hashes: Vec<Hash>,
}

impl InclusionProof {
    /// The proof that leaf `index` is in the tree of the first `size` leaves.
    ///
    /// # Errors
    /// When the leaf is not in that tree, or a tile cannot be had.
    pub fn from_tiles<S: TileSource>(
        source: &S,
        index: LeafIndex,
        size: TreeSize,
    ) -> Result<Self, GenerateError<S::Error>> {
        if !index.is_in(size) {
            return Err(GenerateError::IndexOutOfRange { index, size });
        }
        let mut reader = TileReader::new(source, size);
        let mut hashes = Vec::new();
        let (mut begin, mut end) = (0, size.get());
        while end - begin > 1 {
            let middle = begin + split(end - begin);
            if index.get() < middle {
                hashes.push(reader.root(middle, end)?);
                end = middle;
            } else {
                hashes.push(reader.root(begin, middle)?);
                begin = middle;
            }
        }
        hashes.reverse();
        Ok(Self {
            index,
            size,
            hashes,
        })
    }

    /// The root of the tree that this proof leads to from the leaf hash `leaf`.
    ///
    /// # Errors
    /// When the leaf is not in a tree of that size, or the number of hashes is wrong.
    pub fn root(&self, leaf: &Hash) -> Result<Hash, ProofError> {
        let out_of_range = ProofError::IndexOutOfRange {
            index: self.index,
            size: self.size,
        };
        let end = self.index.get().checked_add(1).ok_or(out_of_range)?;
        let subtree = Subtree::new(self.index.get(), end, self.size.get()).ok_or(out_of_range)?;
        Ok(subtree.walk(leaf, &self.hashes)?.tree)
    }

    /// Checks that the leaf with hash `leaf` is at this index in the tree of this size with root
    /// `root`.
    ///
    /// # Errors
    /// As for [`root`](Self::root), and when the proof leads to another root.
    pub fn verify(&self, leaf: &Hash, root: &Hash) -> Result<(), ProofError> {
        check_root(self.root(leaf)?, root)
    }
}

/// The largest power of two below `leaves`, which must be at least 2: where RFC 6962 splits a tree.
pub(super) const fn split(leaves: u64) -> u64 {
    1 << (leaves - 1).ilog2()
}
