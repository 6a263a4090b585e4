//! A tree that is built from its leaf tiles, of which only the last tile of each level is kept.

use std::sync::Arc;

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TILE_HEIGHT;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::root_from_tiles;
use ledgerstone_merkle::tile_width_at;

/// Tiles of higher levels hold no hash in any tree of a 64-bit size.
const LEVELS: usize = 8;

/// The right edge of a tree, tile by tile.
#[derive(Clone, Debug)]
pub(crate) struct GrowingTree {
    size: u64,
    tiles: [Tile; LEVELS],
}

impl GrowingTree {
    /// The tree without a leaf.
    pub(crate) fn new() -> Self {
        Self {
            size: 0,
            tiles: std::array::from_fn(|_| Tile::new()),
        }
    }

    /// The tiles above level 0 that are not full in a tree of `size`, with their widths.
    pub(crate) fn edge_of(size: TreeSize) -> impl Iterator<Item = (TileId, TileWidth)> {
        let ids = (1..LEVELS).map(move |level| edge_id(level, size.get()));
        ids.filter_map(move |id| Some((id, tile_width_at(id, size)?)))
    }

    /// The tree of `size` leaves, a whole number of leaf tiles, with these tiles at its edge: all
    /// of [`edge_of`](Self::edge_of), each as wide as it says.
    pub(crate) fn resume(size: TreeSize, edge: Vec<(TileId, Tile)>) -> Self {
        let mut tree = Self {
            size: size.get(),
            ..Self::new()
        };
        for (id, tile) in edge {
            tree.tiles[usize::from(id.level)] = tile;
        }
        tree
    }

    /// Appends a leaf tile after the others, which must be full. Returns the tiles above that are
    /// full now.
    pub(crate) fn append(&mut self, tile: Tile) -> Vec<(TileId, Tile)> {
        self.size += tile.width() as u64;
        let mut filled = Vec::new();
        let mut root = tile.root();
        self.tiles[0] = if root.is_some() { Tile::new() } else { tile };
        for level in 1..LEVELS {
            let Some(hash) = root else {
                break;
            };
            root = self.tiles[level].push(hash);
            if root.is_some() {
                // The next one is the edge already.
                let next = edge_id(level, self.size);
                let number = next.number - 1;
                filled.push((
                    TileId { number, ..next },
                    std::mem::take(&mut self.tiles[level]),
                ));
            }
        }
        filled
    }

    /// The tiles above level 0 that are not full.
    pub(crate) fn edge(&self) -> impl Iterator<Item = (TileId, TileWidth, &Tile)> {
        Self::edge_of(self.size())
            .map(|(id, width)| (id, width, &self.tiles[usize::from(id.level)]))
    }

    /// The number of leaves.
    pub(crate) fn size(&self) -> TreeSize {
        TreeSize::new(self.size)
    }

    /// The root of the tree.
    pub(crate) fn root(&self) -> Hash {
        root_from_tiles(self, self.size()).expect("the edge of the tree is in its last tiles")
    }
}

impl TileSource for GrowingTree {
    type Error = TileId;

    fn tile(&self, id: TileId, _width: TileWidth) -> Result<Arc<Tile>, TileId> {
        let level = usize::from(id.level);
        let tile = self.tiles.get(level).ok_or(id)?;
        if edge_id(level, self.size) != id {
            return Err(id);
        }
        Ok(Arc::new(tile.clone()))
    }
}

/// The tile of `level` that grows in a tree of `size` leaves.
fn edge_id(level: usize, size: u64) -> TileId {
    let hashes = size >> (usize::from(TILE_HEIGHT) * level);
    TileId {
        level: level as u8,
        number: hashes / TILE_WIDTH as u64,
    }
}

#[cfg(test)]
mod tests {
    use ledgerstone_merkle::RightEdge;
    use ledgerstone_merkle::leaf_hash;

    use super::*;

    fn leaf_tile(number: u64, width: u64) -> Tile {
        let leaves: Vec<_> = (0..width)
            .map(|position| leaf_hash(&(number * 256 + position).to_be_bytes()))
            .collect();
        Tile::from_hashes(&leaves).unwrap()
    }

    #[test]
    fn the_root_is_that_of_the_right_edge() {
        let mut tree = GrowingTree::new();
        let mut edge = RightEdge::new();
        assert_eq!(tree.root(), edge.root());
        for number in 0..600 {
            let tile = leaf_tile(number, 256);
            edge.extend(tile.hashes());
            let filled = tree.append(tile);
            assert_eq!(filled.len(), usize::from(number % 256 == 255));
            assert_eq!((tree.size(), tree.root()), (edge.size(), edge.root()));
        }
        let last = leaf_tile(600, 77);
        edge.extend(last.hashes());
        assert!(tree.append(last).is_empty());
        assert_eq!((tree.size(), tree.root()), (edge.size(), edge.root()));
    }

    #[test]
    fn a_tree_goes_on_from_its_edge() {
        let mut tree = GrowingTree::new();
        for number in 0..300 {
            tree.append(leaf_tile(number, 256));
        }
        let edge: Vec<_> = tree
            .edge()
            .map(|(id, _, tile)| (id, tile.clone()))
            .collect();
        let ids: Vec<_> = GrowingTree::edge_of(tree.size())
            .map(|(id, width)| (id.level, id.number, width.get()))
            .collect();
        assert_eq!(ids, [(1, 1, 44), (2, 0, 1)]);
        let mut resumed = GrowingTree::resume(tree.size(), edge);
        assert_eq!(resumed.root(), tree.root());
        tree.append(leaf_tile(300, 256));
        resumed.append(leaf_tile(300, 256));
        assert_eq!(resumed.root(), tree.root());
    }
}
