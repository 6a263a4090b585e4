//! What clients submit, and what is read back from bodies.
//!
//! Signatures cannot be guessed: where one stands before a parser, the target signs.

use std::convert::Infallible;
use std::str;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use ledgerstone_entry::AlgorithmSet;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::Claim;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::EntryDescription;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::IndexKeys;
use ledgerstone_entry::MAX_BODY_LENGTH;
use ledgerstone_entry::Policy;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::describe;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_entry::matcher::WatchRules;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::prepare;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_proto::intoto;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier::Verifier as Material;
use prost::Message;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::Target;
use crate::parts;
use crate::signer;

const ARTIFACT: &[u8] = b"artifact";

/// The target of this crate with this name.
pub fn target(name: &str) -> Option<Target> {
    Some(match name {
        "v1_proposal" => fuzz_v1_proposal,
        "v1_envelope" => fuzz_v1_envelope,
        "v1_signed_payload" => fuzz_v1_signed_payload,
        "v1_certificates" => fuzz_v1_certificates,
        "rekord_pgp" => fuzz_rekord_pgp,
        "rekord_ssh" => fuzz_rekord_ssh,
        "rekord_minisign" => fuzz_rekord_minisign,
        "rekord_x509" => fuzz_rekord_x509,
        "v2_request" => fuzz_v2_request,
        "v2_json" => fuzz_v2_json,
        "v2_signed_payload" => fuzz_v2_signed_payload,
        "v2_certificate" => fuzz_v2_certificate,
        "public_key" => fuzz_public_key,
        "statement" => fuzz_statement,
        "body" => fuzz_body,
        "watch_rules" => fuzz_watch_rules,
        "search_terms" => fuzz_search_terms,
        _ => return None,
    })
}

/// The JSON of a Rekor v1 proposal, of any kind.
fn fuzz_v1_proposal(data: &[u8]) {
    if let Ok(proposed) = ProposedEntry::parse(data) {
        submit_v1(&proposed);
    }
}

/// The text of a DSSE envelope, in each kind that has one.
fn fuzz_v1_envelope(data: &[u8]) {
    let Ok(envelope) = str::from_utf8(data) else {
        return;
    };
    propose(&dsse(envelope));
    propose(&intoto_v001(envelope));
    if let Ok(envelope) = serde_json::from_str::<Value>(envelope) {
        let hash = json!({"algorithm": "sha256", "value": sha256(data)});
        let content = json!({"envelope": envelope, "hash": hash});
        propose(&proposal("intoto", "0.0.2", &json!({"content": content})));
    }
}

/// The type and the payload of an envelope with a valid signature. It is taken, unless a limit or
/// the form of its statement forbids it.
fn fuzz_v1_signed_payload(data: &[u8]) {
    let [payload_type, payload] = parts::split(data);
    let Ok(payload_type) = str::from_utf8(payload_type) else {
        return;
    };
    let signature = signer::sign(&pre_authentication_encoding(payload_type, payload));
    let signature = STANDARD.encode(signature);
    let envelope = json!({
        "payloadType": payload_type,
        "payload": STANDARD.encode(payload),
        "signatures": [{"keyid": "", "sig": signature}],
    });
    propose(&dsse(&envelope.to_string()));
    propose(&intoto_v001(&envelope.to_string()));
    let content = json!({
        "envelope": {
            "payloadType": payload_type,
            "payload": STANDARD.encode(STANDARD.encode(payload)),
            "signatures": [{"publicKey": key_content(), "sig": STANDARD.encode(&signature)}],
        },
        "hash": {"algorithm": "sha256", "value": sha256(payload)},
    });
    propose(&proposal("intoto", "0.0.2", &json!({"content": content})));
}

/// PEM of certificates, with a signature that is valid where the first has the target's own key.
fn fuzz_v1_certificates(data: &[u8]) {
    let spec = json!({
        "data": {"hash": {"algorithm": "sha256", "value": sha256(ARTIFACT)}},
        "signature": {
            "content": STANDARD.encode(signer::sign(ARTIFACT)),
            "publicKey": {"content": STANDARD.encode(data)},
        },
    });
    propose(&proposal("hashedrekord", "0.0.1", &spec));
}

fn fuzz_rekord_pgp(data: &[u8]) {
    rekord(PublicKeyFormat::Pgp, data);
}

fn fuzz_rekord_ssh(data: &[u8]) {
    rekord(PublicKeyFormat::Ssh, data);
}

fn fuzz_rekord_minisign(data: &[u8]) {
    rekord(PublicKeyFormat::Minisign, data);
}

fn fuzz_rekord_x509(data: &[u8]) {
    rekord(PublicKeyFormat::X509, data);
}

/// A key, a signature and an artifact, in a format of a rekord entry.
fn rekord(format: PublicKeyFormat, data: &[u8]) {
    let [key, signature, artifact] = parts::split(data);
    let found_by = v1::search_key_of_public_key(format, key);
    let spec = json!({
        "data": {"content": STANDARD.encode(artifact)},
        "signature": {
            "format": format.name(),
            "content": STANDARD.encode(signature),
            "publicKey": {"content": STANDARD.encode(key)},
        },
    });
    let entry = propose(&proposal("rekord", "0.0.1", &spec));
    if let Some(entry) = entry {
        let found_by = found_by.expect("a key that signs can be searched by");
        assert!(entry.search_keys.contains(&found_by));
    }
}

/// A Rekor v2 request in its binary form.
fn fuzz_v2_request(data: &[u8]) {
    if let Ok(request) = CreateEntryRequest::decode(data) {
        submit_v2(&request);
    }
}

/// A Rekor v2 request in JSON.
fn fuzz_v2_json(data: &[u8]) {
    if let Ok(request) = json::from_slice_first::<CreateEntryRequest>(data) {
        submit_v2(&request);
    }
}

/// The type and the payload of a dsse 0.0.2 request with a valid signature, which is always taken.
fn fuzz_v2_signed_payload(data: &[u8]) {
    let [payload_type, payload] = parts::split(data);
    let Ok(payload_type) = str::from_utf8(payload_type) else {
        return;
    };
    let signature = signer::sign(&pre_authentication_encoding(payload_type, payload));
    let request = v2::DsseRequestV002 {
        envelope: Some(intoto::Envelope {
            payload: Bytes::copy_from_slice(payload),
            payload_type: payload_type.to_owned(),
            signatures: vec![intoto::Signature {
                sig: signature.into(),
                keyid: String::new(),
            }],
        }),
        verifiers: vec![verifier(Material::PublicKey(v2::PublicKey {
            raw_bytes: Bytes::copy_from_slice(signer::P256.public_key_der()),
        }))],
    };
    submit_v2(&CreateEntryRequest {
        spec: Some(Spec::DsseRequestV002(request)),
    });
}

/// A certificate in DER, with a signature that is valid where it has the target's own key.
fn fuzz_v2_certificate(data: &[u8]) {
    let verifier = verifier(Material::X509Certificate(X509Certificate {
        raw_bytes: Bytes::copy_from_slice(data),
    }));
    submit_v2(&hashedrekord_v2(verifier));
}

/// A key in DER or PEM, alone or in a certificate: one form leads to the other.
fn fuzz_public_key(data: &[u8]) {
    let _ = PublicKey::from_certificate_der(data);
    if let Ok(pem) = str::from_utf8(data) {
        let _ = PublicKey::from_pem(pem);
    }
    if let Ok(key) = PublicKey::from_spki_der(data) {
        let again = PublicKey::from_spki_der(key.spki_der()).expect("the key's own form");
        assert_eq!(again.spki_der(), key.spki_der());
        let pem = ledgerstone_client::public_key_pem(key.spki_der());
        assert!(PublicKey::from_pem(&pem).is_ok());
        let _ = key.default_algorithm();
        let _ = key.verify_message(ARTIFACT, data);
    }
}

/// A statement of in-toto, or what is handed in with one.
fn fuzz_statement(data: &[u8]) {
    let _ = ledgerstone_entry::facts::search_keys_of_statement(data);
    if let Ok(attached) = AttachedStatement::parse(&Bytes::copy_from_slice(data)) {
        let _ = attached.search_keys();
        let _ = attached.parts();
        let _ = attached.answers_to(data);
    }
}

/// A body, as it comes from a log that someone else runs.
fn fuzz_body(data: &[u8]) {
    let _ = v1::attestation_key(data);
    let _ = v1::attestation_of(data, Bytes::copy_from_slice(data));
    let Ok(description) = describe(data) else {
        return;
    };
    let _ = EntryView::new(data);
    let Some(written) = write_again(&description) else {
        return;
    };
    let read = describe(&written).expect("what was written is a body");
    assert_eq!(format!("{read:?}"), format!("{description:?}"));
    assert_eq!(search_keys_of_body(data), Ok(read.search_keys()));
}

/// The body of what a body said; `None` for a kind that is not read, and one that got too long.
fn write_again(body: &EntryDescription) -> Option<Bytes> {
    None.or_else(|| Some(body.content::<HashedRekordV002>()?.to_body()))
        .or_else(|| Some(body.content::<DsseV002>()?.to_body()))
        .or_else(|| Some(body.content::<v1::HashedRekordV001>()?.to_body()))
        .or_else(|| Some(body.content::<v1::DsseV001>()?.to_body()))
        .or_else(|| Some(body.content::<v1::IntotoV001>()?.to_body()))
        .or_else(|| Some(body.content::<v1::IntotoV002>()?.to_body()))
        .or_else(|| Some(body.content::<v1::RekordV001>()?.to_body()))?
        .ok()
}

/// Rules of a monitor in TOML, and a body that they are held to.
fn fuzz_watch_rules(data: &[u8]) {
    let [rules, body] = parts::split(data);
    let Some(rules) = str::from_utf8(rules)
        .ok()
        .and_then(|it| toml::from_str::<WatchRules>(it).ok())
    else {
        return;
    };
    let list = rules.watch_list(|file| Err::<String, String>(file.to_owned()));
    let _ = list.map(|list| list.examine(body));
}

/// The texts that searches and settings name things by.
fn fuzz_search_terms(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let _ = SearchKey::artifact_digest_text(text);
    let _ = v1::search_key_of_hash(text);
    let _ = v1::search_key_of_email(text);
    let _ = v1::search_key_of_subject(text);
    let _ = AlgorithmSet::from_names(text.split(','));
    let mut list = WatchList::default();
    let _ = list.add_digest(text);
    let _ = list.add_kind(text);
    if list.add_identity(text, Some(text)).is_ok() {
        let _ = list.examine(data);
    }
}

/// Entries of Rekor v1 over the target's own artifact, found by its digest, its key and a
/// statement.
pub(crate) fn signed_v1_entries() -> Vec<PreparedEntry> {
    let signature = STANDARD.encode(signer::sign(ARTIFACT));
    let hash = json!({"algorithm": "sha256", "value": sha256(ARTIFACT)});
    let hashedrekord = json!({
        "data": {"hash": hash},
        "signature": {"content": signature, "publicKey": {"content": key_content()}},
    });
    let (payload_type, payload) = ("application/vnd.in-toto+json", own_statement());
    let signature = signer::sign(&pre_authentication_encoding(payload_type, &payload));
    let envelope = json!({
        "payloadType": payload_type,
        "payload": STANDARD.encode(&payload),
        "signatures": [{"keyid": "", "sig": STANDARD.encode(signature)}],
    });
    let envelope = envelope.to_string();
    let proposals = [
        proposal("hashedrekord", "0.0.1", &hashedrekord),
        dsse(&envelope),
        intoto_v001(&envelope),
    ];
    let entries = proposals.iter().map(propose);
    entries.map(|entry| entry.expect("it is signed")).collect()
}

/// Says of the artifact that it is one.
fn own_statement() -> Vec<u8> {
    let subject = json!([{"name": "artifact", "digest": {"sha256": sha256(ARTIFACT)}}]);
    let statement = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": subject,
        "predicateType": "https://example.com/predicate",
        "predicate": {},
    });
    statement.to_string().into_bytes()
}

/// An entry of Rekor v2 over the same artifact.
pub(crate) fn signed_v2_entry() -> PreparedEntry {
    let verifier = verifier(Material::PublicKey(v2::PublicKey {
        raw_bytes: Bytes::copy_from_slice(signer::P256.public_key_der()),
    }));
    let request = hashedrekord_v2(verifier);
    prepare(&request, &Policy::default()).expect("it is signed")
}

/// What is submitted for the artifact to Rekor v2.
fn hashedrekord_v2(verifier: v2::Verifier) -> CreateEntryRequest {
    let request = v2::HashedRekordRequestV002 {
        digest: Bytes::copy_from_slice(&Sha256::digest(ARTIFACT)),
        signature: Some(v2::Signature {
            content: signer::sign(ARTIFACT).into(),
            verifier: Some(verifier),
        }),
    };
    CreateEntryRequest {
        spec: Some(Spec::HashedRekordRequestV002(request)),
    }
}

fn propose(proposal: &Value) -> Option<PreparedEntry> {
    submit_v1(&ProposedEntry::parse(proposal.to_string().as_bytes()).ok()?)
}

/// Submits a proposal, and looks it up: what is taken is found as what was taken.
fn submit_v1(proposed: &ProposedEntry) -> Option<PreparedEntry> {
    let policy = V1Policy::default();
    let looked_up = v1::canonical(proposed, &policy);
    let entry = v1::prepare(proposed, &policy).ok()?;
    must_be_found(&entry);
    let looked_up = looked_up.expect("what is taken can be looked up");
    assert_eq!(looked_up.leaf_hash, entry.leaf_hash);
    Some(entry)
}

fn submit_v2(request: &CreateEntryRequest) {
    if let Ok(entry) = prepare(request, &Policy::default()) {
        must_be_found(&entry);
    }
}

/// An entry that was taken is a body, and names what its index says that it names.
fn must_be_found(entry: &PreparedEntry) {
    assert!(entry.body.len() <= MAX_BODY_LENGTH);
    let named = search_keys_of_body(&entry.body).expect("what is logged is a body");
    assert!(named.iter().all(|key| entry.search_keys.contains(key)));
    let kept = entry.attestation.as_ref().map(|it| it.data.clone());
    let keys = IndexKeys::of(&entry.body, |_| Ok::<_, Infallible>(kept));
    let Ok(keys) = keys;
    for key in &entry.search_keys {
        let claim = keys.claim(key.kind.number(), key.hash);
        assert!(matches!(claim, Claim::Shown | Claim::Submitted), "{key:?}");
    }
}

fn verifier(material: Material) -> v2::Verifier {
    v2::Verifier {
        verifier: Some(material),
        key_details: PublicKeyDetails::PkixEcdsaP256Sha256.into(),
    }
}

fn proposal(kind: &str, version: &str, spec: &Value) -> Value {
    json!({"kind": kind, "apiVersion": version, "spec": spec})
}

fn dsse(envelope: &str) -> Value {
    let content = json!({"envelope": envelope, "verifiers": [key_content()]});
    proposal("dsse", "0.0.1", &json!({"proposedContent": content}))
}

fn intoto_v001(envelope: &str) -> Value {
    let spec = json!({"content": {"envelope": envelope}, "publicKey": key_content()});
    proposal("intoto", "0.0.1", &spec)
}

/// The target's own key, as proposals hold it.
fn key_content() -> String {
    STANDARD.encode(signer::public_pem())
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
