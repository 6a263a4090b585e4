//! The published `sigstore-rekor` and `sigstore-verify` crates, which know nothing of this log: one
//! writes to it and reads it, the other verifies what it returned, and refuses what was tampered
//! with.

use std::num::NonZeroU8;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_merkle::EntryBundle;
use ledgerstone_merkle::leaf_hashes;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;
use sigstore_rekor::HashedRekordV2;
use sigstore_rekor::RekorV2Client;
use sigstore_rekor::RekorV2KeyDetails;
use sigstore_trust_root::SigningConfig;
use sigstore_trust_root::TrustedRoot;
use sigstore_types::Bundle;
use sigstore_types::DerPublicKey;
use sigstore_types::Sha256Hash;
use sigstore_types::SignatureBytes;
use sigstore_verify::PublicKeyVerificationPolicy;
use sigstore_verify::Verifier;

use crate::client::checkpoint;
use crate::client::fill;
use crate::client::submit;
use crate::requests::Signer;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::server::command;

const ARTIFACT: &[u8] = b"what is signed";

/// A verifier that trusts `server`, by the files that the command line wrote.
fn verifier(server: &Server) -> Verifier {
    let directory = server.site.path().join("trust");
    let mut trust = command();
    trust
        .args(["trust", "--url", &server.url, "--out"])
        .arg(&directory);
    let output = trust.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let root = TrustedRoot::from_file(directory.join("trusted_root.json")).unwrap();
    SigningConfig::from_file(directory.join("signing_config.v0.2.json")).unwrap();
    Verifier::new(&root).unwrap()
}

fn policy(signer: &Signer) -> PublicKeyVerificationPolicy {
    PublicKeyVerificationPolicy::new(DerPublicKey::new(signer.spki()))
}

/// A bundle made of a signature and the answer of the log as it came.
fn bundle(entry: &Value, signature: &[u8]) -> Value {
    json!({
        "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "verificationMaterial": {
            "publicKey": {"hint": "a key that the verifier has"},
            "tlogEntries": [entry],
        },
        "messageSignature": {
            "messageDigest": {
                "algorithm": "SHA2_256",
                "digest": STANDARD.encode(Sha256::digest(ARTIFACT)),
            },
            "signature": STANDARD.encode(signature),
        },
    })
}

/// A bundle over an artifact in a log with other entries, and who signed it.
async fn signed_bundle(server: &Server) -> (Signer, Value) {
    fill(server, 20).await;
    let signer = Signer::new();
    let request = crate::requests::to_json(&signer.hashedrekord(ARTIFACT));
    let reply = crate::client::post(server, request.clone()).await;
    assert_eq!(reply.status, 201);
    let request: Value = serde_json::from_str(&request).unwrap();
    let signature = &request["hashedRekordRequestV002"]["signature"]["content"];
    let signature = STANDARD.decode(signature.as_str().unwrap()).unwrap();
    (signer, bundle(&reply.json(), &signature))
}

fn parse(bundle: &Value) -> Bundle {
    Bundle::from_json(&bundle.to_string()).unwrap()
}

#[tokio::test]
async fn rekor_client_writes_and_its_entry_verifies() {
    let server = Server::start();
    fill(&server, 5).await;
    let client = RekorV2Client::new(server.url.clone()).unwrap();
    let signer = Signer::new();
    let signature = signer.sign(ARTIFACT);
    let request = HashedRekordV2::new_with_public_key(
        &Sha256Hash::new(Sha256::digest(ARTIFACT).into()),
        &SignatureBytes::from_bytes(&signature),
        &DerPublicKey::new(signer.spki()),
        RekorV2KeyDetails::PkixEcdsaP256Sha256,
    );
    // The client checks the reply against its request, and refuses promises, dates, and missing
    // proofs.
    let entry = client.create_entry(request.clone()).await.unwrap();
    assert_eq!(entry.log_index.get(), 5);
    let again = client.create_entry(request).await.unwrap();
    assert_eq!(again.log_index.get(), 5, "a retry is the same entry");

    let bundle = bundle(&serde_json::to_value(&entry).unwrap(), &signature);
    let result = verifier(&server).verify(ARTIFACT, &parse(&bundle), &policy(&signer));
    assert!(result.unwrap().tlog_verified());
}

#[tokio::test]
async fn rekor_client_reads_checkpoint_tiles_and_bundles() {
    let server = Server::start();
    let bodies = fill(&server, 300).await;
    let client = RekorV2Client::new(server.url.clone()).unwrap();
    let head = checkpoint(&server).await;
    let read = client.get_checkpoint().await.unwrap();
    assert_eq!((read.origin(), read.tree_size()), (ORIGIN, 300));
    assert_eq!(read.root_hash().as_bytes(), head.root.as_bytes());
    let leaves: Vec<u8> = leaf_hashes(&bodies)
        .iter()
        .flat_map(|hash| *hash.as_bytes())
        .collect();
    let full = client.get_tile(0, 0, None).await.unwrap();
    assert_eq!(full.bytes, leaves[..256 * 32]);
    let partial = client.get_tile(0, 1, NonZeroU8::new(44)).await.unwrap();
    assert_eq!(partial.bytes, leaves[256 * 32..]);
    let bundle = client
        .get_entry_bundle(1, NonZeroU8::new(44))
        .await
        .unwrap();
    assert_eq!(EntryBundle::decode(&bundle.bytes).unwrap(), bodies[256..]);
    assert!(client.get_tile(0, 2, None).await.is_err());
}

#[tokio::test]
async fn verifier_accepts_the_answer_as_it_came() {
    let server = Server::start();
    let (signer, bundle) = signed_bundle(&server).await;
    let result = verifier(&server).verify(ARTIFACT, &parse(&bundle), &policy(&signer));
    assert!(result.unwrap().tlog_verified());
}

#[tokio::test]
async fn verifier_accepts_an_envelope_logged_by_what_it_signs() {
    let server = Server::start();
    let signer = Signer::new();
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{
            "name": "artifact",
            "digest": {"sha256": hex::encode(Sha256::digest(ARTIFACT))},
        }],
        "predicateType": "https://example.com/predicate/v1",
        "predicate": {},
    });
    let (payload, payload_type) = (statement.to_string(), "application/vnd.in-toto+json");
    let signed = pre_authentication_encoding(payload_type, payload.as_bytes());
    let request = crate::requests::to_json(&signer.hashedrekord(&signed));
    let entry = crate::client::post(&server, request.clone()).await.json();
    let request: Value = serde_json::from_str(&request).unwrap();
    let signature = &request["hashedRekordRequestV002"]["signature"]["content"];
    let mut bundle = bundle(&entry, b"");
    bundle.as_object_mut().unwrap().remove("messageSignature");
    bundle["dsseEnvelope"] = json!({
        "payload": STANDARD.encode(&payload),
        "payloadType": payload_type,
        "signatures": [{"sig": signature}],
    });
    let result = verifier(&server).verify(ARTIFACT, &parse(&bundle), &policy(&signer));
    assert!(result.unwrap().tlog_verified());
    bundle["dsseEnvelope"]["payload"] = STANDARD.encode("{}").into();
    let result = verifier(&server).verify(ARTIFACT, &parse(&bundle), &policy(&signer));
    assert!(result.is_err());
}

#[tokio::test]
async fn verifier_refuses_what_was_tampered_with() {
    let server = Server::start();
    let (signer, sound) = signed_bundle(&server).await;
    let other = submit(&server, &Signer::new().hashedrekord(ARTIFACT))
        .await
        .json();
    let verifier = verifier(&server);
    let entry = "/verificationMaterial/tlogEntries/0";
    let hash = STANDARD.encode([7; 32]);
    let tampered = [
        ("/logIndex", json!("3")),
        ("/inclusionProof/hashes/0", json!(hash)),
        ("/inclusionProof/hashes", json!([])),
        (
            "/inclusionProof/checkpoint",
            other["inclusionProof"]["checkpoint"].clone(),
        ),
        (
            "/inclusionProof/checkpoint/envelope",
            flipped_signature(&sound),
        ),
        ("/canonicalizedBody", other["canonicalizedBody"].clone()),
        ("", other.clone()),
    ];
    for (field, value) in tampered {
        let mut bundle = sound.clone();
        let place = bundle.pointer_mut(&format!("{entry}{field}")).unwrap();
        assert_ne!(*place, value, "{field} is as it was");
        *place = value;
        // Some of it cannot even be read.
        let refused = match Bundle::from_json(&bundle.to_string()) {
            Ok(bundle) => verifier
                .verify(ARTIFACT, &bundle, &policy(&signer))
                .is_err(),
            Err(_) => true,
        };
        assert!(refused, "{field} is believed");
    }
    assert!(
        verifier
            .verify(b"another artifact", &parse(&sound), &policy(&signer))
            .is_err()
    );
    assert!(
        verifier
            .verify(ARTIFACT, &parse(&sound), &policy(&Signer::new()))
            .is_err()
    );
    verifier
        .verify(ARTIFACT, &parse(&sound), &policy(&signer))
        .unwrap();
}

/// The checkpoint of a bundle with one bit of its signature flipped.
fn flipped_signature(bundle: &Value) -> Value {
    let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
    let note = entry["inclusionProof"]["checkpoint"]["envelope"]
        .as_str()
        .unwrap();
    let (head, signature) = note.trim_end().rsplit_once(' ').unwrap();
    let mut signature = STANDARD.decode(signature).unwrap();
    *signature.last_mut().unwrap() ^= 1;
    format!("{head} {}\n", STANDARD.encode(signature)).into()
}

#[tokio::test]
async fn verifier_refuses_the_entry_of_another_log() {
    let (server, other) = (Server::start(), Server::start());
    let (signer, bundle) = signed_bundle(&server).await;
    let result = verifier(&other).verify(ARTIFACT, &parse(&bundle), &policy(&signer));
    assert!(
        result.is_err(),
        "the other log has the same name, but other keys"
    );
}
