//! Bodies against the tile that holds their hashes.

use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::Tile;

use crate::audit::error::AuditError;

pub(crate) const BUNDLE_ENTRIES: u64 = TILE_WIDTH as u64;

pub(crate) fn compare_leaves(number: u64, leaves: &[Hash], tile: &Tile) -> Result<(), AuditError> {
    let mut pairs = leaves.iter().zip(tile.hashes()).enumerate();
    match pairs.find(|(_, (computed, tile))| computed != tile) {
        None => Ok(()),
        Some((position, (computed, tile))) => Err(AuditError::Entry {
            index: LeafIndex::new(number * BUNDLE_ENTRIES + position as u64),
            tile: *tile,
            computed: *computed,
        }),
    }
}
