//! The log's own messages, as both of its own faces send them: `ledgerstone.v1.Log` over gRPC, and
//! `/log/v1/` over HTTP.

use bytes::Bytes;
use ledgerstone_entry::describe;
use ledgerstone_log::Head;
use ledgerstone_log::LoggedEntry;
use ledgerstone_log::ReadError;
use ledgerstone_log::Shard;
use ledgerstone_log::Shards;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::log::v1::ConsistencyProofResponse;
use ledgerstone_proto::log::v1::Entry;
use ledgerstone_proto::log::v1::InclusionProofResponse;
use ledgerstone_proto::log::v1::ListTreesResponse;
use ledgerstone_proto::log::v1::Tree;
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

pub(crate) fn tree_head(shard: &Shard, head: &Head) -> TreeHead {
    TreeHead {
        origin: shard.origin().to_owned(),
        size: head.size().get(),
        root_hash: bytes_of(&head.root()),
        checkpoint: head.checkpoint().to_owned(),
        time: head.time(),
        tree_id: shard.tree_id(),
    }
}

/// The trees of the log, oldest first, and then the copies of others.
pub(crate) fn trees(shards: &Shards) -> ListTreesResponse {
    let active = shards.active().tree_id();
    let tree = |shard: &Shard, role: TreeRole| Tree {
        head: Some(tree_head(shard, &shard.head())),
        role: role as i32,
        start: shard.start(),
        key: shard.checkpoint_key(),
        rekor_v1_key: shard.v1_public_key_der().into(),
    };
    let own = shards.all().iter().map(|shard| {
        let role = if shard.tree_id() == active {
            TreeRole::Active
        } else {
            TreeRole::Predecessor
        };
        tree(shard, role)
    });
    let copies = shards.copies().iter();
    ListTreesResponse {
        trees: own
            .chain(copies.map(|shard| tree(shard, TreeRole::Copy)))
            .collect(),
    }
}

pub(crate) async fn entry(state: &State, shard: &Shard, lookup: Lookup) -> Result<Entry, ApiError> {
    let found = state.read(shard, move |shard| {
        let Some(index) = resolve(shard, lookup)? else {
            return Ok(None);
        };
        Ok(shard.entry(index)?.map(|entry| render_entry(index, entry)))
    });
    found.await?.ok_or_else(|| absent(shard, lookup))
}

/// Up to [`READ_ENTRIES`] entries from `start` on.
pub(crate) async fn entries(
    state: &State,
    shard: &Shard,
    start: u64,
    limit: usize,
) -> Result<Vec<Entry>, ApiError> {
    let limit = limit.min(READ_ENTRIES);
    let read = state.read(shard, move |shard| {
        let entries = shard.entries(LeafIndex::new(start), limit, READ_BYTES)?;
        Ok(entries
            .into_iter()
            .map(|(index, entry)| render_entry(index, entry))
            .collect())
    });
    read.await
}

/// The proof at `size`, or at the head for size 0.
pub(crate) async fn inclusion_proof(
    state: &State,
    shard: &Shard,
    lookup: Lookup,
    size: u64,
) -> Result<InclusionProofResponse, ApiError> {
    let found = state.read(shard, move |shard| {
        let head = shard.head();
        let size = if size == 0 {
            head.size()
        } else {
            TreeSize::new(size)
        };
        let Some(index) = resolve(shard, lookup)? else {
            return Ok(None);
        };
        let proof = shard.inclusion_proof(index, size)?;
        let entry = shard.entry(index)?.ok_or(ReadError::MissingEntry(index))?;
        let at_head = size == head.size();
        Ok(Some(InclusionProofResponse {
            index: index.get(),
            tree_size: size.get(),
            root_hash: bytes_of(&if at_head {
                head.root()
            } else {
                shard.root_at(size)?
            }),
            leaf_hash: bytes_of(&leaf_hash(&entry.body)),
            hashes: proof.hashes.iter().map(bytes_of).collect(),
            checkpoint: if at_head {
                head.checkpoint().to_owned()
            } else {
                String::new()
            },
        }))
    });
    found.await?.ok_or_else(|| absent(shard, lookup))
}

/// The proof from `old` to `new`, or to the head for size 0.
pub(crate) async fn consistency_proof(
    state: &State,
    shard: &Shard,
    old: u64,
    new: u64,
) -> Result<ConsistencyProofResponse, ApiError> {
    let read = state.read(shard, move |shard| {
        let old = TreeSize::new(old);
        let new = if new == 0 {
            shard.head().size()
        } else {
            TreeSize::new(new)
        };
        let proof = shard.consistency_proof(old, new)?;
        Ok(ConsistencyProofResponse {
            old_size: old.get(),
            new_size: new.get(),
            old_root: bytes_of(&shard.root_at(old)?),
            new_root: bytes_of(&shard.root_at(new)?),
            hashes: proof.hashes.iter().map(bytes_of).collect(),
        })
    });
    read.await
}

fn resolve(shard: &Shard, lookup: Lookup) -> Result<Option<LeafIndex>, ReadError> {
    match lookup {
        Lookup::Index(index) => Ok(Some(index)),
        Lookup::LeafHash(hash) => shard.index_of(&hash),
    }
}

fn absent(shard: &Shard, lookup: Lookup) -> ApiError {
    match lookup {
        Lookup::Index(index) => ReadError::IndexBeyondSize {
            index,
            size: shard.head().size(),
        }
        .into(),
        Lookup::LeafHash(hash) => {
            ApiError::not_found(format!("the log holds no entry with leaf hash {hash}"))
        }
    }
}

pub(crate) fn render_entry(index: LeafIndex, entry: LoggedEntry) -> Entry {
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
    }
}

fn bytes_of(hash: &Hash) -> Bytes {
    Bytes::copy_from_slice(hash.as_ref())
}
