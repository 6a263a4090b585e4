//! Submissions to logs that are slow, busy, strict, broken or lying.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::Method;
use axum::http::StatusCode;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::EntryToSubmit;
use ledgerstone_client::EnvelopeKind;
use ledgerstone_client::Error;
use ledgerstone_client::Failure;
use ledgerstone_client::LogEntryError;
use ledgerstone_client::LogEntryFault;
use ledgerstone_client::SigningKey;
use ledgerstone_client::SubmitError;
use ledgerstone_client::Submitted;
use ledgerstone_client::TransportError;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::VerifyError;
use ledgerstone_client::verify_logged;
use ledgerstone_entry::Policy;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::prepare;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::intoto::Signature;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use serde_json::Value;

use crate::support::MemoryLog;
use crate::support::ORIGIN;
use crate::support::Server;
use crate::support::transport;
use crate::support::trusted;

fn artifact() -> Artifact {
    Artifact::Bytes(b"artifact".to_vec())
}

fn submission(key: &SigningKey) -> EntryToSubmit {
    let digest = artifact().digest(key.hash_algorithm()).unwrap();
    let signature = key.sign(&digest).unwrap();
    EntryToSubmit::message(&digest, signature.into(), key.material()).unwrap()
}

/// A log in which the submitted entry is the fourth of five.
fn log_with(body: &[u8]) -> MemoryLog {
    let mut bodies = MemoryLog::of(5, "entry").bodies;
    bodies[3] = body.to_vec();
    MemoryLog::new(bodies)
}

fn json(entry: &TransparencyLogEntry) -> Vec<u8> {
    serde_json::to_vec(&ledgerstone_proto::json::RekorReply(entry)).unwrap()
}

/// A log that takes whatever is submitted, and then answers with what `change` makes of the honest
/// reply.
async fn log_that(change: impl Fn(&mut TransparencyLogEntry) + Send + Sync + 'static) -> Server {
    Server::start(move |seen| {
        let request: CreateEntryRequest = serde_json::from_slice(&seen.body).unwrap();
        let prepared = prepare(&request, &Policy::default()).unwrap();
        let mut reply = log_with(&prepared.body).reply(3);
        reply.kind_version.as_mut().unwrap().kind = prepared.kind.name().to_owned();
        change(&mut reply);
        axum::response::IntoResponse::into_response((StatusCode::CREATED, json(&reply)))
    })
    .await
}

async fn submit_to(server: &Server) -> Result<Submitted, SubmitError> {
    let submission = submission(&SigningKey::generate().unwrap());
    submission
        .submit(&transport(server.address), Some(&trusted()))
        .await
}

fn failed(code: StatusCode) -> (StatusCode, HeaderMap, Vec<u8>) {
    (
        code,
        HeaderMap::new(),
        br#"{"code":14,"message":"not now","details":[]}"#.to_vec(),
    )
}

fn failure(error: SubmitError) -> Failure {
    Error::from(error).failure()
}

#[tokio::test]
async fn an_honest_reply_becomes_a_bundle_that_verifies() {
    let server = log_that(|_| {}).await;
    let key = SigningKey::generate().unwrap();
    let submission = submission(&key);
    let submitted = submission
        .submit(&transport(server.address), Some(&trusted()))
        .await
        .unwrap();
    assert_eq!(
        (submitted.entry.index().get(), submitted.duplicate),
        (3, false)
    );
    assert_eq!(submitted.entry.leaf_hash(), submission.leaf_hash());
    assert_eq!(submitted.checkpoint.unwrap().checkpoint.origin, ORIGIN);

    let seen = &server.seen()[0];
    assert_eq!(
        (seen.method.clone(), seen.path.as_str()),
        (Method::POST, "/api/v2/log/entries")
    );
    assert_eq!(seen.headers["content-type"], "application/json");
    assert!(
        seen.headers["user-agent"]
            .to_str()
            .unwrap()
            .starts_with("ledgerstone/")
    );

    let json = submission.into_bundle(submitted.entry).to_json();
    let bundle = Bundle::parse(json.as_bytes()).unwrap();
    let verified = verify_logged(&bundle, &artifact(), Some(key.public()), &trusted()).unwrap();
    assert!(!verified.certified);
    assert!(verified.not_checked.is_empty());
    let hint =
        serde_json::from_str::<Value>(&json).unwrap()["verificationMaterial"]["publicKey"]["hint"]
            .clone();
    assert_eq!(hint, ledgerstone_client::key_hint(key.public().spki_der()));

    let without_key = verify_logged(&bundle, &artifact(), None, &trusted());
    assert!(matches!(without_key, Err(VerifyError::KeyNeeded { .. })));
    let other = SigningKey::generate().unwrap();
    let with_other = verify_logged(&bundle, &artifact(), Some(other.public()), &trusted());
    assert!(matches!(with_other, Err(VerifyError::Signature(_))));
}

#[tokio::test]
async fn envelopes_are_logged_as_either_kind() {
    let server = log_that(|_| {}).await;
    let key = SigningKey::generate().unwrap();
    for kind in [EnvelopeKind::HashedRekord, EnvelopeKind::Dsse] {
        let envelope = envelope(&key);
        let submission = EntryToSubmit::envelope(envelope, key.material(), kind).unwrap();
        let submitted = submission
            .submit(&transport(server.address), Some(&trusted()))
            .await
            .unwrap();
        let bundle =
            Bundle::parse(submission.into_bundle(submitted.entry).to_json().as_bytes()).unwrap();
        verify_logged(&bundle, &artifact(), Some(key.public()), &trusted()).unwrap();
        let other = verify_logged(
            &bundle,
            &Artifact::Bytes(b"other".to_vec()),
            Some(key.public()),
            &trusted(),
        );
        assert!(matches!(
            other,
            Err(VerifyError::NoSuchSubject { subjects: 1, .. })
        ));
    }
}

#[tokio::test]
async fn what_no_log_accepts_is_not_sent() {
    let key = SigningKey::generate().unwrap();
    let digest = artifact().digest(key.hash_algorithm()).unwrap();
    let foreign = SigningKey::generate().unwrap().sign(&digest).unwrap();
    let refused = EntryToSubmit::message(&digest, foreign.into(), key.material());
    assert!(matches!(refused, Err(SubmitError::Reject(_))));

    let mut two = envelope(&key);
    two.signatures.push(two.signatures[0].clone());
    let refused = EntryToSubmit::envelope(two, key.material(), EnvelopeKind::Dsse);
    assert!(matches!(refused, Err(SubmitError::SignatureCount(2))));

    let mut changed = envelope(&key);
    changed.payload = b"changed".to_vec().into();
    let refused = EntryToSubmit::envelope(changed, key.material(), EnvelopeKind::HashedRekord);
    assert!(matches!(refused, Err(SubmitError::Reject(_))));
}

#[tokio::test]
async fn passing_trouble_is_outlasted() {
    let key = SigningKey::generate().unwrap();
    let submission = submission(&key);
    let body = {
        // The same request as the server gets it.
        let server = log_that(|_| {}).await;
        submission
            .submit(&transport(server.address), None)
            .await
            .unwrap()
            .entry
            .body()
            .clone()
    };
    let reply = json(&log_with(&body).reply(3));
    let mut now = HeaderMap::new();
    now.insert("retry-after", HeaderValue::from_static("0"));
    let busy = (StatusCode::TOO_MANY_REQUESTS, now, Vec::new());
    let mut existing = HeaderMap::new();
    existing.insert("x-log-index", HeaderValue::from_static("3"));
    let server = Server::script(vec![
        failed(StatusCode::SERVICE_UNAVAILABLE),
        busy,
        (StatusCode::CREATED, existing, reply),
    ])
    .await;
    let submitted = submission
        .submit(&transport(server.address), Some(&trusted()))
        .await
        .unwrap();
    assert!(submitted.duplicate);
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|other| other.body == seen[0].body));
}

#[tokio::test]
async fn lasting_trouble_is_reported() {
    let server = Server::script(vec![failed(StatusCode::SERVICE_UNAVAILABLE)]).await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(
        error.to_string().contains("503") && error.to_string().contains("not now"),
        "{error}"
    );
    assert_eq!(server.seen().len(), 3);
    assert_eq!(failure(error), Failure::Unreachable);
}

#[tokio::test]
async fn a_wait_that_is_too_long_is_reported_at_once() {
    let mut later = HeaderMap::new();
    later.insert("retry-after", HeaderValue::from_static("3600"));
    let server = Server::script(vec![(StatusCode::SERVICE_UNAVAILABLE, later, Vec::new())]).await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(error.to_string().contains("try again in 3600 s"), "{error}");
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_refusal_is_not_repeated() {
    for code in [
        StatusCode::BAD_REQUEST,
        StatusCode::CONFLICT,
        StatusCode::METHOD_NOT_ALLOWED,
        StatusCode::NOT_FOUND,
    ] {
        let server = Server::script(vec![failed(code)]).await;
        let error = submit_to(&server).await.unwrap_err();
        let SubmitError::Transport(TransportError::Status { status, .. }) = &error else {
            panic!("{error}");
        };
        assert_eq!(*status, code.as_u16());
        assert_eq!(server.seen().len(), 1);
        assert_eq!(failure(error), Failure::Undone);
    }
}

#[tokio::test]
async fn only_201_is_an_answer() {
    let server = Server::script(vec![failed(StatusCode::OK)]).await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Transport(TransportError::Status { status: 200, .. })
    ));
}

#[tokio::test]
async fn a_log_that_is_not_there_cannot_be_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let submission = submission(&SigningKey::generate().unwrap());
    let error = submission
        .submit(&transport(address), None)
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Transport(TransportError::Unreachable { .. })
    ));
    assert_eq!(failure(error), Failure::Unreachable);
}

#[tokio::test]
async fn an_endless_answer_is_cut_off() {
    let long = vec![b' '; ledgerstone_client::MAX_SUBMIT_REPLY_BYTES + 1];
    let server = Server::script(vec![(StatusCode::CREATED, HeaderMap::new(), long)]).await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Transport(TransportError::TooLong { .. })
    ));
}

#[tokio::test]
async fn an_answer_that_is_no_entry_is_refused() {
    for body in [
        "",
        "[]",
        "null",
        r#"{"logIndex":"3"}"#,
        r#"{"logIndex":"3","more":1}"#,
    ] {
        let server =
            Server::script(vec![(StatusCode::CREATED, HeaderMap::new(), body.into())]).await;
        assert!(submit_to(&server).await.is_err(), "{body}");
    }
    let server = log_that(|reply| reply.inclusion_proof = None).await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Reply(LogEntryError::Missing("inclusionProof"))
    ));
}

#[tokio::test]
async fn an_answer_about_something_else_is_refused() {
    let server = log_that(|reply| *reply = MemoryLog::of(5, "entry").reply(3)).await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(matches!(error, SubmitError::OtherBody { .. }));
    assert_eq!(failure(error), Failure::Untrue);
}

#[tokio::test]
async fn an_answer_that_proves_nothing_is_refused() {
    let server = log_that(|reply| {
        let proof = reply.inclusion_proof.as_mut().unwrap();
        proof.hashes.swap(0, 1);
    })
    .await;
    let error = submit_to(&server).await.unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Untrue(LogEntryFault::Inclusion(_))
    ));
    assert_eq!(failure(error), Failure::Untrue);
}

#[tokio::test]
async fn an_answer_by_another_log_is_refused() {
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[9; 32]).unwrap();
    let others =
        TrustedLogs::new(vec![TrustedLog::new(stranger.verifier().clone()).unwrap()]).unwrap();
    let server = log_that(|_| {}).await;
    let submission = submission(&SigningKey::generate().unwrap());
    let error = submission
        .submit(&transport(server.address), Some(&others))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Untrue(LogEntryFault::UnknownLog { .. })
    ));

    // It claims to be the known one.
    let id = stranger.verifier().log_id().to_vec();
    let server =
        log_that(move |reply| reply.log_id.as_mut().unwrap().key_id = id.clone().into()).await;
    let error = submission
        .submit(&transport(server.address), Some(&others))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        SubmitError::Untrue(LogEntryFault::Checkpoint(_))
    ));
}

/// An envelope around an in-toto statement about the artifact.
fn envelope(key: &SigningKey) -> Envelope {
    let digest = artifact().digest(key.hash_algorithm()).unwrap();
    let payload = serde_json::json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{ "name": "artifact", "digest": { "sha256": hex::encode(digest.bytes()) } }],
        "predicateType": "https://example.com/predicate",
        "predicate": {},
    });
    let payload = payload.to_string().into_bytes();
    let payload_type = "application/vnd.in-toto+json".to_owned();
    let message = pre_authentication_encoding(&payload_type, &payload);
    let signed = Artifact::Bytes(message)
        .digest(key.hash_algorithm())
        .unwrap();
    let sig = key.sign(&signed).unwrap().into();
    Envelope {
        payload: payload.into(),
        payload_type,
        signatures: vec![Signature {
            sig,
            keyid: String::new(),
        }],
    }
}
