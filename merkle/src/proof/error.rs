//! Why a proof proves nothing, and the checks that say so.

use crate::hash::Hash;
use crate::index::LeafIndex;
use crate::index::TreeSize;

/// The number of hashes in the longest proof of a tree of 2^63 leaves, the largest that can be
/// signed for.
///
/// Verification needs no such limit, because the sizes fix the number of hashes; readers of proofs
/// do.
pub const MAX_PROOF_HASHES: usize = 64;

/// Why a proof proves nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ProofError {
    /// The leaf is not in the tree.
    #[error("leaf {index} is not in a tree of size {size}")]
    IndexOutOfRange {
        /// The leaf claimed.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of size {old} is not part of one of size {new}")]
    SizesReversed {
        /// The size of the older tree.
        old: TreeSize,
        /// The size of the newer tree.
        new: TreeSize,
    },
    /// The range of leaves is not a subtree of the tree: it runs past its end, or its start does
    /// not lie where a subtree of its size can start (C2SP tlog-witness, sign-subtree).
    #[error("leaves {start} to {end} are not a subtree of a tree of size {size}")]
    NotASubtree {
        /// The first leaf of the range.
        start: LeafIndex,
        /// The leaf after the last one.
        end: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The sizes fix the number of hashes.
    #[error("the proof has {actual} hashes where the sizes ask for {expected}")]
    Length {
        /// The number of hashes that the sizes ask for.
        expected: usize,
        /// The number of hashes in the proof.
        actual: usize,
    },
    /// The proof leads to another root of the tree.
    #[error("the proof leads to the root {computed}, not to {expected}")]
    RootMismatch {
        /// The root that the proof leads to.
        computed: Hash,
        /// The root that was to be proven.
        expected: Hash,
    },
    /// The proof leads to another root of the older tree or of the subtree.
    #[error("the proof leads to the older root {computed}, not to {expected}")]
    OldRootMismatch {
        /// The older root that the proof leads to.
        computed: Hash,
        /// The older root that was given.
        expected: Hash,
    },
}

/// Refuses a root that is not the expected one.
pub(super) fn check_root(computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed != *expected {
        return Err(ProofError::RootMismatch {
            computed,
            expected: *expected,
        });
    }
    Ok(())
}

/// Refuses the root of an older tree or a subtree that is not the expected one.
pub(super) fn check_old_root(computed: Hash, expected: &Hash) -> Result<(), ProofError> {
    if computed != *expected {
        return Err(ProofError::OldRootMismatch {
            computed,
            expected: *expected,
        });
    }
    Ok(())
}
