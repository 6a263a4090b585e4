//! The log's own messages, as both of its own faces send them: `ledgerstone.v1.Log` over gRPC, and
//! `/log/v1/` over HTTP.

use bytes::Bytes;
use ledgerstone_entry::describe;
use ledgerstone_log::Head;
use ledgerstone_log::LoggedEntry;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_log::Trees;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1 as proto;
use ledgerstone_proto::log::v1::ConsistencyProofResponse;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::InclusionProofResponse;
use ledgerstone_proto::log::v1::ListTreesResponse;
use ledgerstone_proto::log::v1::TreeHead;
use ledgerstone_proto::log::v1::TreeRole;

use crate::error::ApiError;
use crate::state::State;

/// The most entries, and bytes of bodies, that one read of the store yields.
pub(crate) const READ_ENTRIES: usize = 256;
pub(crate) const READ_BYTES: usize = 1 << 20;

/// How a caller names an entry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lookup {
    Index(LeafIndex),
    LeafHash(Hash),
}

impl Lookup {
    /// By leaf hash, which has to be 32 bytes.
    pub(crate) fn leaf_hash(bytes: &[u8]) -> Result<Self, ApiError> {
        let hash = Hash::from_slice(bytes);
        let hash = hash.ok_or_else(|| {
            ApiError::invalid(format!("a leaf hash has 32 bytes, not {}", bytes.len()))
        })?;
        Ok(Self::LeafHash(hash))
    }
}

pub(crate) fn tree_head(tree: &Tree, head: &Head) -> TreeHead {
    TreeHead {
        origin: tree.origin(),
        size: head.size().get(),
        root_hash: bytes_of(&head.root()),
        checkpoint: head.checkpoint().to_string(),
        time: head.time(),
        tree_id: tree.tree_id(),
    }
}

/// The trees of the log, and then the copies of others.
pub(crate) fn trees(trees: &Trees) -> ListTreesResponse {
    let own = trees.own().map(|tree| {
        let role = if tree.grows() {
            TreeRole::Active
        } else {
            TreeRole::Predecessor
        };
        render_tree(tree, role)
    });
    let copies = trees.copies().iter();
    ListTreesResponse {
        trees: own
            .chain(copies.map(|tree| render_tree(tree, TreeRole::Copy)))
            .collect(),
    }
}

fn render_tree(tree: &Tree, role: TreeRole) -> proto::Tree {
    let is_imported = tree.import().is_some();
    let v1_key = tree.v1_key();
    proto::Tree {
        head: Some(tree_head(tree, &tree.head())),
        role: role as i32,
        start: tree.start(),
        key: tree.checkpoint_key().to_string(),
        rekor_v1_key: v1_key
            .map_or_else(Vec::new, VerifierKey::public_key_der)
            .into(),
        // Whose entries an imported tree holds nobody said.
        protocol: if is_imported {
            String::new()
        } else {
            tree.protocol().name().to_owned()
        },
        log_name: tree.log_name().to_owned(),
        created: tree.identity().created,
        frozen_at: tree.frozen_at().unwrap_or(0),
    }
}

pub(crate) async fn entry(state: &State, tree: &Tree, lookup: Lookup) -> Result<Entry, ApiError> {
    let found = state.read(tree, async move |tree| {
        let Some(index) = resolve(&tree, lookup).await? else {
            return Ok(None);
        };
        Ok(tree
            .entry(index)
            .await?
            .map(|entry| render_entry(tree.tree_id(), index, entry)))
    });
    found.await?.ok_or_else(|| absent(tree, lookup))
}

/// Up to [`READ_ENTRIES`] entries from `start` on, with at most `bytes` of bodies, or one entry.
pub(crate) async fn entries(
    state: &State,
    tree: &Tree,
    start: u64,
    limit: usize,
    bytes: usize,
) -> Result<Vec<Entry>, ApiError> {
    let limit = limit.min(READ_ENTRIES);
    let read = state.read(tree, async move |tree| {
        let entries = tree.entries(LeafIndex::new(start), limit, bytes);
        let entries = entries.await?;
        Ok(entries
            .into_iter()
            .map(|(index, entry)| render_entry(tree.tree_id(), index, entry))
            .collect())
    });
    read.await
}

/// The proof at `size`, or at the head for size 0.
pub(crate) async fn inclusion_proof(
    state: &State,
    tree: &Tree,
    lookup: Lookup,
    size: u64,
) -> Result<InclusionProofResponse, ApiError> {
    let found = state.read(tree, async move |tree| {
        let head = tree.head();
        let size = if size == 0 {
            head.size()
        } else {
            TreeSize::new(size)
        };
        let Some(index) = resolve(&tree, lookup).await? else {
            return Ok(None);
        };
        let proof = tree.inclusion_proof(index, size).await?;
        let entry = tree
            .entry(index)
            .await?
            .ok_or(ReadError::MissingEntry(index))?;
        let at_head = size == head.size();
        Ok(Some(InclusionProofResponse {
            index: index.get(),
            tree_size: size.get(),
            root_hash: bytes_of(&if at_head {
                head.root()
            } else {
                tree.root_at(size).await?
            }),
            leaf_hash: bytes_of(&leaf_hash(&entry.body)),
            hashes: proof.hashes.iter().map(bytes_of).collect(),
            checkpoint: if at_head {
                head.checkpoint().to_string()
            } else {
                String::new()
            },
        }))
    });
    found.await?.ok_or_else(|| absent(tree, lookup))
}

/// The proof from `old` to `new`, or to the head for size 0.
pub(crate) async fn consistency_proof(
    state: &State,
    tree: &Tree,
    old: u64,
    new: u64,
) -> Result<ConsistencyProofResponse, ApiError> {
    let read = state.read(tree, async move |tree| {
        let old = TreeSize::new(old);
        let new = if new == 0 {
            tree.head().size()
        } else {
            TreeSize::new(new)
        };
        let proof = tree.consistency_proof(old, new).await?;
        Ok(ConsistencyProofResponse {
            old_size: old.get(),
            new_size: new.get(),
            old_root: bytes_of(&tree.root_at(old).await?),
            new_root: bytes_of(&tree.root_at(new).await?),
            hashes: proof.hashes.iter().map(bytes_of).collect(),
        })
    });
    read.await
}

async fn resolve(tree: &Tree, lookup: Lookup) -> Result<Option<LeafIndex>, ReadError> {
    match lookup {
        Lookup::Index(index) => Ok(Some(index)),
        Lookup::LeafHash(hash) => tree.index_of(&hash).await,
    }
}

fn absent(tree: &Tree, lookup: Lookup) -> ApiError {
    match lookup {
        Lookup::Index(index) => ReadError::IndexBeyondSize {
            index,
            size: tree.head().size(),
        }
        .into(),
        Lookup::LeafHash(hash) => {
            ApiError::not_found(format!("the log holds no entry with leaf hash {hash}"))
        }
    }
}

pub(crate) fn render_entry(tree_id: u64, index: LeafIndex, entry: LoggedEntry) -> Entry {
    // A body of a kind that this version does not know is still an entry of the log.
    let (kind, version) = describe(&entry.body)
        .map(|description| {
            (
                description.kind().to_owned(),
                description.version().to_owned(),
            )
        })
        .unwrap_or_default();
    Entry {
        index: index.get(),
        leaf_hash: bytes_of(&leaf_hash(&entry.body)),
        integrated_time: entry.integrated_time,
        kind,
        version,
        body: entry.body,
        tree_id,
    }
}

fn bytes_of(hash: &Hash) -> Bytes {
    Bytes::copy_from_slice(hash.as_ref())
}
