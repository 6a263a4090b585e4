//! Nothing in the place of anything breaks the server: nil pointers in the place of members that
//! were not there once ended others (rekor-v1, section 8: CVE-2023-33199, GHSA-273p-m2cw-6833).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::INDEX;
use crate::rekor_v1::RETRIEVE;
use crate::rekor_v1::V1;
use crate::rekor_v1_inputs::with;

/// Where everything in `value` stands, the deepest first.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => (0..)
            .zip(items)
            .map(|(at, item): (usize, _)| (at.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, value) in members {
        let pointer = format!("{at}/{name}");
        found.extend(pointers(value, &pointer));
        found.push(pointer);
    }
    found
}

/// What stands in the place of each member in turn.
fn others() -> Vec<Option<Value>> {
    let some = [
        json!(null),
        json!(0),
        json!(-1.5e300),
        json!(true),
        json!(""),
        json!("AAAA"),
        json!("\u{0}\u{feff}"),
        json!([]),
        json!([null]),
        json!([[]]),
        json!({}),
        json!({"": null}),
        json!({"content": null, "algorithm": [], "value": {}}),
    ];
    some.into_iter().map(Some).chain([None]).collect()
}

#[tokio::test]
async fn nothing_in_the_place_of_anything_breaks_the_server() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let payload = statement(b"artifact");
    let proposals = [
        signer.hashedrekord(b"artifact"),
        signer.dsse(&payload),
        signer.intoto_v001(&payload),
        signer.intoto_v002(&payload),
        signer.rekord(b"artifact"),
    ];
    let mut forms = Vec::new();
    for proposal in &proposals {
        let (_, entry) = v1.create(proposal).await;
        let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
        forms.push(serde_json::from_slice(&body).unwrap());
    }
    let mut taken = Vec::new();
    for whole in proposals.iter().chain(&forms) {
        for pointer in pointers(whole, "") {
            for other in others() {
                let changed = with(whole, &pointer, other);
                let reply = v1.submit(&changed).await;
                match reply.status {
                    201 => taken.push((changed["kind"].clone(), pointer.clone())),
                    400 => reply.must_fail(400, 400, "error processing entry: "),
                    _ => assert_eq!(reply.status, 422, "{changed}: {reply:?}"),
                }
                let reply = v1.retrieve(&json!({"entries": [changed]})).await;
                assert!(
                    [200, 400, 422].contains(&reply.status),
                    "{changed}: {reply:?}"
                );
            }
        }
    }
    taken.sort_by_key(|one| format!("{one:?}"));
    taken.dedup();
    // What no kind looks at: the hash of its envelope that an intoto client sends.
    let unread = [(json!("intoto"), "/spec/content/hash/value".to_owned())];
    assert_eq!(taken, unread);

    for (path, whole) in [
        (
            RETRIEVE,
            json!({"entryUUIDs": ["0".repeat(64)], "logIndexes": [0], "entries": [proposals[0]]}),
        ),
        (
            INDEX,
            json!({
                "email": "a@example.com",
                "hash": "0".repeat(64),
                "subject": "s",
                "operator": "and",
                "publicKey": {"format": "x509", "content": signer.public_key_base64()},
            }),
        ),
    ] {
        for pointer in pointers(&whole, "") {
            for other in others() {
                let changed = with(&whole, &pointer, other);
                let reply = v1.post(path, changed.to_string()).await;
                assert!(
                    [200, 400, 422].contains(&reply.status),
                    "{changed}: {reply:?}"
                );
            }
        }
        for other in others().into_iter().flatten() {
            let reply = v1.post(path, other.to_string()).await;
            assert!(
                [200, 400, 422].contains(&reply.status),
                "{other}: {reply:?}"
            );
        }
    }
    for other in others().into_iter().flatten() {
        let reply = v1.post(ENTRIES, other.to_string()).await;
        assert!([400, 422].contains(&reply.status), "{other}: {reply:?}");
    }
    v1.create(&signer.hashedrekord(b"after all that")).await;
    v1.server.terminate();
    let (code, logged) = v1.server.wait().await;
    assert_eq!(code, Some(0));
    assert!(!logged.contains("panicked"), "{logged}");
}
