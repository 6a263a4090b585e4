//! Trees that were imported, served by the real binary: copies of other logs, and earlier trees of
//! this one.

use std::fs;
use std::path::Path;
use std::process::Output;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::ConsistencyProof;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_tests::entry_rules;
use ledgerstone_tests::entry_rules::parse_hash;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::sha256;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;

use crate::client::Reply;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::submit_proven;
use crate::requests;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;

const ENTRIES: &str = "/api/v1/log/entries";

async fn post_v1(server: &Server, path: &str, body: &Value) -> Reply {
    let request = http_client()
        .post(server.at(path))
        .header("content-type", "application/json")
        .body(body.to_string());
    Reply::read(request.send().await.unwrap()).await
}

async fn create(server: &Server, proposal: &Value) -> (String, Value) {
    let reply = post_v1(server, ENTRIES, proposal).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    only_entry(&reply.json())
}

fn only_entry(entries: &Value) -> (String, Value) {
    let entries = entries.as_object().unwrap();
    assert_eq!(entries.len(), 1);
    let (id, entry) = entries.iter().next().unwrap();
    (id.clone(), entry.clone())
}

async fn read(server: &Server, id: &str) -> Value {
    let reply = get(server, &format!("{ENTRIES}/{id}")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    only_entry(&reply.json()).1
}

/// Runs `ledgerstone import` into the data directory of `site`.
fn import(site: &Site, from: &str, key: &VerifierKey, more: &[&str]) -> Output {
    command()
        .args(["--json", "import", "--from", from, "--data-dir"])
        .arg(site.data_dir())
        .args(["--log-key", &key.to_string()])
        .args(more)
        .output()
        .unwrap()
}

#[track_caller]
fn imported(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn ledgerstone(line: &[&str]) -> Output {
    command().arg("--json").args(line).output().unwrap()
}

#[tokio::test]
async fn a_copy_answers_for_the_log_that_it_is_of() {
    let (source, signer) = (
        Site::new().with("--origin", "other.example.com").start(),
        Signer::new(),
    );
    let one = signer.hashedrekord(b"one");
    let (first, _) = create(&source, &one).await;
    let stated = statement(b"two");
    let (second, _) = create(&source, &signer.intoto_v002(&stated)).await;
    create(&source, &signer.hashedrekord(b"three")).await;
    let originals = [read(&source, &first).await, read(&source, &second).await];

    // The log has entries of its own already.
    let site = Site::new();
    let server = site.start();
    let (own, _) = create(&server, &signer.hashedrekord(b"own")).await;
    server.stop().await;
    let report = imported(&import(
        &site,
        &source.url,
        &source.ecdsa,
        &["--protocol", "rekor-v1"],
    ));
    assert_eq!(report["entriesCopied"], 3);
    let server = site.start();

    // What the other log said, word for word; and so it verifies with that log's key.
    for (id, original) in [&first, &second].into_iter().zip(&originals) {
        for asked in [id.as_str(), &id[16..]] {
            let copy = read(&server, asked).await;
            entry_rules::verify(&source.ecdsa, id, &copy);
            for member in ["body", "integratedTime", "logID", "logIndex", "attestation"] {
                assert_eq!(copy[member], original[member], "{member}");
            }
        }
    }
    let attestation = STANDARD.decode(originals[1]["attestation"]["data"].as_str().unwrap());
    assert_eq!(attestation.unwrap(), stated);

    // It is no part of this log: neither of its indexes nor of its shards.
    let reply = get(&server, &format!("{ENTRIES}?logIndex=0")).await;
    assert_eq!(only_entry(&reply.json()).0, own);
    let reply = get(&server, &format!("{ENTRIES}?logIndex=1")).await;
    assert_eq!(reply.status, 404);
    let info = get(&server, "/api/v1/log").await.json();
    assert_eq!(
        (&info["inactiveShards"], &info["treeSize"]),
        (&json!([]), &json!(1))
    );

    // But it can be asked for by its number, and is searched.
    let tree = &source.v1_tree_id;
    let key = get(&server, &format!("/api/v1/log/publicKey?treeID={tree}")).await;
    assert_eq!(key.body, get(&source, "/api/v1/log/publicKey").await.body);
    let path = format!("/api/v1/log/proof?firstSize=1&lastSize=3&treeID={tree}");
    let proof = get(&server, &path).await.json();
    assert_eq!(proof, get(&source, &path).await.json());
    let about = json!({ "hash": format!("sha256:{}", sha256(b"two")) });
    let found = post_v1(&server, "/api/v1/index/retrieve", &about).await;
    assert_eq!(found.json(), json!([second]));
    let below = server.at(&format!("/trees/{tree}"));
    let (key, state) = (source.ecdsa.to_string(), site.path().join("audit.json"));
    let audit = ["audit", "--full", "--url", &below, "--log-key", &key];
    let output = ledgerstone(&[&audit[..], &["--state", state.to_str().unwrap()]].concat());
    assert!(output.status.success(), "{output:?}");
    // A copy of the copy is one of the same tree.
    let third = Site::new();
    let report = imported(&import(&third, &below, &source.ecdsa, &[]));
    assert_eq!(
        (&report["treeId"], &report["entriesCopied"]),
        (&json!(tree), &json!(3))
    );
    let both = json!({ "entryUUIDs": [own, first] });
    let found = post_v1(&server, "/api/v1/log/entries/retrieve", &both).await;
    assert_eq!(found.json().as_array().unwrap().len(), 2);

    // Where the log has the entry itself, the copy is not asked: clients that look for one entry
    // expect one.
    let proposed = json!({ "entries": [one] });
    for _ in 0..2 {
        let found = post_v1(&server, "/api/v1/log/entries/retrieve", &proposed).await;
        assert_eq!(found.json().as_array().unwrap().len(), 1);
        create(&server, &one).await;
    }
    source.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn a_copy_is_proven_searched_and_audited_under_the_key_of_its_source() {
    let source = Site::new().with("--origin", "other.example.com").start();
    fill(&source, 600).await;
    submit_proven(&source, &requests::Signer::new().hashedrekord(b"found")).await;
    let site = Site::new();
    let source_key = source.ed25519.to_string();
    imported(&import(&site, &source.url, &source.ed25519, &[]));
    source.stop().await;
    let server = site.start();
    let own_key = server.ed25519.to_string();

    let trees = get(&server, "/log/v1/trees").await.json();
    let roles: Vec<_> = trees["trees"].as_array().unwrap().iter().collect();
    let active = json!("TREE_ROLE_ACTIVE");
    assert_eq!((&roles[0]["role"], &roles[1]["role"]), (&active, &active));
    let copy = roles[2];
    assert_eq!((roles.len(), &copy["role"]), (3, &json!("TREE_ROLE_COPY")));
    assert_eq!(copy["key"], source_key);
    assert_eq!(copy["head"]["size"], "601");
    let tree = copy["head"]["treeId"].as_str().unwrap();

    let digest = format!("sha256:{}", sha256(b"found"));
    let (url, query) = (
        server.url.as_str(),
        ["search", "--digest", &digest, "--url"],
    );
    let search = |more: &[&str]| {
        let output = ledgerstone(&[&query[..], &[url], more].concat());
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    // All trees and copies are searched. That the copy is the other log's, this log's key does not
    // say.
    let hit = search(&["--log-key", &own_key]);
    assert_eq!(
        (&hit["index"], &hit["proven"]),
        (&json!(600), &json!(false))
    );
    assert_eq!(hit["treeId"], tree);
    let hit = search(&["--log-key", &source_key, "--tree-id", tree]);
    assert_eq!((&hit["index"], &hit["proven"]), (&json!(600), &json!(true)));

    let of_tree = ["--url", url, "--log-key", &source_key, "--tree-id", tree];
    for line in [
        &["get", "--index", "600"][..],
        &["proof", "inclusion", "--index", "7", "--tree-size", "300"],
        &["proof", "consistency", "--old-size", "300"],
    ] {
        let output = ledgerstone(&[line, &of_tree].concat());
        assert!(output.status.success(), "{output:?}");
        // Without the choice of a tree these are other things, or nothing.
        let output = ledgerstone(&[line, &of_tree[..4]].concat());
        assert!(!output.status.success(), "{output:?}");
    }

    // Whoever reads logs by tiles reads the copy like the log.
    let below = format!("{url}/trees/{tree}");
    let state = site.path().join("audit.json");
    let audit = |key: &str| {
        let state = state.to_str().unwrap();
        ledgerstone(&[
            "audit",
            "--full",
            "--url",
            &below,
            "--state",
            state,
            "--log-key",
            key,
        ])
    };
    let output = audit(&source_key);
    assert!(output.status.success(), "{output:?}");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["entriesRehashed"], 601);
    assert!(!audit(&own_key).status.success());
    for path in [
        "/trees/1/checkpoint",
        "/trees/x/checkpoint",
        "/trees/1/tile/0/000",
    ] {
        assert_eq!(get(&server, path).await.status, 404, "{path}");
    }
    server.stop().await;
}

/// The private key of a log, where its server keeps it.
fn ecdsa_key(site: &Site) -> std::path::PathBuf {
    site.data_dir().join("keys/log-ecdsa-p256.pem")
}

#[tokio::test]
async fn a_log_goes_on_where_an_older_one_ended() {
    let (old, signer) = (Server::start(), Signer::new());
    let mut entries = Vec::new();
    for artifact in [b"one", b"two"] {
        entries.push(create(&old, &signer.hashedrekord(artifact)).await.0);
    }
    let site = Site::new();
    let key_of_old = old.ecdsa.clone();
    imported(&import(
        &site,
        &old.url,
        &old.ecdsa,
        &["--protocol", "rekor-v1", "--predecessor"],
    ));
    let old_tree = old.v1_tree_id.clone();
    old.stop().await;

    let server = site.start();
    let (newest, entry) = create(&server, &signer.hashedrekord(b"three")).await;
    // The same entry again is another one in another tree.
    let (again, _) = create(&server, &signer.hashedrekord(b"one")).await;
    assert_ne!(again, entries[0]);
    assert_eq!(entry["logIndex"], 2);
    assert_eq!(entry["verification"]["inclusionProof"]["logIndex"], 0);
    entry_rules::verify(&server.ecdsa, &newest, &entry);
    for (index, id) in entries.iter().chain([&newest]).enumerate() {
        let reply = get(&server, &format!("{ENTRIES}?logIndex={index}")).await;
        let (found, entry) = only_entry(&reply.json());
        assert_eq!((&found, &entry["logIndex"]), (id, &json!(index)));
        let key = if index < 2 {
            &key_of_old
        } else {
            &server.ecdsa
        };
        entry_rules::verify(key, &found, &entry);
    }
    let info = get(&server, "/api/v1/log").await.json();
    let inactive = info["inactiveShards"].as_array().unwrap();
    assert_eq!(inactive.len(), 1);
    assert_eq!(
        (&inactive[0]["treeSize"], &inactive[0]["treeID"]),
        (&json!(2), &json!(old_tree))
    );
    let note = inactive[0]["signedTreeHead"].as_str().unwrap();
    let checkpoint = entry_rules::verify_checkpoint(&key_of_old, &old_tree, note);
    assert_eq!(checkpoint.root.to_string(), inactive[0]["rootHash"]);
    let path = format!("/api/v1/log/proof?firstSize=1&lastSize=2&treeID={old_tree}");
    let reply = get(&server, &path).await.json();
    let proof = ConsistencyProof {
        old: TreeSize::new(1),
        new: TreeSize::new(2),
        hashes: reply["hashes"]
            .as_array()
            .unwrap()
            .iter()
            .map(parse_hash)
            .collect(),
    };
    let entry = read(&server, &entries[0]).await;
    let first = leaf_hash(&STANDARD.decode(entry["body"].as_str().unwrap()).unwrap());
    proof.verify(&first, &checkpoint.root).unwrap();

    // Clients that are told to trust the log trust it for its past as well.
    let trust = site.path().join("trust");
    let output = ledgerstone(&[
        "trust",
        "--url",
        &server.url,
        "--out",
        trust.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{output:?}");
    let root: Value =
        serde_json::from_slice(&fs::read(trust.join("trusted_root.json")).unwrap()).unwrap();
    let told = root["tlogs"].as_array().unwrap().iter();
    let told: Vec<_> = told.map(|log| log["logId"]["keyId"].clone()).collect();
    let keys = [&server.ecdsa, &server.ed25519, &key_of_old];
    assert_eq!(told, keys.map(|key| json!(STANDARD.encode(key.log_id()))));
    let site = server.stop().await;

    // Now it is too late for another one to come before.
    let other = Server::start();
    create(&other, &signer.hashedrekord(b"late")).await;
    let late = import(
        &site,
        &other.url,
        &other.ecdsa,
        &["--protocol", "rekor-v1", "--predecessor"],
    );
    assert_eq!(late.status.code(), Some(1), "{late:?}");
    let told =
        String::from_utf8_lossy(&late.stdout).into_owned() + &String::from_utf8_lossy(&late.stderr);
    assert!(told.contains("import it as a copy"), "{told}");
    other.stop().await;
    site.start().stop().await;
}

#[tokio::test]
async fn an_older_tree_is_signed_for_with_its_own_key_where_the_operator_has_it() {
    let (old, signer) = (Server::start(), Signer::new());
    let (id, _) = create(&old, &signer.hashedrekord(b"one")).await;
    let key = ecdsa_key(&old.site);
    let site = Site::new();
    let output = import(&site, &old.url, &old.ed25519, &["--predecessor"]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "tiles alone cannot answer Rekor v1 clients"
    );
    let with_times = ["--protocol", "rekor-v1", "--predecessor", "--signing-key"];
    let signing = [&with_times[..], &[key.to_str().unwrap()]].concat();
    imported(&import(&site, &old.url, &old.ecdsa, &signing));
    let old_key = old.ecdsa.clone();
    old.stop().await;

    let kept = site.data_dir().join("keys/shard-1-ecdsa-p256.pem");
    assert_eq!(mode(&kept), 0o600);
    let server = site.start();
    let reply = get(&server, &format!("{ENTRIES}?logIndex=0")).await;
    let (found, entry) = only_entry(&reply.json());
    assert_eq!(found, id);
    entry_rules::verify(&old_key, &found, &entry);
    let site = server.stop().await;

    fs::remove_file(&kept).unwrap();
    let refusal = site.start_refused();
    refusal.assert(1, &["they are not those that it was imported with"]);
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_copy_that_is_not_complete_keeps_nobody_from_serving() {
    let source = Site::new().with("--origin", "other.example.com").start();
    fill(&source, 10).await;
    let site = Site::new();
    imported(&import(&site, &source.url, &source.ed25519, &[]));
    source.stop().await;
    // As after a crash before the end of the import.
    fs::remove_file(site.data_dir().join("checkpoint-1")).unwrap();
    let server = site.start();
    let trees = get(&server, "/log/v1/trees").await.json();
    assert_eq!(trees["trees"].as_array().unwrap().len(), 2);
    server.stop().await;
}
