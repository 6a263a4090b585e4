//! Lookups of one entry.

use crate::rekor_v1::tests::Site;
use crate::rekor_v1::tests::proposals::Signer;

#[tokio::test]
async fn by_index_finds_what_is_there_and_nothing_else() {
    let site = Site::new().await;
    site.get("/api/v1/log/entries?logIndex=0")
        .await
        .must_be_absent();
    let (id, _) = site.create(&Signer::new().hashedrekord(b"artifact")).await;
    for query in [
        "logIndex=0",
        "logIndex=7&logIndex=0",
        "x=1&logIndex=0&treeID=5",
    ] {
        let answer = site.get(&format!("/api/v1/log/entries?{query}")).await;
        assert_eq!(answer.only_entry().0, id, "{query}");
    }
    for beyond in ["1", "999999999", "9223372036854775807"] {
        let answer = site
            .get(&format!("/api/v1/log/entries?logIndex={beyond}"))
            .await;
        answer.must_be_absent();
    }
}

#[tokio::test]
async fn by_index_refuses_what_is_no_index() {
    let site = Site::new().await;
    for (query, code, message) in [
        ("", 602, "logIndex in query is required"),
        ("?logIndex=", 602, "logIndex in query is required"),
        ("?index=1", 602, "logIndex in query is required"),
        (
            "?logIndex=abc",
            601,
            "logIndex in query must be of type int64: \"abc\"",
        ),
        ("?logIndex=1.5", 601, "must be of type int64"),
        (
            "?logIndex=9223372036854775808",
            601,
            "must be of type int64",
        ),
        (
            "?logIndex=-1",
            609,
            "logIndex in query should be greater than or equal to 0",
        ),
    ] {
        let answer = site.get(&format!("/api/v1/log/entries{query}")).await;
        answer.must_fail(422, code, message);
    }
}

#[tokio::test]
async fn by_id_takes_both_lengths_and_both_cases() {
    let site = Site::new().await;
    let (id, _) = site.create(&Signer::new().hashedrekord(b"artifact")).await;
    let leaf = &id[16..];
    for text in [
        id.clone(),
        id.to_uppercase(),
        leaf.to_owned(),
        leaf.to_uppercase(),
    ] {
        let answer = site.get(&format!("/api/v1/log/entries/{text}")).await;
        assert_eq!(answer.only_entry().0, id);
    }
    for absent in [
        format!("{}{}", &id[..16], "0".repeat(64)),
        format!("{:016x}{leaf}", 1),
        "0".repeat(64),
    ] {
        let answer = site.get(&format!("/api/v1/log/entries/{absent}")).await;
        answer.must_be_absent();
    }
}

#[tokio::test]
async fn by_id_refuses_what_is_no_id() {
    let site = Site::new().await;
    let pattern = "entryUUID in path should match '^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$'";
    for text in [
        "retrieve",
        "x",
        &"a".repeat(63),
        &"a".repeat(79),
        &"g".repeat(64),
        "a%20b",
    ] {
        let answer = site.get(&format!("/api/v1/log/entries/{text}")).await;
        answer.must_fail(422, 605, pattern);
    }
    for tree in ["0000000000000000", "8000000000000000", "ffffffffffffffff"] {
        let answer = site
            .get(&format!("/api/v1/log/entries/{tree}{}", "a".repeat(64)))
            .await;
        answer.must_fail(400, 400, "validation error: ");
    }
}
