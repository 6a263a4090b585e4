//! A flipped bit in any file of a data directory: nothing wrong is served, and whatever the server
//! then does, it says so.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::Checkpoint;

use crate::client::checkpoint;
use crate::client::fill;
use crate::client::get;
use crate::client::submit;
use crate::client::verified_checkpoint;
use crate::requests::Signer;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;
use crate::trouble::copy;

const ENTRIES: usize = 300;

/// The entries that are asked for: some whose rows lie in tables, and the last.
const ASKED: [usize; 4] = [0, 100, 255, ENTRIES - 1];

/// Files of RocksDB that say nothing about what is stored: its own notes and locks.
const NOTES: [&str; 4] = ["LOG", "OPTIONS", "IDENTITY", "LOCK"];

/// What the log said before anything was flipped.
struct Truth {
    checkpoint: Checkpoint,
    entries: Vec<Vec<u8>>,
}

#[tokio::test]
async fn a_flip_in_any_file_lets_nothing_wrong_be_served() {
    let server = Site::new().start();
    fill(&server, ENTRIES).await;
    let site = server.stop().await;
    // A start moves what is in the write-ahead log into tables; some is in both then.
    let server = site.start();
    fill(&server, 1).await;
    let truth = truth(&server).await;
    let site = server.kill();
    let files = files(&site.data_dir());
    let (mut written, mut read, mut refused) = (0, 0, 0);
    for file in &files {
        let length = fs::metadata(site.data_dir().join(file)).unwrap().len() as usize;
        for at in [0, length / 2, length.saturating_sub(1)] {
            let flipped = Site::new();
            copy(&site.data_dir(), &flipped.data_dir());
            let path = flipped.data_dir().join(file);
            let mut bytes = fs::read(&path).unwrap();
            let Some(byte) = bytes.get_mut(at) else {
                continue;
            };
            *byte ^= 4;
            fs::write(&path, bytes).unwrap();
            let what = format!("{} at {at}", file.display());
            match flipped.try_start() {
                Ok(server) => {
                    assert_true(&server, &truth, &what).await;
                    match server.read_only.is_empty() {
                        true => written += 1,
                        false => read += 1,
                    }
                    server.kill();
                }
                Err(refusal) => {
                    let told = format!("{}{}", refusal.message, refusal.stderr);
                    let advises = ["ledgerstone fsck", "restore", "run the version"];
                    assert!(
                        advises.iter().any(|advice| told.contains(advice)),
                        "{what}: {told}"
                    );
                    refused += 1;
                }
            }
            assert_fsck_ends(&flipped, &what);
        }
    }
    eprintln!("{written} went on, {read} were only read, {refused} were refused");
    assert!(written > 0 && read > 0 && refused > 0);
}

async fn truth(server: &Server) -> Truth {
    let mut entries = Vec::new();
    for index in ASKED {
        let reply = get(server, &format!("/log/v1/entries/{index}")).await;
        assert_eq!(reply.status, 200);
        entries.push(reply.json()["body"].to_string().into_bytes());
    }
    Truth {
        checkpoint: checkpoint(server).await,
        entries,
    }
}

/// Every answer is the truth, or trouble.
async fn assert_true(server: &Server, truth: &Truth, what: &str) {
    let reply = get(server, "/checkpoint").await;
    if reply.status == 200 {
        let key = server.ed25519.clone();
        let shown = verified_checkpoint(&key, reply.text());
        assert!(shown.size >= truth.checkpoint.size, "{what}: {shown:?}");
        if shown.size == truth.checkpoint.size {
            assert_eq!(shown.root, truth.checkpoint.root, "{what}");
        }
    } else {
        assert!(reply.status >= 500, "{what}: {reply:?}");
    }
    for (index, body) in ASKED.iter().zip(&truth.entries) {
        let reply = get(server, &format!("/log/v1/entries/{index}")).await;
        match reply.status {
            200 => assert_eq!(
                reply.json()["body"].to_string().into_bytes(),
                *body,
                "{what}"
            ),
            status => assert!(status >= 500, "{what}: {reply:?}"),
        }
    }
    let taken = submit(server, &Signer::new().hashedrekord(b"artifact")).await;
    match server.read_only.is_empty() {
        // A block in the way of the search for duplicates fails the submission alone.
        true => assert!(matches!(taken.status, 201 | 500), "{what}: {taken:?}"),
        false => assert_eq!(taken.status, 503, "{what}: {taken:?}"),
    }
}

/// `fsck` comes to an end, whatever it finds.
fn assert_fsck_ends(site: &Site, what: &str) {
    let mut fsck = command();
    let output = fsck
        .arg("fsck")
        .arg("--data-dir")
        .arg(site.data_dir())
        .output();
    let output = output.unwrap();
    assert!(
        matches!(output.status.code(), Some(0..=2)),
        "{what}: {output:?}"
    );
}

/// The files of a data directory that hold what is stored, relative to it.
fn files(directory: &Path) -> Vec<PathBuf> {
    let mut files = vec!["checkpoint-0".into(), "checkpoint-1".into()];
    for file in fs::read_dir(directory.join("store")).unwrap() {
        let name = file.unwrap().file_name();
        let name = name.to_str().unwrap();
        if !NOTES.iter().any(|note| name.starts_with(note)) {
            files.push(Path::new("store").join(name));
        }
    }
    files.sort();
    files
}
