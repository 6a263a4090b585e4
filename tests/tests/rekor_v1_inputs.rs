//! What each kind of Rekor v1 refuses, rule by rule (rekor-v1, section 4).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_tests::proposals::Signer;
use ledgerstone_tests::proposals::statement;
use serde_json::Value;
use serde_json::json;

use crate::rekor_v1::V1;

/// `value` with another one at `pointer`, or with nothing there. A member that is not there yet is
/// added.
pub(crate) fn with(value: &Value, pointer: &str, replacement: impl Into<Option<Value>>) -> Value {
    let mut value = value.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = value.pointer_mut(parent).unwrap();
    match (parent, replacement.into()) {
        (Value::Object(members), Some(replacement)) => {
            drop(members.insert(name.to_owned(), replacement))
        }
        (Value::Object(members), None) => assert!(members.remove(name).is_some(), "{pointer}"),
        (Value::Array(items), Some(replacement)) => {
            items[name.parse::<usize>().unwrap()] = replacement
        }
        (Value::Array(items), None) => drop(items.remove(name.parse().unwrap())),
        (other, _) => panic!("{pointer} is in {other}"),
    }
    value
}

fn base64(text: impl AsRef<[u8]>) -> Value {
    STANDARD.encode(text).into()
}

fn pem(label: &str, content: &[u8]) -> Value {
    base64(format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(content)
    ))
}

/// Submits a proposal that has to be refused for a reason that starts so, and asks for it, which
/// has to be too.
async fn refused(v1: &V1, proposal: &Value, reason: &str) {
    let reply = v1.submit(proposal).await;
    reply.must_fail(400, 400, &format!("error processing entry: {reason}"));
    let reply = v1.retrieve(&json!({"entries": [proposal]})).await;
    reply.must_fail(400, 400, reason);
}

#[tokio::test]
async fn hashedrekord() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let good = signer.hashedrekord(b"artifact");
    let key = "/spec/signature/publicKey/content";
    let (hash, value) = ("/spec/data/hash", "/spec/data/hash/value");
    let whole = good.pointer(value).unwrap().as_str().unwrap();
    for (pointer, replacement, reason) in [
        ("/spec/data", None, "missing data"),
        (hash, None, "missing hash"),
        ("/spec/data/hash/algorithm", None, "missing hash algorithm"),
        (
            "/spec/data/hash/algorithm",
            Some(json!("sha1")),
            "hash algorithm \"sha1\"",
        ),
        (
            "/spec/data/hash/algorithm",
            Some(json!("SHA256")),
            "hash algorithm \"SHA256\"",
        ),
        (value, None, "missing hash value"),
        (value, Some(json!("")), "invalid value for hash"),
        (value, Some(json!(whole[1..])), "invalid value for hash"),
        (
            value,
            Some(json!(format!("{whole}00"))),
            "invalid value for hash",
        ),
        (value, Some(json!("g".repeat(64))), "invalid value for hash"),
        (value, Some(json!("0".repeat(64))), "verifying signature"),
        // A digest as long as another function makes it, and that function: neither fits alone, nor
        // do both together.
        (
            "/spec/data/hash/algorithm",
            Some(json!("sha512")),
            "invalid value for hash",
        ),
        ("/spec/signature", None, "missing signature"),
        ("/spec/signature/content", None, "missing signature content"),
        (
            "/spec/signature/content",
            Some(json!("")),
            "missing signature content",
        ),
        (
            "/spec/signature/content",
            Some(json!("AA")),
            "failed parsing base64 data",
        ),
        (
            "/spec/signature/content",
            Some(json!("_-_-")),
            "failed parsing base64 data",
        ),
        (
            "/spec/signature/content",
            Some(base64("no signature")),
            "verifying signature",
        ),
        ("/spec/signature/publicKey", None, "missing public key"),
        (key, None, "missing public key content"),
        (key, Some(json!("no base64!")), "failed parsing base64 data"),
        (
            key,
            Some(base64("no PEM")),
            "invalid public key: failure decoding PEM",
        ),
        (
            key,
            Some(base64([0xff, 0xfe])),
            "invalid public key: failure decoding PEM",
        ),
        (
            key,
            Some(pem("PGP PUBLIC KEY BLOCK", b"key")),
            "invalid public key: cannot handle type PGP PUBLIC KEY BLOCK",
        ),
        (
            key,
            Some(pem("PRIVATE KEY", b"key")),
            "invalid public key: cannot handle type PRIVATE KEY",
        ),
        (key, Some(pem("PUBLIC KEY", b"no key")), ""),
        (key, Some(pem("CERTIFICATE", b"no certificate")), ""),
        (
            key,
            Some(json!(Signer::new().public_key_base64())),
            "verifying signature",
        ),
        (
            key,
            Some(base64(signer.public_key_pem().repeat(2))),
            "invalid public key: cannot handle type PUBLIC KEY",
        ),
    ] {
        refused(&v1, &with(&good, pointer, replacement), reason).await;
    }
    assert_eq!(v1.size().await, 0);
}

/// dsse and intoto 0.0.1 take an envelope in JSON.
#[tokio::test]
async fn kinds_with_an_envelope_as_text() {
    let v1 = V1::start().await;
    let (signer, other) = (Signer::new(), Signer::new());
    let envelope = signer.envelope(&statement(b"artifact"));
    let dsse = |envelope: &Value| signer.dsse_of(&envelope.to_string());
    let intoto = |envelope: &Value| {
        let proposal = signer.intoto_v001(b"payload");
        with(
            &proposal,
            "/spec/content/envelope",
            json!(envelope.to_string()),
        )
    };
    let unverified = "could not verify envelope: accepted signatures do not match threshold, \
                      Found: 0, Expected 1";
    let none = "DSSE envelope must contain 1 or more signatures";
    let signature = &envelope["signatures"][0];
    for (pointer, replacement, reason) in [
        ("/signatures", None, none),
        ("/signatures", Some(json!([])), none),
        ("/signatures", Some(json!(null)), none),
        ("/signatures", Some(json!({})), none),
        ("/signatures", Some(json!([null])), unverified),
        ("/signatures", Some(json!([[]])), unverified),
        (
            "/signatures",
            Some(json!(vec![signature; 11])),
            "11 signatures are too many, at most 10 are taken",
        ),
        (
            "/signatures",
            Some(json!(vec![signature; 10_000])),
            "10000 signatures are too many, at most 10 are taken",
        ),
        ("/signatures/0/sig", None, unverified),
        ("/signatures/0/sig", Some(json!("")), unverified),
        (
            "/signatures/0/sig",
            Some(json!("no base64")),
            "failed parsing base64 data for a signature of the envelope",
        ),
        (
            "/signatures/0/sig",
            Some(json!(other.sign(b"artifact"))),
            unverified,
        ),
        ("/payload", None, unverified),
        (
            "/payload",
            Some(json!("no base64")),
            "failed parsing base64 data for the payload of the envelope",
        ),
        ("/payload", Some(base64("another")), unverified),
        ("/payloadType", None, unverified),
        ("/payloadType", Some(json!("another")), unverified),
    ] {
        let envelope = with(&envelope, pointer, replacement);
        refused(&v1, &dsse(&envelope), reason).await;
        refused(&v1, &intoto(&envelope), reason).await;
    }
    for text in ["no JSON", "{", "{} {}"] {
        let told = "the envelope is not a DSSE envelope";
        refused(&v1, &signer.dsse_of(text), told).await;
        refused(
            &v1,
            &with(&intoto(&envelope), "/spec/content/envelope", json!(text)),
            told,
        )
        .await;
    }
    let (content, verifiers) = ("/spec/proposedContent", "/spec/proposedContent/verifiers");
    let good = dsse(&envelope);
    let keys = |keys: &[&Signer]| {
        Some(json!(
            keys.iter()
                .map(|key| key.public_key_base64())
                .collect::<Vec<_>>()
        ))
    };
    for (pointer, replacement, reason) in [
        (
            content,
            None,
            "either proposedContent or envelopeHash, payloadHash, and signatures must be present",
        ),
        (
            "/spec/proposedContent/envelope",
            None,
            "missing proposed content envelope",
        ),
        (verifiers, None, "missing verifiers"),
        (verifiers, Some(json!([])), "missing verifiers"),
        (verifiers, Some(json!([null])), "missing verifier"),
        (
            verifiers,
            Some(json!(["no base64"])),
            "failed parsing base64 data for verifier",
        ),
        (
            verifiers,
            Some(json!([base64("no PEM")])),
            "invalid public key: failure decoding PEM",
        ),
        (verifiers, keys(&[&other]), unverified),
        (verifiers, keys(&[&other, &signer]), unverified),
        (
            verifiers,
            keys(&[&signer; 11]),
            "11 verifiers are too many, at most 10 are taken",
        ),
        (
            "/spec/payloadHash",
            Some(json!({"algorithm": "sha256", "value": "0".repeat(64)})),
            "either proposedContent or envelopeHash, payloadHash, and signatures must be present \
             but not both",
        ),
    ] {
        refused(&v1, &with(&good, pointer, replacement), reason).await;
    }
    // A key stands for one signature: two by one key cannot both be matched.
    let mut twice = envelope.clone();
    let again = signer.envelope(&statement(b"artifact"))["signatures"][0].clone();
    twice["signatures"].as_array_mut().unwrap().push(again);
    refused(
        &v1,
        &dsse(&twice),
        "all signatures must have a key that verifies it",
    )
    .await;

    let good = intoto(&envelope);
    for (pointer, replacement, reason) in [
        ("/spec/content", None, "missing content"),
        (
            "/spec/content/envelope",
            None,
            "missing hash value for envelope",
        ),
        (
            "/spec/content/envelope",
            Some(json!("")),
            "missing hash value for envelope",
        ),
        ("/spec/publicKey", None, "missing public key"),
        (
            "/spec/publicKey",
            Some(json!("no base64")),
            "failed parsing base64 data for public key",
        ),
        (
            "/spec/publicKey",
            Some(base64("no PEM")),
            "invalid public key: failure decoding PEM",
        ),
        (
            "/spec/publicKey",
            Some(json!(other.public_key_base64())),
            unverified,
        ),
    ] {
        refused(&v1, &with(&good, pointer, replacement), reason).await;
    }
    let named = with(&envelope, "/signatures/0/keyid", json!("SHA256:another"));
    refused(&v1, &intoto(&named), unverified).await;
    // dsse ignores the name of the key.
    v1.create(&dsse(&named)).await;
    assert_eq!(v1.size().await, 1);
}

#[tokio::test]
async fn intoto_002() {
    let v1 = V1::start().await;
    let (signer, other) = (Signer::new(), Signer::new());
    let good = signer.intoto_v002(&statement(b"artifact"));
    let unverified = "could not verify envelope: accepted signatures do not match threshold, \
                      Found: 0, Expected 1";
    let signature = good.pointer("/spec/content/envelope/signatures/0").unwrap();
    let again = signer.intoto_v002(&statement(b"artifact"));
    let again = again
        .pointer("/spec/content/envelope/signatures/0")
        .unwrap();
    for (pointer, replacement, reason) in [
        ("/spec/content", None, "missing content"),
        ("/spec/content/hash", None, "missing envelope digest"),
        ("/spec/content/hash/value", None, "missing hash value"),
        (
            "/spec/content/hash/algorithm",
            Some(json!("sha1")),
            "hash algorithm \"sha1\"",
        ),
        ("/spec/content/envelope", None, "missing envelope"),
        (
            "/spec/content/envelope/payloadType",
            None,
            "missing payloadType",
        ),
        (
            "/spec/content/envelope/payload",
            Some(json!("no base64")),
            "failed parsing base64 data for payload",
        ),
        // Base64 of what is no base64 itself: this kind has it twice.
        (
            "/spec/content/envelope/payload",
            Some(base64("no base64")),
            "failed parsing base64 data for payload",
        ),
        (
            "/spec/content/envelope/payload",
            Some(base64([0xff])),
            "failed parsing base64 data for payload",
        ),
        (
            "/spec/content/envelope/payload",
            Some(base64(STANDARD.encode("another"))),
            unverified,
        ),
        (
            "/spec/content/envelope/signatures",
            None,
            "DSSE envelope must contain 1 or more signatures",
        ),
        (
            "/spec/content/envelope/signatures",
            Some(json!([])),
            "DSSE envelope must contain 1 or more signatures",
        ),
        (
            "/spec/content/envelope/signatures",
            Some(json!([null])),
            "missing publicKey",
        ),
        (
            "/spec/content/envelope/signatures",
            Some(json!(vec![signature; 11])),
            "11 signatures are too many, at most 10 are taken",
        ),
        (
            "/spec/content/envelope/signatures",
            Some(json!([signature, again])),
            "all signatures must have a key that verifies it",
        ),
        (
            "/spec/content/envelope/signatures/0/sig",
            None,
            "missing signature",
        ),
        (
            "/spec/content/envelope/signatures/0/sig",
            Some(base64("no base64")),
            "failed parsing base64 data for a signature of the envelope",
        ),
        (
            "/spec/content/envelope/signatures/0/publicKey",
            None,
            "missing publicKey",
        ),
        (
            "/spec/content/envelope/signatures/0/publicKey",
            Some(base64("no PEM")),
            "invalid public key: failure decoding PEM",
        ),
        (
            "/spec/content/envelope/signatures/0/publicKey",
            Some(json!(other.public_key_base64())),
            unverified,
        ),
    ] {
        refused(&v1, &with(&good, pointer, replacement), reason).await;
    }
    let no_payload = with(&good, "/spec/content/envelope/payload", None);
    v1.submit(&no_payload)
        .await
        .must_fail(400, 400, "error processing entry: ");
    assert_eq!(v1.size().await, 0);
}

#[tokio::test]
async fn rekord() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let good = signer.rekord(b"artifact");
    let format = "/spec/signature/format";
    let key = "/spec/signature/publicKey/content";
    let hash = |algorithm: &str, value: &str| Some(json!({"algorithm": algorithm, "value": value}));
    for (pointer, replacement, reason) in [
        ("/spec/data", None, "missing data"),
        ("/spec/data/content", None, "missing data content"),
        (
            "/spec/data/content",
            Some(json!("")),
            "missing data content",
        ),
        (
            "/spec/data/content",
            Some(json!("no base64")),
            "failed parsing base64 data",
        ),
        (
            "/spec/data/content",
            Some(base64("another")),
            "verifying signature",
        ),
        (
            "/spec/data/hash",
            hash("sha256", &"0".repeat(64)),
            "SHA mismatch: ",
        ),
        (
            "/spec/data/hash",
            hash("sha256", "00"),
            "invalid value for hash",
        ),
        (
            "/spec/data/hash",
            hash("sha512", &"0".repeat(128)),
            "hash algorithm \"sha512\"",
        ),
        ("/spec/signature", None, "missing signature"),
        ("/spec/signature/content", None, "missing signature content"),
        (
            "/spec/signature/content",
            Some(base64("no signature")),
            "verifying signature",
        ),
        (format, None, "missing signature format"),
        (
            format,
            Some(json!("pkcs7")),
            "pkcs7 is not a supported PKI format",
        ),
        (
            format,
            Some(json!("tuf")),
            "tuf is not a supported PKI format",
        ),
        (
            format,
            Some(json!("X509")),
            "X509 is not a supported PKI format",
        ),
        (format, Some(json!("pgp")), "invalid pgp "),
        (format, Some(json!("ssh")), "invalid ssh "),
        (format, Some(json!("minisign")), "invalid minisign "),
        ("/spec/signature/publicKey", None, "missing public key"),
        (
            key,
            Some(base64("no PEM")),
            "invalid public key: failure decoding PEM",
        ),
        (
            key,
            Some(json!(Signer::new().public_key_base64())),
            "verifying signature",
        ),
    ] {
        refused(&v1, &with(&good, pointer, replacement), reason).await;
    }
    assert_eq!(v1.size().await, 0);
}

/// The kinds of which this log knows the names alone.
#[tokio::test]
async fn kinds_that_are_not_supported() {
    let v1 = V1::start().await;
    for kind in ["alpine", "cose", "helm", "jar", "rfc3161", "rpm", "tuf"] {
        let reason = format!("entries of kind '{kind}' are not supported by this log");
        for spec in [
            json!({}),
            json!({"message": null, "publicKey": null, "data": null}),
            json!({"message": "", "publicKey": "", "data": {}}),
            json!({"message": "0oRDoQEm", "publicKey": "AAAA", "data": {"aad": ""}}),
            json!({"archive": {"content": "UEsDBA=="}, "package": {"content": ""}, "tsr": {}}),
        ] {
            let proposal = json!({"kind": kind, "apiVersion": "0.0.1", "spec": spec});
            refused(&v1, &proposal, &reason).await;
        }
    }
}
