//! What readers of a tree get.

use std::sync::Arc;

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::InclusionProof;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::StoredEntry;

use crate::head::Head;

/// An entry as the log holds it.
#[derive(Clone, Debug)]
pub struct LoggedEntry {
    /// When the log took it, in Unix seconds.
    pub integrated_time: i64,
    /// The canonical bytes, which the leaf hash is over.
    pub body: Bytes,
}

impl From<StoredEntry> for LoggedEntry {
    fn from(stored: StoredEntry) -> Self {
        Self {
            integrated_time: stored.integrated_time,
            body: stored.body,
        }
    }
}

/// An entry with the proof that a tree holds it.
#[derive(Clone, Debug)]
pub struct ProvenEntry {
    /// Its index in its tree.
    pub index: LeafIndex,
    /// The entry.
    pub entry: LoggedEntry,
    /// Its leaf hash.
    pub leaf_hash: Hash,
    /// The tree head that the proof leads to.
    pub head: Arc<Head>,
    /// The proof, verified.
    pub proof: InclusionProof,
}

/// Consecutive entries of an entry bundle, in its form.
#[derive(Clone, Debug)]
pub struct BundlePart {
    /// What stands in the bundle.
    pub bytes: Bytes,
    /// The entry of the bundle, counted from 0, that the next part starts with.
    pub next: usize,
}
