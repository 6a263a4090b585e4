//! What a power cut leaves at the end of the write-ahead log.

use std::fs;
use std::path::PathBuf;

use ledgerstone_instance::InstanceError;
use ledgerstone_log::AppendError;
use ledgerstone_log::Log;
use ledgerstone_log::OpenError;
use ledgerstone_log::Protocols;
use ledgerstone_log::Submission;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::TreeKind;

use crate::Site;

/// The least that a disk writes as a whole.
const SECTOR_BYTES: usize = 512;

/// The kept checkpoint of the tree of Rekor v2.
const KEPT: &str = "checkpoint-0";

/// Longer than two sectors, so that one is whole wherever the record begins.
fn submission(number: u8) -> Submission {
    Submission::new(vec![b'a' + number; 3 * SECTOR_BYTES].into()).unwrap()
}

async fn append(log: &Log, number: u8) {
    let appended = log.append(TreeKind::REKOR_V2, submission(number)).await;
    assert!(!appended.unwrap().duplicate);
}

fn size(log: &Log) -> u64 {
    let trees = log.trees();
    let tree = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    tree.head().size().get()
}

fn newest_wal(site: &Site) -> PathBuf {
    let files = fs::read_dir(site.data().join("store")).unwrap();
    let logs = files.map(|file| file.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|found| found == "log"));
    logs.max().unwrap()
}

/// A closed log of three entries, and where the last round begins in the newest write-ahead log;
/// and the checkpoint that was kept before it.
async fn site_of_three() -> (Site, usize, Vec<u8>) {
    let site = Site::new();
    let log = site.try_open().unwrap();
    append(&log, 0).await;
    append(&log, 1).await;
    let start = newest_wal(&site).metadata().unwrap().len() as usize;
    let kept = fs::read(site.data().join(KEPT)).unwrap();
    append(&log, 2).await;
    log.close().await.unwrap();
    (site, start, kept)
}

/// Makes the last round look as if one of its sectors never reached the disk.
fn tear(site: &Site, start: usize) {
    let wal = newest_wal(site);
    let mut bytes = fs::read(&wal).unwrap();
    let sector = start.next_multiple_of(SECTOR_BYTES);
    bytes[sector..sector + SECTOR_BYTES].fill(0);
    fs::write(&wal, bytes).unwrap();
}

#[tokio::test]
async fn a_torn_round_that_nobody_was_told_of_is_dropped() {
    let (site, start, kept) = site_of_three().await;
    tear(&site, start);
    fs::write(site.data().join(KEPT), kept).unwrap();
    let log = site.try_open().unwrap();
    assert_eq!(size(&log), 2);
    append(&log, 2).await;
    log.close().await.unwrap();
}

/// What looks like a torn round was signed: dropping it would let the log sign another tree.
#[tokio::test]
async fn a_kept_checkpoint_that_is_ahead_forbids_to_go_on_without_the_dropped_round() {
    let (site, start, _) = site_of_three().await;
    let kept = fs::read(site.data().join(KEPT)).unwrap();
    tear(&site, start);
    for _ in 0..2 {
        let refused = site.try_open().err().unwrap();
        assert!(
            matches!(refused, InstanceError::Open(OpenError::RolledBack { .. })),
            "{refused}"
        );
        assert_eq!(fs::read(site.data().join(KEPT)).unwrap(), kept);
    }
}

/// Changes a byte of the last round, which no power cut does.
fn flip(site: &Site, start: usize) {
    let wal = newest_wal(site);
    let mut bytes = fs::read(&wal).unwrap();
    bytes[start + SECTOR_BYTES] ^= 1;
    fs::write(&wal, bytes).unwrap();
}

fn kept_notes(site: &Site) -> Vec<String> {
    let names = [KEPT, "checkpoint-1"];
    let notes = names.map(|name| fs::read_to_string(site.data().join(name)).unwrap());
    notes.into()
}

#[track_caller]
fn assert_unproven(site: &Site) {
    let refused = site.try_open().err().unwrap();
    let InstanceError::Storage(StorageError::Engine(EngineError::Unproven { .. })) = refused else {
        panic!("{refused}");
    };
    let refused = site.instance().check(Protocols::default(), true).err();
    assert!(refused.is_some(), "a head is accepted, and so signed");
}

#[tokio::test]
async fn a_damaged_end_is_dropped_by_the_operator_alone_and_nothing_signed_before_a_comparison() {
    let (site, start, kept) = site_of_three().await;
    let newest = kept_notes(&site);
    flip(&site, start);
    fs::write(site.data().join(KEPT), kept).unwrap();
    assert!(site.try_open().is_err());
    let protocols = Protocols::default();

    let dropped = site
        .instance()
        .drop_torn_round(&protocols)
        .unwrap()
        .unwrap();
    let wal = newest_wal(&site);
    let name = wal.file_name().unwrap().to_str().unwrap();
    assert!(dropped.damage.part.contains(name), "{dropped:?}");
    assert!(
        dropped.damage.what.contains(&start.to_string()),
        "{dropped:?}"
    );
    let sizes = dropped.trees.iter().map(|tree| tree.size.get());
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 0]);
    assert_eq!(wal.metadata().unwrap().len(), start as u64);
    assert_unproven(&site);
    assert_eq!(site.instance().drop_torn_round(&protocols).unwrap(), None);

    // Nothing, one tree of two, and a checkpoint over the entry that was dropped.
    let compare = |notes: &[String]| site.instance().compare_with(&protocols, notes);
    for notes in [&[], &kept_notes(&site)[..1]] {
        let refused = compare(notes).unwrap_err();
        assert!(
            matches!(
                refused,
                InstanceError::Open(OpenError::NothingToCompare { .. })
            ),
            "{refused}"
        );
    }
    let refused = compare(&newest).unwrap_err();
    assert!(
        matches!(refused, InstanceError::Open(OpenError::RolledBack { .. })),
        "{refused}"
    );
    assert_unproven(&site);

    let compared = compare(&kept_notes(&site)).unwrap();
    let sizes = compared.iter().map(|tree| tree.size.get());
    assert_eq!(sizes.collect::<Vec<_>>(), [2, 0]);
    let log = site.try_open().unwrap();
    append(&log, 3).await;
    assert_eq!(size(&log), 3);
    log.close().await.unwrap();
}

#[tokio::test]
async fn an_end_that_was_signed_is_not_dropped() {
    let (site, start, _) = site_of_three().await;
    flip(&site, start);
    let before = fs::read(newest_wal(&site)).unwrap();
    let refused = site.instance().drop_torn_round(&Protocols::default());
    let refused = refused.unwrap_err();
    assert!(
        matches!(refused, InstanceError::Open(OpenError::RolledBack { .. })),
        "{refused}"
    );
    assert_eq!(fs::read(newest_wal(&site)).unwrap(), before);
    assert!(!site.data().join("unproven").exists());
}

/// A bit of the kept checkpoint that flips while the log runs is no other writer.
#[tokio::test]
async fn a_kept_checkpoint_that_decays_is_written_anew() {
    let site = Site::new();
    let log = site.try_open().unwrap();
    append(&log, 0).await;
    let path = site.data().join(KEPT);
    let length = fs::read(&path).unwrap().len();
    for (number, at) in (1..).zip([0, length / 2, length - 30]) {
        let mut kept = fs::read(&path).unwrap();
        kept[at] ^= 0x80;
        fs::write(&path, kept).unwrap();
        append(&log, number).await;
    }
    fs::write(&path, "").unwrap();
    append(&log, 4).await;
    fs::remove_file(&path).unwrap();
    append(&log, 5).await;
    log.close().await.unwrap();
    drop(log);
    assert_eq!(size(&site.try_open().unwrap()), 6);
}

/// An earlier checkpoint, well signed, was put there by somebody: perhaps by another writer.
#[tokio::test]
async fn another_checkpoint_in_the_place_of_the_kept_one_ends_the_log() {
    let site = Site::new();
    let log = site.try_open().unwrap();
    append(&log, 0).await;
    let path = site.data().join(KEPT);
    let earlier = fs::read(&path).unwrap();
    append(&log, 1).await;
    fs::write(&path, earlier).unwrap();
    let refused = log.append(TreeKind::REKOR_V2, submission(2)).await;
    assert!(matches!(refused, Err(AppendError::Stopped)));
}
