//! Consistency proofs: a newer tree contains an older one.

use crate::hash::Hash;
use crate::hashing::EMPTY_ROOT;
use crate::index::TreeSize;
use crate::proof::error::ProofError;
use crate::proof::error::check_old_root;
use crate::proof::error::check_root;
use crate::proof::inclusion::split;
use crate::proof::walk::Subtree;
use crate::tiles::GenerateError;
use crate::tiles::TileReader;
use crate::tiles::TileSource;

/// A proof that a tree is a continuation of an older one (RFC 6962, section 2.1.2).
///
/// Between trees of one size, and from the empty tree on, the proof is empty. The empty tree is
/// part of every tree, so that its proof checks the old root alone and says nothing of the new one:
/// a verifier that starts from nothing has to trust the first root for another reason. Witnesses
/// treat it so; some libraries refuse such a proof as useless.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ConsistencyProof {
    /// The size of the older tree.
    pub old: TreeSize,
    /// The size of the newer tree.
    pub new: TreeSize,
    /// The nodes from which both roots follow, lowest first.
    pub hashes: Vec<Hash>,
}

impl ConsistencyProof {
    /// The proof that the tree of the first `new` leaves continues that of the first `old` ones.
    ///
    /// # Errors
    /// When `old` is larger than `new`, or a tile cannot be had.
    pub fn from_tiles<S: TileSource>(
        source: &S,
        old: TreeSize,
        new: TreeSize,
    ) -> Result<Self, GenerateError<S::Error>> {
        if old > new {
            return Err(GenerateError::SizesReversed { old, new });
        }
        let mut hashes = Vec::new();
        if old.is_empty() || old == new {
            return Ok(Self { old, new, hashes });
        }
        let mut reader = TileReader::new(source, new);
        let (mut begin, mut end) = (0, new.get());
        while end != old.get() {
            let middle = begin + split(end - begin);
            if old.get() <= middle {
                hashes.push(reader.root(middle, end)?);
                end = middle;
            } else {
                hashes.push(reader.root(begin, middle)?);
                begin = middle;
            }
        }
        // The whole older tree is one node: the verifier has it already.
        if begin > 0 {
            hashes.push(reader.root(begin, end)?);
        }
        hashes.reverse();
        Ok(Self { old, new, hashes })
    }

    /// Checks that the tree with `new_root` continues the one with `old_root`.
    ///
    /// # Errors
    /// When the sizes are reversed, the number of hashes is wrong, or the proof leads to another
    /// root.
    pub fn verify(&self, old_root: &Hash, new_root: &Hash) -> Result<(), ProofError> {
        let (old, new) = (self.old, self.new);
        if old > new {
            return Err(ProofError::SizesReversed { old, new });
        }
        let Some(older_tree) = Subtree::new(0, old.get(), new.get()) else {
            return self.verify_from_empty(old_root, new_root);
        };
        let roots = older_tree.walk(old_root, &self.hashes)?;
        check_old_root(roots.subtree, old_root)?;
        check_root(roots.tree, new_root)
    }

    fn verify_from_empty(&self, old_root: &Hash, new_root: &Hash) -> Result<(), ProofError> {
        if !self.hashes.is_empty() {
            return Err(ProofError::Length {
                expected: 0,
                actual: self.hashes.len(),
            });
        }
        check_old_root(EMPTY_ROOT, old_root)?;
        if self.new.is_empty() {
            return check_root(EMPTY_ROOT, new_root);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_tree_is_part_of_every_tree() {
        let (root, other) = (Hash::new([1; 32]), Hash::new([2; 32]));
        let proof = |new, hashes| ConsistencyProof {
            old: TreeSize::EMPTY,
            new: TreeSize::new(new),
            hashes,
        };
        assert_eq!(proof(7, vec![]).verify(&EMPTY_ROOT, &root), Ok(()));
        assert_eq!(proof(0, vec![]).verify(&EMPTY_ROOT, &EMPTY_ROOT), Ok(()));
        let wrong_old = Err(ProofError::OldRootMismatch {
            computed: EMPTY_ROOT,
            expected: other,
        });
        assert_eq!(proof(7, vec![]).verify(&other, &root), wrong_old);
        let wrong_new = Err(ProofError::RootMismatch {
            computed: EMPTY_ROOT,
            expected: root,
        });
        assert_eq!(proof(0, vec![]).verify(&EMPTY_ROOT, &root), wrong_new);
        let too_long = Err(ProofError::Length {
            expected: 0,
            actual: 1,
        });
        assert_eq!(proof(7, vec![other]).verify(&EMPTY_ROOT, &root), too_long);
    }

    #[test]
    fn one_size_has_one_root() {
        let (root, other) = (Hash::new([1; 32]), Hash::new([2; 32]));
        let proof = ConsistencyProof {
            old: TreeSize::new(5),
            new: TreeSize::new(5),
            hashes: vec![],
        };
        assert_eq!(proof.verify(&root, &root), Ok(()));
        assert_eq!(
            proof.verify(&root, &other),
            Err(ProofError::RootMismatch {
                computed: root,
                expected: other
            })
        );
    }
}
