//! Copying a log by its tiles.

use std::ops::Range;

use bytes::Bytes;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TILE_WIDTH;
use ledgerstone_merkle::TileId;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::tile_width_at;

use crate::source::entry::SourceEntry;
use crate::source::error::SourceError;
use crate::source::fetched_tiles::FetchedTiles;
use crate::source::tiled_log::TiledLog;

pub(crate) async fn tiled_entries(
    log: &TiledLog,
    size: TreeSize,
    range: Range<u64>,
    parallel: usize,
) -> Result<Vec<SourceEntry>, SourceError> {
    let numbers = range.start / BUNDLE_ENTRIES..range.end.div_ceil(BUNDLE_ENTRIES);
    let bundles = numbers.clone().filter_map(|number| {
        let width = tile_width_at(TileId { level: 0, number }, size)?;
        Some(log.bodies(number, width))
    });
    let bundles: Vec<Vec<Bytes>> = stream::iter(bundles)
        .buffered(parallel.max(1))
        .try_collect()
        .await?;
    let bodies = (numbers.start * BUNDLE_ENTRIES..).zip(bundles.into_iter().flatten());
    let wanted = bodies.filter(|(index, _)| range.contains(index));
    let entries = wanted.map(|(_, body)| SourceEntry {
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
