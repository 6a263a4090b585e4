//! The tiles of a log that a computation has asked for so far.

use std::collections::HashMap;
use std::sync::Arc;

use ledgerstone_merkle::Tile;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TileSource;
use ledgerstone_merkle::TileWidth;

/// The tiles that a computation has asked for so far.
#[derive(Clone, Debug, Default)]
pub struct FetchedTiles(HashMap<TileId, Arc<Tile>>);

impl FetchedTiles {
    /// Adds a tile that was computed from what the log gave, in place of the log's own.
    pub(crate) fn insert(&mut self, id: TileId, tile: Tile) {
        self.0.insert(id, Arc::new(tile));
    }

    /// Forgets a tile.
    pub(crate) fn remove(&mut self, id: TileId) {
        self.0.remove(&id);
    }
}

impl TileSource for FetchedTiles {
    type Error = MissingTile;

    fn tile(&self, id: TileId, width: TileWidth) -> Result<Arc<Tile>, MissingTile> {
        let fetched = self.0.get(&id).filter(|tile| tile.width() >= width.get());
        fetched.cloned().ok_or(MissingTile { id, width })
    }
}

/// A tile that has not been fetched yet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct MissingTile {
    pub(crate) id: TileId,
    pub(crate) width: TileWidth,
}
