//! Signatures that lie in files of their own, and bundles as cosign wrote them before Sigstore's:
//! made here of published bundles, whose promises are real.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleContent;
use ledgerstone_client::BundleError;
use ledgerstone_client::BundleMaterial;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::Instance;
use ledgerstone_client::LogEntryFault;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::Unchecked;
use ledgerstone_client::VerifyError;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify;
use ledgerstone_entry::pem;
use serde_json::Value;
use serde_json::json;

use crate::private_sigstore::NOW;
use crate::private_sigstore::PrivateSigstore;
use crate::private_sigstore::Settings;
use crate::support::fixtures;

/// A published bundle of the public instance in cosign's form, and its artifact.
fn cosign(name: &str) -> Option<(Value, Artifact)> {
    let folder = fixtures()?.join("bundles");
    let json = fs::read(folder.join(name).join("bundle.sigstore.json")).unwrap();
    let bundle = Bundle::parse(&json).unwrap();
    let message = bundle.entries[0].message();
    let certificate = match &bundle.material {
        BundleMaterial::Certificate(der) => pem::encode(pem::CERTIFICATE, der),
        BundleMaterial::PublicKey { .. } => String::new(),
    };
    let signature = match &bundle.content {
        BundleContent::Message { signature, .. } => signature.to_vec(),
        BundleContent::Dsse(envelope) => serde_json::to_vec(envelope).unwrap(),
        BundleContent::SimpleSigning { .. } => panic!("no bundle has one"),
    };
    let promise = message.inclusion_promise.as_ref().unwrap();
    let cosign = json!({
        "base64Signature": STANDARD.encode(signature),
        "cert": STANDARD.encode(certificate),
        "rekorBundle": {
            "SignedEntryTimestamp": STANDARD.encode(&promise.signed_entry_timestamp),
            "Payload": {
                "body": STANDARD.encode(&message.canonicalized_body),
                "integratedTime": message.integrated_time,
                "logIndex": message.log_index,
                "logID": hex::encode(&message.log_id.as_ref().unwrap().key_id),
            },
        },
    });
    Some((cosign, Artifact::File(folder.join("a.txt"))))
}

fn any() -> Expectation {
    Expectation::of(ExpectedSigner::AnyCertified)
}

#[test]
fn old_bundles_of_cosign_verify() {
    let trust = Instance::named("sigstore").unwrap().shipped().unwrap();
    for name in ["v1-hashedrekord", "v1-dsse"] {
        let Some((json, artifact)) = cosign(name) else {
            return;
        };
        let text = json.to_string();
        assert!(Bundle::is_cosign(text.as_bytes()));
        let bundle = Bundle::parse_cosign(text.as_bytes()).unwrap();
        let verified = verify(&bundle, &artifact, &any(), &trust).unwrap();
        assert!(verified.not_checked.contains(&Unchecked::Inclusion));
        assert!(verified.certified.is_some());

        let other = Artifact::Bytes(b"another".to_vec());
        assert!(verify(&bundle, &other, &any(), &trust).is_err());
        let mut changed = json.clone();
        let time = &mut changed["rekorBundle"]["Payload"]["integratedTime"];
        *time = (time.as_i64().unwrap() + 1).into();
        let changed = Bundle::parse_cosign(changed.to_string().as_bytes()).unwrap();
        let error = verify(&changed, &artifact, &any(), &trust).unwrap_err();
        assert!(
            matches!(error, VerifyError::LogEntry(LogEntryFault::Promise)),
            "{error}"
        );
    }
}

#[test]
fn an_old_bundle_of_a_key_needs_the_key() {
    let trust = Instance::named("sigstore").unwrap().shipped().unwrap();
    let Some((json, artifact)) = cosign("v1-managed-key") else {
        return;
    };
    let bundle = Bundle::parse_cosign(json.to_string().as_bytes()).unwrap();
    let error = verify(&bundle, &artifact, &any(), &trust).unwrap_err();
    assert!(matches!(error, VerifyError::KeyNeeded { .. }), "{error}");
    let key = fixtures().unwrap().join("bundles/v1-managed-key/key.pub");
    let (key, _) = read_verifier_pem(&fs::read_to_string(key).unwrap()).unwrap();
    let expected = Expectation::of(ExpectedSigner::Key(Box::new(key.into())));
    verify(&bundle, &artifact, &expected, &trust).unwrap();
}

#[test]
fn a_detached_certificate_needs_a_time() {
    let sigstore = PrivateSigstore::new(&Settings::default());
    let trust = sigstore.trusted_root.to_string();
    let trust = TrustedRoot::parse_at(trust.as_bytes(), NOW + 2_000_000).unwrap();
    let BundleMaterial::Certificate(der) = &sigstore.bundle.material else {
        panic!("a certificate")
    };
    let BundleContent::Message { signature, .. } = &sigstore.bundle.content else {
        panic!("a message")
    };
    let certificate = pem::encode(pem::CERTIFICATE, der);
    let mut expected = sigstore.expected.clone();
    expected.thresholds.log_entries = 0;
    let text = STANDARD.encode(signature);
    for file in [&signature[..], text.as_bytes()] {
        let stamps = sigstore.bundle.timestamps.clone();
        let bundle = Bundle::detached(file, Some(&certificate), stamps).unwrap();
        verify(&bundle, &sigstore.artifact, &expected, &trust).unwrap();
        let bundle = Bundle::detached(file, Some(&certificate), Vec::new()).unwrap();
        let error = verify(&bundle, &sigstore.artifact, &expected, &trust).unwrap_err();
        assert!(matches!(error, VerifyError::NoTime), "{error}");
    }
    // A root has no place beside it.
    let root = pem::encode(pem::CERTIFICATE, &sigstore.root.der);
    let error = Bundle::detached(signature, Some(&format!("{certificate}{root}")), Vec::new());
    assert!(matches!(error, Err(BundleError::Root)));
    let error = Bundle::detached(b"", None, Vec::new());
    assert!(matches!(error, Err(BundleError::Missing("signature"))));
}

#[test]
fn what_is_no_bundle_of_cosign_is_refused() {
    for text in ["", "{}", "[]", r#"{"base64Signature":7}"#] {
        assert!(!Bundle::is_cosign(text.as_bytes()), "{text}");
        assert!(Bundle::parse_cosign(text.as_bytes()).is_err(), "{text}");
    }
    for text in [
        r#"{"base64Signature":"*"}"#,
        r#"{"base64Signature":""}"#,
        r#"{"base64Signature":"AA==","cert":"*"}"#,
        r#"{"base64Signature":"AA==","rekorBundle":{"SignedEntryTimestamp":"AA==",
            "Payload":{"body":"e30=","integratedTime":1,"logIndex":1,"logID":"00"}}}"#,
    ] {
        assert!(Bundle::parse_cosign(text.as_bytes()).is_err(), "{text}");
    }
}
