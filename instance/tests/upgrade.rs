//! Directories of version 0.1.

use ledgerstone_instance::InstanceError;
use ledgerstone_instance::TreeState;
use ledgerstone_log::LogOptions;
use ledgerstone_log::OpenError;
use ledgerstone_log::Protocols;
use ledgerstone_log::UpgradeError;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_storage::OLD_SCHEMA_VERSION;
use ledgerstone_storage::SCHEMA_VERSION;
use ledgerstone_storage::TreeKind;

use crate::ORIGIN;
use crate::Site;
use crate::files;
use crate::old::SHARD;
use crate::old::TREE_ID;
use crate::old::write_log;

const NEW_ORIGIN: &str = "v2.log.example.com";

fn schema_version(site: &Site) -> u32 {
    let store = site.instance().open_read_only().unwrap();
    store.schema_version().unwrap()
}

#[tokio::test]
async fn a_log_with_entries_is_refused_until_the_operator_upgrades_it() {
    let site = Site::new();
    let ed25519 = write_log(&site.data(), 5);
    let error = site.try_open().err().unwrap();
    assert!(
        matches!(&error, InstanceError::Open(OpenError::Mixed(size)) if size.get() == 5),
        "{error}"
    );
    assert!(error.to_string().contains("tree upgrade --v2-origin"));
    assert_eq!(schema_version(&site), OLD_SCHEMA_VERSION);

    let before = files(&site.data());
    let options = LogOptions::default();
    let planned = site.instance().plan_upgrade(NEW_ORIGIN, &options).unwrap();
    let planned = planned.unwrap();
    assert_eq!((planned.entries, planned.create.len()), (5, 2));
    assert_eq!(files(&site.data()), before);

    let done = site
        .instance()
        .upgrade(NEW_ORIGIN, &options)
        .unwrap()
        .unwrap();
    assert_eq!(done.identity.tree_id, TREE_ID);
    assert_eq!(schema_version(&site), SCHEMA_VERSION);
    assert!(
        site.instance()
            .upgrade(NEW_ORIGIN, &options)
            .unwrap()
            .is_none()
    );
    let trees = site.instance().trees(&Protocols::default()).unwrap();
    let mixed = &trees[0];
    assert!(matches!(mixed.state, TreeState::Frozen(_)), "{mixed:?}");
    assert_eq!(mixed.key.as_ref(), Some(ed25519.verifier()));

    // Both names are those of the log.
    let mut site = site;
    for origin in [Some(ORIGIN), Some(NEW_ORIGIN), None] {
        site.settings.origin = origin.map(str::to_owned);
        site.start_and_stop().await;
    }
    site.settings.origin = Some("other.example.com".to_owned());
    assert!(site.try_open().is_err());
}

#[test]
fn a_plan_is_refused_where_the_upgrade_would_be() {
    let site = Site::new();
    write_log(&site.data(), 5);
    let options = LogOptions::default();
    let same = site.instance().plan_upgrade(ORIGIN, &options).unwrap_err();
    assert!(
        matches!(same, InstanceError::Upgrade(UpgradeError::SameOrigin(_))),
        "{same}"
    );
    let kept = site.data().join("checkpoint-0");
    let text = std::fs::read_to_string(&kept).unwrap();
    std::fs::write(&kept, text.replacen("\n5\n", "\n6\n", 1)).unwrap();
    let before = files(&site.data());
    let error = site.instance().plan_upgrade(NEW_ORIGIN, &options);
    let error = error.unwrap_err();
    assert!(
        matches!(error, InstanceError::Upgrade(UpgradeError::Open(_))),
        "{error}"
    );
    assert_eq!(files(&site.data()), before);
}

#[tokio::test]
async fn a_log_without_entries_is_upgraded_by_a_start() {
    let site = Site::new();
    let ed25519 = write_log(&site.data(), 0);
    let log = site.try_open().unwrap();
    let trees = log.trees();
    let v2 = trees.growing_of(TreeKind::REKOR_V2).unwrap();
    assert_eq!((v2.tree_id(), v2.origin().as_str()), (TREE_ID, ORIGIN));
    assert_eq!(v2.checkpoint_key(), ed25519.verifier());
    assert!(trees.growing_of(TreeKind::REKOR_V1).is_some());
    log.close().await.unwrap();
    drop(trees);
    drop(log);
    assert_eq!(schema_version(&site), SCHEMA_VERSION);
    let store = site.instance().open_read_only().unwrap();
    assert!(store.frozen(SHARD).unwrap().is_none());
}

#[tokio::test]
async fn another_name_is_refused_before_anything_is_upgraded() {
    let mut site = Site::new();
    write_log(&site.data(), 0);
    site.settings.origin = Some("other.example.com".to_owned());
    let error = site.try_open().err().unwrap();
    assert!(
        matches!(error, InstanceError::Open(OpenError::OtherOrigin { .. })),
        "{error}"
    );
    assert_eq!(schema_version(&site), OLD_SCHEMA_VERSION);
}
