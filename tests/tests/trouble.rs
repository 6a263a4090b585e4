//! A data directory that is damaged, incomplete, of another log, rolled back, or opened twice:
//! refused at the start with what was found and what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Output;

use crate::admin::admin_get;
use crate::admin::metric;
use crate::client::DEADLINE;
use crate::client::fill;
use crate::client::get;
use crate::client::submit;
use crate::client::submit_proven;
use crate::requests::Signer;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;

/// The checkpoint that is kept beside the store.
const KEPT: &str = "checkpoint-0";

/// The exit code of what does not verify.
const UNTRUE: i32 = 2;

/// The exit code of what could not be done.
const UNDONE: i32 = 1;

async fn site_with(entries: usize) -> Site {
    let server = Server::start();
    fill(&server, entries).await;
    server.stop().await
}

/// A site whose entries are in table files, not in the write-ahead log alone.
async fn site_with_tables(entries: usize) -> Site {
    site_with(entries).await.start().stop().await
}

fn fsck(site: &Site, arguments: &[&str]) -> Output {
    let mut command = command();
    command.arg("fsck").arg("--data-dir").arg(site.data_dir());
    command.args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(out),
        String::from_utf8_lossy(err)
    )
}

pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The files of the store with this extension, the largest first.
fn store_files(site: &Site, extension: &str) -> Vec<PathBuf> {
    let files = fs::read_dir(site.data_dir().join("store")).unwrap();
    let mut files: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|found| found == extension))
        .collect();
    files.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    assert!(!files.is_empty(), "the store has no file .{extension}");
    files
}

fn shorten(path: &Path, bytes: u64) {
    let file = fs::OpenOptions::new().write(true).open(path).unwrap();
    let length = file.metadata().unwrap().len();
    file.set_len(length - bytes).unwrap();
}

fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[offset] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// A server that damage lets nobody write starts all the same, serves what it can, and says so.
async fn assert_reads(site: &Site, parts: &[&str]) {
    let server = site.start_reading(parts);
    let ready = admin_get(&server, "/readyz").await;
    assert_eq!(ready.status, 200);
    let told = "ready, read-only because of damage: ";
    assert!(ready.text().starts_with(told), "{ready:?}");
    let series = "ledgerstone_read_only{cause=\"damage\"}";
    assert_eq!(metric(&server, series).await, 1.0);
    let refused = submit(&server, &Signer::new().hashedrekord(b"artifact")).await;
    assert!(matches!(refused.status, 501 | 503), "{refused:?}");
    let (code, stderr) = {
        server.terminate();
        server.wait().await
    };
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("read-only because of damage"), "{stderr}");
}

#[tokio::test]
async fn a_directory_is_open_once() {
    let server = Server::start();
    fill(&server, 3).await;
    let refusal = server.site.start_refused();
    assert_ne!(refusal.code, Some(0));
    assert!(refusal.message.contains("is open already"), "{refusal:?}");
    let output = fsck(&server.site, &[]);
    assert_ne!(output.status.code(), Some(0));
    assert!(told(&output).contains("is open already"), "{output:?}");
    // The first one has not noticed.
    submit_proven(&server, &Signer::new().hashedrekord(b"artifact")).await;
}

#[tokio::test]
async fn a_killed_server_leaves_no_stale_lock() {
    let server = Server::start();
    fill(&server, 3).await;
    assert_eq!(server.kill().start().size, 3);
}

#[tokio::test]
async fn an_older_copy_of_the_store_is_refused() {
    let site = site_with(3).await;
    let backup = site.path().join("backup");
    copy(&site.data_dir(), &backup);
    let server = site.start();
    fill(&server, 2).await;
    server.stop().await;
    let newest = fs::read(site.data_dir().join(KEPT)).unwrap();
    fs::remove_dir_all(site.data_dir()).unwrap();
    copy(&backup, &site.data_dir());
    fs::write(site.data_dir().join(KEPT), newest).unwrap();
    site.start_refused().assert(
        UNTRUE,
        &[
            "a checkpoint over 5 leaves was signed",
            "holds only 3",
            "rolled back",
            "restore the newest store",
        ],
    );
    let output = fsck(&site, &["--accept-head"]);
    assert_eq!(
        output.status.code(),
        Some(UNTRUE),
        "nobody accepts a roll-back by mistake: {output:?}"
    );
    assert!(
        told(&output).contains("a checkpoint over 5 leaves was signed"),
        "{output:?}"
    );
}

#[tokio::test]
async fn a_store_of_another_tree_is_refused() {
    let site = site_with(3).await;
    let backup = site.path().join("backup");
    copy(&site.data_dir(), &backup);
    let server = site.start();
    fill(&server, 2).await;
    server.stop().await;
    let newest = fs::read(site.data_dir().join(KEPT)).unwrap();
    // The same log goes on from the copy with other entries: a fork.
    fs::remove_dir_all(site.data_dir()).unwrap();
    copy(&backup, &site.data_dir());
    let server = site.start();
    fill(&server, 4).await;
    server.stop().await;
    fs::write(site.data_dir().join(KEPT), newest).unwrap();
    site.start_refused().assert(
        UNTRUE,
        &["the checkpoint signed over 5 leaves", "it is another tree"],
    );
    let output = fsck(&site, &[]);
    assert!(
        told(&output).contains("another root than was signed at size 5"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(UNTRUE));
}

#[tokio::test]
async fn a_write_ahead_log_that_lost_its_end_is_refused() {
    let server = Server::start();
    for number in 0..3_u8 {
        submit_proven(&server, &Signer::new().hashedrekord(&[number])).await;
    }
    let site = server.kill();
    shorten(&store_files(&site, "log")[0], 100);
    site.start_refused().assert(
        UNTRUE,
        &["over 3 leaves was signed", "holds only 2", "rolled back"],
    );
}

#[tokio::test]
async fn a_missing_kept_checkpoint_is_refused_until_the_operator_accepts_the_store() {
    let site = site_with(3).await;
    fs::remove_file(site.data_dir().join(KEPT)).unwrap();
    site.start_refused().assert(
        UNTRUE,
        &["the store has 3 leaves", "is missing", "fsck --accept-head"],
    );
    let output = fsck(&site, &[]);
    assert_eq!(output.status.code(), Some(UNTRUE));
    assert!(
        told(&output).contains("kept outside the store is missing"),
        "{output:?}"
    );
    let output = fsck(&site, &["--json"]);
    assert_eq!(output.status.code(), Some(UNTRUE));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["sound"], false);
    let findings = found["shards"][0]["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    let output = fsck(&site, &["--accept-head"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(site.start().size, 3);
}

#[tokio::test]
async fn a_kept_checkpoint_that_nobody_signed_is_refused() {
    let site = site_with(3).await;
    let kept = site.data_dir().join(KEPT);
    let text = fs::read_to_string(&kept).unwrap();
    fs::write(&kept, text.replacen("\n3\n", "\n2\n", 1)).unwrap();
    site.start_refused()
        .assert(UNTRUE, &["cannot be trusted", "fsck"]);
    for nonsense in [&b"nonsense"[..], b"\xff\xfe\n"] {
        fs::write(&kept, nonsense).unwrap();
        site.start_refused()
            .assert(UNTRUE, &["cannot be trusted", "fsck --accept-head"]);
    }
    let found = told(&fsck(&site, &[]));
    assert!(
        !found.contains("ledgerstone fsck"),
        "fsck is advised by itself: {found}"
    );
    let accepted = fsck(&site, &["--accept-head"]);
    assert!(accepted.status.success(), "{accepted:?}");
    assert_eq!(site.start().size, 3);
}

#[tokio::test]
async fn a_missing_store_is_not_made_anew() {
    let site = site_with(3).await;
    fs::remove_dir_all(site.data_dir().join("store")).unwrap();
    site.start_refused().assert(
        UNTRUE,
        &["holds checkpoint-", "but no store", "bring the store back"],
    );
    assert!(!site.data_dir().join("store").exists(), "nothing was made");
}

#[tokio::test]
async fn another_origin_is_refused() {
    let site = site_with(3).await;
    site.clone()
        .with("--origin", "other.example.com")
        .start_refused()
        .assert(
            UNDONE,
            &["log.example.com", "other.example.com", "belongs to"],
        );
    assert_eq!(
        site.without("--origin").start().ed25519.name(),
        "log.example.com"
    );
}

#[tokio::test]
async fn other_keys_are_refused() {
    let (site, other) = (site_with(3).await, site_with(1).await);
    for (file, name) in [
        ("log-ed25519.pem", "checkpoints of tree"),
        ("log-ecdsa-p256.pem", "entry timestamps of Rekor v1"),
    ] {
        let key = site.data_dir().join("keys").join(file);
        let own = fs::read(&key).unwrap();
        fs::copy(other.data_dir().join("keys").join(file), &key).unwrap();
        site.start_refused()
            .assert(UNTRUE, &[name, "restore the key files of this log"]);
        fs::write(&key, own).unwrap();
    }
    assert_eq!(site.start().size, 3);
}

#[tokio::test]
async fn keys_that_are_missing_or_exposed_are_refused() {
    let site = site_with(3).await;
    for file in ["log-ed25519.pem", "log-ecdsa-p256.pem"] {
        let key = site.data_dir().join("keys").join(file);
        let own = fs::read(&key).unwrap();
        fs::remove_file(&key).unwrap();
        site.start_refused().assert(UNDONE, &[file, "is missing"]);
        assert!(!key.exists(), "an existing log gets no new key");
        fs::write(&key, own).unwrap();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        site.start_refused().assert(
            UNDONE,
            &[file, "readable by others (mode 644)", "make it 600"],
        );
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    }
    assert_eq!(site.start().size, 3);
}

#[tokio::test]
async fn a_shortened_table_is_refused_by_name() {
    let site = site_with_tables(300).await;
    let table = &store_files(&site, "sst")[0];
    shorten(table, 10);
    let name = table.file_name().unwrap().to_str().unwrap();
    assert_reads(&site, &["the store is damaged", name]).await;
    let output = fsck(&site, &[]);
    assert_eq!(output.status.code(), Some(UNTRUE));
    assert!(told(&output).contains(name), "{output:?}");
}

#[tokio::test]
async fn a_missing_table_is_refused_by_name() {
    let site = site_with_tables(300).await;
    let table = &store_files(&site, "sst")[0];
    fs::remove_file(table).unwrap();
    let name = table.file_name().unwrap().to_str().unwrap();
    assert_reads(&site, &["the store is damaged", name]).await;
    let output = fsck(&site, &[]);
    assert_eq!(output.status.code(), Some(UNTRUE), "{output:?}");
    let told = told(&output);
    assert!(told.contains(&format!("the file {name} ")), "{told}");
    assert!(told.contains("entry 0 cannot be read"), "{told}");
}

/// A start that is refused because of the log of the store says what to run, and that gets past the
/// damage: whatever is left is read, and what is not is named.
#[tokio::test]
async fn a_damaged_log_of_the_store_is_refused_and_looked_through() {
    let site = site_with(300).await;
    let log = &store_files(&site, "log")[0];
    let name = log.file_name().unwrap().to_str().unwrap();
    let sound = fs::read(log).unwrap();
    // A hole within the last record: what lacks whole sectors, as after a power cut, is dropped
    // instead, and held against the kept checkpoint.
    let mut zeroed = sound.clone();
    let (hole, last) = (zeroed.len() - 200, zeroed.len() - 1);
    zeroed[hole..last].fill(0);
    zeroed[last] = 1;
    let mut flipped = sound.clone();
    flipped[sound.len() / 2] ^= 1;
    for damaged in [zeroed, flipped] {
        fs::write(log, damaged).unwrap();
        let told_to = ["the store is damaged", name, "ledgerstone fsck"];
        assert_reads(&site, &told_to).await;
        for arguments in [&[][..], &["--json"]] {
            let output = fsck(&site, arguments);
            assert_eq!(output.status.code(), Some(UNTRUE), "{output:?}");
            let told = told(&output);
            assert!(told.contains(&format!("the file {name} has ")), "{told}");
        }
    }
    fs::write(log, sound).unwrap();
    assert_eq!(site.start().size, 300);
}

#[tokio::test]
async fn a_flipped_bit_is_found_by_fsck_and_never_served_as_an_entry() {
    let site = site_with_tables(300).await;
    // The largest table is that of the entries; its first block holds the oldest ones, which a
    // start does not read.
    flip(&store_files(&site, "sst")[0], 40);
    let output = fsck(&site, &[]);
    assert_eq!(output.status.code(), Some(UNTRUE));
    assert!(
        told(&output).contains("entry 0 cannot be read"),
        "{output:?}"
    );
    let server = site.start();
    let reply = get(&server, "/log/v1/entries/0").await;
    assert_eq!(
        reply.error(500, 13, "internal server error"),
        "",
        "nothing of the damage is told to strangers"
    );
    assert_eq!(
        get(&server, "/tile/entries/000").await.status,
        500,
        "trouble is not absence"
    );
    assert_eq!(get(&server, "/log/v1/entries/299").await.status, 200);
}

#[tokio::test]
async fn a_damaged_manifest_is_refused() {
    let site = site_with_tables(3).await;
    let current = site.data_dir().join("store").join("CURRENT");
    let manifest = fs::read_to_string(&current).unwrap();
    let manifest = manifest.trim();
    let path = site.data_dir().join("store").join(manifest);
    let sound = fs::read(&path).unwrap();
    // Where the manifest does not read, nothing can be served.
    let named = ["the store is damaged", manifest];
    flip(&path, 20);
    site.start_refused().assert(UNTRUE, &named);
    fs::write(&path, vec![7; sound.len()]).unwrap();
    site.start_refused().assert(UNTRUE, &named);
    let output = fsck(&site, &[]);
    assert_eq!(output.status.code(), Some(UNTRUE), "{output:?}");
    let text = told(&output);
    assert!(text.contains("restore it from a copy"), "{text}");
    assert!(!text.contains("fsck"), "fsck is advised by itself: {text}");
    fs::write(&path, sound).unwrap();
    fs::remove_file(current).unwrap();
    site.start_refused()
        .assert(UNTRUE, &["the store is damaged", "CURRENT"]);
}

#[tokio::test]
async fn a_sound_store_is_found_sound() {
    let site = site_with_tables(300).await;
    let output = fsck(&site, &["--json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["sound"], true);
    let report = &told["shards"][0];
    assert_eq!(report["size"], "300");
    assert_eq!(report["tiles"], "1");
    assert_eq!(report["findings"], serde_json::json!([]));
    assert_eq!(report["checkpointSignatureVerified"], true);
}

/// Without its keys a sound store is sound, and the result says what nobody verified.
#[tokio::test]
async fn fsck_says_which_signatures_it_could_not_verify() {
    let site = site_with(3).await;
    let nowhere = site.path().join("nowhere");
    let output = fsck(&site, &["--key-dir", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let result = "result     sound, but that nobody verified the signature of its checkpoint";
    assert!(told(&output).contains(result), "{output:?}");
    let arguments = ["--json", "--key-dir", nowhere.to_str().unwrap()];
    let report: serde_json::Value =
        serde_json::from_slice(&fsck(&site, &arguments).stdout).unwrap();
    assert_eq!(report["signaturesVerified"], false);
}

/// A mark of damage that was met while the store ran keeps it from being written until all of it
/// was read.
#[tokio::test]
async fn a_store_that_was_found_damaged_while_it_ran_is_read_until_it_is_checked() {
    let site = site_with(3).await;
    fs::write(site.data_dir().join("damaged"), "the file 000012.sst").unwrap();
    assert_reads(&site, &["000012.sst", "ledgerstone fsck"]).await;
    let output = fsck(&site, &[]);
    assert!(output.status.success(), "{output:?}");
    assert!(told(&output).contains("it may be written again"));
    assert_eq!(site.start().read_only, "");
}

/// Flips in tables of a server that runs show, without a read of anybody.
#[tokio::test]
async fn a_flip_in_a_table_of_a_running_server_shows() {
    let site = site_with_tables(300).await;
    let server = site.with("--scrub-rate", "100000000").start();
    flip(&store_files(&server.site, "sst")[0], 40);
    let found = async {
        while metric(&server, "ledgerstone_scrub_findings").await == 0.0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, found).await.unwrap();
    assert!(metric(&server, "ledgerstone_scrubbed_bytes_total").await > 0.0);
    // It ends nothing.
    fill(&server, 2).await;
    let site = server.site.clone();
    server.terminate();
    let (code, stderr) = server.wait().await;
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("the store is damaged"), "{stderr}");
    drop(site);
}

#[test]
fn fsck_of_what_is_no_log_says_so() {
    let site = Site::new();
    let output = fsck(&site, &[]);
    assert_ne!(output.status.code(), Some(0));
    assert!(!site.data_dir().join("store").exists(), "nothing was made");
}

/// A damaged end is given up by the operator alone, and nothing is signed then before the log was
/// compared with checkpoints from outside.
#[tokio::test]
async fn a_damaged_end_is_dropped_and_compared_before_the_log_goes_on() {
    let server = Server::start();
    fill(&server, 2).await;
    let older = fs::read(server.site.data_dir().join(KEPT)).unwrap();
    fill(&server, 1).await;
    let site = server.stop().await;
    let wal = store_files(&site, "log").remove(0);
    flip(&wal, fs::metadata(&wal).unwrap().len() as usize - 10);
    let ahead = fsck(&site, &["--drop-torn-round"]);
    assert_eq!(ahead.status.code(), Some(UNTRUE), "{ahead:?}");
    assert!(told(&ahead).contains("rolled back"), "{ahead:?}");

    // As after a power cut, where it lags.
    fs::write(site.data_dir().join(KEPT), &older).unwrap();
    assert_reads(&site, &["another checksum"]).await;
    let dropped = fsck(&site, &["--drop-torn-round"]);
    assert!(dropped.status.success(), "{dropped:?}");
    let name = wal.file_name().unwrap().to_str().unwrap();
    for word in [name, "at byte", "from index 2 on", "--compare-with"] {
        assert!(told(&dropped).contains(word), "{word}: {dropped:?}");
    }
    assert_reads(&site, &["fsck --compare-with"]).await;
    let plain = fsck(&site, &[]);
    assert!(told(&plain).contains("--compare-with FILE"), "{plain:?}");

    let notes = [KEPT, "checkpoint-1"].map(|name| site.data_dir().join(name));
    let notes = notes.map(|path| path.to_str().unwrap().to_owned());
    let one = fsck(&site, &["--compare-with", &notes[0]]);
    assert_eq!(one.status.code(), Some(UNDONE), "{one:?}");
    let [v2, v1] = &notes;
    let both = fsck(&site, &["--compare-with", v2, "--compare-with", v1]);
    assert!(both.status.success(), "{both:?}");
    assert!(told(&both).contains("extends the checkpoint over 2 leaves"));
    let server = site.start();
    assert_eq!(server.size, 2);
    fill(&server, 2).await;
}
