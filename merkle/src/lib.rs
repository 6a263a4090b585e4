//! The tree of a transparency log: hashing, the right edge, tiles, proofs, notes and checkpoints.
//!
//! No I/O, no async, no storage: everything here is a function of bytes. The formats are those of RFC 6962 (hashes and
//! proofs), and of C2SP's signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles and tlog-proof.

mod hash;
mod index;

pub use hash::Hash;
pub use index::LeafIndex;
pub use index::TreeSize;
