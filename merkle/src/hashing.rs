//! The hashing core: every leaf and every node of the tree is hashed here (RFC 6962, section 2.1).
//!
//! One interface for single hashes and for whole levels. A level is hashed faster than its nodes one by one wherever the
//! processor allows it, so callers that hold many leaves or nodes hand them over together.

use sha2::Digest;
use sha2::Sha256;
use sha2::block_api::compress256;

use crate::hash::Hash;

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
    bodies.iter().map(|body| leaf_hash(body.as_ref())).collect()
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
    for (parent, [left, right]) in parents.iter_mut().zip(pairs) {
        *parent = node_hash(left, right);
    }
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

/// The state before the first block (FIPS 180-4, section 5.3.3).
const INITIAL_STATE: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// The second block of a node without its first byte, the last one of the right hash: the end mark and the length in bits.
const NODE_LAST_BLOCK: [u8; BLOCK_LENGTH] = {
    let mut block = [0; BLOCK_LENGTH];
    block[1] = 0x80;
    let bits = (8 * (1 + 2 * Hash::LENGTH)) as u16;
    block[62] = bits.to_be_bytes()[0];
    block[63] = bits.to_be_bytes()[1];
    block
};

#[cfg(test)]
mod tests {
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
