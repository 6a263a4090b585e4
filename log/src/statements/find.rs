//! Which entries vouch for a statement.

use ledgerstone_entry::AttachedStatement;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::ShardId;

use crate::error::ReadError;
use crate::submission::stored_key;
use crate::tree::Tree;

/// The most entries that one statement is kept for at a time: an envelope has few signatures, but
/// anybody may log the same one again by another key.
pub const MAX_ATTACHED_ENTRIES: usize = 64;

/// How many entries are looked at that may vouch for it.
const MAX_CANDIDATES: usize = 1_024;

/// An entry that vouches for a statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attached {
    /// The number of its tree.
    pub tree_id: u64,
    /// Where in that tree it is.
    pub index: LeafIndex,
    /// Its leaf hash.
    pub leaf_hash: Hash,
    /// Whether the log had the statement already.
    pub is_known: bool,
}

/// An entry that vouches for a statement, and where it is stored.
#[derive(Debug)]
pub(crate) struct Vouching {
    pub(crate) shard: ShardId,
    pub(crate) attached: Attached,
    /// Under what the document lies where it came with the submission.
    pub(crate) attestation: Option<Hash>,
}

/// The entries of `trees` that vouch for `statement`, each checked.
pub(crate) async fn vouching<'t>(
    trees: impl IntoIterator<Item = &'t Tree>,
    statement: &AttachedStatement,
) -> Result<Vec<Vouching>, ReadError> {
    let keys = statement.search_keys();
    let mut found = Vec::new();
    for tree in trees {
        let mut candidates = Vec::new();
        for key in &keys {
            let key = stored_key(key);
            let from = LeafIndex::new(0);
            candidates.extend(tree.reader().search(&key, from, MAX_CANDIDATES).await?);
        }
        candidates.sort_unstable();
        candidates.dedup();
        for index in candidates.into_iter().take(MAX_CANDIDATES) {
            found.extend(check(tree, statement, index).await?);
            if found.len() >= MAX_ATTACHED_ENTRIES {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

async fn check(
    tree: &Tree,
    statement: &AttachedStatement,
    index: LeafIndex,
) -> Result<Option<Vouching>, ReadError> {
    // The index may lead beyond the head.
    let Some(entry) = tree.entry(index).await? else {
        return Ok(None);
    };
    if !statement.answers_to(&entry.body) {
        return Ok(None);
    }
    Ok(Some(Vouching {
        shard: tree.shard(),
        attestation: ledgerstone_entry::v1::attestation_key(&entry.body),
        attached: Attached {
            tree_id: tree.tree_id(),
            index,
            leaf_hash: leaf_hash(&entry.body),
            is_known: false,
        },
    }))
}
