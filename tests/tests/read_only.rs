//! A server that only reads: without keys, without a write, and with what its writer kept.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use ledgerstone_tests::proposals::Signer as V1Signer;

use crate::admin::admin_get;
use crate::client::checkpoint;
use crate::client::fill;
use crate::client::get;
use crate::client::submit;
use crate::client::submit_proven;
use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::V1;
use crate::requests::Signer;
use crate::server::Site;

/// Every file below `directory`, with its content.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
    found
}

/// A site whose server logged entries of both protocols, and the ids of those of Rekor v1.
async fn logged(site: &Site) -> (V1, Vec<String>) {
    let v1 = V1::serving(site).await;
    fill(&v1.server, 300).await;
    let signer = V1Signer::new();
    let mut ids = Vec::new();
    for number in 0..3_u8 {
        let (id, _) = v1.create(&signer.hashedrekord(&[number])).await;
        ids.push(id);
    }
    (v1, ids)
}

/// Checks that a server which only reads has everything, signed, and takes nothing.
async fn assert_serves(site: &Site, ids: &[String]) -> V1 {
    let v1 = V1::serving(&site.clone().with("--read-only", "true")).await;
    for (index, id) in ids.iter().enumerate() {
        let reply = v1.get(&format!("{ENTRIES}?logIndex={index}")).await;
        let (found, entry) = reply.only_entry();
        assert_eq!(&found, id);
        let (index_in_tree, size) = v1.verify(&found, &entry);
        assert_eq!((index_in_tree, size), (index as u64, ids.len() as u64));
    }
    assert_eq!(v1.size().await, ids.len() as u64);
    let server = &v1.server;
    assert_eq!(checkpoint(server).await.size.get(), 300);
    assert_eq!(get(server, "/log/v1/entries/299").await.status, 200);
    let refused = submit(server, &Signer::new().hashedrekord(b"artifact")).await;
    assert_eq!(refused.status, 405);
    let ready = admin_get(server, "/readyz").await;
    assert_eq!(
        (ready.status, ready.text()),
        (200, "ready, read-only, as set\n")
    );
    let metrics = admin_get(server, "/metrics").await;
    let told = "ledgerstone_read_only{cause=\"setting\"} 1";
    assert!(metrics.text().contains(told), "{}", metrics.text());
    v1
}

#[tokio::test]
async fn what_the_writer_kept_is_served_without_keys_and_without_a_write() {
    let site = Site::new();
    let (v1, ids) = logged(&site).await;
    let beside = site.clone().with("--read-only", "true").start_refused();
    assert!(beside.message.contains("is open already"), "{beside:?}");
    let site = v1.server.stop().await;
    fs::remove_dir_all(site.data_dir().join("keys")).unwrap();
    let before = files(&site.data_dir());
    let v1 = assert_serves(&site, &ids).await;
    // A writer is kept out meanwhile, and a second reader is not.
    let writer = site.start_refused();
    assert!(writer.message.contains("is open already"), "{writer:?}");
    assert_serves(&site, &ids).await.server.stop().await;
    v1.server.stop().await;
    assert!(files(&site.data_dir()) == before, "something was written");
}

/// What was acknowledged is there, with its proof; a timestamp that was not kept yet is left out.
#[tokio::test]
async fn what_was_acknowledged_before_a_kill_is_served() {
    let site = Site::new();
    let (v1, ids) = logged(&site).await;
    let site = v1.server.kill();
    let v1 = V1::serving(&site.clone().with("--read-only", "true")).await;
    for id in &ids {
        let reply = v1.get(&format!("{ENTRIES}/{id}")).await;
        let (found, mut entry) = reply.only_entry();
        let verification = &mut entry["verification"];
        assert!(verification["inclusionProof"]["checkpoint"].is_string());
        if verification["signedEntryTimestamp"].is_string() {
            v1.verify(&found, &entry);
        }
    }
    assert_eq!(checkpoint(&v1.server).await.size.get(), 300);
    v1.server.stop().await;
    // The next writer makes up for it.
    site.start().stop().await;
    assert_serves(&site, &ids).await.server.stop().await;
}

#[tokio::test]
async fn a_read_only_mount_is_enough() {
    let site = Site::new();
    let (v1, ids) = logged(&site).await;
    let site = v1.server.stop().await;
    let Some(mount) = Mount::read_only(&site.data_dir()) else {
        eprintln!("skipped: this process may not mount");
        return;
    };
    // Without the lock of a writer as well.
    assert!(fs::write(site.data_dir().join("probe"), "").is_err());
    assert_serves(&site, &ids).await.server.stop().await;
    drop(mount);
}

#[tokio::test]
async fn where_there_is_no_log_none_is_made() {
    let site = Site::new().with("--read-only", "true");
    let refused = site.start_refused();
    assert!(refused.message.contains("there is no log"), "{refused:?}");
    assert!(!site.data_dir().join("store").exists());
}

/// With less room than wanted, entries are refused before the store fails, and reads go on.
#[tokio::test]
async fn a_full_disk_refuses_entries_and_no_reads() {
    let site = Site::new();
    let server = site.start();
    fill(&server, 3).await;
    let site = server.stop().await;
    let beyond = u64::from(u32::MAX) << 20;
    let full = site.clone().with("--min-free-space", &beyond.to_string());
    let server = full.start();
    let refused = submit(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("is full"), "{refused:?}");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(get(&server, "/log/v1/entries/2").await.status, 200);
    let metrics = admin_get(&server, "/metrics").await;
    assert!(metrics.text().contains("ledgerstone_disk_full 1"));
    server.stop().await;
    submit_proven(&site.start(), &Signer::new().hashedrekord(b"artifact")).await;
}

/// A real disk that is full: the server refuses, the data stays readable, and with room again the
/// log goes on.
#[tokio::test]
async fn a_disk_without_room_loses_nothing() {
    let site = Site::new();
    fs::create_dir_all(site.data_dir()).unwrap();
    let Some(mount) = Mount::small(&site.data_dir()) else {
        eprintln!("skipped: this process may not mount");
        return;
    };
    let site = site.with("--min-free-space", "0");
    let server = site.start();
    let bodies = fill(&server, 50).await;
    let hog = site.data_dir().join("hog");
    let mut told = Vec::new();
    for number in 0..2_000_u32 {
        if number.is_multiple_of(16) {
            // All the room that is left, and what the store gives back meanwhile.
            take_room(&hog);
        }
        let content = number.to_be_bytes().repeat(4_096);
        let request = Signer::new().dsse(content);
        let Ok(reply) = try_post(&server, &request).await else {
            break;
        };
        told.push(reply);
        if reply != 201 {
            break;
        }
    }
    let acknowledged = told.iter().filter(|status| **status == 201).count() as u64;
    assert!(told.len() < 2_000, "the disk was never full");
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(3), "{stderr}");

    // Still full, with what the end of the process gave back: what can be read is served, and
    // nothing else.
    take_room(&hog);
    let server = site.start();
    let told = "read-only because the disk is full";
    assert!(server.read_only.starts_with(told), "{}", server.read_only);
    assert_eq!(get(&server, "/log/v1/entries/49").await.status, 200);
    let size = checkpoint(&server).await.size.get();
    assert!(size >= bodies.len() as u64 + acknowledged, "{size}");
    let refused = submit(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert_eq!(refused.status, 503, "{refused:?}");
    server.stop().await;

    fs::remove_file(hog).unwrap();
    let server = site.start();
    assert_eq!(server.read_only, "");
    assert!(checkpoint(&server).await.size.get() >= size);
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
    server.stop().await;
    drop(mount);
}

/// Lets the file at `path` grow until its disk is full.
fn take_room(path: &Path) {
    let mut file = fs::File::options()
        .create(true)
        .append(true)
        .open(path)
        .unwrap();
    while file.write(&[1; 4_096]).is_ok_and(|written| written > 0) {}
}

async fn try_post(
    server: &crate::server::Server,
    request: &ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest,
) -> Result<u16, reqwest::Error> {
    let request = crate::client::http_client()
        .post(server.at("/api/v2/log/entries"))
        .header("content-type", "application/json")
        .body(crate::requests::to_json(request));
    Ok(request.send().await?.status().as_u16())
}

/// A mount that ends with this.
struct Mount(PathBuf);

impl Mount {
    /// The directory itself, for reading only.
    fn read_only(path: &Path) -> Option<Self> {
        let bound = mount(&["--bind"], Some(path), path)?;
        // It is the same mount, which ends once.
        std::mem::forget(mount(&["-o", "remount,ro,bind"], None, path)?);
        Some(bound)
    }

    /// A small file system in memory.
    fn small(path: &Path) -> Option<Self> {
        mount(
            &["-t", "tmpfs", "-o", "size=64m"],
            Some(Path::new("tmpfs")),
            path,
        )
    }
}

fn mount(arguments: &[&str], source: Option<&Path>, path: &Path) -> Option<Mount> {
    let mut command = Command::new("mount");
    command.args(arguments).args(source).arg(path);
    let output = command.output().ok()?;
    output.status.success().then(|| Mount(path.to_owned()))
}

impl Drop for Mount {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
