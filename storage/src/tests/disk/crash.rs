//! What a crash, or a disk, may do to the log of RocksDB.

use std::fs;
use std::fs::OpenOptions;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::assert_damaged;
use super::copy_of;
use super::engine_part;
use super::files;
use super::open;
use super::store_of;
use super::try_open;
use crate::contract;
use crate::contract::SHARD;
use crate::error::StorageError;

/// What a crash leaves is a log that ends anywhere. Whole rounds are there, in order, and no part
/// of one.
#[tokio::test]
async fn a_log_cut_off_anywhere_keeps_whole_rounds() {
    let (directory, store) = store_of(0).await;
    let mut ends = vec![(write_ahead_log(directory.path()).1, 0)];
    for size in [1, 3, 256, 300, 700] {
        let from = ends.last().unwrap().1;
        store
            .commit(&[(SHARD, &contract::round(from..size))])
            .await
            .unwrap();
        ends.push((write_ahead_log(directory.path()).1, size));
    }
    drop(store);
    let whole = ends.last().unwrap().0;
    let mut cuts: Vec<u64> = ends
        .iter()
        .flat_map(|(end, _)| [end - 1, *end, end + 1])
        .collect();
    cuts.extend((ends[0].0..whole).step_by((whole / 20) as usize));
    cuts.retain(|cut| (ends[0].0..=whole).contains(cut));
    for cut in cuts {
        let copy = copy_of(directory.path());
        let (log, _) = write_ahead_log(copy.path());
        let log = OpenOptions::new().write(true).open(log).unwrap();
        log.set_len(cut).unwrap();
        let (_, size) = ends.iter().rfind(|(end, _)| *end <= cut).unwrap();
        contract::assert_holds(&*open(copy.path()).await, SHARD, *size).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A record that was acknowledged and changed since is not taken for the end of the log.
    #[test]
    fn a_changed_record_is_damage(at in 0.0..1.0, bit in 0..8_u8) {
        contract::run(async {
            let (directory, record) = store_of_two_records().await;
            let content = record.start + HEADER_BYTES..record.end;
            let at = content.start + ((content.end - content.start) as f64 * at) as usize;
            flip(directory.path(), at, bit);
            assert_damaged(directory.path(), "a changed record").await;
        });
    }
}

/// To RocksDB alone, a record that says to be longer than the log is one that was cut off; and it
/// never returns from reading one whose type became 5.
#[tokio::test]
async fn a_changed_header_is_damage() {
    let (directory, first) = store_of_two_records().await;
    let length = write_ahead_log(directory.path()).1 as usize;
    for record in [first.clone(), first.end..length] {
        for byte in 0..HEADER_BYTES {
            for bit in 0..8 {
                let at = record.start + byte;
                flip(directory.path(), at, bit);
                assert_wal_damage(directory.path(), &format!("bit {bit} of byte {at}")).await;
                flip(directory.path(), at, bit);
            }
        }
    }
    contract::assert_holds(&*open(directory.path()).await, SHARD, 50).await;
}

/// RocksDB alone skips zeros up to the end of a block, and with them what was acknowledged.
#[tokio::test]
async fn zeros_are_the_end_of_a_log_and_nothing_else() {
    let (directory, store) = store_of(0).await;
    let mut starts = Vec::new();
    for size in [300, 700, 710] {
        starts.push(write_ahead_log(directory.path()).1 as usize);
        let from = store.head(SHARD).await.unwrap().unwrap().size.get();
        store
            .commit(&[(SHARD, &contract::round(from..size))])
            .await
            .unwrap();
    }
    drop(store);
    let (log, length) = write_ahead_log(directory.path());
    let length = length as usize;
    assert!(length > 3 * (32 << 10), "{length}");
    let sound = fs::read(&log).unwrap();
    let next_block = |at: usize| at.next_multiple_of(32 << 10);
    for (start, end) in [
        (starts[0], starts[0] + HEADER_BYTES),
        (starts[0], next_block(starts[0])),
        (starts[0], starts[1]),
        (32 << 10, 64 << 10),
        (starts[1], next_block(starts[1])),
        (starts[1], starts[2]),
        // Sectors never reach the disk in part.
        (length - 20, length - 10),
    ] {
        let mut spoilt = sound.clone();
        spoilt[start..end].fill(0);
        fs::write(&log, spoilt).unwrap();
        assert_wal_damage(directory.path(), &format!("zeros from {start} to {end}")).await;
    }
    let mut extended = sound[..starts[2]].to_vec();
    extended.resize(starts[2] + (80 << 10), 0);
    fs::write(&log, extended).unwrap();
    contract::assert_holds(&*open(directory.path()).await, SHARD, 700).await;
}

/// A power cut while a round is written: of the sectors of its record, those that did not reach the
/// disk are zeros. Nobody was told of the round. It is dropped, and set aside.
#[tokio::test]
async fn a_torn_round_at_the_end_is_dropped_and_set_aside() {
    let (directory, record) = store_of_two_records().await;
    let (log, length) = write_ahead_log(directory.path());
    let sound = fs::read(&log).unwrap();
    let first = record.end.next_multiple_of(SECTOR_BYTES);
    let last = (length as usize) / SECTOR_BYTES * SECTOR_BYTES;
    for (start, end) in [
        (record.end, first),
        (first, first + SECTOR_BYTES),
        (record.end, last),
        (last, length as usize),
    ] {
        let mut torn = sound.clone();
        torn[start..end].fill(0);
        fs::write(&log, &torn).unwrap();
        let what = format!("zeros from {start} to {end}");

        let copy = copy_of(directory.path());
        let reader = super::open_read_only(copy.path()).await.unwrap();
        contract::assert_holds(&reader, SHARD, 40).await;
        assert_eq!(reader.verify(SHARD).await.unwrap(), [], "{what}");
        drop(reader);
        contract::assert_holds(&*open(copy.path()).await, SHARD, 40).await;
        let name = log.file_stem().unwrap().to_string_lossy().into_owned();
        let aside = copy.path().join(format!("torn-{name}-at-{}", record.end));
        assert_eq!(fs::read(aside).unwrap(), &torn[record.end..], "{what}");
        // It goes on from there.
        let store = open(copy.path()).await;
        let round = contract::round(40..50);
        store.commit(&[(SHARD, &round)]).await.unwrap();
        contract::assert_holds(&store, SHARD, 50).await;
    }
}

/// What does not look like sectors that never reached the disk may be a round that was
/// acknowledged, and so may all that a sound record follows.
#[tokio::test]
async fn other_damage_at_the_end_is_not_dropped() {
    let (directory, record) = store_of_two_records().await;
    let (log, length) = write_ahead_log(directory.path());
    let sound = fs::read(&log).unwrap();
    let sector = record.end.next_multiple_of(SECTOR_BYTES);
    for range in [
        sector + 1..sector + SECTOR_BYTES,
        sector..sector + SECTOR_BYTES - 1,
        record.end + HEADER_BYTES..record.end + HEADER_BYTES + 1,
        record.start.next_multiple_of(SECTOR_BYTES)..record.end / SECTOR_BYTES * SECTOR_BYTES,
    ] {
        let mut spoilt = sound.clone();
        spoilt[range.clone()].fill(0);
        assert_ne!(spoilt, sound);
        fs::write(&log, spoilt).unwrap();
        assert_wal_damage(directory.path(), &format!("zeros in {range:?}")).await;
    }
    // The very end, and a log behind it.
    let mut torn = sound.clone();
    torn[sector..length as usize].fill(0);
    fs::write(&log, torn).unwrap();
    let (number, _) = log.file_stem().unwrap().to_str().unwrap().split_at(6);
    let later = format!("{:06}.log", number.parse::<u32>().unwrap() + 1);
    fs::write(log.with_file_name(later), &sound).unwrap();
    match try_open(directory.path()).await {
        Err(StorageError::Damaged(damage)) if engine_part(&damage).ends_with(".log") => {}
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("a log that another one follows is cut off"),
    }
}

async fn assert_wal_damage(directory: &Path, what: &str) {
    match try_open(directory).await {
        Err(StorageError::Damaged(damage)) if engine_part(&damage).ends_with(".log") => {}
        Err(other) => panic!("{what}: {other:?}"),
        Ok(_) => panic!("{what} is not seen"),
    }
}

/// A store whose log has two records after those of an empty shard, and where the first of them is.
async fn store_of_two_records() -> (TempDir, Range<usize>) {
    let (directory, store) = store_of(0).await;
    let start = write_ahead_log(directory.path()).1 as usize;
    store
        .commit(&[(SHARD, &contract::round(0..40))])
        .await
        .unwrap();
    let end = write_ahead_log(directory.path()).1 as usize;
    store
        .commit(&[(SHARD, &contract::round(40..50))])
        .await
        .unwrap();
    drop(store);
    // RocksDB cuts records at multiples of 32 KiB, where another header follows.
    assert!(end < 32 << 10);
    (directory, start..end)
}

fn flip(directory: &Path, at: usize, bit: u8) {
    let (path, _) = write_ahead_log(directory);
    let mut bytes = fs::read(&path).unwrap();
    bytes[at] ^= 1 << bit;
    fs::write(&path, bytes).unwrap();
}

const SECTOR_BYTES: usize = 512;

/// The newest write-ahead log of the store in `directory`, and its length.
fn write_ahead_log(directory: &Path) -> (PathBuf, u64) {
    let store = directory.join("store");
    let mut logs = files(&store);
    logs.retain(|(name, _)| name.ends_with(".log"));
    let (name, length) = logs.pop().unwrap();
    (store.join(name), length)
}

/// Checksum, length and type of a record.
const HEADER_BYTES: usize = 7;
