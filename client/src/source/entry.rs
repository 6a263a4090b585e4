//! Entries of a log that is copied.

use bytes::Bytes;
use ledgerstone_merkle::ConsistencyProof;

/// Consecutive entries of a log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceRound {
    /// The entries, in the order of their indexes.
    pub entries: Vec<SourceEntry>,
    /// From the tree that ends with them to the head.
    pub proof: ConsistencyProof,
}

/// An entry of a log that is copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceEntry {
    /// The bytes that are hashed.
    pub body: Bytes,
    /// When the log took it, in Unix seconds; 0 for a log with tiles, which does not say.
    pub integrated_time: i64,
    /// The log's signature over that time, verified; none for a log with tiles.
    pub timestamp: Option<Bytes>,
    /// What the log keeps beside the entry. Nothing vouches for it but the hash in the body of the
    /// entry.
    pub attestation: Option<Bytes>,
}

impl SourceEntry {
    /// How many bytes it has, with what is kept beside it.
    pub(crate) fn bytes(&self) -> usize {
        let beside = [&self.timestamp, &self.attestation];
        let beside = beside.into_iter().flatten().map(Bytes::len);
        self.body.len() + beside.sum::<usize>()
    }
}
