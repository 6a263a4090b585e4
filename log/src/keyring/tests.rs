//! Tests of the keyring: keys made, read back, and refused.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ledgerstone_storage::Store;

use super::KeyDirectory;
use super::Keyring;
use crate::error::KeyError;
use crate::error::OpenError;
use crate::key_role::KeyRole;
use crate::log::create_trees;
use crate::new_tree::NewTree;
use crate::options::LogOptions;
use crate::protocol::Protocols;

const NAME: &str = "log.example.com";

/// A log with its keys in a directory.
struct Made {
    directory: tempfile::TempDir,
    keys: KeyDirectory,
    trees: Vec<NewTree>,
    store: Store,
    keyring: Keyring,
}

fn made() -> Made {
    let directory = tempfile::tempdir().unwrap();
    let keys = KeyDirectory::new(directory.path());
    let (trees, store) = (NewTree::of_log(NAME), Store::in_memory());
    let keyring = keys.create(&trees, &Protocols::default()).unwrap();
    create_trees(&store, &trees, &keyring, &LogOptions::default()).unwrap();
    Made {
        directory,
        keys,
        trees,
        store,
        keyring,
    }
}

impl Made {
    fn confirmed() -> Self {
        let made = made();
        for tree in &made.trees {
            made.keys.confirm(tree, &Protocols::default()).unwrap();
        }
        made
    }

    fn load(&self) -> Result<Keyring, KeyError> {
        self.keys.load(&self.store, &Protocols::default())
    }

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.directory.path().join(file)
    }
}

fn files(directory: &Path) -> Vec<String> {
    let names = fs::read_dir(directory).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

fn ids(keyring: &Keyring, trees: &[NewTree]) -> Vec<[u8; 32]> {
    let roles = trees.iter().map(|tree| KeyRole::Checkpoint {
        tree_id: tree.tree_id,
    });
    roles
        .chain([KeyRole::RekorV1])
        .map(|role| keyring.signer(role).unwrap().verifier().log_id())
        .collect()
}

#[test]
fn are_made_for_their_owner_only_and_then_loaded() {
    let made = Made::confirmed();
    let files = files(made.directory.path());
    let of_v1 = format!("tree-{}-ed25519.pem", made.trees[1].tree_id);
    assert_eq!(files, ["log-ecdsa-p256.pem", "log-ed25519.pem", &of_v1]);
    for file in files {
        let metadata = fs::metadata(made.path(&file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
    }
    let loaded = made.load().unwrap();
    let (made_ids, loaded_ids) = (ids(&made.keyring, &made.trees), ids(&loaded, &made.trees));
    assert_eq!(made_ids, loaded_ids);
    let mut distinct = made_ids;
    distinct.sort_unstable();
    distinct.dedup();
    assert_eq!(distinct.len(), 3);
}

#[test]
fn whose_trees_were_never_made_are_no_trace() {
    let directory = tempfile::tempdir().unwrap();
    let keys = KeyDirectory::new(directory.path());
    let trees = NewTree::of_log(NAME);
    let first = keys.create(&trees, &Protocols::default()).unwrap();
    assert!(!keys.has_keys());
    let second = keys.create(&trees, &Protocols::default()).unwrap();
    assert_ne!(ids(&first, &trees), ids(&second, &trees));
}

#[test]
fn that_a_crash_left_unconfirmed_are_found_by_the_trees_that_were_made_with_them() {
    let made = made();
    assert!(!made.keys.has_keys());
    let loaded = made.load().unwrap();
    assert_eq!(ids(&loaded, &made.trees), ids(&made.keyring, &made.trees));
    assert!(made.keys.has_keys());
}

#[test]
fn are_refused_when_others_may_read_them() {
    let made = Made::confirmed();
    let path = made.path(KeyDirectory::ECDSA_FILE);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    let error = made.load().unwrap_err();
    assert!(
        matches!(error, KeyError::Exposed { mode: 0o640, .. }),
        "{error}"
    );
}

#[test]
fn that_are_missing_are_not_made_by_load() {
    let made = Made::confirmed();
    fs::remove_file(made.path(KeyDirectory::ED25519_FILE)).unwrap();
    let error = made.load().unwrap_err();
    assert!(matches!(error, KeyError::Missing(_)), "{error}");
    assert_eq!(files(made.directory.path()).len(), 2);
}

#[test]
fn that_are_not_keys_are_named_in_the_error() {
    let made = Made::confirmed();
    let [ed25519, ecdsa] =
        [KeyDirectory::ED25519_FILE, KeyDirectory::ECDSA_FILE].map(|file| made.path(file));
    fs::copy(ecdsa, ed25519).unwrap();
    let error = made.load().unwrap_err();
    assert!(error.to_string().contains("log-ed25519.pem"), "{error}");
}

#[test]
fn need_a_name_that_a_note_can_carry() {
    for name in ["log example", "a+b", ""] {
        let trees = NewTree::of_log(name);
        assert!(Keyring::generate(&trees, &Protocols::default()).is_err());
    }
}

#[test]
fn serve_one_role_and_one_tree_each() {
    let trees = NewTree::of_log(NAME);
    let mut keyring = Keyring::generate(&trees, &Protocols::default()).unwrap();
    let role = KeyRole::Checkpoint {
        tree_id: trees[0].tree_id,
    };
    let signer = keyring.signer(role).unwrap().clone();
    for second in [role, KeyRole::Checkpoint { tree_id: 1 }] {
        let error = keyring.add(second, signer.clone()).unwrap_err();
        assert!(matches!(error, KeyError::Shared { .. }), "{error}");
    }
    let store = Store::in_memory();
    let lacking = create_trees(&store, &trees, &Keyring::default(), &LogOptions::default());
    assert!(matches!(lacking, Err(OpenError::NoSigner(_))));
}
