//! What can be wrong with a store.

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::engine::EngineDamage;
use crate::shard_id::ShardId;

/// What is wrong with a store.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Damage {
    /// A part of the engine's own is missing, shortened or changed.
    #[error("{0}")]
    Engine(EngineDamage),

    /// The store does not say which schema it has.
    #[error("the schema version is missing")]
    SchemaVersionMissing,

    /// A stored name or value is not one that this schema writes.
    #[error("a {0} does not decode")]
    Undecodable(&'static str),

    /// A shard has a head but no identity.
    #[error("the identity of shard {0} is missing")]
    IdentityMissing(ShardId),

    /// A shard has an identity but no head.
    #[error("the head of shard {0} is missing")]
    HeadMissing(ShardId),

    /// An entry below the head is not there.
    #[error("entry {index} of shard {shard} is missing")]
    EntryMissing {
        /// The shard.
        shard: ShardId,
        /// The index of the entry.
        index: LeafIndex,
    },

    /// There is an entry at or above the head.
    #[error("shard {shard} has entry {index}, which its head of size {size} does not count")]
    EntryBeyondHead {
        /// The shard.
        shard: ShardId,
        /// The index of the entry.
        index: LeafIndex,
        /// The size of the stored head.
        size: TreeSize,
    },

    /// A full tile below the head is not there.
    #[error("tile {} at level {} of shard {shard} is missing", id.number, id.level)]
    TileMissing {
        /// The shard.
        shard: ShardId,
        /// The tile.
        id: TileId,
    },

    /// A stored tile is not 8,192 bytes long.
    #[error(
        "tile {} at level {} of shard {shard} has {length} bytes instead of 8192",
        id.number, id.level
    )]
    TileLength {
        /// The shard.
        shard: ShardId,
        /// The tile.
        id: TileId,
        /// Its length in bytes.
        length: usize,
    },

    /// The kept checkpoint of a shard is not a text of the length of a checkpoint.
    #[error("the kept checkpoint of shard {0} is not a checkpoint")]
    KeptCheckpoint(ShardId),
}
