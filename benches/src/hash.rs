use std::hint::black_box;

use clap::Args;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::leaf_hashes;
use ledgerstone_merkle::level_hashes;
use sha2::Digest;
use sha2::Sha256;

use crate::machine::Machine;
use crate::machine::time_of;
use crate::report::Column;
use crate::report::Report;

/// The arguments of `hash`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Lengths of the bodies whose leaves are hashed, in bytes; once for each row.
    #[arg(long, value_name = "BYTES", default_values_t = [490, 1_024, 3_200])]
    leaf_bytes: Vec<usize>,
}

/// The level that is hashed: that of a bundle of 256 entries and its parents fits the first cache,
/// as it does in a log.
const CHILDREN: usize = 256;
const LEAVES: usize = 64;
const WINDOWS: usize = 31;
const CALLS: usize = 200;

/// Compares the hashing core with one digest at a time.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut report = Report::new("hash", Machine::look());
    report.push(nodes());
    for &length in &arguments.leaf_bytes {
        report.push(leaves(length));
    }
    Ok(report)
}

fn nodes() -> Column {
    let children: Vec<Hash> = (0..CHILDREN)
        .map(|number| Hash::new(Sha256::digest(number.to_be_bytes()).into()))
        .collect();
    let count = (CHILDREN / 2) as f64;
    let mut parents = Vec::with_capacity(CHILDREN / 2);
    let ours = time_of(WINDOWS, CALLS, |_| {
        parents.clear();
        level_hashes(black_box(&children), &mut parents);
        black_box(&parents);
    });
    let theirs = time_of(WINDOWS, CALLS, |_| {
        parents.clear();
        for [left, right] in black_box(&children).as_chunks::<2>().0 {
            let digest = Sha256::new()
                .chain_update([1])
                .chain_update(left)
                .chain_update(right)
                .finalize();
            parents.push(Hash::new(digest.into()));
        }
        black_box(&parents);
    });
    column("node".to_owned(), ours / count, theirs / count)
}

fn leaves(length: usize) -> Column {
    let bodies: Vec<Vec<u8>> = (0..LEAVES)
        .map(|number| vec![number as u8; length])
        .collect();
    let ours = time_of(WINDOWS, CALLS, |_| {
        black_box(leaf_hashes(black_box(&bodies)));
    });
    let theirs = time_of(WINDOWS, CALLS, |_| {
        let hashes = black_box(&bodies).iter().map(|body| {
            let digest = Sha256::new()
                .chain_update([0])
                .chain_update(body)
                .finalize();
            Hash::new(digest.into())
        });
        black_box(hashes.collect::<Vec<_>>());
    });
    let count = LEAVES as f64;
    column(format!("leaf of {length} B"), ours / count, theirs / count)
}

fn column(heading: String, ours: f64, theirs: f64) -> Column {
    Column::new(heading)
        .figure("in batches, ns", "batchNanos", ours, 1)
        .figure("sha2, one at a time, ns", "sha2Nanos", theirs, 1)
        .figure("times as fast", "ratio", theirs / ours, 2)
}
