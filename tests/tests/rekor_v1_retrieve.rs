//! The matrix of rekor-v1, section 1.10, and what stands in section 1.5 beside it.

use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::RETRIEVE;
use crate::rekor_v1::V1;

/// A log with the entries A and B, and X, which it does not hold.
struct Three {
    v1: V1,
    a: String,
    b: String,
    x: String,
    proposals: [Value; 3],
}

impl Three {
    async fn new() -> Self {
        let v1 = V1::start().await;
        let signer = Signer::new();
        let proposals = [b"a", b"b", b"x"].map(|artifact| signer.hashedrekord(artifact));
        let (a, _) = v1.create(&proposals[0]).await;
        let (b, _) = v1.create(&proposals[1]).await;
        let x = format!("{}{}", &a[..16], "1".repeat(64));
        Self {
            v1,
            a,
            b,
            x,
            proposals,
        }
    }

    /// Checks that `query` finds these entries in this order, each of them proven.
    async fn finds(&self, query: Value, expected: &[&String]) {
        let entries = self.v1.retrieve(&query).await.entries();
        let ids: Vec<&String> = entries.iter().map(|(id, _)| id).collect();
        assert_eq!(ids, expected, "{query}");
        for (id, entry) in &entries {
            self.v1.verify(id, entry);
        }
    }
}

#[tokio::test]
async fn what_is_absent_or_null_asks_for_nothing() {
    let three = Three::new().await;
    for query in [
        json!({}),
        json!({"entryUUIDs": null}),
        json!({"logIndexes": null}),
        json!({"entries": null}),
        json!({"entryUUIDs": null, "logIndexes": null, "entries": null}),
        json!({"unknown": [1]}),
    ] {
        let reply = three.v1.retrieve(&query).await;
        assert_eq!((reply.status, reply.text()), (200, "[]\n"), "{query}");
    }
}

#[tokio::test]
async fn every_mix_of_ids() {
    let three = Three::new().await;
    let (a, b, x) = (&three.a, &three.b, &three.x);
    let short = |id: &String| id[16..].to_owned();
    let (a64, b64, x64) = (&short(a), &short(b), &short(x));
    // Every mix of the three in both lengths, up to three at a time.
    let all = [a, b, x, a64, b64, x64];
    let found = |id: &String| {
        [a, b]
            .into_iter()
            .find(|whole| whole.ends_with(id.as_str()))
    };
    let mut mixes: Vec<Vec<&String>> = vec![Vec::new()];
    for length in 0..3 {
        let longer = mixes.iter().filter(|mix| mix.len() == length);
        let longer: Vec<_> = longer
            .flat_map(|mix| all.map(|id| [&mix[..], &[id]].concat()))
            .collect();
        mixes.extend(longer);
    }
    assert_eq!(mixes.len(), 1 + 6 + 36 + 216);
    for mix in mixes.iter().skip(1) {
        // Those with a tree come first.
        let (whole, bare): (Vec<&String>, Vec<&String>) = mix.iter().partition(|id| id.len() == 80);
        let expected: Vec<&String> = whole.into_iter().chain(bare).filter_map(found).collect();
        three.finds(json!({"entryUUIDs": mix}), &expected).await;
    }
    let other_tree = format!("{:016x}{a64}", 1);
    three
        .finds(json!({"entryUUIDs": [other_tree, a.to_uppercase()]}), &[a])
        .await;
}

#[tokio::test]
async fn indexes_and_proposals_and_all_three_together() {
    let three = Three::new().await;
    let (a, b, x) = (&three.a, &three.b, &three.x);
    let [pa, pb, px] = &three.proposals;
    let absent = 999_999_999;
    for (indexes, expected) in [
        (json!([0]), vec![a]),
        (json!([1, 0]), vec![b, a]),
        (json!([absent]), vec![]),
        (json!([0, absent, 1]), vec![a, b]),
        (json!([0, 0]), vec![a, a]),
        (json!(vec![1; 10]), vec![b; 10]),
    ] {
        three.finds(json!({"logIndexes": indexes}), &expected).await;
    }
    for (entries, expected) in [
        (json!([pa]), vec![a]),
        (json!([pb]), vec![b]),
        (json!([pa, pb]), vec![a, b]),
        (json!([px]), vec![]),
        (json!([pa, px]), vec![a]),
        (json!([px, pa, pb]), vec![a, b]),
        (json!(vec![pb; 10]), vec![b; 10]),
    ] {
        three.finds(json!({"entries": entries}), &expected).await;
    }
    let nine =
        json!({"entryUUIDs": [a, b, x], "logIndexes": [0, 1, absent], "entries": three.proposals});
    three.finds(nine, &[a, b, a, b, a, b]).await;
    let ten = json!({"entryUUIDs": [a, b, a, b], "logIndexes": [0, 1, 0], "entries": [pa, pb, px]});
    three.finds(ten, &[a, b, a, b, a, b, a, b, a]).await;
}

#[tokio::test]
async fn what_breaks_the_schema_or_does_not_verify_is_refused() {
    let three = Three::new().await;
    let (a, b, x) = (&three.a, &three.b, &three.x);
    let proposal = &three.proposals[0];
    let mut no_spec = proposal.clone();
    no_spec.as_object_mut().unwrap().remove("spec");
    let mut unsigned = proposal.clone();
    unsigned["spec"]["signature"]["content"] = json!("AAAA");
    let no_tree = &format!("ffffffffffffffff{}", "f".repeat(64));
    let pattern = |position: u8| {
        format!(
            "entryUUIDs.{position} in body should match '^([0-9a-fA-F]{{64}}|[0-9a-fA-F]{{80}})$'"
        )
    };
    for (query, status, code, message) in [
        (
            json!({"entryUUIDs": []}),
            422,
            612,
            "entryUUIDs in body should have at least 1 items",
        ),
        (
            json!({"logIndexes": []}),
            422,
            612,
            "logIndexes in body should have at least 1 items",
        ),
        (
            json!({"entries": []}),
            422,
            612,
            "entries in body should have at least 1 items",
        ),
        (
            json!({"entryUUIDs": vec![a; 11]}),
            422,
            611,
            "entryUUIDs in body should have at most 10 items",
        ),
        (
            json!({"logIndexes": vec![0; 11]}),
            422,
            611,
            "logIndexes in body should have at most 10 items",
        ),
        (
            json!({"entries": vec![proposal; 11]}),
            422,
            611,
            "entries in body should have at most 10 items",
        ),
        (
            json!({
                "entryUUIDs": vec![a; 4],
                "logIndexes": [0, 1, 0],
                "entries": vec![proposal; 4],
            }),
            422,
            422,
            "more than max allowed 10 entries in request",
        ),
        (
            json!({"entryUUIDs": vec![a; 10], "logIndexes": [0]}),
            422,
            422,
            "more than max allowed 10 entries in request",
        ),
        (
            json!({"logIndexes": [-1]}),
            422,
            609,
            "logIndexes.0 in body should be greater than or equal to 0",
        ),
        (
            json!({"logIndexes": [0, -1]}),
            422,
            609,
            "logIndexes.1 in body should be greater than or equal to 0",
        ),
        (
            json!({
                "entryUUIDs": [a, b, a, x],
                "logIndexes": [-1, -1, -1],
                "entries": vec![proposal; 3],
            }),
            422,
            609,
            "logIndexes.0 in body should be greater than or equal to 0",
        ),
        (
            json!({"entries": [no_spec]}),
            422,
            602,
            "spec in body is required",
        ),
        (
            json!({"entries": [proposal, no_spec]}),
            422,
            602,
            "spec in body is required",
        ),
        (json!({"entryUUIDs": ["x"]}), 422, 605, &pattern(0)),
        (json!({"entryUUIDs": [a, ""]}), 422, 605, &pattern(1)),
        (json!({"entryUUIDs": [a, null]}), 422, 605, &pattern(1)),
        (
            json!({"entryUUIDs": [no_tree]}),
            400,
            400,
            "invalid entryID ffff",
        ),
        (
            json!({"entryUUIDs": [a, no_tree]}),
            400,
            400,
            "invalid entryID ffff",
        ),
        // The schema is checked first.
        (
            json!({"entryUUIDs": [no_tree], "logIndexes": [-1]}),
            422,
            609,
            "logIndexes.0 in body",
        ),
        (
            json!({"entries": [unsigned]}),
            400,
            400,
            "verifying signature",
        ),
        (
            json!({"entries": [proposal, unsigned]}),
            400,
            400,
            "verifying signature",
        ),
        (json!({"entries": [null]}), 400, 400, ""),
        (json!({"entries": [7]}), 400, 400, ""),
        (json!({"entries": {}}), 400, 400, "parsing body failed"),
        (json!({"logIndexes": "0"}), 400, 400, "parsing body failed"),
        (
            json!({"logIndexes": ["0"]}),
            400,
            400,
            "parsing body failed",
        ),
        (
            json!({"logIndexes": [1.5]}),
            400,
            400,
            "parsing body failed",
        ),
        (json!({"entryUUIDs": [7]}), 400, 400, "parsing body failed"),
        (json!({"entryUUIDs": a}), 400, 400, "parsing body failed"),
        (json!([]), 400, 400, "parsing body failed"),
        (json!(null), 400, 400, "parsing body failed"),
    ] {
        let reply = three.v1.retrieve(&query).await;
        reply.must_fail(status, code, message);
    }
    for malformed in [
        "{",
        "nonsense",
        "{\"logIndexes\":[0}",
        "{\"logIndexes\":[9223372036854775808]}",
    ] {
        let reply = three.v1.post(RETRIEVE, malformed).await;
        reply.must_fail(400, 400, "parsing body failed");
    }
    let empty = three.v1.post(RETRIEVE, "").await;
    empty.must_fail(422, 602, "entry in body is required");
}

/// What is stored of an envelope serves to look its entry up, though not to submit it.
#[tokio::test]
async fn canonical_forms_are_looked_up_and_not_logged() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let v1 = V1::start().await;
    let signer = Signer::new();
    let payload = statement(b"artifact");
    for proposal in [
        signer.dsse(&payload),
        signer.intoto_v001(&payload),
        signer.intoto_v002(&payload),
    ] {
        let (id, entry) = v1.create(&proposal).await;
        let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
        let stored: Value = serde_json::from_slice(&body).unwrap();
        let refused = v1.post(ENTRIES, body).await;
        refused.must_fail(
            400,
            400,
            "error processing entry: entry not insertable into log",
        );
        for entries in [json!([stored]), json!([proposal])] {
            let found = v1.retrieve(&json!({"entries": entries})).await;
            assert_eq!(found.ids(), [id.as_str()]);
        }
    }
    assert_eq!(v1.size().await, 3);
}
