use std::sync::Arc;

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::TILE_HEIGHT;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;

/// The tiles at the right edge that are not full yet, one a level, lowest first.
///
/// They are never stored: a partial tile is a prefix of the later full one, and a start-up rebuilds
/// them. A head shares them with its readers; the sequencer copies a tile before it changes one
/// that is shared.
#[derive(Clone, Debug, Default)]
pub(crate) struct LiveTiles {
    levels: Vec<Arc<Tile>>,
    size: TreeSize,
}

impl LiveTiles {
    /// The live tiles of a tree of `size` leaves, `levels[i]` being the partial tile of level i.
    /// `None` when their widths do not belong to a tree of that size.
    pub(crate) fn from_levels(size: TreeSize, levels: Vec<Tile>) -> Option<Self> {
        let mut leaves = size.get();
        for tile in &levels {
            if tile.width() as u64 != leaves % TILE_WIDTH as u64 {
                return None;
            }
            leaves /= TILE_WIDTH as u64;
        }
        (leaves == 0).then(|| Self {
            levels: levels.into_iter().map(Arc::new).collect(),
            size,
        })
    }

    /// Appends a leaf, and adds to `completed` each tile that it makes full.
    pub(crate) fn append(&mut self, leaf_hash: Hash, completed: &mut Vec<(TileId, Arc<Tile>)>) {
        let index = self.size.get();
        self.size = TreeSize::new(index + 1);
        let mut carry = leaf_hash;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Arc::new(Tile::new()));
            }
            let tile = &mut self.levels[level];
            let Some(root) = Arc::make_mut(tile).push(carry) else {
                return;
            };
            let full = std::mem::replace(tile, Arc::new(Tile::new()));
            let number = index >> (u32::from(TILE_HEIGHT) * (level as u32 + 1));
            completed.push((
                TileId {
                    level: level as u8,
                    number,
                },
                full,
            ));
            carry = root;
        }
    }

    /// The partial tile `id`, if it is one of these.
    pub(crate) fn tile(&self, id: TileId) -> Option<&Arc<Tile>> {
        let tile = self.levels.get(usize::from(id.level))?;
        (self.number(id.level) == id.number).then_some(tile)
    }

    /// The complete subtrees along the right edge, read off these tiles: one for each bit of the
    /// size, the largest first.
    pub(crate) fn complete_subtrees(&self) -> Vec<Hash> {
        let size = self.size.get();
        let heights = (0..u64::BITS)
            .rev()
            .filter(|height| size >> height & 1 == 1);
        let subtrees = heights.filter_map(|height| {
            let (level, inner) = (
                height / u32::from(TILE_HEIGHT),
                height % u32::from(TILE_HEIGHT),
            );
            let nodes = (size >> height) % (TILE_WIDTH as u64 >> inner);
            self.levels
                .get(level as usize)?
                .node(inner as u8, nodes as usize - 1)
        });
        subtrees.collect()
    }

    /// Whether these tiles and `edge` are of the same tree.
    pub(crate) fn agree_with(&self, edge: &RightEdge) -> bool {
        edge.size() == self.size && edge.hashes() == self.complete_subtrees()
    }

    fn number(&self, level: u8) -> u64 {
        let shift = u32::from(TILE_HEIGHT) * (u32::from(level) + 1);
        self.size.get().checked_shr(shift).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use ledgerstone_merkle::leaf_hash;

    use super::*;

    #[test]
    fn agree_with_the_right_edge_at_every_size_and_complete_each_tile_once() {
        let mut live = LiveTiles::default();
        let mut edge = RightEdge::new();
        let mut completed = Vec::new();
        assert!(live.agree_with(&edge));
        for index in 0..66_000_u64 {
            let hash = leaf_hash(&index.to_be_bytes());
            live.append(hash, &mut completed);
            assert!(
                !live.agree_with(&edge),
                "an edge that is one leaf behind agrees at {index}"
            );
            edge.append(hash);
            assert!(live.agree_with(&edge), "differs at size {}", index + 1);
        }
        let numbers = |level| {
            completed
                .iter()
                .filter(|(id, _)| id.level == level)
                .map(|(id, _)| id.number)
                .collect::<Vec<_>>()
        };
        assert_eq!(numbers(0), (0..257).collect::<Vec<_>>());
        assert_eq!(numbers(1), [0]);
        assert_eq!(completed.len(), 258);
        assert!(completed.iter().all(|(_, tile)| tile.is_full()));
    }

    #[test]
    fn tell_a_flipped_hash() {
        let mut edge = RightEdge::new();
        let mut tile = Tile::new();
        for index in 0..5_u8 {
            edge.append(leaf_hash(&[index]));
            tile.push(leaf_hash(&[if index == 4 { 9 } else { index }]));
        }
        let live = LiveTiles::from_levels(TreeSize::new(5), vec![tile]).unwrap();
        assert!(!live.agree_with(&edge));
    }

    #[test]
    fn are_refused_when_their_widths_belong_to_another_size() {
        let mut tile = Tile::new();
        tile.push(leaf_hash(b"one"));
        assert!(LiveTiles::from_levels(TreeSize::new(2), vec![tile.clone()]).is_none());
        assert!(LiveTiles::from_levels(TreeSize::new(257), vec![tile.clone()]).is_none());
        assert!(
            LiveTiles::from_levels(TreeSize::new(257), vec![tile.clone(), tile.clone()]).is_some()
        );
    }

    #[test]
    fn know_which_tiles_they_are() {
        let mut live = LiveTiles::default();
        let mut completed = Vec::new();
        for index in 0..300_u64 {
            live.append(leaf_hash(&index.to_be_bytes()), &mut completed);
        }
        assert!(
            live.tile(TileId {
                level: 0,
                number: 0
            })
            .is_none()
        );
        assert_eq!(
            live.tile(TileId {
                level: 0,
                number: 1
            })
            .unwrap()
            .width(),
            44
        );
        assert_eq!(
            live.tile(TileId {
                level: 1,
                number: 0
            })
            .unwrap()
            .width(),
            1
        );
        assert!(
            live.tile(TileId {
                level: 2,
                number: 0
            })
            .is_none()
        );
    }
}
