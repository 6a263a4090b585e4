//! `ledgerstone recall`: a report that holds, that is checked offline, that says what is new, and
//! of which nothing can be changed.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::client::fill;
use crate::client::log_client;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::Server;
use crate::terminal::Terminal;

const RULES: &str = "[[rules]]\nname = \"example <certificates>\"\nquery = \
                     \"subject:*.example.com\"\n[[rules]]\nname = \"packages\"\nquery = \
                     \"package:pkg:npm/left-pad\"\n";

async fn append(server: &Server, signer: &Signer, artifact: &[u8]) {
    let entry = signer.hashedrekord_with(artifact, signer.certificate(0));
    let mut client = log_client(server).await;
    client.append(append_request(entry)).await.unwrap();
}

fn log(server: &Server) -> String {
    format!("--url {} --log-key {}", server.url, server.ed25519)
}

/// A log with two hits among others, and a report of it.
async fn reported(more: &str) -> (Server, Terminal, Value) {
    let (server, terminal, signer) = (Server::start(), Terminal::new(), Signer::new());
    append(&server, &signer, b"one").await;
    fill(&server, 300).await;
    append(&server, &signer, b"two").await;
    terminal.write("watch.toml", RULES);
    let line = format!(
        "recall --rules watch.toml --out report {more} {}",
        log(&server)
    );
    let told = terminal.json(&line);
    (server, terminal, told)
}

fn check(server: &Server) -> String {
    format!("recall --check report --log-key {}", server.ed25519)
}

#[tokio::test]
async fn a_report_is_checked_offline_and_says_by_whose_word_it_is_complete() {
    let (server, terminal, told) = reported("").await;
    assert_eq!((&told["hits"], &told["newHits"]), (&2.into(), &2.into()));
    assert_eq!((&told["run"], &told["scanned"]), (&1.into(), &false.into()));
    let line = check(&server);
    drop(server);
    let checked = terminal.json(&line);
    assert_eq!(checked["verified"], true);
    assert_eq!(
        (&checked["shownByBody"], &checked["compared"]),
        (&2.into(), &true.into())
    );
    let words = checked["completeness"].to_string();
    assert!(words.contains("complete by the word of the log"), "{words}");
    assert!(
        words.contains("302 without a statement that the log saw"),
        "{words}"
    );
    let page = terminal.read("report/run-1/report.html");
    assert!(page.contains("example &lt;certificates&gt;"), "{page}");
    assert!(!page.contains("<script") && !page.contains("<a "), "{page}");
    let csv = terminal.read("report/run-1/hits.csv");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    // Nothing in the directory vouches for itself.
    let told = terminal.fails(1, "recall --check report");
    assert!(told.contains("cannot vouch for itself"), "{told}");
    let other = Server::start();
    terminal.fails(2, &check(&other));
    terminal.fails(
        1,
        &format!("recall --check nowhere --log-key {}", other.ed25519),
    );
}

#[tokio::test]
async fn a_report_that_was_made_again_says_what_is_new_and_that_the_log_only_grew() {
    let (server, terminal, _) = reported("--scan").await;
    append(&server, &Signer::new(), b"three").await;
    // Without a key, the one of the first run holds.
    let again = format!(
        "recall --rules watch.toml --out report --scan --url {}",
        server.url
    );
    let told = terminal.json(&again);
    assert_eq!(
        (&told["run"], &told["hits"], &told["newHits"]),
        (&2.into(), &3.into(), &1.into())
    );
    let checked = terminal.json(&check(&server));
    assert_eq!(checked["scanned"], true);
    let words = checked["completeness"].to_string();
    assert!(
        words.contains("all 303 entries of the signed tree were read"),
        "{words}"
    );
    let report: Value = serde_json::from_str(&terminal.read("report/recall.json")).unwrap();
    let heads = report["trees"].as_array().unwrap();
    let grown = heads
        .iter()
        .find(|tree| tree["heads"].as_array().unwrap().len() == 2);
    assert!(
        !grown.unwrap()["heads"][1]["consistency"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    assert!(!terminal.path("report/run-1").exists());
    // A rule that is gone takes its hits along, and the report says so.
    terminal.write("watch.toml", &RULES.replace("*.example.com", "nobody"));
    let output = terminal.run(&format!("{again} --json"));
    assert_eq!(output.status.code(), Some(5), "{output:?}");
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["hits"], &told["gone"]), (&0.into(), &3.into()));
    terminal.json(&check(&server));
}

/// All files below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let found = paths.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    });
    found.collect()
}

#[tokio::test]
async fn no_byte_of_a_report_can_be_changed() {
    let (server, terminal, _) = reported("").await;
    let line = check(&server);
    let paths = files(&terminal.path("report"));
    assert!(paths.len() >= 8, "{paths:?}");
    for path in paths {
        let whole = fs::read(&path).unwrap();
        for at in [whole.len() / 3, whole.len() / 2, whole.len() - 2] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            fs::write(&path, &changed).unwrap();
            let output = terminal.run(&line);
            // What only people read of the report itself is in the page, which is compared.
            assert_ne!(output.status.code(), Some(0), "{} at {at}", path.display());
        }
        fs::write(&path, &whole).unwrap();
    }
    terminal.json(&line);
}

#[tokio::test]
async fn what_was_left_out_of_the_hits_is_found_missing() {
    let (server, terminal, _) = reported("").await;
    let hits = terminal.read("report/run-1/hits.jsonl");
    let (first, _) = hits.split_once('\n').unwrap();
    terminal.write("report/run-1/hits.jsonl", &format!("{first}\n"));
    let told = terminal.fails(2, &check(&server));
    assert!(told.contains("was changed"), "{told}");
}

#[tokio::test]
async fn a_bundle_of_a_report_verifies_for_other_programs() {
    let (server, terminal, signer) = (Server::start(), Terminal::new(), Signer::new());
    let mut client = log_client(&server).await;
    let entry = append_request(signer.hashedrekord(b"one"));
    client.append(entry).await.unwrap();
    terminal.write("watch.toml", "kinds = ['hashedrekord']");
    terminal.write("one", "one");
    terminal.write("key.pub", &crate::search::pem(&signer.spki()));
    terminal.json(&format!(
        "recall --rules watch.toml --out report {}",
        log(&server)
    ));
    let bundle = files(&terminal.path("report/run-1/bundles")).remove(0);
    let verified = terminal.json(&format!(
        "verify one --bundle {} --key key.pub --log-key {}",
        bundle.display(),
        server.ed25519
    ));
    assert_eq!(verified["verified"], true);
}

#[tokio::test]
async fn whoever_else_signs_is_told() {
    let (server, terminal) = (Server::start(), Terminal::new());
    let (mine, other) = (Signer::new(), Signer::new());
    append(&server, &mine, b"one").await;
    append(&server, &other, b"two").await;
    let key = hex::encode(<sha2::Sha256 as sha2::Digest>::digest(mine.spki()));
    let rules = format!(
        "on-hit = ['sh', '-c', 'cat >> told']\n[[rules]]\nname = \"others\"\nquery = \
         \"subject:signer.example.com\"\nexpected = [\"key:{key}\"]\n"
    );
    terminal.write("watch.toml", &rules);
    let tested = terminal.json("monitor test --config watch.toml");
    assert_eq!(tested["works"], true);
    let sample: Value = serde_json::from_str(&terminal.read("told")).unwrap();
    assert_eq!(
        (&sample["sample"], &sample["matches"][0]["rule"]),
        (&true.into(), &"others".into())
    );
    let told = terminal.json(&format!(
        "recall --rules watch.toml --out report {}",
        log(&server)
    ));
    assert_eq!(told["hits"], 1);
    let hit: Value = serde_json::from_str(&terminal.read("report/run-1/hits.jsonl")).unwrap();
    assert_eq!(hit["entry"]["index"], 1);
    let unexpected = hit["rules"][0]["unexpected"].to_string();
    assert!(
        unexpected.contains("subject:signer.example.com"),
        "{unexpected}"
    );
    terminal.json(&check(&server));

    // From now on, what comes.
    let monitor = format!(
        "--json monitor --config watch.toml --start-at-end {}",
        log(&server)
    );
    let output = terminal.run(&monitor);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    append(&server, &mine, b"three").await;
    append(&server, &other, b"four").await;
    let output = terminal.run(&monitor);
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(told.lines().count(), 2, "{told}");
    let hit: Value = serde_json::from_str(told.lines().next().unwrap()).unwrap();
    assert_eq!(
        (&hit["index"], &hit["matches"][0]["rule"]),
        (&3.into(), &"others".into())
    );
}

#[tokio::test]
async fn a_scan_says_what_it_saw_and_finds_what_the_index_finds() {
    let (server, terminal, _) = reported("").await;
    let query = "subject:signer.example.com";
    let found = |more: &str| {
        let output = terminal.run(&format!("search {query} --csv {more} {}", log(&server)));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let told = String::from_utf8(output.stderr).unwrap();
        (String::from_utf8(output.stdout).unwrap(), told)
    };
    let (by_index, told) = found("");
    assert!(told.contains("complete by the word of the log"), "{told}");
    let (by_scan, told) = found("--scan");
    assert!(
        told.contains("all 302 entries that the log signed"),
        "{told}"
    );
    let columns = |csv: &str| -> Vec<String> {
        let lines = csv
            .lines()
            .map(|line| line.split(',').take(6).collect::<Vec<_>>().join(","));
        lines.collect()
    };
    assert_eq!(columns(&by_index), columns(&by_scan));
    // The other tree of the log is signed with another key.
    let nobody = format!("search subject:nobody --scan {}", log(&server));
    let told = terminal.fails(5, &nobody);
    assert!(told.contains("was left out"), "{told}");
    let tree = format!("--tree-id {}", server.tree_id);
    terminal.fails(4, &format!("{nobody} {tree}"));
    let told = terminal.fails(5, &format!("{} {tree}", nobody.replace("subject", "name")));
    assert!(told.contains("of 302 the body does not tell"), "{told}");
}
