//! Tiles: the stored form of the hashes of a tree (C2SP tlog-tiles).

use std::num::NonZeroU16;

use bytes::Bytes;

use crate::hash::Hash;
use crate::hashing::level_into;
use crate::hashing::node_hash;
use crate::index::TreeSize;

/// The number of tree levels that one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// The number of hashes in a full tile.
pub const TILE_WIDTH: usize = 1 << TILE_HEIGHT;

/// The size of a full tile in bytes.
pub const TILE_BYTES: usize = TILE_WIDTH * Hash::LENGTH;

/// The highest level that a tile path can name (C2SP tlog-tiles); trees of 64-bit sizes end at
/// level 7.
pub const MAX_TILE_LEVEL: u8 = 63;

/// Which tile: its level, counted from the leaf hashes at 0, and its number within the level.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TileId {
    /// The level: the tile's hashes are those of subtrees of 256^level leaves.
    pub level: u8,
    /// The position within the level: the tile's hashes start at 256 times this.
    pub number: u64,
}

/// The number of hashes in a tile or of entries in a bundle: 1 to 256.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TileWidth(NonZeroU16);

impl TileWidth {
    /// The width of a full tile.
    pub const FULL: Self = Self(NonZeroU16::MIN.saturating_add(TILE_WIDTH as u16 - 1));

    /// The width `width`, or `None` unless it is 1 to 256.
    pub fn new(width: u16) -> Option<Self> {
        let width = NonZeroU16::new(width)?;
        (width <= Self::FULL.0).then_some(Self(width))
    }

    /// The number of hashes.
    pub const fn get(self) -> usize {
        self.0.get() as usize
    }

    /// Whether this is the width of a full tile.
    pub const fn is_full(self) -> bool {
        self.get() == TILE_WIDTH
    }
}

/// The width of a tile in a tree of `size` leaves, or `None` when it has no hash there.
pub fn tile_width_at(id: TileId, size: TreeSize) -> Option<TileWidth> {
    let hashes = size
        .get()
        .checked_shr(u32::from(id.level) * u32::from(TILE_HEIGHT))
        .unwrap_or(0);
    let first = id.number.checked_mul(TILE_WIDTH as u64)?;
    let width = hashes.checked_sub(first)?.min(TILE_WIDTH as u64);
    TileWidth::new(width as u16)
}

/// A tile with its inner nodes, so that a proof reads them instead of hashing again.
///
/// It grows by one hash at a time and hashes every inner node once, when its last leaf comes. It
/// takes 16 KiB at any width.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tile {
    width: usize,
    /// The heights one after the other, each with room for a full tile. Nodes that are not complete
    /// are all zero.
    nodes: Box<[Hash; NODES]>,
}

impl Tile {
    /// A tile without a hash.
    pub fn new() -> Self {
        Self {
            width: 0,
            nodes: Box::new([Hash::default(); NODES]),
        }
    }

    /// The tile of these hashes.
    ///
    /// # Errors
    /// When there are more than 256.
    pub fn from_hashes(hashes: &[Hash]) -> Result<Self, TileError> {
        let mut tile = Self::new();
        tile.extend(hashes)?;
        Ok(tile)
    }

    /// The tile in its wire form: its hashes one after the other (C2SP tlog-tiles).
    ///
    /// # Errors
    /// When the bytes are not 1 to 256 whole hashes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TileError> {
        let (chunks, rest) = bytes.as_chunks::<{ Hash::LENGTH }>();
        if chunks.is_empty() || !rest.is_empty() {
            return Err(TileError::Length { bytes: bytes.len() });
        }
        let hashes: Vec<Hash> = chunks.iter().copied().map(Hash::new).collect();
        Self::from_hashes(&hashes)
    }

    /// Appends one hash, and returns the tile's root when that completed it.
    ///
    /// # Panics
    /// When the tile is full already.
    pub fn push(&mut self, hash: Hash) -> Option<Hash> {
        assert!(!self.is_full(), "a full tile takes no further hash");
        let mut position = self.width;
        let mut node = hash;
        self.nodes[position] = node;
        self.width += 1;
        for height in 1..=TILE_HEIGHT {
            if position.is_multiple_of(2) {
                return None;
            }
            node = node_hash(&self.nodes[offset(height - 1) + position - 1], &node);
            position /= 2;
            self.nodes[offset(height) + position] = node;
        }
        Some(node)
    }

    /// Appends `hashes`, hashing whole levels at a time.
    ///
    /// # Errors
    /// When the tile would hold more than 256 hashes; it is then as it was.
    pub fn extend(&mut self, hashes: &[Hash]) -> Result<(), TileError> {
        let width = self.width + hashes.len();
        if width > TILE_WIDTH {
            return Err(TileError::TooWide { hashes: width });
        }
        self.nodes[self.width..width].copy_from_slice(hashes);
        for height in 1..=TILE_HEIGHT {
            let (first, end) = (self.width >> height, width >> height);
            let (below, level) = self.nodes.split_at_mut(offset(height));
            let children = &below[offset(height - 1)..];
            level_into(&children[2 * first..2 * end], &mut level[first..end]);
        }
        self.width = width;
        Ok(())
    }

    /// The number of hashes: 0 to 256.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether all 256 hashes are there.
    pub const fn is_full(&self) -> bool {
        self.width == TILE_WIDTH
    }

    /// The tile's hashes, without the nodes above them.
    pub fn hashes(&self) -> &[Hash] {
        &self.nodes[..self.width]
    }

    /// The node over hashes `position << height` to `(position + 1) << height`, or `None` when not
    /// all of them are there.
    ///
    /// Height 0 are the tile's own hashes, height 8 is the root of a full tile: a hash of the tile
    /// above.
    pub fn node(&self, height: u8, position: usize) -> Option<Hash> {
        let complete = height <= TILE_HEIGHT && position < self.width >> height;
        complete.then(|| self.nodes[offset(height) + position])
    }

    /// The root over all 256 hashes, or `None` before the tile is full.
    pub fn root(&self) -> Option<Hash> {
        self.node(TILE_HEIGHT, 0)
    }

    /// The wire form of the tile's first `width` hashes: a partial tile is cut from a wider one.
    ///
    /// # Panics
    /// When the tile has fewer.
    pub fn to_bytes(&self, width: TileWidth) -> Bytes {
        let hashes = &self.hashes()[..width.get()];
        let mut bytes = Vec::with_capacity(width.get() * Hash::LENGTH);
        hashes
            .iter()
            .for_each(|hash| bytes.extend_from_slice(hash.as_ref()));
        bytes.into()
    }
}

impl Default for Tile {
    fn default() -> Self {
        Self::new()
    }
}

/// Why something is not a tile.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TileError {
    /// A tile is one or more whole hashes.
    #[error("a tile is a multiple of 32 bytes and not empty, this one has {bytes} bytes")]
    Length {
        /// The length given.
        bytes: usize,
    },
    /// A tile holds at most 256 hashes.
    #[error("a tile holds at most 256 hashes, not {hashes}")]
    TooWide {
        /// The number of hashes it would hold.
        hashes: usize,
    },
}

/// Where the nodes of `height` start: after 256, 128, ... nodes of the heights below.
const fn offset(height: u8) -> usize {
    2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> height)
}

/// The nodes of a full tile, at heights 0 to 8.
const NODES: usize = 2 * TILE_WIDTH - 1;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::leaf_hash;
    use crate::right_edge::RightEdge;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count)
            .map(|index| leaf_hash(&index.to_be_bytes()))
            .collect()
    }

    #[test]
    fn widths_of_the_specification() {
        let width = |level, number, size| {
            tile_width_at(TileId { level, number }, TreeSize::new(size)).map(TileWidth::get)
        };
        assert_eq!(width(0, 272, 70_000), Some(256));
        assert_eq!(width(0, 273, 70_000), Some(112));
        assert_eq!(width(0, 274, 70_000), None);
        assert_eq!(width(1, 0, 70_000), Some(256));
        assert_eq!(width(1, 1, 70_000), Some(17));
        assert_eq!(width(2, 0, 70_000), Some(1));
        assert_eq!(width(3, 0, 70_000), None);
        assert_eq!(
            (width(0, 0, 256), width(0, 1, 256), width(1, 0, 256)),
            (Some(256), None, Some(1))
        );
        assert_eq!(
            (
                width(0, 0, 0),
                width(63, 0, u64::MAX),
                width(0, u64::MAX, u64::MAX)
            ),
            (None, None, None)
        );
        assert_eq!(width(7, 0, u64::MAX), Some(255));
    }

    #[test]
    fn a_width_is_1_to_256() {
        assert_eq!(TileWidth::new(0), None);
        assert_eq!(TileWidth::new(257), None);
        assert_eq!(TileWidth::new(256), Some(TileWidth::FULL));
        assert!(!TileWidth::new(255).unwrap().is_full());
    }

    #[test]
    fn pushing_is_extending() {
        let leaves = leaves(TILE_WIDTH);
        let mut pushed = Tile::new();
        for (index, leaf) in leaves.iter().enumerate() {
            let root = pushed.push(*leaf);
            assert_eq!(root, pushed.root());
            assert_eq!(pushed, Tile::from_hashes(&leaves[..=index]).unwrap());
            let mut halves = Tile::from_hashes(&leaves[..index / 2]).unwrap();
            halves.extend(&leaves[index / 2..=index]).unwrap();
            assert_eq!(halves, pushed);
        }
        let mut edge = RightEdge::new();
        edge.extend(&leaves);
        assert_eq!(pushed.root(), Some(edge.root()));
    }

    #[test]
    fn only_complete_nodes_are_given() {
        let leaves = leaves(7);
        let tile = Tile::from_hashes(&leaves).unwrap();
        assert_eq!(tile.node(0, 6), Some(leaves[6]));
        assert_eq!(tile.node(1, 2), Some(node_hash(&leaves[4], &leaves[5])));
        assert_eq!(
            (
                tile.node(0, 7),
                tile.node(1, 3),
                tile.node(2, 1),
                tile.node(3, 0)
            ),
            (None, None, None, None)
        );
        assert_eq!((tile.node(9, 0), tile.root()), (None, None));
    }

    #[test]
    fn bytes_are_whole_hashes() {
        let tile = Tile::from_hashes(&leaves(300)[..256]).unwrap();
        let bytes = tile.to_bytes(TileWidth::FULL);
        assert_eq!(bytes.len(), TILE_BYTES);
        assert_eq!(Tile::from_bytes(&bytes), Ok(tile.clone()));
        let three = TileWidth::new(3).unwrap();
        assert_eq!(tile.to_bytes(three), bytes[..96]);
        assert_eq!(Tile::from_bytes(&[]), Err(TileError::Length { bytes: 0 }));
        assert_eq!(
            Tile::from_bytes(&bytes[..33]),
            Err(TileError::Length { bytes: 33 })
        );
        assert_eq!(
            Tile::from_hashes(&leaves(257)),
            Err(TileError::TooWide { hashes: 257 })
        );
    }

    #[test]
    #[should_panic(expected = "out of range")]
    fn a_tile_is_not_cut_wider_than_it_is() {
        Tile::from_hashes(&leaves(2))
            .unwrap()
            .to_bytes(TileWidth::new(3).unwrap());
    }

    #[test]
    #[should_panic(expected = "full tile")]
    fn a_full_tile_takes_nothing() {
        Tile::from_hashes(&leaves(256))
            .unwrap()
            .push(Hash::default());
    }
}
