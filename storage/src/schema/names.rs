//! What the rows of a store are, for tests whose engines do something wrong with some of them.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TileId;

use super::keys;
use super::keys::MetaKey;
use crate::correction::SearchRow;
use crate::engine::Table;
use crate::shard::StoredHead;
use crate::shard_id::ShardId;
use crate::trees::Frozen;

/// What a row is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RowName {
    /// An entry.
    Entry(ShardId, LeafIndex),
    /// A full tile.
    Tile(ShardId, TileId),
    /// Where the leaf with this hash is.
    Leaf(ShardId, Hash),
    /// A row of the search index.
    Search(ShardId, SearchRow),
    /// A text in the search index.
    Name(ShardId),
    /// An entry that is not found by everything yet.
    Unindexed(ShardId),
    /// Something that came with an entry.
    Attestation,
    /// What a shard is.
    Identity(ShardId),
    /// The head of a shard.
    Head(ShardId),
    /// How a shard was frozen.
    Frozen(ShardId),
    /// The public keys of a shard.
    PublicKeys(ShardId),
    /// The version of the schema.
    Schema,
    /// How far a rebuild of the search index is.
    Reindex,
    /// Of which generation the search index is.
    Generation,
}

impl RowName {
    /// What the row under `key` is; `None` for a key that no store has.
    pub fn of(table: Table, key: &[u8]) -> Option<Self> {
        Some(match table {
            Table::Entries => {
                let (shard, index) = keys::decode_entry_key(key)?;
                Self::Entry(shard, index)
            }
            Table::Tiles => {
                let (shard, id) = keys::decode_tile_key(key)?;
                Self::Tile(shard, id)
            }
            Table::Leaves => {
                let (shard, hash) = key.split_first_chunk()?;
                let shard = ShardId::new(u32::from_be_bytes(*shard));
                Self::Leaf(shard, Hash::from_slice(hash)?)
            }
            Table::Search => {
                if let Some((shard, row)) = keys::decode_search(key) {
                    return Some(Self::Search(shard, row));
                }
                if let Some((shard, _)) = keys::decode_later(key) {
                    return Some(Self::Unindexed(shard));
                }
                Self::Name(keys::decode_name(key)?.0)
            }
            Table::Attestations => Self::Attestation,
            Table::Meta => match MetaKey::decode(key)? {
                MetaKey::Schema => Self::Schema,
                MetaKey::Reindex => Self::Reindex,
                MetaKey::Generation => Self::Generation,
                MetaKey::Identity(shard) => Self::Identity(shard),
                MetaKey::Head(shard) => Self::Head(shard),
                MetaKey::Frozen(shard) => Self::Frozen(shard),
                MetaKey::PublicKeys(shard) => Self::PublicKeys(shard),
            },
        })
    }
}

/// The value of a row that says where a leaf is.
pub fn leaf_value(index: LeafIndex) -> Bytes {
    Bytes::copy_from_slice(&keys::encode_index(index))
}

/// The value of the row of a head.
pub fn head_value(head: &StoredHead) -> Bytes {
    Bytes::copy_from_slice(&keys::encode_head(head))
}

/// The head that is the value of a row; `None` for what is none.
pub fn head_of_value(value: &[u8]) -> Option<StoredHead> {
    keys::decode_head(value)
}

/// The value of the row that says how a shard was frozen.
pub fn frozen_value(frozen: &Frozen) -> Bytes {
    keys::encode_frozen(frozen).into()
}
