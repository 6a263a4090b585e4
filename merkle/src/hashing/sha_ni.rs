//! SHA-256 of several messages at once with the SHA instructions of x86-64 processors.
//!
//! One stream of these instructions waits for its own results most of the time. Four independent
//! streams, interleaved, fill the gaps: a node takes less than half the time.

use std::arch::x86_64::__m128i;
use std::arch::x86_64::_mm_add_epi32;
use std::arch::x86_64::_mm_alignr_epi8;
use std::arch::x86_64::_mm_blend_epi16;
use std::arch::x86_64::_mm_loadu_si128;
use std::arch::x86_64::_mm_set_epi8;
use std::arch::x86_64::_mm_set_epi32;
use std::arch::x86_64::_mm_sha256msg1_epu32;
use std::arch::x86_64::_mm_sha256msg2_epu32;
use std::arch::x86_64::_mm_sha256rnds2_epu32;
use std::arch::x86_64::_mm_shuffle_epi8;
use std::arch::x86_64::_mm_shuffle_epi32;
use std::arch::x86_64::_mm_storeu_si128;

use crate::hash::Hash;
use crate::hashing::blocks::BLOCK_LENGTH;
use crate::hashing::blocks::INITIAL_STATE;
use crate::hashing::blocks::NODE_LAST_BLOCK;
use crate::hashing::blocks::NODE_PREFIX;
use crate::hashing::blocks::leaf_block;
use crate::hashing::blocks::leaf_blocks;

/// The number of messages hashed at once.
pub(super) const LANES: usize = 4;

/// The knowledge that this processor has the instructions.
#[derive(Clone, Copy)]
pub(super) struct ShaNi(());

impl ShaNi {
    /// `None` when this processor lacks the instructions.
    pub(super) fn detect() -> Option<Self> {
        let found = is_x86_feature_detected!("sha")
            && is_x86_feature_detected!("sse4.1")
            && is_x86_feature_detected!("ssse3");
        found.then_some(Self(()))
    }

    /// The nodes above pairs of hashes.
    pub(super) fn nodes(self, pairs: &[[Hash; 2]; LANES]) -> [Hash; LANES] {
        // SAFETY: `detect`, which alone makes this type, has found the features that the function
        // is compiled for.
        unsafe { nodes(pairs) }
    }

    /// The hashes of leaves that fill the same number of blocks.
    pub(super) fn leaves(self, bodies: [&[u8]; LANES]) -> [Hash; LANES] {
        // SAFETY: as above.
        unsafe { leaves(bodies) }
    }
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn nodes(pairs: &[[Hash; 2]; LANES]) -> [Hash; LANES] {
    let first_blocks = std::array::from_fn(|lane| node_words(&pairs[lane]));
    let last_bytes = std::array::from_fn(|lane| pairs[lane][1].as_bytes()[Hash::LENGTH - 1]);
    let mut states = [State::initial(); LANES];
    compress(&mut states, first_blocks);
    compress_last_of_nodes(&mut states, last_bytes);
    states.map(|state| state.hash())
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn leaves(bodies: [&[u8]; LANES]) -> [Hash; LANES] {
    let mut states = [State::initial(); LANES];
    for index in 0..leaf_blocks(bodies[0].len()) {
        let blocks = std::array::from_fn(|lane| {
            let mut padded = [0; BLOCK_LENGTH];
            block_words(leaf_block(bodies[lane], index, &mut padded))
        });
        compress(&mut states, blocks);
    }
    states.map(|state| state.hash())
}

/// A block as the 16 words of its message schedule.
type Words = [__m128i; 4];

/// The state between two blocks, in the order that the instructions ask for: A is the highest word
/// of the first vector.
#[derive(Clone, Copy)]
struct State {
    abef: __m128i,
    cdgh: __m128i,
}

impl State {
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn initial() -> Self {
        let [a, b, c, d, e, f, g, h] = INITIAL_STATE.map(u32::cast_signed);
        Self {
            abef: _mm_set_epi32(a, b, e, f),
            cdgh: _mm_set_epi32(c, d, g, h),
        }
    }

    /// Four rounds, with the schedule's words and the constants already added up.
    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn rounds(&mut self, words: __m128i) {
        self.cdgh = _mm_sha256rnds2_epu32(self.cdgh, self.abef, words);
        self.abef = _mm_sha256rnds2_epu32(self.abef, self.cdgh, _mm_shuffle_epi32::<0x0e>(words));
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn add(&mut self, before: Self) {
        self.abef = _mm_add_epi32(self.abef, before.abef);
        self.cdgh = _mm_add_epi32(self.cdgh, before.cdgh);
    }

    #[inline]
    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn hash(self) -> Hash {
        let feba = _mm_shuffle_epi32::<0x1b>(self.abef);
        let dchg = _mm_shuffle_epi32::<0xb1>(self.cdgh);
        let dcba = swap_bytes(_mm_blend_epi16::<0xf0>(feba, dchg));
        let hgfe = swap_bytes(_mm_alignr_epi8::<8>(dchg, feba));
        let mut bytes = [0; Hash::LENGTH];
        let (halves, _) = bytes.as_chunks_mut::<16>();
        store(dcba, &mut halves[0]);
        store(hgfe, &mut halves[1]);
        Hash::new(bytes)
    }
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress(states: &mut [State; LANES], mut words: [Words; LANES]) {
    let before = *states;
    for (round, constants) in ROUND_CONSTANTS.iter().enumerate() {
        let [first, second, third, fourth] = constants;
        // The schedule starts with the block itself; from the fifth group of words on, each
        // replaces the oldest.
        let extend = round > 0;
        group::<0>(states, &mut words, first, extend);
        group::<1>(states, &mut words, second, extend);
        group::<2>(states, &mut words, third, extend);
        group::<3>(states, &mut words, fourth, extend);
    }
    for (state, before) in states.iter_mut().zip(before) {
        state.add(before);
    }
}

/// Four rounds of every lane with the words at `AT`.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn group<const AT: usize>(
    states: &mut [State; LANES],
    words: &mut [Words; LANES],
    constants: &[u32; 4],
    extend: bool,
) {
    let constants = load_words(constants);
    for (state, words) in states.iter_mut().zip(words) {
        if extend {
            let [oldest, second, third, newest] = [
                words[AT],
                words[(AT + 1) % 4],
                words[(AT + 2) % 4],
                words[(AT + 3) % 4],
            ];
            let sum = _mm_add_epi32(
                _mm_sha256msg1_epu32(oldest, second),
                _mm_alignr_epi8::<4>(newest, third),
            );
            words[AT] = _mm_sha256msg2_epu32(sum, newest);
        }
        state.rounds(_mm_add_epi32(words[AT], constants));
    }
}

/// The second block of nodes: of all its words only the first byte differs, so that the whole
/// schedule is looked up.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress_last_of_nodes(states: &mut [State; LANES], last_bytes: [u8; LANES]) {
    let before = *states;
    let schedules = last_bytes.map(|byte| &LAST_BLOCK_SCHEDULES[usize::from(byte)]);
    for group in 0..16 {
        for (state, schedule) in states.iter_mut().zip(schedules) {
            state.rounds(load_words(&schedule[group]));
        }
    }
    for (state, before) in states.iter_mut().zip(before) {
        state.add(before);
    }
}

/// The first block of a node, `0x01` and the hashes but for the last byte: each vector is shifted
/// by that one byte.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn node_words([left, right]: &[Hash; 2]) -> Words {
    let ([l0, l1], [r0, r1]) = (halves(left), halves(right));
    let prefix = _mm_set_epi8(
        NODE_PREFIX.cast_signed(),
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    );
    [
        swap_bytes(_mm_alignr_epi8::<15>(l0, prefix)),
        swap_bytes(_mm_alignr_epi8::<15>(l1, l0)),
        swap_bytes(_mm_alignr_epi8::<15>(r0, l1)),
        swap_bytes(_mm_alignr_epi8::<15>(r1, r0)),
    ]
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn halves(hash: &Hash) -> [__m128i; 2] {
    let (chunks, _) = hash.as_bytes().as_chunks::<16>();
    [load_bytes(&chunks[0]), load_bytes(&chunks[1])]
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn block_words(block: &[u8; BLOCK_LENGTH]) -> Words {
    let (chunks, _) = block.as_chunks::<16>();
    std::array::from_fn(|index| swap_bytes(load_bytes(&chunks[index])))
}

/// Reverses the bytes of each word: SHA-256 is big-endian, the vectors are little-endian.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn swap_bytes(words: __m128i) -> __m128i {
    _mm_shuffle_epi8(
        words,
        _mm_set_epi8(12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3),
    )
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn load_words(words: &[u32; 4]) -> __m128i {
    // SAFETY: the reference is to 16 bytes, all initialised, and the load asks for no alignment.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn load_bytes(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: as in `load_words`.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn store(vector: __m128i, bytes: &mut [u8; 16]) {
    // SAFETY: the reference is to 16 bytes that nothing else refers to, and the store asks for no
    // alignment.
    unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), vector) }
}

/// The constants of the 64 rounds (FIPS 180-4, section 4.2.2), in groups of four rounds.
const ROUND_CONSTANTS: [[[u32; 4]; 4]; 4] = [
    [
        [0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5],
        [0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5],
        [0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3],
        [0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174],
    ],
    [
        [0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc],
        [0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da],
        [0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7],
        [0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967],
    ],
    [
        [0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13],
        [0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85],
        [0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3],
        [0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070],
    ],
    [
        [0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5],
        [0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3],
        [0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208],
        [0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2],
    ],
];

/// For each first byte of a node's second block: the words of its 64 rounds with the constants
/// added, 64 KiB in all.
static LAST_BLOCK_SCHEDULES: [[[u32; 4]; 16]; 256] = {
    let mut schedules = [[[0; 4]; 16]; 256];
    let mut byte = 0;
    while byte < schedules.len() {
        schedules[byte] = last_block_schedule(byte as u8);
        byte += 1;
    }
    schedules
};

const fn last_block_schedule(first_byte: u8) -> [[u32; 4]; 16] {
    let mut block = NODE_LAST_BLOCK;
    block[0] = first_byte;
    let mut words = [0_u32; 64];
    let mut sums = [[0; 4]; 16];
    let mut round = 0;
    while round < 64 {
        words[round] = if round < 16 {
            let at = 4 * round;
            u32::from_be_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
        } else {
            let (x, y) = (words[round - 15], words[round - 2]);
            let first = x.rotate_right(7) ^ x.rotate_right(18) ^ (x >> 3);
            let second = y.rotate_right(17) ^ y.rotate_right(19) ^ (y >> 10);
            words[round - 16]
                .wrapping_add(first)
                .wrapping_add(words[round - 7])
                .wrapping_add(second)
        };
        sums[round / 4][round % 4] =
            words[round].wrapping_add(ROUND_CONSTANTS[round / 16][round / 4 % 4][round % 4]);
        round += 1;
    }
    sums
}
