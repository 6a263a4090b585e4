//! The walk from a subtree's root up to the root of the tree: RFC 9162, sections 2.1.3.2 and
//! 2.1.4.2, for any subtree.

use crate::hash::Hash;
use crate::hashing::node_hash;
use crate::proof::error::ProofError;

/// A subtree that is not empty: the leaves `start` to `end` of a tree of `size`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subtree {
    start: u64,
    end: u64,
    size: u64,
}

/// The roots that a proof leads to.
pub(super) struct Roots {
    pub(super) subtree: Hash,
    pub(super) tree: Hash,
}

impl Subtree {
    /// The leaves `start` to `end` of a tree of `size`, or `None` when they are not a subtree of it
    /// or there are none.
    ///
    /// A subtree starts at a multiple of the smallest power of two that is not below its number of
    /// leaves.
    pub(super) fn new(start: u64, end: u64, size: u64) -> Option<Self> {
        let leaves = end
            .checked_sub(start)
            .filter(|leaves| *leaves > 0 && end <= size)?;
        // No power of two of 64 bits holds more than 2^63 leaves: such a subtree can start at 0
        // only.
        let aligned = leaves
            .checked_next_power_of_two()
            .map_or(start == 0, |width| start.is_multiple_of(width));
        aligned.then_some(Self { start, end, size })
    }

    /// The roots that `proof` leads to, where `known` is the root of this subtree as the verifier
    /// has it.
    pub(super) fn walk(self, known: &Hash, proof: &[Hash]) -> Result<Roots, ProofError> {
        let place = self.start();
        let expected = usize::from(!place.is_whole()) + place.count();
        if proof.len() != expected {
            return Err(ProofError::Length {
                expected,
                actual: proof.len(),
            });
        }
        // Only a subtree that is a node of the tree can be walked from: of any other, the proof
        // gives the last such node.
        let (seed, siblings) = match proof.split_first() {
            Some((first, rest)) if !place.is_whole() => (first, rest),
            _ => (known, proof),
        };
        let mut roots = Roots {
            subtree: *seed,
            tree: *seed,
        };
        for (step, sibling) in place.zip(siblings) {
            match step {
                Step::Right => roots.tree = node_hash(&roots.tree, sibling),
                Step::Left { inside } => {
                    roots.tree = node_hash(sibling, &roots.tree);
                    if inside {
                        roots.subtree = node_hash(sibling, &roots.subtree);
                    }
                }
            }
        }
        Ok(roots)
    }

    /// The first place with a node that the two trees share: the whole subtree, or its last
    /// complete part.
    const fn start(self) -> Place {
        let mut place = Place {
            first: self.start,
            last: self.end - 1,
            tree_last: self.size - 1,
        };
        let at_right_edge = place.last == place.tree_last;
        while !place.is_whole() && (at_right_edge || place.last % 2 == 1) {
            place.climb();
        }
        place
    }
}

/// A height of the tree, as the positions of three nodes at it. Iterating climbs to the root, one
/// step for each sibling.
#[derive(Clone, Copy)]
struct Place {
    /// The node over the subtree's first leaf.
    first: u64,
    /// The node over the subtree's last leaf.
    last: u64,
    /// The node over the tree's last leaf.
    tree_last: u64,
}

/// The side on which the sibling of the subtree's last node lies.
enum Step {
    /// On the left: inside the subtree, or before it.
    Left { inside: bool },
    /// On the right, after the subtree.
    Right,
}

impl Place {
    /// Whether one node covers the subtree.
    const fn is_whole(&self) -> bool {
        self.first == self.last
    }

    const fn climb(&mut self) {
        self.first /= 2;
        self.last /= 2;
        self.tree_last /= 2;
    }
}

impl Iterator for Place {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        while self.tree_last > 0 {
            let step = if self.last % 2 == 1 {
                Some(Step::Left {
                    inside: !self.is_whole(),
                })
            } else {
                (self.last < self.tree_last).then_some(Step::Right)
            };
            self.climb();
            // At the right edge of a tree a node may have no sibling: it moves up as it is.
            if step.is_some() {
                return step;
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proof::error::MAX_PROOF_HASHES;

    #[test]
    fn what_is_a_subtree() {
        for (start, end) in [
            (0, 1),
            (0, 7),
            (0, 8),
            (4, 7),
            (4, 8),
            (6, 8),
            (7, 8),
            (2, 4),
        ] {
            assert!(Subtree::new(start, end, 8).is_some(), "{start} to {end}");
        }
        for (start, end) in [(1, 3), (2, 5), (4, 9), (3, 3), (5, 4), (2, 6), (1, 8)] {
            assert!(Subtree::new(start, end, 8).is_none(), "{start} to {end}");
        }
        assert!(Subtree::new(0, u64::MAX, u64::MAX).is_some());
        assert!(Subtree::new(1, u64::MAX, u64::MAX).is_none());
    }

    #[test]
    fn the_longest_proofs() {
        let length = |start, end, size| {
            let place = Subtree::new(start, end, size).unwrap().start();
            usize::from(!place.is_whole()) + place.count()
        };
        let largest = 1 << 63;
        assert_eq!(length(0, 1, largest), 63);
        assert_eq!(length(0, largest - 1, largest), MAX_PROOF_HASHES);
        assert_eq!(length(0, largest, largest), 0);
    }
}
