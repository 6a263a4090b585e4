//! What a log told its clients, and must hold to.

use std::sync::Arc;
use std::time::Instant;

use ledgerstone_merkle::Hash;

/// An entry that was acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    /// The number of its tree.
    pub(crate) tree: u64,
    pub(crate) index: u64,
    pub(crate) leaf: Hash,
}

/// A tree head that was signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Head {
    /// The number of the tree.
    pub(crate) tree: u64,
    pub(crate) size: u64,
    pub(crate) root: Hash,
}

/// One verified answer.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    /// The URL of the server that said it.
    pub(crate) server: Arc<str>,
    /// When the answer was there as a whole.
    pub(crate) at: Instant,
    /// What it acknowledged; nothing where it was an answer to a reader.
    pub(crate) entry: Option<Entry>,
    pub(crate) head: Head,
}
