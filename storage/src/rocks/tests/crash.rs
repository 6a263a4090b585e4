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
use super::files;
use super::open;
use super::store_of;
use crate::contract;
use crate::contract::SHARD;
use crate::error::StorageError;
use crate::rocks::RocksOptions;
use crate::rocks::RocksStore;
use crate::store::Store as _;

/// What a crash leaves is a log that ends anywhere. Whole rounds are there, in order, and no part of one.
#[test]
fn a_log_cut_off_anywhere_keeps_whole_rounds() {
    let (directory, store) = store_of(0);
    let mut ends = vec![(write_ahead_log(directory.path()).1, 0)];
    for size in [1, 3, 256, 300, 700] {
        let from = ends.last().unwrap().1;
        store.commit(SHARD, &contract::round(from..size)).unwrap();
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
        contract::assert_holds(&open(copy.path()), SHARD, *size);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A record that was acknowledged and changed since is not taken for the end of the log.
    #[test]
    fn a_changed_record_is_damage(at in 0.0..1.0, bit in 0..8_u8) {
        let (directory, record) = store_of_two_records();
        let content = record.start + HEADER_BYTES..record.end;
        let at = content.start + ((content.end - content.start) as f64 * at) as usize;
        flip(directory.path(), at, bit);
        assert_damaged(directory.path(), "a changed record");
    }
}

/// A record says how long it is in bytes 4 and 5 of its header. Where that points behind the end of the log, RocksDB cannot
/// tell the record from one that was cut off. Other changes are seen.
#[test]
fn a_changed_header_is_damage_or_the_end_of_the_log() {
    // Not the type: RocksDB 11.8 never returns from reading a record whose type became 5.
    for byte in 0..HEADER_BYTES - 1 {
        for bit in 0..8 {
            let (directory, record) = store_of_two_records();
            flip(directory.path(), record.start + byte, bit);
            match RocksStore::open(directory.path(), &RocksOptions::default()) {
                Err(StorageError::Damaged(_)) => {}
                Err(other) => panic!("bit {bit} of byte {byte}: {other:?}"),
                Ok(store) => {
                    assert!(
                        [4, 5].contains(&byte),
                        "bit {bit} of byte {byte} is not seen"
                    );
                    contract::assert_holds(&store, SHARD, 0);
                }
            }
        }
    }
}

/// A store whose log has two records after those of an empty shard, and where the first of them is.
fn store_of_two_records() -> (TempDir, Range<usize>) {
    let (directory, store) = store_of(0);
    let start = write_ahead_log(directory.path()).1 as usize;
    store.commit(SHARD, &contract::round(0..40)).unwrap();
    let end = write_ahead_log(directory.path()).1 as usize;
    store.commit(SHARD, &contract::round(40..50)).unwrap();
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
