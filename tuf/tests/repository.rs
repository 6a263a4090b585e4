//! A small repository with keys of its own: what follows is taken, and nothing that was changed,
//! undone, ended or signed by too few.

use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use ledgerstone_tuf::Role;
use ledgerstone_tuf::TrustedMetadata;
use ledgerstone_tuf::TufError;
use ledgerstone_tuf::canonical;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

/// 2026-01-01, when everything ends a day later.
pub(crate) const NOW: i64 = 1_767_225_600;
pub(crate) const DAY: i64 = 86_400;
const END: &str = "2026-01-02T00:00:00Z";

const TARGET: &[u8] = b"{}";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

pub(crate) fn id(seed: u8) -> String {
    hex::encode(Sha256::digest(key(seed).verifying_key().as_bytes()))
}

/// The key as metadata lists it.
pub(crate) fn public(seed: u8) -> Value {
    let public = hex::encode(key(seed).verifying_key().as_bytes());
    json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}})
}

pub(crate) fn sign(signed: &Value, seeds: &[u8]) -> Vec<u8> {
    let bytes = canonical::to_vec(signed).unwrap();
    let signature = |seed: &u8| {
        let signature = key(*seed).sign(&bytes).to_bytes();
        json!({"keyid": id(*seed), "sig": hex::encode(signature)})
    };
    let signatures: Vec<_> = seeds.iter().map(signature).collect();
    json!({"signatures": signatures, "signed": signed})
        .to_string()
        .into_bytes()
}

/// A root in which two of `owners` sign roots and targets, and 9 the rest.
fn root(version: u64, owners: &[u8]) -> Value {
    let keys: serde_json::Map<_, _> = owners
        .iter()
        .chain(&[9])
        .map(|seed| (id(*seed), public(*seed)))
        .collect();
    let owners: Vec<_> = owners.iter().map(|seed| id(*seed)).collect();
    let of_owners = json!({"keyids": owners, "threshold": 2});
    let online = json!({"keyids": [id(9)], "threshold": 1});
    json!({
        "_type": "root", "spec_version": "1.0", "version": version, "expires": END,
        "consistent_snapshot": true, "keys": keys,
        "roles": {
            "root": of_owners, "targets": of_owners, "snapshot": online, "timestamp": online,
        },
    })
}

pub(crate) fn timestamp(version: u64, snapshot: u64) -> Value {
    json!({
        "_type": "timestamp", "spec_version": "1.0", "version": version, "expires": END,
        "meta": {"snapshot.json": {"version": snapshot}},
    })
}

pub(crate) fn snapshot(version: u64, targets: u64) -> Value {
    json!({
        "_type": "snapshot", "spec_version": "1.0", "version": version, "expires": END,
        "meta": {"targets.json": {"version": targets}},
    })
}

pub(crate) fn targets(version: u64) -> Value {
    let hash = hex::encode(Sha256::digest(TARGET));
    json!({
        "_type": "targets", "spec_version": "1.0", "version": version, "expires": END,
        "targets": {"trusted_root.json": {"length": TARGET.len(), "hashes": {"sha256": hash}}},
    })
}

pub(crate) fn begin() -> TrustedMetadata {
    TrustedMetadata::new(&sign(&root(1, &[1, 2, 3]), &[1, 2])).unwrap()
}

/// Everything of version 5.
fn whole() -> TrustedMetadata {
    let mut trusted = begin();
    trusted.check_root_time(NOW).unwrap();
    trusted
        .update_timestamp(&sign(&timestamp(5, 5), &[9]), NOW)
        .unwrap();
    trusted
        .update_snapshot(&sign(&snapshot(5, 5), &[9]), NOW)
        .unwrap();
    trusted
        .update_targets(&sign(&targets(5), &[1, 3]), NOW)
        .unwrap();
    trusted
}

#[test]
fn what_follows_is_taken() {
    let trusted = whole();
    let target = trusted.target("trusted_root.json").unwrap();
    target.check("trusted_root.json", TARGET).unwrap();
    let hash = hex::encode(Sha256::digest(TARGET));
    let path = target.path("a/trusted_root.json").unwrap();
    assert_eq!(path, format!("a/{hash}.trusted_root.json"));
    assert!(matches!(
        target.check("x", b"[]"),
        Err(TufError::OtherTarget(_))
    ));
    assert!(matches!(
        target.check("x", b"{ }"),
        Err(TufError::OtherTarget(_))
    ));
    assert!(matches!(
        trusted.target("other"),
        Err(TufError::NotListed { .. })
    ));
}

#[test]
fn each_step_waits_for_the_one_before() {
    let mut trusted = begin();
    let order = |role| Err(TufError::Order(role));
    let snapshot = sign(&snapshot(5, 5), &[9]);
    assert_eq!(
        trusted.update_snapshot(&snapshot, NOW),
        order(Role::Timestamp)
    );
    let targets = sign(&targets(5), &[1, 2]);
    assert_eq!(trusted.update_targets(&targets, NOW), order(Role::Snapshot));
    assert_eq!(
        trusted.target("x").unwrap_err(),
        TufError::Order(Role::Targets)
    );
}

#[test]
fn enough_keys_have_to_sign() {
    let few = |valid, threshold, role| {
        Err(TufError::Threshold {
            role,
            valid,
            threshold,
        })
    };
    let first = root(1, &[1, 2, 3]);
    // One key twice, and a key that may not.
    for seeds in [&[1][..], &[1, 1], &[1, 9], &[]] {
        let result = TrustedMetadata::new(&sign(&first, seeds)).map(drop);
        let valid = seeds.iter().filter(|seed| **seed == 1).count().min(1);
        assert_eq!(result, few(valid, 2, Role::Root), "{seeds:?}");
    }
    let mut trusted = begin();
    let result = trusted.update_timestamp(&sign(&timestamp(1, 1), &[1]), NOW);
    assert_eq!(result, few(0, 1, Role::Timestamp));
    let mut changed: Value = serde_json::from_slice(&sign(&timestamp(1, 1), &[9])).unwrap();
    changed["signed"]["version"] = 2.into();
    let result = trusted.update_timestamp(changed.to_string().as_bytes(), NOW);
    assert_eq!(result, few(0, 1, Role::Timestamp));
}

#[test]
fn a_root_follows_with_the_keys_of_both() {
    let next = root(2, &[3, 4, 5]);
    let mut trusted = begin();
    for seeds in [&[1, 2][..], &[4, 5], &[1, 3], &[3, 4]] {
        let error = trusted.update_root(&sign(&next, seeds)).unwrap_err();
        assert!(
            matches!(error, TufError::Threshold { .. }),
            "{seeds:?}: {error}"
        );
    }
    for version in [1, 3] {
        let error = trusted
            .update_root(&sign(&root(version, &[1, 2]), &[1, 2]))
            .unwrap_err();
        assert!(
            matches!(
                error,
                TufError::Version {
                    role: Role::Root,
                    ..
                }
            ),
            "{error}"
        );
    }
    trusted.update_root(&sign(&next, &[1, 3, 4])).unwrap();
    assert_eq!(trusted.root_version(), 2);
    assert!(trusted.has_consistent_snapshots());
}

#[test]
fn everything_ends_to_the_second() {
    let expired = |role| {
        Err(TufError::Expired {
            role,
            expires: END.to_owned(),
        })
    };
    let mut trusted = begin();
    assert_eq!(trusted.check_root_time(NOW + DAY - 1), Ok(()));
    assert_eq!(trusted.check_root_time(NOW + DAY), expired(Role::Root));
    let ended = trusted.update_timestamp(&sign(&timestamp(5, 5), &[9]), NOW + DAY);
    assert_eq!(ended, expired(Role::Timestamp));
    trusted
        .update_timestamp(&sign(&timestamp(5, 5), &[9]), NOW)
        .unwrap();
    let ended = trusted.update_snapshot(&sign(&snapshot(5, 5), &[9]), NOW + DAY);
    assert_eq!(ended, expired(Role::Snapshot));
    trusted
        .update_snapshot(&sign(&snapshot(5, 5), &[9]), NOW)
        .unwrap();
    let ended = trusted.update_targets(&sign(&targets(5), &[1, 2]), NOW + DAY);
    assert_eq!(ended, expired(Role::Targets));
}

#[test]
fn nothing_is_undone() {
    let version = |result: Result<(), TufError>| match result.unwrap_err() {
        TufError::Version { role, .. } => role,
        other => panic!("{other}"),
    };
    let mut trusted = whole();
    let older = trusted.update_timestamp(&sign(&timestamp(4, 5), &[9]), NOW);
    assert_eq!(version(older), Role::Timestamp);
    let older = trusted.update_timestamp(&sign(&timestamp(6, 4), &[9]), NOW);
    assert_eq!(version(older), Role::Snapshot);
    trusted
        .update_timestamp(&sign(&timestamp(6, 6), &[9]), NOW)
        .unwrap();
    // What the timestamp does not announce, and what undoes the targets.
    let other = trusted.update_snapshot(&sign(&snapshot(7, 5), &[9]), NOW);
    assert_eq!(version(other), Role::Snapshot);
    let older = trusted.update_snapshot(&sign(&snapshot(6, 4), &[9]), NOW);
    assert_eq!(version(older), Role::Targets);
    let mut without = snapshot(6, 5);
    without["meta"] = json!({});
    let gone = trusted.update_snapshot(&sign(&without, &[9]), NOW);
    assert!(matches!(gone, Err(TufError::NotListed { .. })));
    trusted
        .update_snapshot(&sign(&snapshot(6, 6), &[9]), NOW)
        .unwrap();
    let other = trusted.update_targets(&sign(&targets(5), &[1, 2]), NOW);
    assert_eq!(version(other), Role::Targets);
    // What was kept counts like what was just seen.
    let mut recalled = begin();
    recalled
        .recall_timestamp(&sign(&timestamp(6, 6), &[9]))
        .unwrap();
    let older = recalled.update_timestamp(&sign(&timestamp(5, 6), &[9]), NOW);
    assert_eq!(version(older), Role::Timestamp);
}

#[test]
fn what_was_announced_has_to_come() {
    let announced = sign(&snapshot(5, 5), &[9]);
    let mut stamp = timestamp(5, 5);
    stamp["meta"]["snapshot.json"] = json!({
        "version": 5, "length": announced.len(),
        "hashes": {"sha256": hex::encode(Sha256::digest(&announced))},
    });
    let mut trusted = begin();
    trusted.update_timestamp(&sign(&stamp, &[9]), NOW).unwrap();
    let longer = [&announced[..], b" "].concat();
    let result = trusted.update_snapshot(&longer, NOW);
    assert!(matches!(result, Err(TufError::Length { .. })), "{result:?}");
    let mut other = snapshot(5, 5);
    other["x"] = "y".into();
    let mut other = sign(&other, &[9]);
    other.truncate(announced.len());
    assert_eq!(
        trusted.update_snapshot(&other, NOW),
        Err(TufError::Hash(Role::Snapshot))
    );
    trusted.update_snapshot(&announced, NOW).unwrap();
}

#[test]
fn what_is_no_metadata_is_refused() {
    let mut trusted = begin();
    let mut spec = timestamp(1, 1);
    spec["spec_version"] = "2.0".into();
    let mut float = timestamp(1, 1);
    float["meta"]["snapshot.json"]["length"] = json!(1.5);
    for json in [
        b"".to_vec(),
        b"[]".to_vec(),
        b"{}".to_vec(),
        sign(&snapshot(1, 1), &[9]),
        sign(&spec, &[9]),
        json!({"signatures": [], "signed": float})
            .to_string()
            .into_bytes(),
        vec![b' '; ledgerstone_tuf::MAX_TIMESTAMP_BYTES + 1],
    ] {
        let result = trusted.update_timestamp(&json, NOW);
        assert!(result.is_err());
    }
    assert!(TrustedMetadata::new(&vec![b' '; ledgerstone_tuf::MAX_ROOT_BYTES + 1]).is_err());
}
