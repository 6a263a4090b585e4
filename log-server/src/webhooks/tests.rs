//! Tests of webhooks: what is sent, signed, repeated and kept.

use std::fs;
use std::sync::Arc;

use aws_lc_rs::hmac;
use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_log::Keyring;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::Protocols;
use ledgerstone_log::Submission;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz";

/// Takes events, or answers as often with 500 as it is told to.
#[derive(Clone, Default)]
struct Receiver {
    taken: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    refusals: Arc<Mutex<usize>>,
}

impl Receiver {
    async fn start(&self) -> String {
        let receiver = self.clone();
        let handler = move |headers: HeaderMap, body: Bytes| async move {
            let mut refusals = receiver.refusals.lock();
            if *refusals > 0 {
                *refusals -= 1;
                return StatusCode::INTERNAL_SERVER_ERROR;
            }
            receiver.taken.lock().push((headers, body));
            StatusCode::NO_CONTENT
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().fallback(handler);
        tokio::spawn(async move { axum::serve(listener, router).await });
        format!("http://{address}/hook")
    }

    /// Waits until so many events were taken, and returns their indexes.
    async fn indexes(&self, count: usize) -> Vec<String> {
        while self.taken.lock().len() < count {
            tokio::task::yield_now().await;
        }
        let taken = self.taken.lock();
        let events = taken
            .iter()
            .map(|(_, body)| serde_json::from_slice::<Value>(body).unwrap());
        events
            .map(|event| event["data"]["logIndex"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn log() -> Log {
    let (store, trees) = (Store::in_memory(), NewTree::of_log("log.example.com"));
    let keyring = Keyring::generate(&trees, &Protocols::default()).unwrap();
    Log::create(store, &trees, keyring, LogOptions::default()).unwrap()
}

async fn append(log: &Log, body: &str) {
    let submission = Submission::new(body.to_owned().into()).unwrap();
    log.append(TreeKind::REKOR_V2, submission).await.unwrap();
}

fn secret(directory: &TempDir) -> Secret {
    let path = directory.path().join("secret");
    fs::write(&path, format!("{SECRET}\n")).unwrap();
    Secret::read(&path).unwrap()
}

fn courier(log: &Log, url: &str, directory: &TempDir) -> Courier {
    let courier = couriers(log, &[url], directory).unwrap().remove(0);
    Courier {
        first_backoff: Duration::ZERO,
        ..courier
    }
}

fn couriers(log: &Log, urls: &[&str], directory: &TempDir) -> Result<Vec<Courier>, WebhookError> {
    let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
    let metrics = Metrics::default();
    Webhooks::new(&urls, secret(directory), WebhookRules::default())?.couriers(
        log,
        directory.path(),
        &metrics,
    )
}

fn start(courier: Courier) -> (CancellationToken, JoinHandle<()>) {
    let draining = CancellationToken::new();
    (draining.clone(), tokio::spawn(courier.run(draining)))
}

#[tokio::test]
async fn each_new_entry_is_sent_once_across_restarts() {
    let (log, receiver, directory) = (log(), Receiver::default(), tempfile::tempdir().unwrap());
    let url = receiver.start().await;
    append(&log, "before").await;
    // What comes between the first start and the first event is not lost, even if nothing ran
    // meanwhile.
    drop(courier(&log, &url, &directory));
    for number in 1..100 {
        append(&log, &format!("entry {number}")).await;
    }
    let (draining, task) = start(courier(&log, &url, &directory));
    let expected: Vec<_> = (1..100).map(|index| index.to_string()).collect();
    assert_eq!(receiver.indexes(99).await, expected);
    draining.cancel();
    task.await.unwrap();
    append(&log, "entry 100").await;
    let (_draining, _task) = start(courier(&log, &url, &directory));
    append(&log, "entry 101").await;
    assert_eq!(receiver.indexes(101).await[99..], ["100", "101"]);
}

#[tokio::test]
async fn an_event_that_is_refused_is_sent_again_in_its_turn() {
    let (log, receiver, directory) = (log(), Receiver::default(), tempfile::tempdir().unwrap());
    let url = receiver.start().await;
    *receiver.refusals.lock() = 3;
    let (_draining, _task) = start(courier(&log, &url, &directory));
    append(&log, "one").await;
    append(&log, "two").await;
    assert_eq!(receiver.indexes(2).await, ["0", "1"]);
    assert_eq!(*receiver.refusals.lock(), 0);
}

#[tokio::test]
async fn an_event_is_signed_and_says_what_upstream_says() {
    let (log, receiver, directory) = (log(), Receiver::default(), tempfile::tempdir().unwrap());
    let url = receiver.start().await;
    let (_draining, _task) = start(courier(&log, &url, &directory));
    append(&log, "one").await;
    receiver.indexes(1).await;
    let (headers, body) = receiver.taken.lock()[0].clone();
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let signed = [
        format!("{}.{}.", header("webhook-id"), header("webhook-timestamp")).into_bytes(),
        body.to_vec(),
    ]
    .concat();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"012345678901234567890123");
    let signature = header("webhook-signature");
    let tag = STANDARD
        .decode(signature.strip_prefix("v1,").unwrap())
        .unwrap();
    hmac::verify(&key, &signed, &tag).unwrap();

    let event: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(event["specversion"], "1.0");
    assert_eq!(event["type"], event::EVENT_TYPE);
    assert_eq!(event["id"], header("webhook-id"));
    assert_eq!(event["id"].as_str().unwrap().len(), 80);
    assert_eq!(event["data"]["canonicalizedBody"], STANDARD.encode("one"));
    assert_eq!(event["data"]["inclusionProof"]["treeSize"], "1");
    assert_eq!(header("content-type"), "application/cloudevents+json");
}

#[tokio::test]
async fn what_cannot_be_used_is_refused() {
    let (log, directory) = (log(), tempfile::tempdir().unwrap());
    let new = |url: &str| couriers(&log, &[url], &directory);
    for url in ["", "ftp://a/b", "a b"] {
        assert!(
            matches!(new(url).err(), Some(WebhookError::Url(_))),
            "{url}"
        );
    }
    let twice = couriers(
        &log,
        &["http://a/b", "http://a/c", "http://A/b"],
        &directory,
    );
    assert!(matches!(twice.err(), Some(WebhookError::Repeated(3))));
    let courier = courier(&log, "http://127.0.0.1:1/", &directory);
    fs::write(&courier.cursor_path, "{").unwrap();
    assert!(matches!(
        new("http://127.0.0.1:1/").err(),
        Some(WebhookError::Cursor { .. })
    ));
    // `base64` breaks the line of a secret of 64 bytes.
    let long = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz\n\
                NDU2Nzg5MDEyMw==\n";
    let path = directory.path().join("long");
    fs::write(&path, long).unwrap();
    let broken = Secret::read(&path).unwrap().sign("id", 1, b"body");
    fs::write(&path, long.replace('\n', "")).unwrap();
    assert_eq!(Secret::read(&path).unwrap().sign("id", 1, b"body"), broken);
    for text in ["", "whsec_", "c2hvcnQ=", "!"] {
        let path = directory.path().join("weak");
        fs::write(&path, text).unwrap();
        assert!(
            matches!(Secret::read(&path).err(), Some(WebhookError::Secret { .. })),
            "{text}"
        );
    }
    let missing = Secret::read(&directory.path().join("missing"));
    assert!(matches!(missing.err(), Some(WebhookError::Io { .. })));
}
