//! Targets that other roles look after: in order, by paths and by hashes, with the keys that the
//! one who delegates names, and no further than the limits.

use ledgerstone_tuf::DelegatedName;
use ledgerstone_tuf::Found;
use ledgerstone_tuf::MAX_DELEGATED_ROLES;
use ledgerstone_tuf::Role;
use ledgerstone_tuf::TrustedMetadata;
use ledgerstone_tuf::TufError;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::repository::DAY;
use crate::repository::NOW;
use crate::repository::begin;
use crate::repository::id;
use crate::repository::public;
use crate::repository::sign;
use crate::repository::snapshot;
use crate::repository::targets;
use crate::repository::timestamp;

/// One role of a repository: what it lists, and to whom it delegates.
#[derive(Clone)]
struct Has {
    name: &'static str,
    seed: u8,
    files: &'static [&'static str],
    delegates: Vec<Value>,
}

fn has(name: &'static str, seed: u8, files: &'static [&'static str], delegates: &[Value]) -> Has {
    Has {
        name,
        seed,
        files,
        delegates: delegates.to_vec(),
    }
}

/// A delegation to `name`, which signs with the key of `seed`.
fn to(name: &str, seed: u8, paths: &[&str]) -> Value {
    json!({"name": name, "keyids": [id(seed)], "threshold": 1, "terminating": false,
        "paths": paths})
}

fn last(mut delegation: Value) -> Value {
    delegation["terminating"] = true.into();
    delegation
}

fn content(has: &Has) -> Value {
    let mut content = targets(5);
    let files = has.files.iter().map(|file| {
        // Told apart by who lists them.
        let hash = hex::encode(Sha256::digest(has.name));
        let target = json!({"length": has.name.len(), "hashes": {"sha256": hash}});
        ((*file).to_owned(), target)
    });
    content["targets"] = Value::Object(files.collect());
    if !has.delegates.is_empty() {
        let keys = (1..=8).map(|seed| (id(seed), public(seed)));
        content["delegations"] = json!({
            "keys": serde_json::Map::from_iter(keys), "roles": has.delegates,
        });
    }
    content
}

/// A repository whose first role is the top-level targets.
struct Repository {
    trusted: TrustedMetadata,
    roles: Vec<Has>,
    /// Which roles were asked for, in order.
    asked: Vec<String>,
}

impl Repository {
    fn new(roles: &[Has]) -> Self {
        let mut trusted = begin();
        let stamp = sign(&timestamp(5, 5), &[9]);
        trusted.update_timestamp(&stamp, NOW).unwrap();
        let mut listed = snapshot(5, 5);
        for has in roles {
            listed["meta"][format!("{}.json", has.name)] = json!({"version": 5});
        }
        trusted.update_snapshot(&sign(&listed, &[9]), NOW).unwrap();
        let top = sign(&content(&roles[0]), &[1, 2]);
        trusted.update_targets(&top, NOW).unwrap();
        Self {
            trusted,
            roles: roles.to_vec(),
            asked: Vec::new(),
        }
    }

    fn json(&self, role: &DelegatedName) -> Vec<u8> {
        let has = self.roles.iter().find(|has| has.name == role.name());
        let has = has.unwrap();
        sign(&content(has), &[has.seed])
    }

    /// The name of the role that lists `path`.
    fn find(&mut self, path: &str) -> Result<&'static str, TufError> {
        loop {
            let role = match self.trusted.find(path)? {
                Found::Target(target) => {
                    let lists = |has: &&Has| target.check(path, has.name.as_bytes()).is_ok();
                    return Ok(self.roles.iter().find(lists).unwrap().name);
                }
                Found::Needs(role) => role,
            };
            self.asked.push(role.name().to_owned());
            let json = self.json(&role);
            self.trusted.update_role(&role, &json, NOW)?;
        }
    }
}

fn is_not_listed(result: Result<&str, TufError>) -> bool {
    matches!(result, Err(TufError::NotListed { .. }))
}

#[test]
fn roles_are_asked_in_order_and_depth_first() {
    let roles = [
        has(
            "targets",
            1,
            &["top"],
            &[to("a", 3, &["*"]), to("b", 4, &["*"])],
        ),
        has("a", 3, &[], &[to("c", 5, &["x*"])]),
        has("c", 5, &["x1"], &[]),
        has("b", 4, &["x1", "y1"], &[]),
    ];
    let mut repository = Repository::new(&roles);
    assert_eq!(repository.find("top").unwrap(), "targets");
    assert!(repository.asked.is_empty());
    assert_eq!(repository.find("x1").unwrap(), "c");
    assert_eq!(repository.asked, ["a", "c"]);
    assert_eq!(repository.find("y1").unwrap(), "b");
    assert!(is_not_listed(repository.find("z")));
    // None of the patterns is for another folder.
    assert!(is_not_listed(repository.find("d/x1")));
    assert_eq!(repository.asked, ["a", "c", "b"]);
}

#[test]
fn a_terminating_role_has_the_last_word() {
    let roles = [
        has(
            "targets",
            1,
            &[],
            &[last(to("a", 3, &["x*"])), to("b", 4, &["*"])],
        ),
        has("a", 3, &[], &[]),
        has("b", 4, &["x1", "y1"], &[]),
    ];
    let mut repository = Repository::new(&roles);
    assert!(is_not_listed(repository.find("x1")));
    assert_eq!(repository.find("y1").unwrap(), "b");
    // So it has further down, over those that wait further up.
    let roles = [
        has("targets", 1, &[], &[to("a", 3, &["*"]), to("b", 4, &["*"])]),
        has("a", 3, &[], &[last(to("c", 5, &["x*"]))]),
        has("c", 5, &[], &[]),
        has("b", 4, &["x1"], &[]),
    ];
    assert!(is_not_listed(Repository::new(&roles).find("x1")));
}

#[test]
fn hashes_of_paths_are_compared_by_their_beginnings() {
    let hash = hex::encode(Sha256::digest("x1"));
    let by_hash = |prefix: &str| {
        let mut delegation = to("a", 3, &[]);
        delegation.as_object_mut().unwrap().remove("paths");
        delegation["path_hash_prefixes"] = json!([prefix]);
        delegation
    };
    for (prefix, is_found) in [
        (&hash[..2], true),
        (&hash[..], true),
        ("", true),
        (if hash.starts_with('0') { "1" } else { "0" }, false),
    ] {
        let roles = [
            has("targets", 1, &[], &[by_hash(prefix)]),
            has("a", 3, &["x1"], &[]),
        ];
        assert_eq!(
            Repository::new(&roles).find("x1").is_ok(),
            is_found,
            "{prefix}"
        );
    }
    // Both at once, and neither, are nothing.
    let mut both = by_hash("");
    both["paths"] = json!(["*"]);
    let mut neither = by_hash("");
    neither
        .as_object_mut()
        .unwrap()
        .remove("path_hash_prefixes");
    for delegation in [both, neither] {
        let roles = [
            has("targets", 1, &[], &[delegation]),
            has("a", 3, &["x1"], &[]),
        ];
        assert!(is_not_listed(Repository::new(&roles).find("x1")));
    }
}

#[test]
fn who_delegates_says_whose_signatures_count() {
    let threshold = |error: TufError| match error {
        TufError::Delegated { name, reason } => {
            assert!(matches!(*reason, TufError::Threshold { .. }), "{reason}");
            name
        }
        other => panic!("{other}"),
    };
    // Signed by another key than the one that is named.
    let roles = [
        has("targets", 1, &[], &[to("a", 3, &["*"])]),
        has("a", 4, &["x1"], &[]),
    ];
    assert_eq!(
        threshold(Repository::new(&roles).find("x1").unwrap_err()),
        "a"
    );
    let mut none = to("a", 3, &["*"]);
    none["threshold"] = 0.into();
    let roles = [has("targets", 1, &[], &[none]), has("a", 3, &["x1"], &[])];
    assert_eq!(
        threshold(Repository::new(&roles).find("x1").unwrap_err()),
        "a"
    );
    // "a" delegates "c" to key 5, "b" to key 6. What one of them lets in, the other does not.
    let roles = [
        has(
            "targets",
            1,
            &[],
            &[to("a", 3, &["a*"]), to("b", 4, &["b*"])],
        ),
        has("a", 3, &[], &[to("c", 5, &["*"])]),
        has("b", 4, &[], &[to("c", 6, &["*"])]),
        has("c", 5, &["a1", "b1"], &[]),
    ];
    let mut repository = Repository::new(&roles);
    assert_eq!(repository.find("a1").unwrap(), "c");
    assert_eq!(threshold(repository.find("b1").unwrap_err()), "c");
}

#[test]
fn metadata_of_a_role_is_what_the_snapshot_says_and_in_time() {
    let roles = [
        has("targets", 1, &[], &[to("a", 3, &["*"])]),
        has("a", 3, &["x1"], &[]),
    ];
    let repository = Repository::new(&roles);
    let Found::Needs(role) = repository.trusted.find("x1").unwrap() else {
        panic!("a role")
    };
    let reason = |content: Value, now| {
        let mut trusted = repository.trusted.clone();
        match trusted
            .update_role(&role, &sign(&content, &[3]), now)
            .unwrap_err()
        {
            TufError::Delegated { reason, .. } => *reason,
            other => panic!("{other}"),
        }
    };
    let good = content(&roles[1]);
    let ended = reason(good.clone(), NOW + DAY);
    assert!(matches!(ended, TufError::Expired { .. }), "{ended}");
    let mut other = good;
    other["version"] = 4.into();
    let older = reason(other, NOW);
    assert!(matches!(older, TufError::Version { .. }), "{older}");
    let kind = reason(snapshot(5, 5), NOW);
    assert!(matches!(kind, TufError::Malformed { .. }), "{kind}");

    // The snapshot does not have it.
    let mut unlisted = Repository::new(&roles[..1]);
    unlisted.roles = roles.to_vec();
    let error = unlisted.find("x1").unwrap_err();
    assert!(
        matches!(
            &error,
            TufError::Delegated { reason, .. }
                if matches!(**reason, TufError::NotListed { by: Role::Snapshot, .. })
        ),
        "{error}"
    );
}

#[test]
fn circles_end_and_so_do_long_chains() {
    let roles = [
        has("targets", 1, &[], &[to("a", 3, &["*"])]),
        has("a", 3, &[], &[to("b", 4, &["*"])]),
        has("b", 4, &[], &[to("a", 3, &["*"]), to("b", 4, &["*"])]),
    ];
    assert!(is_not_listed(Repository::new(&roles).find("x1")));

    let names: Vec<&'static str> = (0..=MAX_DELEGATED_ROLES)
        .map(|number| &*Box::leak(format!("r{number}").into_boxed_str()))
        .collect();
    let chain = |length: usize| {
        let mut roles = vec![has("targets", 1, &[], &[to(names[0], 3, &["*"])])];
        for number in 0..length {
            let is_end = number + 1 == length;
            let next = (!is_end).then(|| to(names[number + 1], 3, &["*"]));
            let files: &[&str] = if is_end { &["x1"] } else { &[] };
            roles.push(has(names[number], 3, files, next.as_slice()));
        }
        Repository::new(&roles).find("x1")
    };
    assert_eq!(
        chain(MAX_DELEGATED_ROLES).unwrap(),
        names[MAX_DELEGATED_ROLES - 1]
    );
    let error = chain(MAX_DELEGATED_ROLES + 1).unwrap_err();
    assert!(matches!(error, TufError::TooManyRoles(_)), "{error}");
}

#[test]
fn no_delegated_role_is_called_like_a_top_level_one() {
    let long = "x".repeat(256);
    for name in ["root", "timestamp", "snapshot", "targets", "", &long] {
        let roles = [has("targets", 1, &[], &[to(name, 3, &["*"])])];
        let error = Repository::new(&roles).find("x1").unwrap_err();
        assert!(
            matches!(error, TufError::DelegatedName(_)),
            "{name}: {error}"
        );
    }
}
