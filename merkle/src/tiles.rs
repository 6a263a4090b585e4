//! Reading a tree from its tiles: roots, the right edge and the hashes of proofs at any size.

use std::sync::Arc;

use crate::hash::Hash;
use crate::hashing::EMPTY_ROOT;
use crate::hashing::node_hash;
use crate::index::LeafIndex;
use crate::index::TreeSize;
use crate::right_edge::RightEdge;
use crate::tile::TILE_HEIGHT;
use crate::tile::Tile;
use crate::tile::TileId;
use crate::tile::TileWidth;
use crate::tile::tile_width_at;

/// Where tiles come from: a store, a mirror, a log on the network, the tiles that are still growing
/// in memory.
pub trait TileSource {
    /// Why a tile could not be had.
    type Error;

    /// The tile `id` with at least its first `width` hashes.
    ///
    /// A wider tile will do: tiles only grow, so that the narrower one is its prefix. Only the
    /// first `width` hashes and the nodes over them are used.
    ///
    /// # Errors
    /// When the tile is not there or cannot be read. A source that has no such tile must say so and
    /// never give another.
    fn tile(&self, id: TileId, width: TileWidth) -> Result<Arc<Tile>, Self::Error>;
}

impl<S: TileSource + ?Sized> TileSource for &S {
    type Error = S::Error;

    fn tile(&self, id: TileId, width: TileWidth) -> Result<Arc<Tile>, Self::Error> {
        (**self).tile(id, width)
    }
}

/// The root of the tree's first `size` leaves.
///
/// # Errors
/// When a tile cannot be had.
pub fn root_from_tiles<S: TileSource>(
    source: &S,
    size: TreeSize,
) -> Result<Hash, GenerateError<S::Error>> {
    if size.is_empty() {
        return Ok(EMPTY_ROOT);
    }
    TileReader::new(source, size).root(0, size.get())
}

/// The right edge of the tree's first `size` leaves.
///
/// # Errors
/// When a tile cannot be had.
pub fn right_edge_from_tiles<S: TileSource>(
    source: &S,
    size: TreeSize,
) -> Result<RightEdge, GenerateError<S::Error>> {
    let hashes = TileReader::new(source, size).subtrees(0, size.get())?;
    Ok(
        RightEdge::from_hashes(size, hashes)
            .expect("one complete subtree for each bit of the size"),
    )
}

/// Why a proof or a root could not be made from tiles.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum GenerateError<E> {
    /// The leaf is not in the tree.
    #[error("leaf {index} is not in a tree of size {size}")]
    IndexOutOfRange {
        /// The leaf asked for.
        index: LeafIndex,
        /// The size of the tree.
        size: TreeSize,
    },
    /// The older tree is larger than the newer one.
    #[error("a tree of size {old} is not part of one of size {new}")]
    SizesReversed {
        /// The size of the older tree.
        old: TreeSize,
        /// The size of the newer tree.
        new: TreeSize,
    },
    /// The source gave a tile narrower than it was asked for.
    #[error(
        "tile {} of level {} has {actual} hashes where {expected} are needed",
        id.number,
        id.level
    )]
    ShortTile {
        /// Which tile.
        id: TileId,
        /// The width asked for.
        expected: usize,
        /// The width given.
        actual: usize,
    },
    /// The source could not give a tile.
    #[error("a tile could not be read")]
    Source(#[source] E),
}

/// Reads nodes of the tree of one size. Each tile is asked for once.
pub(crate) struct TileReader<'a, S> {
    source: &'a S,
    size: TreeSize,
    /// The tiles seen so far: a proof touches few, so that a search through all is the fastest.
    tiles: Vec<(TileId, Arc<Tile>)>,
}

impl<'a, S: TileSource> TileReader<'a, S> {
    pub(crate) const fn new(source: &'a S, size: TreeSize) -> Self {
        Self {
            source,
            size,
            tiles: Vec::new(),
        }
    }

    /// The root over the leaves `begin` to `end`, where `begin` is aligned as the tree's own splits
    /// are.
    pub(crate) fn root(&mut self, begin: u64, end: u64) -> Result<Hash, GenerateError<S::Error>> {
        let subtrees = self.subtrees(begin, end)?.into_iter().rev();
        Ok(subtrees
            .reduce(|right, left| node_hash(&left, &right))
            .unwrap_or(EMPTY_ROOT))
    }

    /// The roots of the complete subtrees that make up the leaves `begin` to `end`, largest first.
    fn subtrees(&mut self, begin: u64, end: u64) -> Result<Vec<Hash>, GenerateError<S::Error>> {
        let mut hashes = Vec::new();
        let mut first = begin;
        while first < end {
            let height = (end - first).ilog2();
            hashes.push(self.node(height, first >> height)?);
            first += 1 << height;
        }
        Ok(hashes)
    }

    /// The root of the complete subtree of `2^height` leaves at `position` among those of its
    /// height.
    fn node(&mut self, height: u32, position: u64) -> Result<Hash, GenerateError<S::Error>> {
        let tile_height = u32::from(TILE_HEIGHT);
        let (level, height) = (height / tile_height, height % tile_height);
        let across = tile_height - height;
        let id = TileId {
            level: level as u8,
            number: position >> across,
        };
        let within = (position & ((1 << across) - 1)) as usize;
        let tile = self.tile(id)?;
        Ok(tile
            .node(height as u8, within)
            .expect("a complete subtree lies within the tile's width at this size"))
    }

    fn tile(&mut self, id: TileId) -> Result<Arc<Tile>, GenerateError<S::Error>> {
        if let Some((_, tile)) = self.tiles.iter().find(|(seen, _)| *seen == id) {
            return Ok(Arc::clone(tile));
        }
        let width = tile_width_at(id, self.size).expect("only nodes inside the tree are read");
        let tile = self.source.tile(id, width).map_err(GenerateError::Source)?;
        if tile.width() < width.get() {
            return Err(GenerateError::ShortTile {
                id,
                expected: width.get(),
                actual: tile.width(),
            });
        }
        self.tiles.push((id, Arc::clone(&tile)));
        Ok(tile)
    }
}
