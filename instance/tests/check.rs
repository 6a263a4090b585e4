//! Checks of whole directories.

use ledgerstone_instance::CheckedTree;
use ledgerstone_instance::InstanceError;
use ledgerstone_log::Finding;
use ledgerstone_log::LogOptions;
use ledgerstone_log::Protocols;
use ledgerstone_log::Submission;
use ledgerstone_storage::TreeKind;

use crate::Site;
use crate::old::write_log;

fn check(site: &Site, accept_heads: bool) -> Result<Vec<CheckedTree>, InstanceError> {
    let check = site.instance().check(Protocols::default(), accept_heads)?;
    let shards = check.shards().iter();
    let checked = shards.map(|shard| check.check(*shard, &mut |_, _| ()));
    let mut checked = checked.collect::<Result<Vec<_>, _>>()?;
    check.accept(&mut checked)?;
    Ok(checked)
}

#[track_caller]
fn assert_sound(site: &Site, trees: usize) {
    let checked = check(site, false).unwrap();
    assert_eq!(checked.len(), trees);
    for tree in checked {
        assert_eq!(tree.report.findings, []);
        assert!(tree.is_sound() && tree.unverified.is_none(), "{tree:?}");
    }
}

#[tokio::test]
async fn every_tree_is_checked_and_a_head_accepted() {
    let site = Site::new();
    let log = site.try_open().unwrap();
    for kind in [TreeKind::REKOR_V1, TreeKind::REKOR_V2] {
        let submission = Submission::new("one".into()).unwrap();
        log.append(kind, submission).await.unwrap();
    }
    log.close().await.unwrap();
    drop(log);
    assert_sound(&site, 2);

    std::fs::remove_file(site.data().join("checkpoint-1")).unwrap();
    assert!(site.try_open().is_err());
    let checked = check(&site, false).unwrap();
    assert!(checked[0].is_sound() && !checked[1].is_sound());
    let checked = check(&site, true).unwrap();
    assert!(
        checked
            .iter()
            .all(|tree| tree.is_sound() && tree.is_accepted)
    );
    assert_sound(&site, 2);
    site.start_and_stop().await;
}

async fn append_to_both(site: &Site, text: &'static str) {
    let log = site.try_open().unwrap();
    for kind in [TreeKind::REKOR_V1, TreeKind::REKOR_V2] {
        let submission = Submission::new(text.into()).unwrap();
        log.append(kind, submission).await.unwrap();
    }
    log.close().await.unwrap();
}

/// The trees share one store: what the checkpoint of one says of its age holds for all.
#[tokio::test]
async fn no_head_is_accepted_of_a_store_that_was_rolled_back() {
    let site = Site::new();
    append_to_both(&site, "one").await;
    let (store, older) = (site.data().join("store"), tempfile::tempdir().unwrap());
    let copy = |from: &std::path::Path, to: &std::path::Path| {
        for file in std::fs::read_dir(from).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    };
    copy(&store, older.path());
    append_to_both(&site, "two").await;
    std::fs::remove_dir_all(&store).unwrap();
    std::fs::create_dir(&store).unwrap();
    copy(older.path(), &store);
    let lost = site.data().join("checkpoint-0");
    std::fs::remove_file(&lost).unwrap();

    let checked = check(&site, true).unwrap();
    assert!(checked.iter().all(|tree| !tree.is_sound()), "{checked:?}");
    assert!(!lost.exists());
}

#[tokio::test]
async fn a_frozen_tree_is_checked_by_the_checkpoint_in_the_store() {
    let site = Site::new();
    write_log(&site.data(), 5);
    assert_sound(&site, 1);
    let options = LogOptions::default();
    site.instance().upgrade("v2.example.com", &options).unwrap();
    site.start_and_stop().await;
    assert_sound(&site, 3);
    // Neither the file outside the store nor the private key is needed any more, and nothing is
    // signed anew.
    std::fs::remove_file(site.data().join("checkpoint-0")).unwrap();
    std::fs::remove_file(site.data().join("keys/log-ed25519.pem")).unwrap();
    assert_sound(&site, 3);
    let checked = check(&site, true).unwrap();
    let accepted: Vec<_> = checked.iter().map(|tree| tree.is_accepted).collect();
    assert_eq!(accepted, [false, true, true]);
    site.start_and_stop().await;
}

#[tokio::test]
async fn without_keys_signatures_are_not_verified_which_is_said() {
    let site = Site::new();
    site.start_and_stop().await;
    std::fs::remove_file(site.data().join("keys/log-ed25519.pem")).unwrap();
    let checked = check(&site, false).unwrap();
    assert!(checked[0].unverified.is_some() && checked[1].unverified.is_none());
    assert!(checked.iter().all(CheckedTree::is_sound));
    assert!(matches!(check(&site, true), Err(InstanceError::Keys(_))));
    std::fs::write(site.data().join("checkpoint-0"), "nonsense").unwrap();
    let checked = check(&site, false).unwrap();
    assert!(
        matches!(
            checked[0].report.findings[..],
            [Finding::BadKeptCheckpoint(_)]
        ),
        "{checked:?}"
    );
}
