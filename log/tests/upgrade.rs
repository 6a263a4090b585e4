//! From the one tree of version 0.1 to a tree for each protocol.

use std::path::Path;

use ledgerstone_log::KeyDirectory;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::OpenError;
use ledgerstone_log::Submission;
use ledgerstone_log::Upgrade;
use ledgerstone_log::UpgradeError;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::EMPTY_ROOT;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::RightEdge;
use ledgerstone_merkle::SignedNote;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::NewEntry;
use ledgerstone_storage::Round;
use ledgerstone_storage::ShardIdentity;
use ledgerstone_storage::Store;
use ledgerstone_storage::StoredHead;
use ledgerstone_storage::TreeKind;
use tempfile::TempDir;

use crate::ORIGIN;
use crate::SHARD;
use crate::body;
use crate::faulty::Faults;
use crate::faulty::FaultyStore;
use crate::verified;

const TREE_ID: u64 = 4_711;
const NEW_ORIGIN: &str = "v2.log.example.com";

/// A directory as version 0.1 left it.
struct Old {
    store: FaultyStore,
    keys: TempDir,
    ed25519: Ed25519Signer,
}

impl Old {
    /// With `entries`, fewer than a tile holds, and a kept checkpoint that lags by one.
    fn with_entries(entries: u64) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let ed25519 = Ed25519Signer::generate_pkcs8_pem().unwrap();
        let ecdsa = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        write_key(keys.path(), KeyDirectory::ED25519_FILE, &ed25519);
        write_key(keys.path(), KeyDirectory::ECDSA_FILE, &ecdsa);
        let ed25519 = Ed25519Signer::from_pkcs8_pem(ORIGIN, &ed25519).unwrap();
        let ecdsa = EcdsaP256Signer::from_pkcs8_pem(ORIGIN, &ecdsa).unwrap();
        let identity = ShardIdentity {
            kind: TreeKind::MIXED,
            tree_id: TREE_ID,
            origin: ORIGIN.to_owned(),
            keys: vec![ed25519.verifier().log_id(), ecdsa.verifier().log_id()],
            created: 1_700_000_000,
            import: None,
        };
        let empty = StoredHead {
            size: TreeSize::EMPTY,
            root: EMPTY_ROOT,
            time: identity.created,
        };
        let store = FaultyStore::new();
        store.create_shard(SHARD, &identity, &empty).unwrap();
        let old = Self {
            store,
            keys,
            ed25519,
        };
        if entries > 0 {
            old.log(entries);
        }
        old
    }

    fn log(&self, entries: u64) {
        let mut edge = RightEdge::new();
        let new = (0..entries).map(|number| {
            let leaf_hash = leaf_hash(&body(number));
            edge.append(leaf_hash);
            if edge.size().get() + 1 == entries {
                self.keep(&edge);
            }
            NewEntry {
                leaf_hash,
                duplicate_key: None,
                integrated_time: 1_700_000_001,
                body: body(number),
                search_keys: Vec::new(),
                names: Vec::new(),
                later: None,
                attestations: Vec::new(),
            }
        });
        let new = new.collect();
        let round = Round {
            first: LeafIndex::new(0),
            entries: new,
            tiles: Vec::new(),
            head: StoredHead {
                size: edge.size(),
                root: edge.root(),
                time: 1_700_000_001,
            },
        };
        self.store.commit(&[(SHARD, &round)]).unwrap();
    }

    fn keep(&self, edge: &RightEdge) {
        let checkpoint = Checkpoint::new(ORIGIN, edge.size(), edge.root()).unwrap();
        let note = SignedNote::sign(checkpoint.to_text(), &[&self.ed25519]).unwrap();
        let note = note.to_string();
        self.store.keep_checkpoint(SHARD, &note).unwrap();
    }

    fn keys(&self) -> KeyDirectory {
        KeyDirectory::new(self.keys.path())
    }

    fn upgrade(&self, v2_origin: Option<&str>) -> Result<(), UpgradeError> {
        let upgrade = Upgrade::plan(&self.store, v2_origin)?.unwrap();
        let store: Store = self.store.store.clone();
        upgrade.carry_out(&store, &self.keys(), &LogOptions::default())
    }

    fn open(&self) -> Result<Log, OpenError> {
        let options = LogOptions::default();
        let keyring = self.keys().load(&self.store, &options.protocols)?;
        Log::open(self.store.store.clone(), keyring, options)
    }
}

fn write_key(directory: &Path, file: &str, pem: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join(file);
    std::fs::write(&path, pem).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn append(log: &Log, kind: TreeKind, number: u64) -> ledgerstone_log::Appended {
    let submission = Submission::new(body(number)).unwrap();
    log.append(kind, submission).await.unwrap()
}

#[tokio::test]
async fn a_tree_with_entries_is_refused_until_it_is_frozen_with_its_last_checkpoint() {
    let old = Old::with_entries(5);
    let error = old.open().err().unwrap();
    assert!(
        matches!(error, OpenError::Mixed(size) if size.get() == 5),
        "{error}"
    );
    assert!(
        error.to_string().contains("tree upgrade --v2-origin"),
        "{error}"
    );

    old.upgrade(Some(NEW_ORIGIN)).unwrap();
    let kept = old.store.kept_checkpoint(SHARD).unwrap().unwrap();
    let frozen = old.store.frozen(SHARD).unwrap().unwrap();
    assert_eq!(frozen.checkpoint, kept);
    let checkpoint = verified(&kept, old.ed25519.verifier());
    assert_eq!(
        (checkpoint.size.get(), checkpoint.origin.as_str()),
        (5, ORIGIN)
    );

    let log = old.open().unwrap();
    let trees = log.trees();
    let mixed = trees.by_tree_id(TREE_ID).unwrap();
    assert_eq!(*mixed.head().checkpoint(), kept);
    assert_eq!(trees.by_origin(ORIGIN).unwrap().tree_id(), TREE_ID);
    let v1 = trees.growing_of(TreeKind::REKOR_V1).unwrap();
    let v2 = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert_eq!((v1.log_name(), v1.start()), (ORIGIN, 5));
    assert_eq!(v2.origin(), NEW_ORIGIN);
    assert_eq!(v1.v1_key(), mixed.v1_key());
    assert_ne!(
        v2.checkpoint_key().log_id(),
        mixed.checkpoint_key().log_id()
    );
    assert_ne!(v1.tree_id(), TREE_ID);
    // What the old tree holds is no duplicate in the new one, and counts go on behind it.
    let first = append(&log, TreeKind::REKOR_V1, 3).await;
    assert!(!first.duplicate);
    assert_eq!(v1.virtual_index(first.index), 5);
    append(&log, TreeKind::REKOR_V2, 3).await;
    log.close().await.unwrap();
}

#[tokio::test]
async fn the_private_key_of_a_frozen_tree_is_needed_no_more() {
    let old = Old::with_entries(2);
    old.upgrade(Some(NEW_ORIGIN)).unwrap();
    std::fs::remove_file(old.keys.path().join(KeyDirectory::ED25519_FILE)).unwrap();
    let log = old.open().unwrap();
    let trees = log.trees();
    let mixed = trees.by_tree_id(TREE_ID).unwrap();
    verified(&mixed.head().checkpoint(), old.ed25519.verifier());
    assert_eq!(mixed.checkpoint_key(), old.ed25519.verifier());
}

#[tokio::test]
async fn a_tree_without_entries_becomes_the_one_of_rekor_v2() {
    let old = Old::with_entries(0);
    old.upgrade(None).unwrap();
    let log = old.open().unwrap();
    let trees = log.trees();
    let v2 = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert_eq!((v2.tree_id(), v2.origin().as_str()), (TREE_ID, ORIGIN));
    assert_eq!(v2.checkpoint_key(), old.ed25519.verifier());
    let v1 = trees.growing_of(TreeKind::REKOR_V1).unwrap();
    assert_eq!((v1.log_name(), v1.start()), (ORIGIN, 0));
    append(&log, TreeKind::REKOR_V2, 1).await;
    append(&log, TreeKind::REKOR_V1, 1).await;
    assert!(Upgrade::plan(&old.store, None).unwrap().is_none());
}

#[test]
fn a_new_tree_needs_a_new_name() {
    let old = Old::with_entries(2);
    let error = old.upgrade(None).unwrap_err();
    assert!(matches!(error, UpgradeError::NoOrigin(2)), "{error}");
    let error = old.upgrade(Some(ORIGIN)).unwrap_err();
    assert!(matches!(error, UpgradeError::SameOrigin(_)), "{error}");
    assert!(old.store.frozen(SHARD).unwrap().is_none());
}

#[test]
fn a_tree_that_does_not_verify_is_left_as_it_is() {
    let old = Old::with_entries(4);
    old.store.set(Faults {
        flipped_body: Some(3),
        ..Faults::default()
    });
    let error = old.upgrade(Some(NEW_ORIGIN)).unwrap_err();
    assert!(matches!(error, UpgradeError::Open(_)), "{error}");
    old.store.set(Faults::default());
    assert!(old.store.frozen(SHARD).unwrap().is_none());
    assert_eq!(old.store.shards().unwrap(), [SHARD]);
    old.upgrade(Some(NEW_ORIGIN)).unwrap();
}

/// The process may end before the keys of the new trees have their names.
#[tokio::test]
async fn keys_that_a_crash_left_without_their_names_get_them_at_the_next_start() {
    let old = Old::with_entries(2);
    old.upgrade(Some(NEW_ORIGIN)).unwrap();
    for entry in std::fs::read_dir(old.keys.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("tree-") && name.ends_with(".pem") {
            std::fs::rename(&path, path.with_extension("pem.new")).unwrap();
        }
    }
    let log = old.open().unwrap();
    append(&log, TreeKind::REKOR_V2, 1).await;
}
