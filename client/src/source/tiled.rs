//! Copying a log by its tiles.

use std::ops::Range;

use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::tile_width_at;

use crate::source::entry::SourceEntry;
use crate::source::error::SourceError;
use crate::source::fetched_tiles::FetchedTiles;
use crate::source::in_order::Pace;
use crate::source::in_order::fetch_in_order;
use crate::source::tiled_log::TiledLog;
use crate::transport::http::MAX_BUNDLE_BYTES;

pub(crate) async fn tiled_entries(
    log: &TiledLog,
    size: TreeSize,
    range: Range<u64>,
    parallel: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let paces = [
        Pace::wide(BUNDLE_ENTRIES, parallel, MAX_BUNDLE_BYTES),
        Pace::narrow(BUNDLE_ENTRIES, parallel, MAX_BUNDLE_BYTES),
    ];
    fetch_in_order(range, &paces, |wanted, limit| {
        bundle_entries(log, size, wanted, limit)
    })
    .await
}

/// The `wanted` entries, all of one bundle of the tree of `size`, which has at most `limit` bytes.
async fn bundle_entries(
    log: &TiledLog,
    size: TreeSize,
    wanted: Range<u64>,
    limit: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let number = wanted.start / BUNDLE_ENTRIES;
    let width = tile_width_at(TileId { level: 0, number }, size).ok_or(SourceError::OtherSource)?;
    let bodies = log.bodies_within(number, width, limit).await?;
    let bodies = (number * BUNDLE_ENTRIES..).zip(bodies);
    let entries = bodies.filter(|(index, _)| wanted.contains(index));
    let entries = entries.map(|(_, body)| SourceEntry {
        body,
        integrated_time: 0,
        timestamp: None,
        attestation: None,
    });
    Ok(entries.collect())
}

pub(crate) async fn tiled_consistency(
    log: &TiledLog,
    old: TreeSize,
    new: TreeSize,
) -> Result<ConsistencyProof, SourceError> {
    let mut tiles = FetchedTiles::default();
    let proof = log.compute(&mut tiles, |tiles| {
        ConsistencyProof::from_tiles(tiles, old, new)
    });
    Ok(proof.await?)
}

const BUNDLE_ENTRIES: u64 = TILE_WIDTH as u64;
