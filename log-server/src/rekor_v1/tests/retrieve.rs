//! The matrix of rekor-v1, section 1.10, and what stands in section 1.5 beside it.

use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;

/// A log with two entries, and one entry that it does not hold.
struct Three {
    site: Site,
    a: String,
    b: String,
    x: String,
    proposals: [Value; 3],
}

impl Three {
    async fn new() -> Self {
        let site = Site::new().await;
        let signer = Signer::new();
        let proposals = [b"a", b"b", b"x"].map(|artifact| signer.hashedrekord(artifact));
        let (a, _) = site.create(&proposals[0]).await;
        let (b, _) = site.create(&proposals[1]).await;
        let x = format!("{}{}", &a[..16], "1".repeat(64));
        Self {
            site,
            a,
            b,
            x,
            proposals,
        }
    }

    async fn ids(&self, query: Value) -> Vec<String> {
        self.site.retrieve(query).await.ids()
    }
}

#[tokio::test]
async fn what_is_absent_or_null_asks_for_nothing() {
    let three = Three::new().await;
    for query in [
        json!({}),
        json!({"entryUUIDs": null, "logIndexes": null, "entries": null}),
        json!({"unknown": [1]}),
    ] {
        let answer = three.site.retrieve(query).await;
        assert_eq!(&answer.body[..], b"[]\n");
    }
}

#[tokio::test]
async fn ids_find_what_is_there_in_their_order() {
    let three = Three::new().await;
    let (a, b, x) = (&three.a, &three.b, &three.x);
    let (a64, b64, x64) = (&a[16..], &b[16..], &x[16..]);
    let other_tree = format!("{:016x}{a64}", 1);
    for (ids, expected) in [
        (json!([a]), vec![a]),
        (json!([a64]), vec![a]),
        (json!([b]), vec![b]),
        (json!([a, b64]), vec![a, b]),
        (json!([a, b]), vec![a, b]),
        (json!([b, a]), vec![b, a]),
        (json!([x]), vec![]),
        (json!([x64]), vec![]),
        (json!([a, x]), vec![a]),
        (json!([x, a, b]), vec![a, b]),
        (json!([x64, a, b]), vec![a, b]),
        (json!([x, a64, b]), vec![b, a]),
        (json!([x64, a64, b64]), vec![a, b]),
        (json!([a, a, a64]), vec![a, a, a]),
        (json!([a.to_uppercase()]), vec![a]),
        (json!([other_tree]), vec![]),
    ] {
        let found = three.ids(json!({"entryUUIDs": ids})).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{ids}");
    }
}

#[tokio::test]
async fn indexes_find_what_is_there_in_their_order() {
    let three = Three::new().await;
    let (a, b) = (&three.a, &three.b);
    for (indexes, expected) in [
        (json!([0]), vec![a]),
        (json!([1, 0]), vec![b, a]),
        (json!([999_999_999]), vec![]),
        (json!([0, 999_999_999, 1]), vec![a, b]),
        (json!([0, 0]), vec![a, a]),
    ] {
        let found = three.ids(json!({"logIndexes": indexes})).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{indexes}");
    }
}

#[tokio::test]
async fn proposals_find_what_is_there() {
    let three = Three::new().await;
    let (a, b) = (&three.a, &three.b);
    let [pa, pb, px] = &three.proposals;
    for (entries, expected) in [
        (json!([pa]), vec![a]),
        (json!([pb]), vec![b]),
        (json!([pa, pb]), vec![a, b]),
        (json!([pa, px]), vec![a]),
        (json!([px, pa, pb]), vec![a, b]),
    ] {
        let found = three.ids(json!({"entries": entries})).await;
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    }
}

#[tokio::test]
async fn all_three_ways_together_find_an_entry_three_times() {
    let three = Three::new().await;
    let (a, b, x) = (&three.a, &three.b, &three.x);
    let found = three
        .ids(json!({
            "entryUUIDs": [a, b, x],
            "logIndexes": [0, 1, 999_999_999],
            "entries": three.proposals,
        }))
        .await;
    assert_eq!(found.iter().collect::<Vec<_>>(), [a, b, a, b, a, b]);
}

#[tokio::test]
async fn a_slash_at_the_end_changes_nothing() {
    let three = Three::new().await;
    let query = json!({"logIndexes": [0]}).to_string();
    let answer = three
        .site
        .post("/api/v1/log/entries/retrieve/", query)
        .await;
    assert_eq!(answer.ids(), [three.a.as_str()]);
}

#[tokio::test]
async fn what_breaks_the_schema_is_refused() {
    let three = Three::new().await;
    let (a, b) = (&three.a, &three.b);
    let proposal = &three.proposals[0];
    let mut no_spec = proposal.clone();
    no_spec.as_object_mut().unwrap().remove("spec");
    let pattern = "should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'";
    for (query, code, message) in [
        (
            json!({"entryUUIDs": []}),
            612,
            "entryUUIDs in body should have at least 1 items",
        ),
        (
            json!({"logIndexes": []}),
            612,
            "logIndexes in body should have at least 1 items",
        ),
        (
            json!({"entries": []}),
            612,
            "entries in body should have at least 1 items",
        ),
        (
            json!({"entryUUIDs": vec![a; 11]}),
            611,
            "entryUUIDs in body should have at most 10 items",
        ),
        (
            json!({"logIndexes": vec![0; 11]}),
            611,
            "logIndexes in body should have at most 10 items",
        ),
        (
            json!({"entries": vec![proposal; 11]}),
            611,
            "entries in body should have at most 10 items",
        ),
        (
            json!({
                "entryUUIDs": [a, b, a, b],
                "logIndexes": [0, 1, 0],
                "entries": vec![proposal; 4],
            }),
            422,
            "more than max allowed 10 entries in request",
        ),
        (
            json!({"logIndexes": [-1]}),
            609,
            "logIndexes.0 in body should be greater than or equal to 0",
        ),
        (json!({"logIndexes": [0, -1]}), 609, "logIndexes.1 in body"),
        (
            json!({
                "entryUUIDs": [a, b, a, b],
                "logIndexes": [-1, -1, -1],
                "entries": vec![proposal; 3],
            }),
            609,
            "logIndexes.0 in body",
        ),
        (
            json!({"entries": [no_spec]}),
            602,
            "spec in body is required",
        ),
        (
            json!({"entries": [proposal, no_spec]}),
            602,
            "spec in body is required",
        ),
        (json!({"entryUUIDs": ["x"]}), 605, pattern),
        (
            json!({"entryUUIDs": [a, null]}),
            605,
            "entryUUIDs.1 in body",
        ),
    ] {
        three
            .site
            .retrieve(query)
            .await
            .must_fail(422, code, message);
    }
}

#[tokio::test]
async fn what_cannot_be_read_or_verified_is_refused() {
    let three = Three::new().await;
    let no_tree = format!("ffffffffffffffff{}", "f".repeat(64));
    let mut unsigned = three.proposals[0].clone();
    unsigned["spec"]["signature"]["content"] = json!("AAAA");
    for (query, message) in [
        (json!({"entryUUIDs": [no_tree]}), "invalid entryID ffff"),
        (
            json!({"entryUUIDs": [three.a, no_tree]}),
            "invalid entryID ffff",
        ),
        (json!({"entries": [unsigned]}), "verifying signature"),
        (json!({"logIndexes": "0"}), "parsing body failed"),
        (json!({"logIndexes": ["0"]}), "parsing body failed"),
        (json!({"entryUUIDs": [7]}), "parsing body failed"),
        (json!([]), "parsing body failed"),
    ] {
        three
            .site
            .retrieve(query)
            .await
            .must_fail(400, 400, message);
    }
    let path = "/api/v1/log/entries/retrieve";
    for malformed in ["{", "nonsense", "{\"logIndexes\":[0}"] {
        let answer = three.site.post(path, malformed).await;
        answer.must_fail(400, 400, "parsing body failed");
    }
    let answer = three.site.post(path, "").await;
    answer.must_fail(422, 602, "entry in body is required");
}
