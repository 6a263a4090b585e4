//! Gives the committed corpora to the targets: what was found once is not lost again.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_fuzz::TARGETS;
use ledgerstone_fuzz::target;

/// The most bytes that all corpora may have, so that a clone stays small.
const MAX_CORPUS_BYTES: u64 = 1 << 20;

#[test]
fn every_target_takes_its_corpus() {
    for name in names() {
        let run = target(&name).unwrap_or_else(|| panic!("there is no target {name}"));
        let inputs = inputs(&name);
        assert!(!inputs.is_empty(), "{name} has no corpus");
        for input in inputs {
            println!("{}", input.display());
            run(&fs::read(input).unwrap());
        }
    }
}

#[test]
fn every_corpus_has_a_target_and_they_are_small() {
    let folders = fs::read_dir(corpora()).unwrap();
    let folders = folders.map(|it| it.unwrap().file_name().into_string().unwrap());
    assert_eq!(folders.collect::<BTreeSet<_>>(), names());
    let files = names().into_iter().flat_map(|name| inputs(&name));
    let bytes: u64 = files.map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < MAX_CORPUS_BYTES, "{bytes} bytes");
}

fn names() -> BTreeSet<String> {
    let lines = TARGETS.lines().filter(|line| !line.starts_with('#'));
    let names = lines.filter_map(|line| line.split_whitespace().next());
    names.map(str::to_owned).collect()
}

fn inputs(name: &str) -> Vec<PathBuf> {
    let folder = fs::read_dir(corpora().join(name)).into_iter().flatten();
    folder.map(|input| input.unwrap().path()).collect()
}

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}
