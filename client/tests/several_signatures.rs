//! Envelopes with several signatures, outside of Sigstore bundles: the signer's counts, wherever it
//! stands, and of the others nothing is said.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleEntry;
use ledgerstone_client::BundleError;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::MAX_ENVELOPE_SIGNATURES;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::Unchecked;
use ledgerstone_client::Verified;
use ledgerstone_client::VerifyError;
use ledgerstone_client::public_key_pem;
use ledgerstone_client::verify;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_entry::v1::prepare;
use ledgerstone_merkle::EcdsaP256Signer;
use rcgen::KeyPair;
use rcgen::PublicKeyData as _;
use rcgen::SigningKey as _;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

const TYPE: &str = "application/vnd.in-toto+json";
const ARTIFACT: &[u8] = b"artifact";

/// When the log below says that it took an entry, in Unix seconds.
const LOGGED: i64 = 1_700_000_000;

fn payload() -> Vec<u8> {
    let digest = hex::encode(Sha256::digest(ARTIFACT));
    let statement = json!({"subject": [{"name": "a", "digest": {"sha256": digest}}]});
    statement.to_string().into_bytes()
}

fn envelope(signers: &[&KeyPair]) -> Value {
    let signed = pre_authentication_encoding(TYPE, &payload());
    let signatures = signers.iter().map(|signer| {
        let signature = signer.sign(&signed).unwrap();
        json!({"sig": STANDARD.encode(signature)})
    });
    json!({"payload": STANDARD.encode(payload()), "payloadType": TYPE,
        "signatures": signatures.collect::<Vec<_>>()})
}

fn pem(signer: &KeyPair) -> String {
    public_key_pem(&signer.subject_public_key_info())
}

fn expected(signer: &KeyPair, log_entries: usize) -> Expectation {
    let key = PublicKey::from_spki_der(&signer.subject_public_key_info()).unwrap();
    let mut expected = Expectation::of(ExpectedSigner::Key(Box::new(key.into())));
    expected.thresholds.log_entries = log_entries;
    expected
}

/// A Rekor v1 that promises.
struct Log(EcdsaP256Signer);

impl Log {
    fn new() -> Self {
        let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
        Self(EcdsaP256Signer::from_pkcs8_pem("log.example", &pem).unwrap())
    }

    fn id(&self) -> Vec<u8> {
        Sha256::digest(self.0.public_key_der()).to_vec()
    }

    fn trust(&self) -> TrustedRoot {
        let root = json!({
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [{
                "baseUrl": "https://log.example",
                "hashAlgorithm": "SHA2_256",
                "publicKey": {
                    "rawBytes": STANDARD.encode(self.0.public_key_der()),
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    "validFor": {"start": "2021-01-12T11:53:27Z"},
                },
                "logId": {"keyId": STANDARD.encode(self.id())},
            }],
        });
        TrustedRoot::parse_at(root.to_string().as_bytes(), LOGGED).unwrap()
    }

    /// The entry of an envelope with these verifiers, as the log answers.
    fn entry(&self, envelope: &Value, verifiers: &[String]) -> BundleEntry {
        let verifiers: Vec<_> = verifiers.iter().map(|pem| STANDARD.encode(pem)).collect();
        let proposal = json!({"kind": "dsse", "apiVersion": "0.0.1", "spec": {"proposedContent": {
            "envelope": envelope.to_string(), "verifiers": verifiers,
        }}});
        let proposal = ProposedEntry::parse(proposal.to_string().as_bytes()).unwrap();
        let prepared = prepare(&proposal, &V1Policy::default()).unwrap();
        let body = STANDARD.encode(&prepared.body);
        let id = hex::encode(self.id());
        let promised =
            format!(r#"{{"body":"{body}","integratedTime":{LOGGED},"logID":"{id}","logIndex":7}}"#);
        let promise = self.0.sign_bytes(promised.as_bytes()).unwrap();
        let answer = json!({"an id": {
            "body": body, "integratedTime": LOGGED, "logID": id, "logIndex": 7,
            "verification": {"signedEntryTimestamp": STANDARD.encode(promise)},
        }});
        BundleEntry::parse_rekor_v1(answer.to_string().as_bytes()).unwrap()
    }
}

fn check(
    envelope: &Value,
    entries: Vec<BundleEntry>,
    expected: &Expectation,
    trust: &TrustedRoot,
) -> Result<Verified, VerifyError> {
    let detached = Bundle::detached(envelope.to_string().as_bytes(), None, Vec::new()).unwrap();
    let bundle = Bundle {
        entries,
        ..detached
    };
    verify(
        &bundle,
        &Artifact::Bytes(ARTIFACT.to_vec()),
        expected,
        trust,
    )
}

#[test]
fn the_signature_of_the_signer_counts_wherever_it_stands() {
    let [one, two, stranger] = [(); 3].map(|()| KeyPair::generate().unwrap());
    let trust = Log::new().trust();
    let both = envelope(&[&one, &two]);
    for signer in [&one, &two] {
        let verified = check(&both, Vec::new(), &expected(signer, 0), &trust).unwrap();
        assert!(verified.not_checked.contains(&Unchecked::OtherSignatures));
    }
    let alone = envelope(&[&one]);
    let verified = check(&alone, Vec::new(), &expected(&one, 0), &trust).unwrap();
    assert_eq!(verified.not_checked, []);
    for wrong in [&both, &alone] {
        let error = check(wrong, Vec::new(), &expected(&stranger, 0), &trust).unwrap_err();
        assert!(matches!(error, VerifyError::Signature(_)), "{error}");
    }
    // The signature of one with the payload of another.
    let mut other = both;
    other["payload"] = STANDARD.encode(b"{}").into();
    assert!(check(&other, Vec::new(), &expected(&two, 0), &trust).is_err());
}

#[test]
fn an_entry_of_all_signatures_is_about_each() {
    let [one, two, three] = [(); 3].map(|()| KeyPair::generate().unwrap());
    let log = Log::new();
    let both = envelope(&[&one, &two]);
    let entry = log.entry(&both, &[pem(&one), pem(&two)]);
    for signer in [&one, &two] {
        let entries = vec![entry.clone()];
        let verified = check(&both, entries, &expected(signer, 1), &log.trust()).unwrap();
        assert_eq!(verified.entries[0].kind, "dsse 0.0.1");
    }
    let other = |envelope: &Value, entry: &BundleEntry, signer: &KeyPair| {
        let entries = vec![entry.clone()];
        let error = check(envelope, entries, &expected(signer, 1), &log.trust()).unwrap_err();
        assert!(matches!(error, VerifyError::OtherBody { .. }), "{error}");
    };
    // An entry of one signature is not about the other, nor about one that was made anew.
    let alone = json!({"payload": both["payload"], "payloadType": TYPE,
        "signatures": [both["signatures"][0]]});
    let entry_of_one = log.entry(&alone, &[pem(&one)]);
    let entries = vec![entry_of_one.clone()];
    check(&both, entries, &expected(&one, 1), &log.trust()).unwrap();
    other(&both, &entry_of_one, &two);
    other(&envelope(&[&one, &two]), &entry, &one);
    // An entry with a signature that the envelope has not is about another envelope.
    other(&alone, &entry, &one);
    let with_third = json!({"payload": both["payload"], "payloadType": TYPE, "signatures": [
        both["signatures"][0], envelope(&[&three])["signatures"][0],
    ]});
    other(&with_third, &entry, &one);
}

#[test]
fn a_bundle_has_exactly_one_signature_and_an_envelope_not_too_many() {
    let signer = KeyPair::generate().unwrap();
    let bundle = |count: usize| {
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"publicKey": {"hint": "x"}, "tlogEntries": []},
            "dsseEnvelope": envelope(&vec![&signer; count]),
        });
        Bundle::parse(bundle.to_string().as_bytes())
    };
    assert!(bundle(1).is_ok());
    for count in [0, 2] {
        let error = bundle(count).unwrap_err();
        assert!(matches!(error, BundleError::SignatureCount(_)), "{error}");
    }
    let detached = |count: usize| {
        let envelope = envelope(&vec![&signer; count]).to_string();
        Bundle::detached(envelope.as_bytes(), None, Vec::new())
    };
    assert!(detached(MAX_ENVELOPE_SIGNATURES).is_ok());
    for count in [0, MAX_ENVELOPE_SIGNATURES + 1] {
        let error = detached(count).unwrap_err();
        assert!(
            matches!(error, BundleError::EnvelopeSignatures(_)),
            "{error}"
        );
    }
}

#[test]
fn what_is_no_answer_of_a_rekor_v1_is_refused() {
    let good = json!({"x": {"body": "e30=", "integratedTime": 1, "logID": "00", "logIndex": 1}});
    let two = json!({"x": good["x"], "y": good["x"]});
    let mut body = good.clone();
    body["x"]["body"] = "*".into();
    for json in [json!({}), json!([]), good, two, body, json!("x")] {
        let read = BundleEntry::parse_rekor_v1(json.to_string().as_bytes());
        assert!(matches!(read, Err(BundleError::RekorV1(_))), "{json}");
    }
}
