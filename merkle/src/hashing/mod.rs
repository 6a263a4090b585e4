//! The hashing core: every leaf and every node of the tree is hashed here (RFC 6962, section 2.1).
//!
//! One interface for single hashes and for whole levels. A level is hashed faster than its nodes
//! one by one wherever the processor allows it, so callers that hold many leaves or nodes hand them
//! over together.

mod blocks;
#[cfg(target_arch = "x86_64")]
mod sha_ni;

use sha2::Digest;
use sha2::Sha256;
use sha2::block_api::compress256;

use crate::hash::Hash;
use crate::hashing::blocks::INITIAL_STATE;
use crate::hashing::blocks::LEAF_PREFIX;
#[cfg(target_arch = "x86_64")]
use crate::hashing::blocks::leaf_blocks;
use crate::hashing::blocks::node_blocks;
#[cfg(target_arch = "x86_64")]
use crate::hashing::sha_ni::LANES;
#[cfg(target_arch = "x86_64")]
use crate::hashing::sha_ni::ShaNi;

/// The root of the tree without a leaf: SHA-256 of nothing (RFC 6962, section 2.1).
pub const EMPTY_ROOT: Hash = Hash::new([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// The hash of the leaf with this body: SHA-256 of `0x00` and the body.
pub fn leaf_hash(body: &[u8]) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([LEAF_PREFIX]);
    hasher.update(body);
    Hash::new(hasher.finalize().into())
}

/// The hash of the node above `left` and `right`: SHA-256 of `0x01` and the two hashes.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut state = INITIAL_STATE;
    compress256(&mut state, &node_blocks(left, right));
    hash_of_state(&state)
}

/// The leaf hashes of `bodies`, in their order.
pub fn leaf_hashes<B: AsRef<[u8]>>(bodies: &[B]) -> Vec<Hash> {
    let bodies: Vec<&[u8]> = bodies.iter().map(AsRef::as_ref).collect();
    let mut hashes = vec![Hash::default(); bodies.len()];
    #[cfg(target_arch = "x86_64")]
    if let Some(sha_ni) = ShaNi::detect() {
        lane_leaves(sha_ni, &bodies, &mut hashes);
        return hashes;
    }
    for (hash, body) in hashes.iter_mut().zip(bodies) {
        *hash = leaf_hash(body);
    }
    hashes
}

/// Appends to `parents` the node above each consecutive pair of `children`.
///
/// # Panics
/// When the number of children is odd: the last one has no sibling yet, and the caller must keep it
/// back.
pub fn level_hashes(children: &[Hash], parents: &mut Vec<Hash>) {
    let start = parents.len();
    parents.resize(start + children.len() / 2, Hash::default());
    level_into(children, &mut parents[start..]);
}

/// Writes the node above each consecutive pair of `children` to `parents`, which must be half as
/// many.
pub(crate) fn level_into(children: &[Hash], parents: &mut [Hash]) {
    let (pairs, single) = children.as_chunks::<2>();
    assert!(
        single.is_empty() && pairs.len() == parents.len(),
        "a level is hashed in pairs"
    );
    #[cfg(target_arch = "x86_64")]
    let (pairs, parents) = match ShaNi::detect() {
        Some(sha_ni) => lane_nodes(sha_ni, pairs, parents),
        None => (pairs, parents),
    };
    for (parent, [left, right]) in parents.iter_mut().zip(pairs) {
        *parent = node_hash(left, right);
    }
}

/// Hashes as many nodes as fill the lanes, and returns the rest.
#[cfg(target_arch = "x86_64")]
fn lane_nodes<'a>(
    sha_ni: ShaNi,
    pairs: &'a [[Hash; 2]],
    parents: &'a mut [Hash],
) -> (&'a [[Hash; 2]], &'a mut [Hash]) {
    let (lanes, pairs) = pairs.as_chunks::<LANES>();
    let (hashed, parents) = parents.as_chunks_mut::<LANES>();
    for (parents, pairs) in hashed.iter_mut().zip(lanes) {
        *parents = sha_ni.nodes(pairs);
    }
    (pairs, parents)
}

/// Hashes leaves of the same number of blocks together, wherever they stand.
#[cfg(target_arch = "x86_64")]
fn lane_leaves(sha_ni: ShaNi, bodies: &[&[u8]], hashes: &mut [Hash]) {
    let mut order: Vec<usize> = (0..bodies.len()).collect();
    let blocks = |position: &usize| leaf_blocks(bodies[*position].len());
    order.sort_by_key(blocks);
    for same in order.chunk_by(|left, right| blocks(left) == blocks(right)) {
        let (lanes, rest) = same.as_chunks::<LANES>();
        for positions in lanes {
            let lane_hashes = sha_ni.leaves(positions.map(|position| bodies[position]));
            for (position, hash) in positions.iter().zip(lane_hashes) {
                hashes[*position] = hash;
            }
        }
        for position in rest {
            hashes[*position] = leaf_hash(bodies[*position]);
        }
    }
}

fn hash_of_state(state: &[u32; 8]) -> Hash {
    let mut bytes = [0; Hash::LENGTH];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(state) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    Hash::new(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::any;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::*;

    fn hash(hex_digits: &str) -> Hash {
        Hash::from_slice(&hex::decode(hex_digits).unwrap()).unwrap()
    }

    /// transparency-dev/merkle, rfc6962/rfc6962_test.go.
    #[test]
    fn published_hashes() {
        assert_eq!(
            leaf_hash(b""),
            hash("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d")
        );
        assert_eq!(
            leaf_hash(b"L123456"),
            hash("395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56")
        );
    }

    #[test]
    fn a_node_is_the_digest_of_prefix_left_right() {
        let (left, right) = (leaf_hash(b"left"), leaf_hash(b"right"));
        let message = [&[1], left.as_ref(), right.as_ref()].concat();
        assert_eq!(
            node_hash(&left, &right).as_bytes()[..],
            Sha256::digest(message)[..]
        );
        assert_eq!(EMPTY_ROOT.as_bytes()[..], Sha256::digest([])[..]);
    }

    proptest! {
        /// Levels of any length, so that each lane and the rest behind them are hashed.
        #[test]
        fn levels_are_their_nodes(bytes in vec(any::<[u8; Hash::LENGTH]>(), 0..80)) {
            let children: Vec<Hash> = bytes.into_iter().map(Hash::new).collect();
            let (pairs, _) = children.as_chunks::<2>();
            let mut parents = Vec::new();
            level_hashes(pairs.as_flattened(), &mut parents);
            let nodes = pairs.iter().map(|[left, right]| node_hash(left, right));
            let expected: Vec<Hash> = nodes.collect();
            prop_assert_eq!(parents, expected);
        }

        #[test]
        fn many_leaves_are_each_leaf(bodies in vec(vec(any::<u8>(), 0..300), 0..40)) {
            let expected: Vec<Hash> = bodies.iter().map(|body| leaf_hash(body)).collect();
            prop_assert_eq!(leaf_hashes(&bodies), expected);
        }
    }

    /// Every way in which a body can end within its last blocks, in lanes of one length and of
    /// different ones.
    #[test]
    fn leaves_of_every_length() {
        let bodies: Vec<Vec<u8>> = (0..=400_usize)
            .map(|length| (0..length).map(|at| (7 * at + length) as u8).collect())
            .collect();
        let expected: Vec<Hash> = bodies.iter().map(|body| leaf_hash(body)).collect();
        assert_eq!(leaf_hashes(&bodies), expected);
        for (body, hash) in bodies.iter().zip(expected) {
            assert_eq!(leaf_hashes(&[body; 5]), [hash; 5], "{} bytes", body.len());
        }
    }

    /// Every last byte: each picks another schedule for the second block.
    #[test]
    fn nodes_with_every_last_byte() {
        let children: Vec<Hash> = (0..=255)
            .flat_map(|byte| [leaf_hash(&[byte]), Hash::new([byte; Hash::LENGTH])])
            .collect();
        let mut parents = Vec::new();
        level_hashes(&children, &mut parents);
        let (pairs, _) = children.as_chunks::<2>();
        let expected: Vec<Hash> = pairs
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
        assert_eq!(parents, expected);
    }

    #[test]
    #[should_panic(expected = "in pairs")]
    fn a_level_is_even() {
        level_hashes(&[EMPTY_ROOT; 3], &mut Vec::new());
    }

    #[test]
    fn a_level_is_appended() {
        let children = leaf_hashes(&["a", "b", "c", "d"]);
        let mut parents = vec![EMPTY_ROOT];
        level_hashes(&children, &mut parents);
        assert_eq!(
            parents,
            [
                EMPTY_ROOT,
                node_hash(&children[0], &children[1]),
                node_hash(&children[2], &children[3])
            ]
        );
    }
}
