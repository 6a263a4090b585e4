//! Searching logs that find what was asked for, and logs that do not.

use axum::response::IntoResponse;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::ApiError;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::FoundPage;
use ledgerstone_client::LogApi;
use ledgerstone_client::SearchTermError;
use ledgerstone_client::SearchTerms;
use ledgerstone_client::SigningKey;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use serde_json::Value;
use serde_json::json;

use crate::log_api::answer;
use crate::log_api::entry;
use crate::support::MemoryLog;
use crate::support::ORIGIN;
use crate::support::Server;
use crate::support::transport;
use crate::support::trusted;

/// Canonical bodies of artifacts whose digest is `number` 32 times.
fn log(key: &SigningKey) -> MemoryLog {
    let spki = STANDARD.encode(key.public().spki_der());
    let bodies = (0..40_u8).map(|number| {
        let digest = STANDARD.encode([number; 32]);
        let verifier = json!({
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "publicKey": {"rawBytes": spki},
        });
        let entry = json!({
            "data": {"algorithm": "SHA2_256", "digest": digest},
            "signature": {"content": "AAAA", "verifier": verifier},
        });
        let spec = json!({ "hashedRekordV002": entry });
        let body = json!({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec});
        body.to_string().into_bytes()
    });
    MemoryLog::new(bodies.collect())
}

/// Two of the log's own trees, the first of which is signed with a key that is trusted.
const OURS: u64 = 3;
const OTHER: u64 = 4;

fn hit(log: &MemoryLog, index: u64) -> Value {
    json!({
        "virtualIndex": index + 1_000,
        "shownByBody": true,
        "entry": entry(log, index).in_tree(OURS),
    })
}

fn answer_with(hits: &[Value], complete: bool) -> String {
    json!({ "hits": hits, "next": "3:30,4:10", "complete": complete }).to_string()
}

/// A log that answers searches with `found`.
async fn server(log: MemoryLog, found: String) -> Server {
    Server::start(move |seen| match seen.path.as_str() {
        "/log/v1/trees" => {
            let tree = |note: String, tree_id: u64| {
                let head = json!({ "checkpoint": note, "treeId": tree_id.to_string() });
                json!({ "head": head, "role": "TREE_ROLE_ACTIVE" })
            };
            let note = log.checkpoint(log.size());
            let elsewhere = note.replace(ORIGIN, ELSEWHERE);
            json!({ "trees": [tree(elsewhere, OTHER), tree(note, OURS)] })
                .to_string()
                .into_response()
        }
        path if path.starts_with("/log/v1/search?") => found.clone().into_response(),
        // The other tree is signed by somebody else.
        path => answer(&log, seen, |_, reply| {
            if path.ends_with("treeId=4")
                && let Some(Value::String(note)) = reply.get_mut("checkpoint")
            {
                *note = note.replace(ORIGIN, ELSEWHERE);
            }
        }),
    })
    .await
}

const ELSEWHERE: &str = "elsewhere.example.org";

/// Asks a log that finds `hits` for the artifact 7.
async fn search(log: MemoryLog, hits: Vec<Value>) -> (Result<FoundPage, ApiError>, Server) {
    let server = server(log, answer_with(&hits, false)).await;
    let api = LogApi::new(transport(server.address));
    let page = api.search(&seventh(), "3:5", 10, &trusted()).await;
    (page, server)
}

fn seventh() -> SearchTerms {
    SearchTerms::default()
        .hash(&format!("sha256:{}", "07".repeat(32)))
        .unwrap()
}

#[tokio::test]
async fn a_hit_is_proven() {
    let log = log(&SigningKey::generate().unwrap());
    let (page, server) = search(log.clone(), vec![hit(&log, 7)]).await;
    let page = page.unwrap();
    assert_eq!(
        (page.hits.len(), page.next.as_deref()),
        (1, Some("3:30,4:10"))
    );
    let found = &page.hits[0];
    assert_eq!(
        (found.virtual_index, found.entry.tree_id, found.entry.index),
        (Some(1_007), OURS, 7)
    );
    assert!(found.shown_by_body);
    let inclusion = found.inclusion.as_ref().unwrap();
    assert_eq!(inclusion.signed.checkpoint.root, log.root(log.size()));
    let asked = format!(
        "/log/v1/search?hash=sha256%3A{}&from=3%3A5&limit=10",
        "07".repeat(32)
    );
    assert_eq!(server.seen()[0].path, asked);
}

#[tokio::test]
async fn an_entry_that_was_not_asked_for_is_refused() {
    let log = log(&SigningKey::generate().unwrap());
    let (page, _) = search(log.clone(), vec![hit(&log, 7), hit(&log, 8)]).await;
    let error = page.unwrap_err();
    assert!(
        matches!(
            error,
            ApiError::UnaskedHit {
                tree_id: OURS,
                index: 8
            }
        ),
        "{error}"
    );
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
}

#[tokio::test]
async fn an_entry_that_is_not_in_the_log_is_refused() {
    let key = SigningKey::generate().unwrap();
    let other = log(&SigningKey::generate().unwrap());
    let (page, _) = search(log(&key), vec![hit(&other, 7)]).await;
    assert!(matches!(page.unwrap_err(), ApiError::OtherEntry(_)));
    let mut forged = hit(&other, 7);
    forged["entry"]["leafHash"] = json!(format!("sha256:{}", "00".repeat(32)));
    let (page, _) = search(log(&key), vec![forged]).await;
    assert!(matches!(page.unwrap_err(), ApiError::Body { index: 7 }));
    let nothing = json!({ "shownByBody": true, "entry": { "leafHash": "" } });
    let (page, _) = search(log(&key), vec![nothing]).await;
    assert!(page.is_err());
}

#[tokio::test]
async fn what_a_body_does_not_show_is_marked() {
    let log = log(&SigningKey::generate().unwrap());
    let mut submitted = hit(&log, 8);
    submitted["shownByBody"] = json!(false);
    let mut elsewhere = hit(&log, 7);
    elsewhere["entry"]["treeId"] = json!(OTHER.to_string());
    elsewhere.as_object_mut().unwrap().remove("virtualIndex");
    let (page, server) = search(log, vec![submitted, elsewhere]).await;
    let hits = page.unwrap().hits;
    assert!(!hits[0].shown_by_body && hits[0].inclusion.is_some());
    assert!(hits[1].shown_by_body && hits[1].inclusion.is_none());
    assert_eq!(
        (hits[1].entry.tree_id, hits[1].virtual_index),
        (OTHER, None)
    );
    assert!(
        server
            .seen()
            .iter()
            .any(|seen| seen.path.ends_with("index=7&treeSize=0&treeId=4"))
    );
}

#[tokio::test]
async fn a_log_none_of_whose_trees_is_trusted_is_refused() {
    let log = log(&SigningKey::generate().unwrap());
    let server = server(log.clone(), answer_with(&[hit(&log, 7)], true)).await;
    let stranger = Ed25519Signer::from_seed("third.example", &[9; 32]).unwrap();
    let stranger = TrustedLog::new(stranger.verifier().clone()).unwrap();
    let stranger = TrustedLogs::new(vec![stranger]).unwrap();
    let api = LogApi::new(transport(server.address));
    let error = api.search(&seventh(), "", 10, &stranger).await.unwrap_err();
    assert!(matches!(error, ApiError::Checkpoint(_)), "{error}");
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
}

#[tokio::test]
async fn a_hit_of_another_tree_than_the_one_that_is_read_is_refused() {
    let log = log(&SigningKey::generate().unwrap());
    let server = server(log.clone(), answer_with(&[hit(&log, 7)], true)).await;
    let api = LogApi::new(transport(server.address)).tree(OTHER);
    let error = api
        .search(&seventh(), "", 10, &trusted())
        .await
        .unwrap_err();
    assert!(
        matches!(error, ApiError::OtherTree { tree_id: OURS }),
        "{error}"
    );
    assert_eq!(Error::from(error).failure(), Failure::Untrue);
}

#[tokio::test]
async fn all_terms_go_to_the_log_and_are_checked() {
    let key = SigningKey::generate().unwrap();
    let log = log(&key);
    let found = answer_with(&[hit(&log, 7)], true);
    let server = server(log, found).await;
    let api = LogApi::new(transport(server.address));
    let mut query = seventh().public_key(&key.public_pem()).unwrap();
    query.all = true;
    query.from_time = Some(-1);
    query.until_time = Some(9);
    let page = api.search(&query, "", 1, &trusted()).await.unwrap();
    assert_eq!((page.hits.len(), page.next), (1, None));
    let asked = &server.seen()[0].path;
    assert!(
        asked.contains("&operator=and&fromTime=-1&untilTime=9&limit=1"),
        "{asked}"
    );
    let query = query.email("Ann+1@example.com").subject("a b");
    assert!(api.search(&query, "", 1, &trusted()).await.is_err());
    let seen = server.seen();
    let mut searches = seen
        .iter()
        .rev()
        .filter(|seen| seen.path.contains("/search?"));
    let asked = &searches.next().unwrap().path;
    assert!(
        asked.contains("&email=Ann%2B1%40example.com&subject=a+b&"),
        "{asked}"
    );
}

#[test]
fn what_cannot_be_searched_for_is_refused() {
    let query = SearchTerms::default();
    assert!(matches!(
        query.clone().hash("sha256:00"),
        Err(SearchTermError::Hash(_))
    ));
    let error = query.public_key("-----BEGIN NOTHING-----").unwrap_err();
    assert!(matches!(error, SearchTermError::Key(_)));
    assert_eq!(Error::from(error).failure(), Failure::Undone);
}
