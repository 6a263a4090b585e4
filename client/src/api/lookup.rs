//! How an entry is found.

use std::fmt;

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;

/// How an entry is found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EntryLookup {
    /// By its position.
    Index(LeafIndex),
    /// By the hash of its body as a leaf.
    LeafHash(Hash),
}

impl fmt::Display for EntryLookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "entry {index}"),
            Self::LeafHash(hash) => write!(f, "entry with the leaf hash {hash}"),
        }
    }
}
