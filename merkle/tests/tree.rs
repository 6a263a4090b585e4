//! A tree in memory with its tiles, and the recursion of RFC 6962 to compare with.

use std::collections::BTreeMap;
use std::sync::Arc;

use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_merkle::node_hash;

/// The tiles of a growing tree.
#[derive(Default)]
pub(crate) struct Tiles(pub(crate) BTreeMap<TileId, Arc<Tile>>);

impl Tiles {
    pub(crate) fn of(leaves: &[Hash]) -> Self {
        let mut tiles = Self::default();
        leaves.iter().for_each(|leaf| tiles.append(*leaf));
        tiles
    }

    pub(crate) fn append(&mut self, leaf: Hash) {
        let mut hash = Some(leaf);
        for level in 0.. {
            let Some(hash_here) = hash else {
                return;
            };
            let last = self
                .0
                .range(
                    ..TileId {
                        level: level + 1,
                        number: 0,
                    },
                )
                .next_back();
            let number = match last {
                Some((id, tile)) if id.level == level => id.number + u64::from(tile.is_full()),
                _ => 0,
            };
            let tile = self.0.entry(TileId { level, number }).or_default();
            hash = Arc::make_mut(tile).push(hash_here);
        }
    }
}

#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Missing(pub(crate) TileId);

impl TileSource for Tiles {
    type Error = Missing;

    fn tile(&self, id: TileId, _width: TileWidth) -> Result<Arc<Tile>, Missing> {
        self.0.get(&id).cloned().ok_or(Missing(id))
    }
}

/// `count` different leaf hashes.
pub(crate) fn leaves(count: u64) -> Vec<Hash> {
    (0..count)
        .map(|index| leaf_hash(&index.to_be_bytes()))
        .collect()
}

/// The root over `leaves`, by the definition of RFC 6962, section 2.1.
pub(crate) fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len()));
            node_hash(&root(left), &root(right))
        }
    }
}

/// PATH of RFC 6962, section 2.1.1.
pub(crate) fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() <= 1 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let (mut hashes, sibling) = if index < left.len() {
        (path(index, left), root(right))
    } else {
        (path(index - left.len(), right), root(left))
    };
    hashes.push(sibling);
    hashes
}

/// The consistency proof for the subtree of the leaves `start` to `end`, not empty. From 0 on it is
/// the PROOF of RFC 6962, section 2.1.2; `known` is false once the subtree is split.
pub(crate) fn subtree_path(start: usize, end: usize, leaves: &[Hash], known: bool) -> Vec<Hash> {
    if start == 0 && end == leaves.len() {
        return if known {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(split(leaves.len()));
    let middle = left.len();
    let (mut hashes, sibling) = if end <= middle {
        (subtree_path(start, end, left, known), root(right))
    } else if start >= middle {
        (
            subtree_path(start - middle, end - middle, right, known),
            root(left),
        )
    } else {
        (subtree_path(0, end - middle, right, false), root(left))
    };
    hashes.push(sibling);
    hashes
}

fn split(leaves: usize) -> usize {
    leaves.next_power_of_two() / 2
}
