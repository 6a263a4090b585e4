//! The hashing core: every leaf and every node of the tree is hashed here (RFC 6962, section 2.1).
//!
//! One interface for single hashes and for whole levels. A level is hashed faster than its nodes one by one wherever the
//! processor allows it, so callers that hold many leaves or nodes hand them over together.

#[cfg(target_arch = "x86_64")]
mod sha_ni;

use sha2::Digest;
use sha2::Sha256;
use sha2::block_api::compress256;

use crate::hash::Hash;
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
/// When the number of children is odd: the last one has no sibling yet, and the caller must keep it back.
pub fn level_hashes(children: &[Hash], parents: &mut Vec<Hash>) {
    let start = parents.len();
    parents.resize(start + children.len() / 2, Hash::default());
    level_into(children, &mut parents[start..]);
}

/// Writes the node above each consecutive pair of `children` to `parents`, which must be half as many.
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

/// The number of SHA-256 blocks that a leaf with a body of `length` bytes fills: prefix, body, end mark and length.
#[cfg(target_arch = "x86_64")]
const fn leaf_blocks(length: usize) -> usize {
    (1 + length + 1 + 8).div_ceil(BLOCK_LENGTH)
}

/// Block `index` of the leaf with this body. Blocks that are not all body are written to `padded`, which must be zero.
#[cfg(target_arch = "x86_64")]
fn leaf_block<'a>(
    body: &'a [u8],
    index: usize,
    padded: &'a mut [u8; BLOCK_LENGTH],
) -> &'a [u8; BLOCK_LENGTH] {
    // The prefix moves the body by one byte: its first block holds a byte less.
    let start = (index * BLOCK_LENGTH).saturating_sub(1);
    let body_left = body.get(start..).unwrap_or_default();
    if index > 0
        && let Some(block) = body_left.first_chunk()
    {
        return block;
    }
    let prefix = usize::from(index == 0);
    let held = body_left.len().min(BLOCK_LENGTH - prefix);
    padded[prefix..prefix + held].copy_from_slice(&body_left[..held]);
    let message_length = 1 + body.len();
    if let Some(end) = message_length.checked_sub(index * BLOCK_LENGTH)
        && end < BLOCK_LENGTH
    {
        padded[end] = END_MARK;
    }
    if index + 1 == leaf_blocks(body.len()) {
        let bits = 8 * message_length as u64;
        padded[BLOCK_LENGTH - 8..].copy_from_slice(&bits.to_be_bytes());
    }
    padded
}

/// The two SHA-256 blocks of a node: `0x01`, both hashes, and the padding, which is the same for every node.
fn node_blocks(left: &Hash, right: &Hash) -> [[u8; BLOCK_LENGTH]; 2] {
    let mut blocks = [[0; BLOCK_LENGTH], NODE_LAST_BLOCK];
    let (left, right) = (left.as_bytes(), right.as_bytes());
    blocks[0][0] = NODE_PREFIX;
    blocks[0][1..=Hash::LENGTH].copy_from_slice(left);
    blocks[0][1 + Hash::LENGTH..].copy_from_slice(&right[..Hash::LENGTH - 1]);
    blocks[1][0] = right[Hash::LENGTH - 1];
    blocks
}

fn hash_of_state(state: &[u32; 8]) -> Hash {
    let mut bytes = [0; Hash::LENGTH];
    for (chunk, word) in bytes.chunks_exact_mut(4).zip(state) {
        chunk.copy_from_slice(&word.to_be_bytes());
    }
    Hash::new(bytes)
}

const LEAF_PREFIX: u8 = 0;
const NODE_PREFIX: u8 = 1;
const BLOCK_LENGTH: usize = 64;

/// The byte after a message (FIPS 180-4, section 5.1.1).
const END_MARK: u8 = 0x80;

/// The state before the first block (FIPS 180-4, section 5.3.3).
const INITIAL_STATE: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// The second block of a node without its first byte, the last one of the right hash: the end mark and the length in bits.
const NODE_LAST_BLOCK: [u8; BLOCK_LENGTH] = {
    let mut block = [0; BLOCK_LENGTH];
    block[1] = END_MARK;
    let bits = (8 * (1 + 2 * Hash::LENGTH)) as u16;
    block[62] = bits.to_be_bytes()[0];
    block[63] = bits.to_be_bytes()[1];
    block
};

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
            let expected: Vec<Hash> = pairs.iter().map(|[left, right]| node_hash(left, right)).collect();
            prop_assert_eq!(parents, expected);
        }

        #[test]
        fn many_leaves_are_each_leaf(bodies in vec(vec(any::<u8>(), 0..300), 0..40)) {
            let expected: Vec<Hash> = bodies.iter().map(|body| leaf_hash(body)).collect();
            prop_assert_eq!(leaf_hashes(&bodies), expected);
        }
    }

    /// Every way in which a body can end within its last blocks, in lanes of one length and of different ones.
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
