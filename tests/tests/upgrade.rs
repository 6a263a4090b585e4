//! A directory of version 0.1, whose one tree took entries of both Rekor protocols: it is refused,
//! upgraded, and served.

use std::collections::BTreeMap;
use std::fs;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::NewEntry;
use ledgerstone_storage::OLD_SCHEMA_VERSION;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::Round;
use ledgerstone_storage::SCHEMA_VERSION;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::TreeKind;
use ledgerstone_storage::planted_schema_version;
use ledgerstone_tests::proposals::Signer;
use serde_json::Value;
use serde_json::json;

use crate::client::get;
use crate::client::http_client;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::server::Site;
use crate::server::command;

const TREE_ID: u64 = 4_711;
const SHARD: ShardId = ShardId::new(0);
const TIME: i64 = 1_700_000_000;
const NEW_ORIGIN: &str = "v2.log.example.com";
const KEPT: &str = "checkpoint-0";

/// A directory as version 0.1 left it.
struct Old {
    site: Site,
    ed25519: Ed25519Signer,
    ecdsa: VerifierKey,
    entries: Vec<Vec<u8>>,
}

impl Old {
    /// With `count` entries, fewer than a tile holds, and a kept checkpoint over all but the last,
    /// as a crash leaves it.
    fn with_entries(count: usize) -> Self {
        let site = Site::new();
        let keys = site.data_dir().join("keys");
        fs::create_dir_all(&keys).unwrap();
        let ed25519 = Ed25519Signer::generate_pkcs8_pem().unwrap();
        let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        write_key(&keys.join("log-ed25519.pem"), &ed25519);
        write_key(&keys.join("log-ecdsa-p256.pem"), &ecdsa);
        let ecdsa = EcdsaP256Signer::from_pkcs8_pem(ORIGIN, &ecdsa).unwrap();
        let body = |number| format!("{{\"entry\":{number}}}").into_bytes();
        let old = Self {
            site,
            ed25519: Ed25519Signer::from_pkcs8_pem(ORIGIN, &ed25519).unwrap(),
            ecdsa: ecdsa.verifier().clone(),
            entries: (0..count).map(body).collect(),
        };
        old.write();
        old
    }

    fn write(&self) {
        let store = Store::open_rocksdb(&self.site.data_dir(), &RocksOptions::default()).unwrap();
        store.plant(planted_schema_version(OLD_SCHEMA_VERSION));
        let identity = ShardIdentity {
            kind: TreeKind::MIXED,
            tree_id: TREE_ID,
            origin: ORIGIN.to_owned(),
            keys: vec![self.ed25519.verifier().log_id(), self.ecdsa.log_id()],
            created: TIME,
            import: None,
        };
        let empty = StoredHead {
            size: TreeSize::EMPTY,
            root: EMPTY_ROOT,
            time: TIME,
        };
        store.create_shard(SHARD, &identity, &empty).unwrap();
        if self.entries.is_empty() {
            store.keep_checkpoint(SHARD, &self.checkpoint(0)).unwrap();
            return;
        }
        let edge = self.edge(self.entries.len());
        let round = Round {
            first: LeafIndex::new(0),
            entries: self.entries.iter().map(|body| entry(body)).collect(),
            tiles: Vec::new(),
            head: StoredHead {
                size: edge.size(),
                root: edge.root(),
                time: TIME,
            },
        };
        store.commit(&[(SHARD, &round)]).unwrap();
        let kept = self.checkpoint(self.entries.len() - 1);
        store.keep_checkpoint(SHARD, &kept).unwrap();
    }

    fn edge(&self, size: usize) -> RightEdge {
        let mut edge = RightEdge::new();
        for body in &self.entries[..size] {
            edge.append(leaf_hash(body));
        }
        edge
    }

    /// The checkpoint that version 0.1 signed at this size.
    fn checkpoint(&self, size: usize) -> String {
        let edge = self.edge(size);
        let checkpoint = Checkpoint::new(ORIGIN, edge.size(), edge.root()).unwrap();
        let note = SignedNote::sign(checkpoint.to_text(), &[&self.ed25519]);
        note.unwrap().to_string()
    }

    /// The last checkpoint of the tree.
    fn last(&self) -> String {
        self.checkpoint(self.entries.len())
    }

    fn upgrade(&self, more: &[&str]) -> Output {
        command()
            .args(["--json", "tree", "upgrade", "--v2-origin", NEW_ORIGIN])
            .arg("--data-dir")
            .arg(self.site.data_dir())
            .args(more)
            .output()
            .unwrap()
    }

    fn upgraded(&self) -> Value {
        told(&self.upgrade(&[]))
    }

    fn read<T>(&self, read: impl FnOnce(&Store) -> T) -> T {
        read(
            &Store::open_rocksdb_read_only(&self.site.data_dir(), &RocksOptions::default())
                .unwrap(),
        )
    }

    fn schema_version(&self) -> u32 {
        self.read(|store| store.schema_version().unwrap())
    }

    fn frozen(&self) -> Option<String> {
        let frozen = self.read(|store| store.frozen(SHARD).unwrap());
        frozen.map(|frozen| frozen.checkpoint)
    }

    fn fsck(&self) -> Value {
        let mut fsck = command();
        fsck.args(["--json", "fsck", "--data-dir"]);
        told(&fsck.arg(self.site.data_dir()).output().unwrap())
    }
}

fn entry(body: &[u8]) -> NewEntry {
    NewEntry {
        leaf_hash: leaf_hash(body),
        duplicate_key: None,
        integrated_time: TIME,
        body: body.to_vec().into(),
        search_keys: Vec::new(),
        names: Vec::new(),
        later: None,
        attestations: Vec::new(),
    }
}

fn write_key(path: &Path, pem: &str) {
    fs::write(path, pem).unwrap();
    fs::set_permissions(path, Permissions::from_mode(0o600)).unwrap();
}

#[track_caller]
fn told(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// All files below `directory` with their bytes and modes.
fn files(directory: &Path) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            continue;
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        let name = path.to_str().unwrap().to_owned();
        found.insert(name, (mode, fs::read(&path).unwrap()));
    }
    found
}

async fn create(server: &Server, proposal: &Value) -> Value {
    let request = http_client()
        .post(server.at("/api/v1/log/entries"))
        .header("content-type", "application/json")
        .body(proposal.to_string());
    let reply = request.send().await.unwrap();
    assert_eq!(reply.status(), 201);
    let created: Value = serde_json::from_slice(&reply.bytes().await.unwrap()).unwrap();
    created
        .as_object()
        .unwrap()
        .values()
        .next()
        .unwrap()
        .clone()
}

/// The trees that the server announces, by their roles.
fn tree<'a>(server: &'a Server, role: &str, protocol: &str) -> &'a Value {
    let trees = server.trees.as_array().unwrap();
    let mut found = trees
        .iter()
        .filter(|tree| tree["role"] == role && tree["protocol"] == protocol);
    found.next().unwrap()
}

#[test]
fn serve_refuses_and_prints_the_command() {
    let old = Old::with_entries(5);
    let before = files(&old.site.data_dir().join("keys"));
    let advice = "ledgerstone tree upgrade --v2-origin NAME";
    for site in [old.site.clone(), old.site.clone().without("--origin")] {
        site.start_refused()
            .assert(1, &["5 entries of version 0.1", advice, "--dry-run"]);
    }
    assert_eq!(files(&old.site.data_dir().join("keys")), before);
    assert_eq!(old.schema_version(), OLD_SCHEMA_VERSION);
    assert_eq!(old.frozen(), None);
}

#[test]
fn a_dry_run_says_what_would_be_done_and_changes_nothing() {
    let old = Old::with_entries(5);
    let before = files(&old.site.data_dir());
    let plan = told(&old.upgrade(&["--dry-run"]));
    assert_eq!(files(&old.site.data_dir()), before);
    assert_eq!(
        (&plan["upgraded"], &plan["dryRun"]),
        (&json!(false), &json!(true))
    );
    let frozen = json!({ "treeId": TREE_ID.to_string(), "origin": ORIGIN, "size": "5" });
    assert_eq!(plan["frozen"], frozen);
    let trees = plan["trees"].as_array().unwrap().iter();
    let begun: Vec<_> = trees
        .map(|tree| (&tree["protocol"], &tree["name"]))
        .collect();
    assert_eq!(
        begun,
        [
            (&json!("rekor-v2"), &json!(NEW_ORIGIN)),
            (&json!("rekor-v1"), &json!(ORIGIN))
        ]
    );

    // For people as well; and what the upgrade would refuse, the dry run does.
    let mut text = command();
    text.args([
        "tree",
        "upgrade",
        "--dry-run",
        "--v2-origin",
        NEW_ORIGIN,
        "--data-dir",
    ]);
    let output = text.arg(old.site.data_dir()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    for part in ["nothing was changed", NEW_ORIGIN, "ledgerstone trust"] {
        assert!(said.contains(part), "{said}");
    }
    for (name, part) in [
        (ORIGIN, "name of a tree here already"),
        ("https://log.example.com", "bare host name"),
    ] {
        let mut refused = command();
        refused.args([
            "tree",
            "upgrade",
            "--dry-run",
            "--v2-origin",
            name,
            "--data-dir",
        ]);
        let output = refused.arg(old.site.data_dir()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(files(&old.site.data_dir()), before);
}

#[tokio::test]
async fn an_upgraded_log_serves_its_frozen_tree_beside_two_that_grow() {
    let old = Old::with_entries(5);
    let report = old.upgraded();
    assert_eq!(report["upgraded"], true);
    assert_eq!(old.schema_version(), SCHEMA_VERSION);
    assert_eq!(old.frozen(), Some(old.last()));
    assert_eq!(old.fsck()["shards"].as_array().unwrap().len(), 3);
    let again = old.upgraded();
    assert_eq!(again["upgraded"], false);

    let server = old.site.start();
    let frozen = tree(&server, "frozen", "rekor-mixed");
    let (v1, v2) = (
        tree(&server, "growing", "rekor-v1"),
        tree(&server, "growing", "rekor-v2"),
    );
    assert_eq!(frozen["treeId"], TREE_ID.to_string());
    assert_eq!(
        (&v2["origin"], &v1["name"]),
        (&json!(NEW_ORIGIN), &json!(ORIGIN))
    );
    for (told, made) in [v2, v1]
        .into_iter()
        .zip(report["trees"].as_array().unwrap())
    {
        assert_eq!(told["treeId"], made["treeId"]);
    }
    assert_eq!(server.ed25519.name(), NEW_ORIGIN);
    assert_ne!(server.ed25519.log_id(), old.ed25519.verifier().log_id());
    assert_eq!(server.ecdsa, old.ecdsa);

    // Byte for byte, however often the log is started and whatever is appended.
    let path = format!("/trees/{TREE_ID}/checkpoint");
    assert_eq!(get(&server, &path).await.body, old.last().as_bytes());
    let entry = create(&server, &Signer::new().hashedrekord(b"one")).await;
    assert_eq!(entry["logIndex"], 5, "indexes go on behind the frozen tree");
    assert_eq!(entry["verification"]["inclusionProof"]["logIndex"], 0);
    let info = get(&server, "/api/v1/log").await.json();
    let inactive = info["inactiveShards"].as_array().unwrap();
    assert_eq!(inactive.len(), 1);
    assert_eq!(
        (&inactive[0]["treeID"], &inactive[0]["treeSize"]),
        (&json!(TREE_ID.to_string()), &json!(5))
    );
    server.stop().await;
    let server = old.site.start();
    assert_eq!(get(&server, &path).await.body, old.last().as_bytes());
    server.stop().await;
}

#[tokio::test]
async fn the_old_key_and_the_old_file_are_needed_no_more() {
    let old = Old::with_entries(3);
    old.upgraded();
    fs::remove_file(old.site.data_dir().join("keys/log-ed25519.pem")).unwrap();
    fs::remove_file(old.site.data_dir().join(KEPT)).unwrap();
    let checked = old.fsck();
    assert_eq!(checked["sound"], true);
    for tree in checked["shards"].as_array().unwrap() {
        assert_eq!(tree["checkpointSignatureVerified"], true);
    }
    let server = old.site.start();
    let path = format!("/trees/{TREE_ID}/checkpoint");
    assert_eq!(get(&server, &path).await.body, old.last().as_bytes());
    server.stop().await;
}

/// What a kill leaves behind each durable step of an upgrade: the checkpoint is kept, the public
/// key is kept, new keys are there without their names; then comes the one write, and behind it the
/// names.
#[tokio::test]
async fn a_kill_at_any_step_leaves_the_log_before_or_behind_the_upgrade() {
    let retired = format!("keys/tree-{TREE_ID}.vkey");
    for steps in 1..=3 {
        let old = Old::with_entries(3);
        let data = old.site.data_dir();
        fs::write(data.join(KEPT), old.last()).unwrap();
        if steps > 1 {
            let key = format!("{}\n", old.ed25519.verifier());
            write_key(&data.join(&retired), &key);
        }
        if steps > 2 {
            let pem = Ed25519Signer::generate_pkcs8_pem().unwrap();
            write_key(&data.join("keys/tree-7-ed25519.pem.new"), &pem);
        }
        // Before the write it is a log of version 0.1, and the command does it.
        old.site.start_refused().assert(1, &["tree upgrade"]);
        assert_eq!(old.schema_version(), OLD_SCHEMA_VERSION);
        assert_eq!(old.fsck()["sound"], true);
        old.upgraded();
        assert_eq!(old.frozen(), Some(old.last()));
        old.site.start().stop().await;
    }

    let old = Old::with_entries(3);
    old.upgraded();
    for entry in fs::read_dir(old.site.data_dir().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("tree-") && name.ends_with(".pem") {
            fs::rename(&path, path.with_extension("pem.new")).unwrap();
        }
    }
    // Behind it the log is upgraded, and a start gives the keys their names.
    assert_eq!(old.upgraded()["upgraded"], false);
    let server = old.site.start();
    create(&server, &Signer::new().hashedrekord(b"one")).await;
    server.stop().await;
    assert_eq!(old.fsck()["sound"], true);
}

#[tokio::test]
async fn a_log_without_entries_is_upgraded_by_its_first_start() {
    let old = Old::with_entries(0);
    let server = old.site.start();
    assert_eq!(server.tree_id, TREE_ID.to_string());
    assert_eq!(&server.ed25519, old.ed25519.verifier());
    assert_eq!(server.ecdsa, old.ecdsa);
    server.stop().await;
    assert_eq!(old.schema_version(), SCHEMA_VERSION);
    assert_eq!(old.frozen(), None);
}

#[test]
fn the_trees_of_a_directory_are_listed() {
    let old = Old::with_entries(2);
    let list = || {
        let mut list = command();
        list.args(["--json", "tree", "list", "--data-dir"]);
        told(&list.arg(old.site.data_dir()).output().unwrap())
    };
    let before = list();
    let only = &before["trees"][0];
    assert_eq!(
        (&only["role"], &only["protocol"], &only["size"]),
        (&json!("growing"), &json!("rekor-mixed"), &json!("2"))
    );
    old.upgraded();
    let after = list();
    let roles = after["trees"].as_array().unwrap().iter();
    let roles: Vec<_> = roles
        .map(|tree| (&tree["role"], &tree["protocol"]))
        .collect();
    assert_eq!(
        roles,
        [
            (&json!("frozen"), &json!("rekor-mixed")),
            (&json!("growing"), &json!("rekor-v2")),
            (&json!("growing"), &json!("rekor-v1"))
        ]
    );
    assert_eq!(after["trees"][0]["key"], old.ed25519.verifier().to_string());
    let empty = Site::new();
    let mut none = command();
    none.args(["tree", "list", "--data-dir"])
        .arg(empty.data_dir());
    assert_eq!(none.output().unwrap().status.code(), Some(1));
    assert!(!empty.data_dir().exists());
}
