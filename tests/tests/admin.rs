//! The admin port: metrics and health.

use http::Method;

use crate::client::Reply;
use crate::client::fill;
use crate::client::get;
use crate::client::http_client;
use crate::client::post;
use crate::client::submit_proven;
use crate::requests::Signer;
use crate::server::Server;

pub(crate) async fn admin_get(server: &Server, path: &str) -> Reply {
    let request = http_client().get(format!("{}{path}", server.admin_url));
    let reply = Reply::read(request.send().await.unwrap()).await;
    reply.described_by_admin(&Method::GET, path)
}

/// The value of one series, 0 while it is not there yet.
pub(crate) async fn metric(server: &Server, series: &str) -> f64 {
    let text = admin_get(server, "/metrics").await;
    let value = text
        .text()
        .lines()
        .find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    value.map_or(0.0, |value| value.parse().unwrap())
}

#[tokio::test]
async fn metrics_name_everything_and_move() {
    let server = Server::start();
    let request = Signer::new().hashedrekord(b"artifact");
    submit_proven(&server, &request).await;
    submit_proven(&server, &request).await;
    fill(&server, 9).await;
    assert_eq!(post(&server, "{}").await.status, 400);

    let accepted = r#"ledgerstone_accepted_entries_total{kind="hashedrekord",version="0.0.2"}"#;
    assert_eq!(metric(&server, accepted).await, 11.0);
    assert_eq!(
        metric(&server, "ledgerstone_duplicate_entries_total").await,
        1.0
    );
    assert_eq!(
        metric(
            &server,
            r#"ledgerstone_rejected_entries_total{reason="type"}"#
        )
        .await,
        1.0
    );
    let size = format!(r#"ledgerstone_tree_size{{tree="{}"}}"#, server.tree_id);
    assert_eq!(metric(&server, &size).await, 10.0);
    assert_eq!(metric(&server, "ledgerstone_queue_entries").await, 0.0);
    assert_eq!(metric(&server, "ledgerstone_streams").await, 0.0);
    assert_eq!(metric(&server, "ledgerstone_round_entries_sum").await, 10.0);
    let rounds = metric(&server, "ledgerstone_round_commit_duration_seconds_count").await;
    assert!((2.0..=10.0).contains(&rounds), "{rounds}");
    assert!(metric(&server, "ledgerstone_rounds_total").await >= rounds);
    assert!(metric(&server, "ledgerstone_logged_bytes_total").await > 10.0 * 300.0);
    let posts = r#"ledgerstone_requests_total{route="/api/v2/log/entries",method="POST",code="#;
    assert_eq!(metric(&server, &format!("{posts}\"201\"}}")).await, 2.0);
    assert_eq!(metric(&server, &format!("{posts}\"400\"}}")).await, 1.0);

    let text = admin_get(&server, "/metrics").await;
    for series in [
        "ledgerstone_build_info{version=",
        "ledgerstone_request_duration_seconds_bucket{",
        "ledgerstone_round_duration_seconds_bucket{",
        "ledgerstone_queue_wait_seconds_bucket{",
        "ledgerstone_connections ",
    ] {
        assert!(text.text().contains(series), "{series} is missing");
    }
    assert!(text.text().ends_with("# EOF\n"), "OpenMetrics has an end");
    assert!(
        text.header("content-type")
            .starts_with("application/openmetrics-text")
    );
}

#[tokio::test]
async fn callers_cannot_make_labels_up() {
    let server = Server::start();
    for path in [
        "/made-up-1",
        "/tile/0/made-up-2",
        "/log/v1/entries/made-up-3",
    ] {
        get(&server, path).await;
    }
    let request = http_client()
        .post(server.at("/ledgerstone.v1.Log/MadeUp4"))
        .header("content-type", "application/grpc");
    request.send().await.unwrap();
    let text = admin_get(&server, "/metrics").await.text().to_lowercase();
    assert!(
        !text.contains("made-up") && !text.contains("madeup"),
        "{text}"
    );
}

#[tokio::test]
async fn health_and_readiness() {
    let server = Server::start();
    assert_eq!(admin_get(&server, "/healthz").await.status, 200);
    assert_eq!(admin_get(&server, "/readyz").await.status, 200);
    // As on the reference server, on the main port.
    let health = get(&server, "/healthz").await;
    assert_eq!(health.text(), r#"{"status":"SERVING"}"#);
}

#[tokio::test]
async fn the_main_port_shows_no_metrics_and_the_admin_port_no_log() {
    let server = Server::start();
    // It is described, but for the other port.
    let shown = http_client().get(server.at("/metrics")).send().await;
    assert_eq!(shown.unwrap().status(), 404);
    let url = format!("{}/checkpoint", server.admin_url);
    let shown = http_client().get(url).send().await;
    assert_eq!(shown.unwrap().status(), 404);
}
