//! Stores whose log or tables are damaged: who wants to write is refused and told where to look,
//! and who looks reads what is left, and is told what is not.

use std::fs;
use std::ops::Range;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::LeafIndex;
use tempfile::TempDir;

use super::OnDisk;
use super::copy_of;
use super::damage::store_of_many_files;
use super::engine_part;
use super::files;
use super::open_read_only;
use super::store_of;
use super::try_open;
use crate::contract;
use crate::contract::SHARD;
use crate::engine::Table;
use crate::error::StorageError;

#[tokio::test]
async fn a_log_with_a_zeroed_tail_is_read_up_to_it() {
    let (directory, log) = store_with_rounds(&[40, 50, 60]).await;
    let mut bytes = fs::read(&log).unwrap();
    let tail = bytes.len() - 200;
    bytes[tail..].fill(0);
    fs::write(&log, bytes).unwrap();
    let store = refused_and_read(directory.path(), &log).await;
    contract::assert_holds(&store, SHARD, 50).await;
    assert_unchanged(directory.path(), store).await;
}

#[tokio::test]
async fn behind_a_changed_byte_in_a_log_the_rounds_are_read() {
    let (directory, log) = store_with_rounds(&[40, 50, 60]).await;
    let sound = fs::read(&log).unwrap();
    let of_second = round_in(&sound, 45);
    let mut bytes = sound.clone();
    bytes[of_second.start] ^= 1;
    fs::write(&log, &bytes).unwrap();
    let store = refused_and_read(directory.path(), &log).await;
    // The second round is lost, and the third one is there.
    assert_eq!(store.head(SHARD).await.unwrap(), Some(contract::head(60)));
    let entry = async |position| store.entry(SHARD, LeafIndex::new(position)).await.unwrap();
    assert!(entry(39).await.is_some());
    assert!(entry(45).await.is_none());
    assert!(entry(50).await.is_some());
    assert_unchanged(directory.path(), store).await;
}

/// Of some changed types of records RocksDB alone never returns.
#[tokio::test]
async fn a_log_is_read_whatever_a_header_became() {
    let (directory, log) = store_with_rounds(&[40, 50]).await;
    let sound = fs::read(&log).unwrap();
    for byte in 0..7 {
        for bit in 0..8 {
            let mut bytes = sound.clone();
            bytes[byte] ^= 1 << bit;
            fs::write(&log, bytes).unwrap();
            let store = open_read_only(directory.path()).await;
            match store {
                // The first record of all has the shard, or its first round.
                Ok(store) => assert_ne!(store.verify(SHARD).await.unwrap(), []),
                Err(error) => panic!("bit {bit} of byte {byte}: {error:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_log_that_is_cut_where_a_power_cut_cuts_is_no_damage() {
    let (directory, log) = store_with_rounds(&[40, 50]).await;
    let sound = fs::read(&log).unwrap();
    fs::write(&log, &sound[..sound.len() - 1]).unwrap();
    let store = open_read_only(directory.path()).await.unwrap();
    assert_eq!(store.verify(SHARD).await.unwrap(), []);
    contract::assert_holds(&store, SHARD, 40).await;
}

/// RocksDB remembers how long a log was when it began another one.
#[tokio::test]
async fn a_log_that_was_closed_is_missed_whole_and_in_part() {
    let (directory, store) = store_of(0).await;
    store
        .commit(&[(SHARD, &contract::round(0..40))])
        .await
        .unwrap();
    // A new log begins, and the tables that were not flushed still need the old one.
    let entries = store.engine.handle(Table::Entries);
    store.engine.database().flush_cf(entries).unwrap();
    store
        .commit(&[(SHARD, &contract::round(40..50))])
        .await
        .unwrap();
    drop(store);
    let logs = log_files(directory.path());
    assert!(logs.len() > 1, "{logs:?}");
    let sound = fs::read(&logs[0]).unwrap();
    for left in [None, Some(sound.len() / 2)] {
        match left {
            None => fs::remove_file(&logs[0]).unwrap(),
            Some(left) => fs::write(&logs[0], &sound[..left]).unwrap(),
        }
        let refused = try_open(directory.path()).await;
        assert!(matches!(refused, Err(StorageError::Damaged(_))));
        let store = open_read_only(directory.path()).await.unwrap();
        assert_ne!(store.verify(SHARD).await.unwrap(), [], "{left:?}");
        assert_eq!(store.head(SHARD).await.unwrap(), Some(contract::head(50)));
    }
}

#[tokio::test]
async fn without_a_file_of_a_table_or_with_a_changed_one_the_others_are_read() {
    let (directory, names) = store_of_many_files().await;
    for (table, name) in names.iter().filter(|(table, _)| table != "meta") {
        for removed in [true, false] {
            let copy = copy_of(directory.path());
            let path = copy.path().join("store").join(name);
            if removed {
                fs::remove_file(&path).unwrap();
            } else {
                let mut bytes = fs::read(&path).unwrap();
                // The end of a file says where everything else is.
                let end = bytes.len() - 60;
                bytes[end..].fill(0x55);
                fs::write(&path, bytes).unwrap();
            }
            // A start sees that a file is missing. What is in it is seen where it is read.
            let store = if removed {
                refused_and_read(copy.path(), &path).await
            } else {
                named_and_read(copy.path(), &path).await
            };
            assert_eq!(store.shards().await.unwrap(), [SHARD]);
            let (mut read, mut unreadable) = (0, 0);
            for position in 0..1_200 {
                match store.entry(SHARD, LeafIndex::new(position)).await {
                    Ok(entry) => read += usize::from(entry.is_some()),
                    Err(StorageError::Damaged(_)) => unreadable += 1,
                    Err(error) => panic!("{error:?}"),
                }
            }
            let lost = if table == "entries" { 300 } else { 0 };
            assert_eq!(
                (read, unreadable),
                (1_200 - lost, lost),
                "{name} of {table}"
            );
        }
    }
}

/// The way back of an operator who is refused: the damage is named with the file that has it, and
/// what it says to run works.
async fn refused_and_read(directory: &Path, damaged: &Path) -> OnDisk {
    let name = damaged.file_name().unwrap().to_str().unwrap();
    let error = match try_open(directory).await {
        Err(error @ StorageError::Damaged(_)) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("{name}: the store opened"),
    };
    assert!(error.contains(name) && error.contains("fsck"), "{error}");
    named_and_read(directory, damaged).await
}

async fn named_and_read(directory: &Path, damaged: &Path) -> OnDisk {
    let name = damaged.file_name().unwrap().to_str().unwrap();
    let store = open_read_only(directory).await.unwrap();
    let found = store.verify(SHARD).await.unwrap();
    let parts: Vec<_> = found.iter().map(engine_part).collect();
    assert!(parts.contains(&&*format!("the file {name}")), "{found:?}");
    store
}

async fn assert_unchanged(directory: &Path, store: OnDisk) {
    drop(store);
    let before = files(&directory.join("store"));
    drop(open_read_only(directory).await.unwrap());
    assert_eq!(files(&directory.join("store")), before);
}

/// A store with a round up to each size and nothing in its tables, and its log.
async fn store_with_rounds(sizes: &[u64]) -> (TempDir, PathBuf) {
    let (directory, store) = store_of(0).await;
    let mut from = 0;
    for size in sizes {
        let round = contract::round(from..*size);
        store.commit(&[(SHARD, &round)]).await.unwrap();
        from = *size;
    }
    drop(store);
    let log = log_files(directory.path()).pop().unwrap();
    (directory, log)
}

/// The logs of the store in `directory`, oldest first.
fn log_files(directory: &Path) -> Vec<PathBuf> {
    let store = directory.join("store");
    let mut logs = files(&store);
    logs.retain(|(name, _)| name.ends_with(".log"));
    logs.into_iter().map(|(name, _)| store.join(name)).collect()
}

/// Where the body of an entry is in a log.
fn round_in(log: &[u8], position: u64) -> Range<usize> {
    let body = format!("body of entry {position}");
    let mut windows = log.windows(body.len());
    let start = windows.position(|window| window == body.as_bytes());
    let start = start.expect("the round is in the log");
    start..start + body.len()
}
