//! A shard's identity on disk: JSON, so that an operator can read it.

use serde::Deserialize;
use serde::Serialize;

use crate::shard::ImportOrigin;
use crate::shard::ImportRole;
use crate::shard::ShardIdentity;
use crate::shard::TreeKind;

/// The stored form of `identity`.
pub(super) fn encode(identity: &ShardIdentity) -> Vec<u8> {
    let record = IdentityRecord {
        tree_id: identity.tree_id,
        origin: identity.origin.clone(),
        keys: identity.keys.iter().map(hex::encode).collect(),
        created: identity.created,
        import: identity.import.map(|import| ImportRecord {
            role: match import.role {
                ImportRole::Predecessor => RoleRecord::Predecessor,
                ImportRole::Copy => RoleRecord::Copy,
            },
            start: import.start,
        }),
        kind: identity.kind.get(),
    };
    serde_json::to_vec(&record).expect("numbers and strings have a JSON form")
}

/// The identity in `stored`, or `None` when it is not one that [`encode`] wrote, or breaks a rule.
pub(super) fn decode(stored: &[u8]) -> Option<ShardIdentity> {
    let record: IdentityRecord = serde_json::from_slice(stored).ok()?;
    let keys = record
        .keys
        .iter()
        .map(|key| {
            let mut log_id = [0; 32];
            hex::decode_to_slice(key, &mut log_id).ok()?;
            Some(log_id)
        })
        .collect::<Option<Vec<_>>>()?;
    let identity = ShardIdentity {
        tree_id: record.tree_id,
        origin: record.origin,
        keys,
        created: record.created,
        import: record.import.map(|import| ImportOrigin {
            role: match import.role {
                RoleRecord::Predecessor => ImportRole::Predecessor,
                RoleRecord::Copy => ImportRole::Copy,
            },
            start: import.start,
        }),
        kind: TreeKind::new(record.kind),
    };
    identity.must_keep_rules().ok()?;
    Some(identity)
}

/// An unknown field means that a later program wrote it, so it is refused.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct IdentityRecord {
    tree_id: u64,
    origin: String,
    /// Lower-case hexadecimal.
    keys: Vec<String>,
    created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    import: Option<ImportRecord>,
    /// Left out for a tree of mixed kind, so that its row is what versions before kinds wrote.
    #[serde(default, skip_serializing_if = "is_mixed")]
    kind: u8,
}

fn is_mixed(kind: &u8) -> bool {
    TreeKind::new(*kind) == TreeKind::MIXED
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ImportRecord {
    role: RoleRecord,
    start: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum RoleRecord {
    Predecessor,
    Copy,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::shard::MAX_LOG_KEYS;

    fn identity() -> ShardIdentity {
        ShardIdentity {
            tree_id: 1_193_050_959_916_656_506,
            origin: "log.example.org".to_owned(),
            keys: vec![[0xab; 32], [0xcd; 32]],
            created: 1_700_000_000,
            import: None,
            kind: TreeKind::MIXED,
        }
    }

    #[test]
    fn the_stored_form_is_readable_and_fixed() {
        let keys = [hex::encode([0xab; 32]), hex::encode([0xcd; 32])];
        let expected = format!(
            r#"{{"tree_id":1193050959916656506,"origin":"log.example.org",{keys},{created}}}"#,
            keys = format_args!(r#""keys":["{}","{}"]"#, keys[0], keys[1]),
            created = r#""created":1700000000"#,
        );
        assert_eq!(String::from_utf8(encode(&identity())).unwrap(), expected);

        let imported = ShardIdentity {
            import: Some(ImportOrigin {
                role: ImportRole::Predecessor,
                start: 7,
            }),
            ..identity()
        };
        let expected = expected.replace(
            "1700000000}",
            r#"1700000000,"import":{"role":"predecessor","start":7}}"#,
        );
        assert_eq!(String::from_utf8(encode(&imported)).unwrap(), expected);

        let of_a_kind = ShardIdentity {
            kind: TreeKind::REKOR_V2,
            ..imported
        };
        let expected = expected.replace("7}}", r#"7},"kind":2}"#);
        assert_eq!(String::from_utf8(encode(&of_a_kind)).unwrap(), expected);
    }

    #[test]
    fn unknown_fields_and_foreign_bytes_are_no_identity() {
        let stored = String::from_utf8(encode(&identity())).unwrap();
        let unknown = stored.replace("{\"tree_id\"", "{\"color\":1,\"tree_id\"");
        let short_key = stored.replace(&hex::encode([0xab; 32]), "abcd");
        let no_tree = stored.replace("1193050959916656506", "0");
        for damaged in [&unknown, &short_key, &no_tree, "", "{}", &stored[1..]] {
            assert_eq!(decode(damaged.as_bytes()), None, "accepted {damaged}");
        }
    }

    proptest! {
        #[test]
        fn encoding_is_reversible(
            tree_id in 1..=i64::MAX as u64,
            origin in "[a-z0-9./ +äß-]{1,80}",
            keys in proptest::collection::vec(any::<[u8; 32]>(), 0..=MAX_LOG_KEYS),
            created in any::<i64>(),
            import in proptest::option::of((any::<bool>(), any::<u64>())),
            kind in any::<u8>(),
        ) {
            let import = import.map(|(copy, start)| {
                let role = if copy { ImportRole::Copy } else { ImportRole::Predecessor };
                ImportOrigin { role, start }
            });
            let kind = TreeKind::new(kind);
            let identity = ShardIdentity { tree_id, origin, keys, created, import, kind };
            prop_assert_eq!(decode(&encode(&identity)), Some(identity));
        }
    }
}
