//! Opening, and making what never was.

use std::fs;

use ledgerstone_instance::InstanceError;
use ledgerstone_instance::TreeState;
use ledgerstone_log::Log;
use ledgerstone_log::OpenError;
use ledgerstone_log::Protocols;
use ledgerstone_log::Submission;
use ledgerstone_storage::TreeKind;

use crate::ORIGIN;
use crate::Site;

/// The files in the key directory.
fn key_files(site: &Site) -> Vec<String> {
    let names = fs::read_dir(site.data().join("keys")).unwrap();
    let names = names.map(|name| name.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort_unstable();
    names
}

fn tree_ids(log: &Log) -> Vec<u64> {
    let trees = log.trees();
    let kinds = [TreeKind::REKOR_V2, TreeKind::REKOR_V1];
    let ids = kinds.map(|kind| trees.growing_of(kind).map(ledgerstone_log::Tree::tree_id));
    ids.into_iter().flatten().collect()
}

#[tokio::test]
async fn a_log_begins_with_a_tree_for_each_protocol_and_stays_the_same() {
    let site = Site::new();
    let log = site.try_open().unwrap();
    let made = tree_ids(&log);
    let submission = Submission::new("one".into()).unwrap();
    log.append(TreeKind::REKOR_V1, submission).await.unwrap();
    log.close().await.unwrap();
    drop(log);
    let of_v1 = format!("tree-{}-ed25519.pem", made[1]);
    assert_eq!(
        key_files(&site),
        ["log-ecdsa-p256.pem", "log-ed25519.pem", &of_v1]
    );

    let log = site.try_open().unwrap();
    assert_eq!(tree_ids(&log), made);
    log.close().await.unwrap();
    drop(log);
    let trees = site.instance().trees(&Protocols::default()).unwrap();
    let listed: Vec<_> = trees
        .iter()
        .map(|tree| {
            assert_eq!(tree.state, TreeState::Growing);
            assert_eq!(tree.key.as_ref().unwrap().name(), tree.origin);
            (tree.shard.get(), tree.identity.tree_id, tree.size.get())
        })
        .collect();
    assert_eq!(listed, [(0, made[0], 0), (1, made[1], 1)]);
    assert_eq!(trees[0].origin, ORIGIN);
    assert_eq!(trees[1].protocol, Some("rekor-v1"));
}

#[tokio::test]
async fn keys_without_their_log_are_refused() {
    let site = Site::new();
    site.start_and_stop().await;
    fs::remove_dir_all(site.data().join("store")).unwrap();
    fs::remove_file(site.data().join("checkpoint-0")).unwrap();
    fs::remove_file(site.data().join("checkpoint-1")).unwrap();
    let error = site.try_open().err().unwrap();
    assert!(
        matches!(error, InstanceError::KeysWithoutLog { .. }),
        "{error}"
    );
    assert!(!site.data().join("store").exists(), "nothing was made");

    let mut site = site;
    site.settings.new_log = true;
    site.start_and_stop().await;
}

/// A tree for a protocol that was off when the log was made.
#[tokio::test]
async fn a_protocol_that_is_switched_on_gets_its_tree() {
    for first in [TreeKind::REKOR_V1, TreeKind::REKOR_V2] {
        let mut site = Site::new();
        site.settings.rekor_v1 = first == TreeKind::REKOR_V1;
        site.settings.rekor_v2 = first == TreeKind::REKOR_V2;
        let log = site.try_open().unwrap();
        let made = tree_ids(&log);
        assert_eq!(made.len(), 1);
        let submission = Submission::new("one".into()).unwrap();
        log.append(first, submission).await.unwrap();
        log.close().await.unwrap();
        drop(log);

        // The name of the log is that of the tree that is there.
        site.settings.origin = None;
        site.settings.default_origin = "another.example.com".to_owned();
        site.settings.rekor_v1 = true;
        site.settings.rekor_v2 = true;
        let log = site.try_open().unwrap();
        let both = tree_ids(&log);
        assert_eq!(both.len(), 2);
        assert!(both.contains(&made[0]));
        let trees = log.trees();
        let names: Vec<_> = trees
            .growing()
            .map(ledgerstone_log::Tree::log_name)
            .collect();
        assert_eq!(names, [ORIGIN, ORIGIN]);
        let v2 = trees.growing_of(TreeKind::REKOR_V2).unwrap();
        assert_eq!(v2.origin(), ORIGIN);
        log.close().await.unwrap();
        drop(trees);
        drop(log);
        // Off again, it stays where it is.
        site.settings.rekor_v1 = false;
        let log = site.try_open().unwrap();
        assert_eq!(tree_ids(&log), both);
        log.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_tree_is_not_begun_beside_the_key_of_one_that_is_not_there() {
    let mut site = Site::new();
    site.settings.rekor_v1 = false;
    site.start_and_stop().await;
    let keys = site.data().join("keys");
    let stray = keys.join("tree-4711-ed25519.pem");
    fs::copy(keys.join("log-ed25519.pem"), &stray).unwrap();
    site.settings.rekor_v1 = true;
    let error = site.try_open().err().unwrap();
    assert!(
        matches!(&error, InstanceError::KeyWithoutTree { key, .. } if *key == stray),
        "{error}"
    );
    // What a crash leaves of keys that never were used is no trace.
    fs::rename(&stray, keys.join("tree-4711-ed25519.pem.new")).unwrap();
    site.start_and_stop().await;
}

#[tokio::test]
async fn a_start_removes_what_a_crash_left_of_keys_that_no_tree_has() {
    let mut site = Site::new();
    site.settings.rekor_v1 = false;
    let keys = site.data().join("keys");
    fs::create_dir_all(&keys).unwrap();
    let crashed = [
        "log-ecdsa-p256.pem.new",
        "log-ed25519.pem.new",
        "shard-3-ecdsa-p256.new",
        "shard-3.new",
        "tree-4711-ed25519.pem.new",
        "tree-4711.new",
    ];
    let others = ["notes.new", "tree-4711.pem.new", "tree-x-ed25519.pem.new"];
    for file in crashed.iter().chain(&others) {
        fs::write(keys.join(file), "a part").unwrap();
    }
    site.start_and_stop().await;
    let left = |files: &[&str]| {
        let left = files.iter().filter(|file| keys.join(file).exists());
        left.count()
    };
    assert_eq!((left(&crashed), left(&others)), (0, 3));

    // A key whose tree is there is no leftover: it gets its name.
    let key = keys.join("log-ed25519.pem");
    let pem = fs::read(&key).unwrap();
    fs::rename(&key, keys.join("log-ed25519.pem.new")).unwrap();
    fs::write(keys.join("tree-4711-ed25519.pem.new"), "a part").unwrap();
    site.start_and_stop().await;
    assert_eq!((left(&crashed), left(&others)), (0, 3));
    assert_eq!(fs::read(&key).unwrap(), pem);

    // Nor did the tree of Rekor v2 make a key of Rekor v1 of what was left: that may still begin.
    assert!(!keys.join("log-ecdsa-p256.pem").exists());
    site.settings.rekor_v1 = true;
    site.start_and_stop().await;
}

#[tokio::test]
async fn a_kept_checkpoint_without_its_tree_is_a_trace_of_it() {
    let mut site = Site::new();
    site.settings.rekor_v1 = false;
    site.start_and_stop().await;
    fs::write(site.data().join("checkpoint-1"), "a trace").unwrap();
    site.settings.rekor_v1 = true;
    let error = site.try_open().err().unwrap();
    assert!(
        matches!(error, InstanceError::Open(OpenError::Exists { .. })),
        "{error}"
    );
}

#[tokio::test]
async fn another_name_is_refused() {
    let mut site = Site::new();
    site.start_and_stop().await;
    site.settings.origin = Some("other.example.com".to_owned());
    let error = site.try_open().err().unwrap();
    let InstanceError::Open(OpenError::OtherOrigin { stored, .. }) = error else {
        panic!("{error}");
    };
    assert_eq!(stored, ORIGIN);
    site.settings.origin = None;
    site.start_and_stop().await;
}

#[test]
fn a_log_without_a_protocol_is_not_made() {
    let mut site = Site::new();
    site.settings.rekor_v1 = false;
    site.settings.rekor_v2 = false;
    let error = site.try_open().err().unwrap();
    assert!(matches!(error, InstanceError::NoProtocol), "{error}");
    assert!(!site.data().exists());
}

#[test]
fn what_is_not_there_is_not_made_by_a_look() {
    let site = Site::new();
    let trees = site.instance().trees(&Protocols::default());
    assert!(matches!(trees, Err(InstanceError::NoLog(_))));
    let checked = site.instance().check(Protocols::default(), true);
    assert!(matches!(checked.err(), Some(InstanceError::NoLog(_))));
    let rebuilt = site.instance().reindex(&mut |_| ());
    assert!(matches!(rebuilt, Err(InstanceError::NoLog(_))));
    assert!(!site.data().exists());
}
