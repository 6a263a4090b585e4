//! Proposals of Rekor v1, as its clients make them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_entry::v1::canonical;
use ledgerstone_entry::v1::prepare;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::PAYLOAD_TYPE;
use crate::support::Signer;

pub(crate) fn create(proposal: &Value) -> Result<PreparedEntry, V1Reject> {
    create_with(proposal, &V1Policy::default())
}

pub(crate) fn create_with(proposal: &Value, policy: &V1Policy) -> Result<PreparedEntry, V1Reject> {
    prepare(
        &ProposedEntry::parse(proposal.to_string().as_bytes())?,
        policy,
    )
}

pub(crate) fn look_up(proposal: &Value) -> Result<PreparedEntry, V1Reject> {
    let proposed = ProposedEntry::parse(proposal.to_string().as_bytes())?;
    canonical(&proposed, &V1Policy::default())
}

/// The one reason for which both ways of reading `proposal` refuse it.
pub(crate) fn refusal(proposal: &Value) -> V1Reject {
    let refused = create(proposal).expect_err("the proposal breaks a rule");
    assert_eq!(look_up(proposal), Err(refused.clone()));
    refused
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn proposal(kind: &str, version: &str, spec: &Value) -> Value {
    json!({"kind": kind, "apiVersion": version, "spec": spec})
}

/// PEM, written by other code than that under test.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let digits = encode(der);
    let lines: Vec<&str> = digits
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

pub(crate) fn public_key_pem(signer: &Signer) -> String {
    pem("PUBLIC KEY", &signer.spki())
}

pub(crate) fn hashedrekord(hash: &str, value: &str, signature: &[u8], key: &str) -> Value {
    proposal(
        "hashedrekord",
        "0.0.1",
        &json!({
            "data": {"hash": {"algorithm": hash, "value": value}},
            "signature": {"content": encode(signature), "publicKey": {"content": encode(key)}},
        }),
    )
}

/// A hashedrekord proposal that is in order.
pub(crate) fn signed_hashedrekord(signer: &Signer, artifact: &[u8]) -> Value {
    let digest = signer.digest(artifact);
    let hash = match digest.len() {
        48 => "sha384",
        64 => "sha512",
        _ => "sha256",
    };
    let signature = signer.sign(artifact);
    hashedrekord(
        hash,
        &hex::encode(digest),
        &signature,
        &public_key_pem(signer),
    )
}

/// A DSSE envelope over `payload`, with a signature by each of `signers`.
pub(crate) fn envelope(payload: &[u8], signers: &[&Signer]) -> Value {
    let encoding = pre_authentication_encoding(PAYLOAD_TYPE, payload);
    let signatures: Vec<Value> = signers
        .iter()
        .map(|signer| json!({"keyid": "", "sig": encode(signer.sign(&encoding))}))
        .collect();
    json!({"payloadType": PAYLOAD_TYPE, "payload": encode(payload), "signatures": signatures})
}

pub(crate) fn dsse(envelope: &str, verifiers: &[String]) -> Value {
    let verifiers: Vec<String> = verifiers.iter().map(encode).collect();
    let content = json!({"envelope": envelope, "verifiers": verifiers});
    proposal("dsse", "0.0.1", &json!({"proposedContent": content}))
}

/// A dsse proposal that is in order.
pub(crate) fn signed_dsse(payload: &[u8], signers: &[&Signer]) -> Value {
    let verifiers: Vec<String> = signers
        .iter()
        .map(|signer| public_key_pem(signer))
        .collect();
    dsse(&envelope(payload, signers).to_string(), &verifiers)
}

pub(crate) fn intoto_v001(envelope: &str, key: &str) -> Value {
    let spec = json!({"content": {"envelope": envelope}, "publicKey": encode(key)});
    proposal("intoto", "0.0.1", &spec)
}

/// An intoto 0.0.2 proposal of `envelope`, whose signatures verify with `keys` in order.
pub(crate) fn intoto_v002(envelope: &Value, keys: &[String]) -> Value {
    let signatures = envelope["signatures"].as_array().unwrap().iter().zip(keys);
    let signatures: Vec<Value> = signatures
        .map(|(signature, key)| {
            let sig = encode(signature["sig"].as_str().unwrap());
            json!({"keyid": signature["keyid"], "sig": sig, "publicKey": encode(key)})
        })
        .collect();
    let content = json!({
        "envelope": {
            "payloadType": envelope["payloadType"],
            "payload": encode(envelope["payload"].as_str().unwrap()),
            "signatures": signatures,
        },
        "hash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(envelope.to_string()))},
    });
    proposal("intoto", "0.0.2", &json!({"content": content}))
}

pub(crate) fn signed_intoto_v002(payload: &[u8], signers: &[&Signer]) -> Value {
    let keys: Vec<String> = signers
        .iter()
        .map(|signer| public_key_pem(signer))
        .collect();
    intoto_v002(&envelope(payload, signers), &keys)
}

pub(crate) fn rekord(format: &str, artifact: &[u8], signature: &[u8], key: &[u8]) -> Value {
    proposal(
        "rekord",
        "0.0.1",
        &json!({
            "data": {"content": encode(artifact)},
            "signature": {
                "format": format,
                "content": encode(signature),
                "publicKey": {"content": encode(key)},
            },
        }),
    )
}

/// The entry without its envelope, as a client that has only the logged form asks for it.
pub(crate) fn logged(entry: &PreparedEntry) -> Value {
    serde_json::from_slice(&entry.body).unwrap()
}

pub(crate) fn ed25519() -> Signer {
    Signer::new(SigningAlgorithm::Ed25519)
}

/// A statement about an artifact, made of a material.
pub(crate) const STATEMENT: &str = concat!(
    r#"{"_type":"https://in-toto.io/Statement/v0.1","subject":[{"name":"a","#,
    r#""digest":{"sha256":"AA"}}],"predicateType":"https://slsa.dev/provenance/v0.2","#,
    r#""predicate":{"materials":[{"uri":"m","digest":{"sha1":"bb"}}]}}"#,
);
