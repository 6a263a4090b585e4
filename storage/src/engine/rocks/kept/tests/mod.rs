//! What is left of a kept checkpoint after a power cut at any step, and at the end of descriptors.

mod power;

use std::fs;
use std::fs::File;
use std::io::Read as _;

use self::power::Lost;
use self::power::PoweredDisk;
use super::*;

const TREE: u32 = 0;

fn advance_all(files: &KeptFiles<PoweredDisk>, texts: &[String]) -> Result<(), EngineError> {
    for text in texts {
        let kept = files.kept(TREE)?;
        files.advance(TREE, kept.as_deref(), text.as_bytes())?;
    }
    Ok(())
}

/// Texts of several lengths, two of each: the length of a checkpoint grows with the size in it.
fn texts() -> Vec<String> {
    let lengths = [1, 2, 3, SECTOR_BYTES, SECTOR_BYTES + 1, 7];
    let texts = lengths.map(|length| ["a", "b"].map(|letter| letter.repeat(length)));
    texts.into_iter().flatten().collect()
}

#[test]
fn a_power_cut_at_any_step_leaves_a_whole_text_that_was_kept() {
    let texts = texts();
    let mut changes = 0;
    loop {
        let disk = PoweredDisk::default();
        disk.cut_after(changes);
        let files = KeptFiles::new(disk.clone());
        let is_done = advance_all(&files, &texts).is_ok();
        for lost in Lost::ALL {
            let next = KeptFiles::new(disk.after_power_cut(lost));
            let kept = next.kept(TREE).unwrap();
            let is_known = |kept: &Bytes| texts.iter().any(|text| text.as_bytes() == kept);
            assert!(
                kept.as_ref().is_none_or(is_known),
                "{lost:?} after {changes} changes: {kept:?}"
            );
            // None is there only before the first one is durable, which takes five changes.
            assert!(kept.is_some() || changes < 5, "{lost:?} after {changes}");
        }
        if is_done {
            break;
        }
        changes += 1;
    }
    assert!(changes > 5 * texts.len() / 2, "{changes}");
}

#[test]
fn a_text_of_another_length_is_durable_at_once() {
    let disk = PoweredDisk::default();
    let files = KeptFiles::new(disk.clone());
    for text in texts().into_iter().step_by(2) {
        advance_all(&files, std::slice::from_ref(&text)).unwrap();
        for lost in Lost::ALL {
            let next = KeptFiles::new(disk.after_power_cut(lost));
            assert_eq!(next.kept(TREE).unwrap(), Some(Bytes::from(text.clone())));
        }
    }
}

/// What an earlier version replaced without a sync is durable once a start holds it.
#[test]
fn a_start_makes_durable_what_was_not() {
    let disk = PoweredDisk::default();
    let file = disk.create("checkpoint-0").unwrap();
    disk.write(&file, b"text").unwrap();
    KeptFiles::new(disk.clone()).hold(&[TREE]).unwrap();
    for lost in Lost::ALL {
        let next = KeptFiles::new(disk.after_power_cut(lost));
        assert_eq!(next.kept(TREE).unwrap().as_deref(), Some(&b"text"[..]));
    }
}

#[test]
fn no_round_needs_a_descriptor_that_it_has_not() {
    for held in [false, true] {
        let disk = PoweredDisk::default();
        let mut files = KeptFiles::new(disk.clone());
        advance_all(&files, &["first".to_owned()]).unwrap();
        if held {
            drop(files);
            files = KeptFiles::new(disk.clone());
            files.hold(&[TREE]).unwrap();
        }
        disk.limit_descriptors(0);
        advance_all(&files, &texts()).unwrap();
    }
}

fn on(directory: &tempfile::TempDir) -> KeptFiles {
    KeptFiles::new(Directory::open(directory.path(), true).unwrap())
}

#[test]
fn as_much_is_read_of_a_kept_checkpoint_as_shows_that_it_is_too_long() {
    let directory = tempfile::tempdir().unwrap();
    let files = on(&directory);
    let path = directory.path().join("checkpoint-0");
    for length in [0, MAX_KEPT_BYTES, MAX_KEPT_BYTES + 1, MAX_KEPT_BYTES + 10] {
        fs::write(&path, vec![0xff; length]).unwrap();
        let kept = files.kept(TREE).unwrap().unwrap();
        assert_eq!(kept.len(), length.min(MAX_KEPT_BYTES + 1));
        // However damaged it is, it can be replaced.
        files.advance(TREE, Some(&kept), b"text").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"text");
    }
}

#[test]
fn a_kept_checkpoint_is_written_over_only_where_that_cannot_tear() {
    let directory = tempfile::tempdir().unwrap();
    let files = on(&directory);
    let path = directory.path().join("checkpoint-0");
    let sector = |byte: &str| byte.repeat(SECTOR_BYTES);
    let long = |byte: &str| byte.repeat(SECTOR_BYTES + 1);
    let mut held = None;
    for (text, in_place) in [
        (sector("a"), false),
        (sector("b"), true),
        (long("c"), false),
        (long("d"), false),
        ("short".to_owned(), false),
        ("other".to_owned(), true),
        ("longer".to_owned(), false),
    ] {
        let before = files.kept(TREE).unwrap();
        let before = before.as_deref();
        files.advance(TREE, before, text.as_bytes()).unwrap();
        assert_eq!(files.kept(TREE).unwrap(), Some(Bytes::from(text)));
        // Whoever holds the file open sees what is written over it, and not what replaces it.
        let mut seen = String::new();
        if let Some(mut file) = held.replace(File::open(&path).unwrap()) {
            file.read_to_string(&mut seen).unwrap();
        }
        let now = fs::read_to_string(&path).unwrap();
        assert_eq!(seen == now, in_place, "{now}");
    }
    assert!(!path.with_extension("new").exists());
}

/// The file stays open, and still is not taken for the one that somebody put in its place.
#[test]
fn a_file_that_somebody_else_replaced_or_removed_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let files = on(&directory);
    let path = directory.path().join("checkpoint-0");
    let differs = |result| matches!(result, Err(EngineError::KeptDiffers { tree: TREE }));
    files.advance(TREE, None, b"own 1").unwrap();
    fs::write(path.with_extension("other"), "other").unwrap();
    fs::rename(path.with_extension("other"), &path).unwrap();
    assert!(differs(files.advance(TREE, Some(b"own 1"), b"own 2")));
    assert_eq!(fs::read(&path).unwrap(), b"other");
    fs::remove_file(&path).unwrap();
    assert!(differs(files.advance(TREE, Some(b"other"), b"own 2")));
    assert_eq!(files.kept(TREE).unwrap(), None);
    let nothing = files.sync(TREE);
    assert!(matches!(
        nothing,
        Err(EngineError::NothingKept { tree: TREE })
    ));
}

#[test]
fn files_are_of_the_tree_in_their_name() {
    for tree in [0, 7, u32::MAX] {
        assert_eq!(tree_of(&name_of(tree)), Some(tree));
    }
    for name in ["checkpoint-", "checkpoint-0.new", "checkpoint-01", "store"] {
        assert_eq!(tree_of(name), None, "{name}");
    }
}
