//! Keys and values as bytes. Every key starts with the shard, and all numbers are big-endian, so
//! that the engine's order of bytes is the order of the numbers.
//!
//! ```text
//! entries       shard u32 | index u64               -> integrated time i64 | body
//! tiles         shard u32 | level u8 | number u64   -> 8,192 bytes
//! leaves        shard u32 | leaf hash               -> index u64
//! search        shard u32 | kind u8 | hash | index  -> nothing
//!               shard u32 | 0x80 + kind u8 | text   -> nothing
//!               shard u32 | 0xff | index            -> the next part to index u32
//! attestations  shard u32 | key                     -> content
//! meta          shard u32 | 0                       -> identity, JSON
//!               shard u32 | 1                       -> size u64 | root | time i64
//!               shard u32 | 2                       -> frozen at i64 | last checkpoint
//!               shard u32 | 3                       -> public keys, vkeys in lines
//!               "schema"                            -> schema version u32
//!               "reindex"                           -> progress of a rebuild of the search index
//!               "generation"                        -> of which generation the search index is u32
//! ```

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::MAX_NOTE_BYTES;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

use crate::correction::SearchRow;
use crate::engine::Table;
use crate::round::SEARCH_ROW_BYTES;
use crate::shard::StoredEntry;
use crate::shard::StoredHead;
use crate::shard::StoredName;
use crate::shard::StoredSearchKey;
use crate::shard_id::ShardId;
use crate::trees::Frozen;

/// The key of the schema version. The shards' keys in `meta` are one byte shorter.
pub(crate) const SCHEMA: &[u8; 6] = b"schema";

/// The key of the progress of a rebuild of the search index, which goes through all shards.
pub(crate) const REINDEX: &[u8; 7] = b"reindex";

/// The key of the generation of the search index of all shards.
pub(crate) const GENERATION: &[u8; 10] = b"generation";

/// The bytes that the search keys of one thing share: shard, kind, hash.
const SEARCH_PREFIX_BYTES: usize = 4 + 1 + Hash::LENGTH;

const _: () = assert!(SEARCH_PREFIX_BYTES + 8 == SEARCH_ROW_BYTES);

const _: () = assert!(matches!(
    Table::Search.scanned_prefix(),
    Some(SEARCH_PREFIX_BYTES)
));

/// What a key in `meta` names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum MetaKey {
    Schema,
    Reindex,
    Generation,
    Identity(ShardId),
    Head(ShardId),
    Frozen(ShardId),
    PublicKeys(ShardId),
}

impl MetaKey {
    pub(crate) fn decode(key: &[u8]) -> Option<Self> {
        if key == SCHEMA {
            return Some(Self::Schema);
        }
        if key == REINDEX {
            return Some(Self::Reindex);
        }
        if key == GENERATION {
            return Some(Self::Generation);
        }
        let (kind, shard) = key.split_last()?;
        let shard = ShardId::new(u32::from_be_bytes(shard.try_into().ok()?));
        match *kind {
            IDENTITY => Some(Self::Identity(shard)),
            HEAD => Some(Self::Head(shard)),
            FROZEN => Some(Self::Frozen(shard)),
            PUBLIC_KEYS => Some(Self::PublicKeys(shard)),
            _ => None,
        }
    }
}

pub(crate) fn identity(shard: ShardId) -> [u8; 5] {
    join(&[&shard.get().to_be_bytes(), &[IDENTITY]])
}

pub(crate) fn head(shard: ShardId) -> [u8; 5] {
    join(&[&shard.get().to_be_bytes(), &[HEAD]])
}

pub(crate) fn frozen(shard: ShardId) -> [u8; 5] {
    join(&[&shard.get().to_be_bytes(), &[FROZEN]])
}

pub(crate) fn public_keys(shard: ShardId) -> [u8; 5] {
    join(&[&shard.get().to_be_bytes(), &[PUBLIC_KEYS]])
}

pub(crate) fn entry(shard: ShardId, index: LeafIndex) -> [u8; 12] {
    join(&[&shard.get().to_be_bytes(), &index.get().to_be_bytes()])
}

pub(crate) fn decode_entry_key(key: &[u8]) -> Option<(ShardId, LeafIndex)> {
    let (shard, index) = key.split_first_chunk()?;
    let shard = ShardId::new(u32::from_be_bytes(*shard));
    Some((shard, decode_index(index)?))
}

pub(crate) fn tile(shard: ShardId, id: TileId) -> [u8; 13] {
    join(&[
        &shard.get().to_be_bytes(),
        &[id.level],
        &id.number.to_be_bytes(),
    ])
}

/// The tile that a key of `tiles` stands for, and its shard.
#[cfg(any(test, feature = "testing"))]
pub(crate) fn decode_tile_key(key: &[u8]) -> Option<(ShardId, TileId)> {
    let (shard, rest) = key.split_first_chunk()?;
    let (level, number) = rest.split_first()?;
    let number = u64::from_be_bytes(number.try_into().ok()?);
    let shard = ShardId::new(u32::from_be_bytes(*shard));
    let level = *level;
    Some((shard, TileId { level, number }))
}

pub(crate) fn leaf(shard: ShardId, leaf_hash: &Hash) -> [u8; 36] {
    join(&[&shard.get().to_be_bytes(), leaf_hash.as_bytes()])
}

pub(crate) fn search(
    shard: ShardId,
    key: &StoredSearchKey,
    index: LeafIndex,
) -> [u8; SEARCH_PREFIX_BYTES + 8] {
    join(&[
        &shard.get().to_be_bytes(),
        &[key.kind],
        key.hash.as_bytes(),
        &index.get().to_be_bytes(),
    ])
}

/// What all keys of `search` for one search key begin with.
pub(crate) fn search_prefix(shard: ShardId, key: &StoredSearchKey) -> [u8; SEARCH_PREFIX_BYTES] {
    join(&[&shard.get().to_be_bytes(), &[key.kind], key.hash.as_bytes()])
}

/// A text in the search index.
pub(crate) fn name(shard: ShardId, kind: u8, text: &str) -> Vec<u8> {
    let head = [NAMES | kind];
    [&shard.get().to_be_bytes(), &head[..], text.as_bytes()].concat()
}

/// The text that a key of `search` holds.
pub(crate) fn decode_name(key: &[u8]) -> Option<(ShardId, StoredName)> {
    let (shard, rest) = key.split_first_chunk()?;
    let (kind, text) = rest.split_first()?;
    (NAMES..LATER).contains(kind).then_some(())?;
    let name = StoredName {
        kind: kind - NAMES,
        text: String::from_utf8(text.to_vec()).ok()?,
    };
    Some((ShardId::new(u32::from_be_bytes(*shard)), name))
}

/// What all rows of `search` that lead to entries come before.
pub(crate) fn names(shard: ShardId) -> [u8; 5] {
    join(&[&shard.get().to_be_bytes(), &[NAMES]])
}

/// An entry that is not found by everything yet.
pub(crate) fn later(shard: ShardId, index: LeafIndex) -> [u8; 13] {
    join(&[
        &shard.get().to_be_bytes(),
        &[LATER],
        &index.get().to_be_bytes(),
    ])
}

/// What the keys of all such entries begin with.
pub(crate) fn laters(shard: ShardId) -> [u8; 5] {
    join(&[&shard.get().to_be_bytes(), &[LATER]])
}

/// The entry that is not found by everything yet, and its shard.
pub(crate) fn decode_later(key: &[u8]) -> Option<(ShardId, LeafIndex)> {
    let (shard, rest) = key.split_first_chunk()?;
    let (kind, index) = rest.split_first()?;
    (*kind == LATER).then_some(())?;
    let shard = ShardId::new(u32::from_be_bytes(*shard));
    Some((shard, decode_index(index)?))
}

pub(crate) fn attestation(shard: ShardId, key: &[u8]) -> Vec<u8> {
    [&shard.get().to_be_bytes(), key].concat()
}

/// What all keys of a shard begin with, in every table.
pub(crate) fn shard(shard: ShardId) -> [u8; 4] {
    shard.get().to_be_bytes()
}

/// The row that a key of `search` stands for, and its shard.
pub(crate) fn decode_search(key: &[u8]) -> Option<(ShardId, SearchRow)> {
    let (shard, rest) = key.split_first_chunk()?;
    let (kind, rest) = rest.split_first()?;
    (*kind < NAMES).then_some(())?;
    let (hash, index) = rest.split_first_chunk::<{ Hash::LENGTH }>()?;
    let key = StoredSearchKey {
        kind: *kind,
        hash: Hash::new(*hash),
    };
    let index = decode_index(index)?;
    let shard = ShardId::new(u32::from_be_bytes(*shard));
    Some((shard, SearchRow { key, index }))
}

pub(crate) fn encode_index(index: LeafIndex) -> [u8; 8] {
    index.get().to_be_bytes()
}

pub(crate) fn decode_index(value: &[u8]) -> Option<LeafIndex> {
    let position = value.try_into().ok()?;
    Some(LeafIndex::new(u64::from_be_bytes(position)))
}

/// How the value of an entry begins; the body follows.
pub(crate) fn encode_time(integrated_time: i64) -> [u8; 8] {
    integrated_time.to_be_bytes()
}

pub(crate) fn decode_entry(mut value: Bytes) -> Option<StoredEntry> {
    let integrated_time = i64::from_be_bytes(*value.first_chunk()?);
    let body = value.split_off(size_of::<i64>());
    Some(StoredEntry {
        integrated_time,
        body,
    })
}

pub(crate) fn encode_head(head: &StoredHead) -> [u8; 48] {
    join(&[
        &head.size.get().to_be_bytes(),
        head.root.as_bytes(),
        &head.time.to_be_bytes(),
    ])
}

pub(crate) fn decode_head(value: &[u8]) -> Option<StoredHead> {
    let (size, rest) = value.split_first_chunk()?;
    let (root, rest) = rest.split_first_chunk::<{ Hash::LENGTH }>()?;
    Some(StoredHead {
        size: TreeSize::new(u64::from_be_bytes(*size)),
        root: Hash::new(*root),
        time: i64::from_be_bytes(rest.try_into().ok()?),
    })
}

pub(crate) fn encode_frozen(frozen: &Frozen) -> Vec<u8> {
    [&frozen.at.to_be_bytes(), frozen.checkpoint.as_bytes()].concat()
}

pub(crate) fn decode_frozen(value: &[u8]) -> Option<Frozen> {
    let (at, checkpoint) = value.split_first_chunk()?;
    if checkpoint.len() > MAX_NOTE_BYTES {
        return None;
    }
    Some(Frozen {
        checkpoint: String::from_utf8(checkpoint.to_vec()).ok()?,
        at: i64::from_be_bytes(*at),
    })
}

pub(crate) fn encode_schema_version(version: u32) -> [u8; 4] {
    version.to_be_bytes()
}

pub(crate) fn decode_schema_version(value: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(value.try_into().ok()?))
}

fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut joined = [0; N];
    let mut rest = &mut joined[..];
    for part in parts {
        let (here, behind) = rest.split_at_mut(part.len());
        here.copy_from_slice(part);
        rest = behind;
    }
    debug_assert!(rest.is_empty(), "the parts fill the key");
    joined
}

/// The lowest kind byte of a text in the search index.
const NAMES: u8 = 0x80;

/// The kind byte of an entry that is not found by everything yet.
const LATER: u8 = 0xff;

const IDENTITY: u8 = 0;
const HEAD: u8 = 1;
const FROZEN: u8 = 2;
const PUBLIC_KEYS: u8 = 3;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_encodings_are_fixed() {
        let shard = ShardId::new(1);
        let hash = Hash::new([0xee; 32]);
        let index = LeafIndex::new(0x0102);
        assert_eq!(hex::encode(entry(shard, index)), "000000010000000000000102");
        assert_eq!(
            hex::encode(tile(
                shard,
                TileId {
                    level: 2,
                    number: 3
                }
            )),
            "00000001020000000000000003"
        );
        assert_eq!(
            hex::encode(leaf(shard, &hash)),
            format!("00000001{}", "ee".repeat(32))
        );
        assert_eq!(
            hex::encode(search(shard, &StoredSearchKey { kind: 9, hash }, index)),
            format!("0000000109{}0000000000000102", "ee".repeat(32))
        );
        assert_eq!(attestation(shard, b"ab"), b"\0\0\0\x01ab");
        assert_eq!(hex::encode(identity(shard)), "0000000100");
        assert_eq!(hex::encode(head(shard)), "0000000101");
        assert_eq!(hex::encode(frozen(shard)), "0000000102");
        let frozen = Frozen {
            checkpoint: "text".to_owned(),
            at: 0x0102,
        };
        assert_eq!(encode_frozen(&frozen), b"\0\0\0\0\0\0\x01\x02text");
        assert_eq!(encode_schema_version(2), [0, 0, 0, 2]);
    }

    #[test]
    fn names_in_meta_are_told_apart() {
        // The bytes of this ordinal are "sche".
        for ordinal in [0, 1, u32::MAX, 0x7363_6865] {
            let shard = ShardId::new(ordinal);
            assert_eq!(
                MetaKey::decode(&identity(shard)),
                Some(MetaKey::Identity(shard))
            );
            assert_eq!(MetaKey::decode(&head(shard)), Some(MetaKey::Head(shard)));
            assert_eq!(
                MetaKey::decode(&frozen(shard)),
                Some(MetaKey::Frozen(shard))
            );
            assert_eq!(
                MetaKey::decode(&public_keys(shard)),
                Some(MetaKey::PublicKeys(shard))
            );
        }
        assert_eq!(MetaKey::decode(SCHEMA), Some(MetaKey::Schema));
        assert_eq!(MetaKey::decode(REINDEX), Some(MetaKey::Reindex));
        for unknown in [&b""[..], b"s", b"\0\0\0\0\x04", b"\0\0\0\0\0\0", b"schemas"] {
            assert_eq!(MetaKey::decode(unknown), None);
        }
    }

    #[test]
    fn values_of_another_length_do_not_decode() {
        let head = encode_head(&StoredHead {
            size: TreeSize::new(7),
            root: Hash::new([1; 32]),
            time: -1,
        });
        for length in (0..head.len()).chain([head.len() + 1]) {
            let mut value = head.to_vec();
            value.resize(length, 0);
            assert_eq!(decode_head(&value), None, "{length} bytes");
        }
        assert_eq!(decode_frozen(&[0; 7]), None);
        assert_eq!(decode_frozen(&[0xff; 9]), None);
        assert_eq!(decode_frozen(&[b'a'; 8 + MAX_NOTE_BYTES + 1]), None);
        assert_eq!(decode_schema_version(b"1"), None);
        assert_eq!(decode_index(&[0; 7]), None);
        assert_eq!(decode_index(&[0; 9]), None);
        assert_eq!(decode_entry_key(&[0; 11]), None);
        assert_eq!(decode_entry_key(&[0; 13]), None);
        assert_eq!(decode_entry(Bytes::from_static(&[0; 7])), None);
        assert_eq!(decode_search(&[0; SEARCH_PREFIX_BYTES + 7]), None);
        assert_eq!(decode_search(&[0; SEARCH_PREFIX_BYTES + 9]), None);
    }

    proptest! {
        #[test]
        fn bytes_sort_as_entries_do(a in any::<(u32, u64)>(), b in any::<(u32, u64)>()) {
            let key = |(shard, index)| entry(ShardId::new(shard), LeafIndex::new(index));
            prop_assert_eq!(a.cmp(&b), key(a).cmp(&key(b)));
            let decoded = decode_entry_key(&key(a)).unwrap();
            prop_assert_eq!(decoded, (ShardId::new(a.0), LeafIndex::new(a.1)));
        }

        #[test]
        fn bytes_sort_as_tiles_do(a in any::<(u32, u8, u64)>(), b in any::<(u32, u8, u64)>()) {
            let key = |(shard, level, number)| tile(ShardId::new(shard), TileId { level, number });
            prop_assert_eq!(a.cmp(&b), key(a).cmp(&key(b)));
        }

        #[test]
        fn bytes_sort_as_search_keys_do(
            a in (any::<u32>(), 0..NAMES, any::<[u8; 32]>(), any::<u64>()),
            index in any::<u64>(),
        ) {
            let key = |(shard, kind, hash, index)| {
                let key = StoredSearchKey { kind, hash: Hash::new(hash) };
                search(ShardId::new(shard), &key, LeafIndex::new(index))
            };
            let b = (a.0, a.1, a.2, index);
            prop_assert_eq!(a.cmp(&b), key(a).cmp(&key(b)));
            let row = |(_, kind, hash, index): (u32, u8, [u8; 32], u64)| SearchRow {
                key: StoredSearchKey { kind, hash: Hash::new(hash) },
                index: LeafIndex::new(index),
            };
            prop_assert_eq!(decode_search(&key(a)), Some((ShardId::new(a.0), row(a))));
            prop_assert_eq!((a.0, row(a)).cmp(&(b.0, row(b))), key(a).cmp(&key(b)));
        }

        #[test]
        fn names_are_read_back(shard in any::<u32>(), kind in 0_u8..0x7f, text in ".{0,60}") {
            let shard = ShardId::new(shard);
            let key = name(shard, kind, &text);
            prop_assert!(key[..] > names(shard)[..]);
            prop_assert_eq!(decode_search(&key), None);
            prop_assert_eq!(decode_later(&key), None);
            prop_assert_eq!(decode_name(&key), Some((shard, StoredName { kind, text })));
        }

        #[test]
        fn heads_are_read_back(
            size in any::<u64>(),
            root in any::<[u8; 32]>(),
            time in any::<i64>(),
        ) {
            let head = StoredHead { size: TreeSize::new(size), root: Hash::new(root), time };
            prop_assert_eq!(decode_head(&encode_head(&head)), Some(head));
        }

        #[test]
        fn frozen_trees_are_read_back(checkpoint in ".*", at in any::<i64>()) {
            let frozen = Frozen { checkpoint, at };
            prop_assert_eq!(decode_frozen(&encode_frozen(&frozen)), Some(frozen));
        }

        #[test]
        fn entries_are_read_back(time in any::<i64>(), body in any::<Vec<u8>>()) {
            let value = [&encode_time(time), &body[..]].concat();
            let entry = decode_entry(Bytes::from(value)).unwrap();
            prop_assert_eq!(entry, StoredEntry { integrated_time: time, body: body.into() });
        }

        #[test]
        fn indexes_are_read_back(position in any::<u64>()) {
            let index = LeafIndex::new(position);
            prop_assert_eq!(decode_index(&encode_index(index)), Some(index));
        }
    }
}
