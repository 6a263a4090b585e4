//! `ledgerstone monitor` against a running log: what it finds, that it finds it once, and when it
//! fails.

use std::fs;
use std::process::Output;

use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use tempfile::TempDir;

use crate::client::fill;
use crate::client::log_client;
use crate::requests::Signer;
use crate::requests::append_request;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::server::command;

fn monitor(server: &Server, directory: &TempDir, more: &[&str]) -> Output {
    command()
        .current_dir(directory)
        .args(["--json", "monitor", "--config", "monitor.toml"])
        .args([
            "--url",
            &server.url,
            "--log-key",
            &server.ed25519.to_string(),
        ])
        .args(more)
        .output()
        .unwrap()
}

/// The hits, and the summary after them.
fn read_lines(output: &Output) -> (Vec<Value>, Value) {
    assert!(output.status.success(), "{output:?}");
    let mut lines: Vec<Value> = output
        .stdout
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect();
    let summary = lines.pop().unwrap();
    (lines, summary)
}

async fn append(server: &Server, signer: &Signer, artifact: &[u8]) -> u64 {
    let request = append_request(signer.hashedrekord_with(artifact, signer.certificate(0)));
    let mut client = log_client(server).await;
    let appended = client.append(request).await.unwrap().into_inner();
    appended.entry.unwrap().log_index as u64
}

#[tokio::test]
async fn each_entry_that_names_the_signer_is_told_once() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let signer = Signer::new();
    let key = hex::encode(Sha256::digest(signer.spki()));
    let config = format!(
        "keys = ['sha256:{key}']\non-hit = ['sh', '-c', 'cat >> hits']\n[[identities]]\nsubject = \
         '*.EXAMPLE.com'\n"
    );
    fs::write(directory.path().join("monitor.toml"), config).unwrap();

    let (hits, summary) = read_lines(&monitor(&server, &directory, &["--once"]));
    assert_eq!((hits.len(), &summary["treeSize"]), (0, &json!(0)));

    fill(&server, 600).await;
    let first = append(&server, &signer, b"one").await;
    let (hits, summary) = read_lines(&monitor(&server, &directory, &[]));
    assert_eq!(summary["entries"], json!(601));
    assert_eq!(summary["notUnderstood"], json!(0));
    let [hit] = &hits[..] else { panic!("{hits:?}") };
    assert_eq!(
        (&hit["index"], &hit["origin"]),
        (&json!(first), &json!(ORIGIN))
    );
    let matches = json!([
        { "by": "identity", "subject": "signer.example.com" },
        { "by": "key", "sha256": key },
    ]);
    assert_eq!(hit["matches"], matches);

    let second = append(&server, &signer, b"two").await;
    let (hits, _) = read_lines(&monitor(&server, &directory, &[]));
    assert_eq!((hits.len(), &hits[0]["index"]), (1, &json!(second)));
    let (hits, _) = read_lines(&monitor(&server, &directory, &[]));
    assert_eq!(hits.len(), 0);
    let (hits, _) = read_lines(&monitor(&server, &directory, &["--from", "0"]));
    assert_eq!(hits.len(), 2);
    let told = fs::read_to_string(directory.path().join("hits")).unwrap();
    let told: Vec<Value> = told
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let indexes: Vec<_> = told
        .iter()
        .map(|hit| hit["index"].as_u64().unwrap())
        .collect();
    assert_eq!(indexes, [first, second, first, second]);
}

#[tokio::test]
async fn a_failure_has_the_exit_code_of_its_kind() {
    let server = Server::start();
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("monitor.toml");
    fs::write(&config, "kinds = ['hashedrekord']\non-hit = ['false']").unwrap();
    let signer = Signer::new();
    append(&server, &signer, b"one").await;
    assert_eq!(monitor(&server, &directory, &[]).status.code(), Some(1));
    // The hit that was not dealt with is told again.
    fs::write(&config, "kinds = ['hashedrekord']").unwrap();
    let (hits, _) = read_lines(&monitor(&server, &directory, &[]));
    assert_eq!(hits.len(), 1);

    // Another log of the same name and key would be a rollback; here one of another key does not
    // verify at all.
    let other = Server::start();
    let swapped = command()
        .current_dir(&directory)
        .args(["monitor", "--config", "monitor.toml", "--url", &other.url])
        .args(["--log-key", &server.ed25519.to_string()])
        .output()
        .unwrap();
    assert_eq!(swapped.status.code(), Some(2), "{swapped:?}");
    fs::write(&config, "kind = 'hashedrekord'").unwrap();
    assert_eq!(monitor(&server, &directory, &[]).status.code(), Some(1));
    fs::write(&config, "kinds = ['hashedrekord']").unwrap();
    let gone = command()
        .current_dir(&directory)
        .args([
            "monitor",
            "--config",
            "monitor.toml",
            "--url",
            "http://127.0.0.1:1",
        ])
        .args(["--log-key", &server.ed25519.to_string()])
        .output()
        .unwrap();
    assert_eq!(gone.status.code(), Some(3), "{gone:?}");
}
