//! Leaves and nodes as SHA-256 takes them: in blocks, with prefix and padding (RFC 6962, section
//! 2.1).

use crate::hash::Hash;

/// The byte before a body that is hashed as a leaf.
pub(super) const LEAF_PREFIX: u8 = 0;
/// The byte before two hashes that are hashed as a node.
pub(super) const NODE_PREFIX: u8 = 1;
/// The length of a SHA-256 block in bytes.
pub(super) const BLOCK_LENGTH: usize = 64;

/// The byte after a message (FIPS 180-4, section 5.1.1).
const END_MARK: u8 = 0x80;

/// The state before the first block (FIPS 180-4, section 5.3.3).
pub(super) const INITIAL_STATE: [u32; 8] = [
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
];

/// The second block of a node without its first byte, the last one of the right hash: the end mark
/// and the length in bits.
pub(super) const NODE_LAST_BLOCK: [u8; BLOCK_LENGTH] = {
    let mut block = [0; BLOCK_LENGTH];
    block[1] = END_MARK;
    let bits = (8 * (1 + 2 * Hash::LENGTH)) as u16;
    block[62] = bits.to_be_bytes()[0];
    block[63] = bits.to_be_bytes()[1];
    block
};

/// The number of SHA-256 blocks that a leaf with a body of `length` bytes fills: prefix, body, end
/// mark and length.
#[cfg(target_arch = "x86_64")]
pub(super) const fn leaf_blocks(length: usize) -> usize {
    (1 + length + 1 + 8).div_ceil(BLOCK_LENGTH)
}

/// Block `index` of the leaf with this body. Blocks that are not all body are written to `padded`,
/// which must be zero.
#[cfg(target_arch = "x86_64")]
pub(super) fn leaf_block<'a>(
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

/// The two SHA-256 blocks of a node: `0x01`, both hashes, and the padding, which is the same for
/// every node.
pub(super) fn node_blocks(left: &Hash, right: &Hash) -> [[u8; BLOCK_LENGTH]; 2] {
    let mut blocks = [[0; BLOCK_LENGTH], NODE_LAST_BLOCK];
    let (left, right) = (left.as_bytes(), right.as_bytes());
    blocks[0][0] = NODE_PREFIX;
    blocks[0][1..=Hash::LENGTH].copy_from_slice(left);
    blocks[0][1 + Hash::LENGTH..].copy_from_slice(&right[..Hash::LENGTH - 1]);
    blocks[1][0] = right[Hash::LENGTH - 1];
    blocks
}
