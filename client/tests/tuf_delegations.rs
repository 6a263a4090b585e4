//! A TUF repository whose trusted root is left to another role: followed, kept for offline use, and
//! refused where that role's metadata is missing or another's.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;

use axum::http::StatusCode;
use axum::response::IntoResponse;
use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use ledgerstone_client::Repository;
use ledgerstone_client::RepositoryError;
use ledgerstone_tuf::TufError;
use ledgerstone_tuf::canonical;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Server;
use crate::support::transport;

/// 2026-01-01, a day before everything ends.
const NOW: i64 = 1_767_225_600;

const TRUSTED_ROOT: &[u8] =
    br#"{"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1", "tlogs": []}"#;

/// A name that must not lead anywhere else.
const ROLE: &str = "../roots of/sigstore";

const ROLE_PATH: &str = "/1.%2E.%2Froots%20of%2Fsigstore.json";

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn id(seed: u8) -> String {
    hex::encode(Sha256::digest(key(seed).verifying_key().as_bytes()))
}

fn keys() -> Value {
    let keys = [1, 2].map(|seed| {
        let public = hex::encode(key(seed).verifying_key().as_bytes());
        let key = json!({"keytype": "ed25519", "scheme": "ed25519", "keyval": {"public": public}});
        (id(seed), key)
    });
    Value::Object(keys.into_iter().collect())
}

/// Metadata of version 1, signed by the key of `seed`.
fn metadata(kind: &str, seed: u8, content: Value) -> Vec<u8> {
    let mut signed = json!({
        "_type": kind, "spec_version": "1.0", "version": 1, "expires": "2026-01-02T00:00:00Z",
    });
    let members = content.as_object().unwrap().clone();
    signed.as_object_mut().unwrap().extend(members);
    let signature = key(seed)
        .sign(&canonical::to_vec(&signed).unwrap())
        .to_bytes();
    let signatures = json!([{"keyid": id(seed), "sig": hex::encode(signature)}]);
    json!({"signatures": signatures, "signed": signed})
        .to_string()
        .into_bytes()
}

/// What the role lists, signed by the key of `seed`.
fn role(seed: u8) -> Vec<u8> {
    let hash = hex::encode(Sha256::digest(TRUSTED_ROOT));
    let listed = json!({"trusted_root.json": {
        "length": TRUSTED_ROOT.len(), "hashes": {"sha256": hash},
    }});
    metadata("targets", seed, json!({"targets": listed}))
}

fn root() -> Vec<u8> {
    let role = json!({"keyids": [id(1)], "threshold": 1});
    metadata(
        "root",
        1,
        json!({
            "consistent_snapshot": true, "keys": keys(),
            "roles": {"root": role, "timestamp": role, "snapshot": role, "targets": role},
        }),
    )
}

fn files() -> HashMap<String, Vec<u8>> {
    let meta = |names: &[String]| {
        let meta = names
            .iter()
            .map(|name| (name.clone(), json!({"version": 1})));
        json!({"meta": serde_json::Map::from_iter(meta)})
    };
    let delegation = json!({"name": ROLE, "keyids": [id(2)], "threshold": 1,
        "terminating": true, "paths": ["trusted_root.*"]});
    let top = json!({"targets": {}, "delegations": {"keys": keys(), "roles": [delegation]}});
    let hash = hex::encode(Sha256::digest(TRUSTED_ROOT));
    let listed = ["targets.json".to_owned(), format!("{ROLE}.json")];
    let stamp = meta(&["snapshot.json".to_owned()]);
    HashMap::from([
        (
            "/timestamp.json".to_owned(),
            metadata("timestamp", 1, stamp),
        ),
        (
            "/1.snapshot.json".to_owned(),
            metadata("snapshot", 1, meta(&listed)),
        ),
        ("/1.targets.json".to_owned(), metadata("targets", 1, top)),
        (ROLE_PATH.to_owned(), role(2)),
        (
            format!("/targets/{hash}.trusted_root.json"),
            TRUSTED_ROOT.to_vec(),
        ),
    ])
}

#[tokio::test]
async fn a_trusted_root_that_is_left_to_another_role_is_found() {
    let files = Arc::new(Mutex::new(files()));
    let shown = Arc::clone(&files);
    let server = Server::start(move |seen| match shown.lock().unwrap().get(&seen.path) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}", server.address);
    let repository = Repository::new(&url, &root(), folder.path());
    let transport = transport(server.address);
    let found = repository.refresh(&transport, NOW).await.unwrap();
    assert_eq!(repository.kept(NOW).unwrap(), Some(found));
    let paths: Vec<_> = server.seen().into_iter().map(|seen| seen.path).collect();
    assert!(paths.contains(&ROLE_PATH.to_owned()), "{paths:?}");

    // By a key that the targets do not name for the role.
    files.lock().unwrap().insert(ROLE_PATH.to_owned(), role(1));
    let error = repository.refresh(&transport, NOW).await.unwrap_err();
    assert!(
        matches!(
            &error,
            RepositoryError::Metadata { reason: TufError::Delegated { name, .. }, .. }
                if name == ROLE
        ),
        "{error}"
    );
    files.lock().unwrap().remove(ROLE_PATH);
    let error = repository.refresh(&transport, NOW).await.unwrap_err();
    assert!(matches!(error, RepositoryError::Missing { .. }), "{error}");
}
