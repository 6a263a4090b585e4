//! What upstream's dashboards and alerts ask for, by upstream's names (rekor-v1, section 6).

use std::collections::BTreeSet;

use ledgerstone_tests::proposals::Signer;
use serde_json::json;

use crate::admin::admin_get;
use crate::admin::metric;
use crate::client::submit_proven;
use crate::receiver::Act;
use crate::receiver::Receiver;
use crate::rekor_v1::ENTRIES;
use crate::rekor_v1::LOG;
use crate::rekor_v1::V1;
use crate::requests;
use crate::server::Site;

async fn metrics(v1: &V1) -> String {
    admin_get(&v1.server, "/metrics").await.text().to_owned()
}

/// As upstream's own test greps: whole lines, labels in the order of their names, whole numbers.
#[tokio::test]
async fn upstreams_lines_are_there_to_the_letter() {
    let v1 = V1::start().await;
    for _ in 0..3 {
        v1.get(LOG).await;
    }
    v1.get("/api/v1//log/").await;
    let (id, _) = v1.create(&Signer::new().hashedrekord(b"artifact")).await;
    for path in [
        format!("{ENTRIES}/{id}"),
        format!("{ENTRIES}/{}", &id[16..]),
    ] {
        v1.get(&path).await;
    }
    v1.get(&format!("{ENTRIES}/{}", "0".repeat(64)))
        .await
        .must_be_absent();
    v1.submit(&json!({})).await.must_fail(422, 602, "");
    v1.retrieve(&json!({})).await;
    let text = metrics(&v1).await;
    let lines: Vec<&str> = text.lines().collect();
    for expected in [
        r#"rekor_qps_by_api{code="200",method="GET",path="/api/v1/log"} 4"#,
        r#"rekor_latency_by_api_count{method="GET",path="/api/v1/log"} 4"#,
        r#"rekor_api_latency_count{code="200",path="/api/v1/log"} 4"#,
        r#"rekor_api_latency_summary_count{code="200",path="/api/v1/log"} 4"#,
        r#"rekor_qps_by_api{code="201",method="POST",path="/api/v1/log/entries"} 1"#,
        r#"rekor_qps_by_api{code="422",method="POST",path="/api/v1/log/entries"} 1"#,
        r#"rekor_latency_by_api_count{method="POST",path="/api/v1/log/entries"} 2"#,
        r#"rekor_qps_by_api{code="200",method="GET",path="/api/v1/log/entries/{entryUUID}"} 2"#,
        r#"rekor_qps_by_api{code="404",method="GET",path="/api/v1/log/entries/{entryUUID}"} 1"#,
        r#"rekor_qps_by_api{code="200",method="POST",path="/api/v1/log/entries/retrieve"} 1"#,
        r#"rekor_qps_by_api{code="200",method="GET",path="/api/v1/log/publicKey"} 1"#,
        "rekor_new_entries 1",
        "# TYPE rekor_qps_by_api unknown",
        "# TYPE rekor_latency_by_api histogram",
        concat!(
            r#"rekor_build_info{version=""#,
            env!("CARGO_PKG_VERSION"),
            r#""} 1"#
        ),
    ] {
        assert!(lines.contains(&expected), "{expected} is not in\n{text}");
    }
    // Nanoseconds: from a millisecond to a minute in ten buckets, and one for the rest.
    let of_log = r#"rekor_latency_by_api_bucket{le=""#;
    let bounds = lines.iter().filter_map(|line| {
        let (bound, rest) = line.strip_prefix(of_log)?.split_once('"')?;
        rest.contains(r#"method="GET",path="/api/v1/log""#)
            .then_some(bound)
    });
    let bounds: Vec<&str> = bounds.collect();
    assert_eq!((bounds.len(), bounds.last()), (11, Some(&"+Inf")));
    let bounds: Vec<f64> = bounds[..10]
        .iter()
        .map(|bound| bound.parse().unwrap())
        .collect();
    assert!(
        (bounds[0] - 1e6).abs() < 1.0 && (bounds[9] - 60e9).abs() < 1.0,
        "{bounds:?}"
    );
    for pair in bounds.windows(2) {
        assert!(
            (pair[1] / pair[0] - 60e3_f64.powf(1.0 / 9.0)).abs() < 1e-6,
            "{bounds:?}"
        );
    }
    let sum = metric(
        &v1.server,
        r#"rekor_latency_by_api_sum{method="GET",path="/api/v1/log"}"#,
    )
    .await;
    assert!(sum > 1e3, "{sum} ns");
}

#[tokio::test]
async fn entries_are_counted_once_and_by_all_faces() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let proposal = signer.hashedrekord(b"artifact");
    v1.create(&proposal).await;
    v1.create(&proposal).await;
    submit_proven(
        &v1.server,
        &requests::Signer::new().hashedrekord(b"another"),
    )
    .await;
    assert_eq!(metric(&v1.server, "rekor_new_entries").await, 2.0);
    let text = metrics(&v1).await;
    assert!(
        !text.contains(r#"path="/api/v2"#),
        "only Rekor v1 is counted by these names"
    );
}

#[tokio::test]
async fn callers_cannot_make_labels_up() {
    let v1 = V1::start().await;
    for number in 0..20 {
        v1.get(&format!("/api/v1/made-up-{number}")).await;
        v1.get(&format!("{ENTRIES}/made-up-{number}")).await;
        v1.send(&format!("MADEUP{number}"), LOG, &[], "").await;
        v1.get(&format!("/made-up-{number}")).await;
    }
    let text = metrics(&v1).await;
    let lines: Vec<&str> = text.lines().collect();
    for expected in [
        r#"rekor_qps_by_api{code="404",method="GET",path="unrecognized"} 20"#,
        r#"rekor_qps_by_api{code="422",method="GET",path="/api/v1/log/entries/{entryUUID}"} 20"#,
        r#"rekor_qps_by_api{code="405",method="other",path="/api/v1/log"} 20"#,
    ] {
        assert!(lines.contains(&expected), "{expected} is not in\n{text}");
    }
    let text = text.to_lowercase();
    assert!(
        !text.contains("made-up") && !text.contains("madeup"),
        "{text}"
    );
}

#[tokio::test]
async fn deliveries_are_counted_as_published_events() {
    let receiver = Receiver::start(&[Act::Answer(500)]).await;
    let site = Site::new();
    let secret = site.path().join("secret");
    std::fs::write(&secret, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz").unwrap();
    let site = site
        .with("--webhook-secret-file", secret.to_str().unwrap())
        .with("--webhook-urls", &receiver.url());
    let v1 = V1::serving(&site).await;
    let signer = Signer::new();
    v1.create(&signer.hashedrekord(b"one")).await;
    v1.create(&signer.hashedrekord(b"two")).await;
    // An attempt is counted before the next one is made.
    v1.create(&signer.hashedrekord(b"three")).await;
    receiver.wait_for_index(2).await;
    let events = |status: &str| {
        format!(
            "rekor_publish_events{{content_type=\"application/json\",\
             event=\"dev.sigstore.rekor.events.v1.NewEntry\",status=\"{status}\"}}"
        )
    };
    assert_eq!(metric(&v1.server, &events("ERROR")).await, 1.0);
    assert!(metric(&v1.server, &events("SUCCESS")).await >= 2.0);
}

/// The rules of the format that a reader relies on: every series is of a family that was announced
/// before it, once, and none comes twice.
#[tokio::test]
async fn what_is_served_is_open_metrics() {
    let receiver = Receiver::start(&[]).await;
    let site = Site::new();
    let secret = site.path().join("secret");
    std::fs::write(&secret, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz").unwrap();
    let site = site
        .with("--webhook-secret-file", secret.to_str().unwrap())
        .with("--webhook-urls", &receiver.url());
    let v1 = V1::serving(&site).await;
    v1.create(&Signer::new().hashedrekord(b"one")).await;
    receiver.wait_for_index(0).await;
    v1.get(LOG).await;
    let reply = admin_get(&v1.server, "/metrics").await;
    assert!(
        reply
            .header("content-type")
            .starts_with("application/openmetrics-text; version=1.0.0")
    );
    let text = reply.text();
    let (mut families, mut series) = (BTreeSet::new(), BTreeSet::new());
    let mut current = (String::new(), String::new());
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.last(), Some(&"# EOF"));
    for line in &lines[..lines.len() - 1] {
        if let Some(announced) = line.strip_prefix("# TYPE ") {
            let (name, kind) = announced.split_once(' ').unwrap();
            assert!(
                families.insert(name.to_owned()),
                "{name} is announced twice"
            );
            current = (name.to_owned(), kind.to_owned());
        } else if !line.starts_with('#') {
            let (one, value) = line.rsplit_once(' ').unwrap();
            value.parse::<f64>().unwrap();
            assert!(series.insert(one), "{one} is there twice");
            let name = one.split('{').next().unwrap();
            let suffix = name.strip_prefix(&current.0);
            let suffix = suffix.unwrap_or_else(|| panic!("{name} is not of {}", current.0));
            let expected: &[&str] = match current.1.as_str() {
                "counter" => &["_total"],
                "histogram" => &["_bucket", "_count", "_sum"],
                "info" => &["_info"],
                "gauge" | "unknown" => &[""],
                other => panic!("{other} is no type"),
            };
            assert!(expected.contains(&suffix), "{line} in a {}", current.1);
        }
    }
    assert!(
        families.contains("rekor_qps_by_api")
            && families.contains("ledgerstone_webhook_lag_entries")
    );
}
