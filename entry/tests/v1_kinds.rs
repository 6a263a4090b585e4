//! Each kind of Rekor v1, in order: the body, what it is found by, and that it is read back.

use std::collections::BTreeSet;

use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::EntryKind;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::describe;
use ledgerstone_entry::facts::search_keys_of_statement;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1::DsseV001;
use ledgerstone_entry::v1::HashedRekordV001;
use ledgerstone_entry::v1::IntotoV001;
use ledgerstone_entry::v1::IntotoV002;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::RekordV001;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_entry::v1::search_key_of_email;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_entry::v1::search_key_of_subject;
use ledgerstone_merkle::leaf_hash;
use rcgen::CertificateParams;
use rcgen::SanType;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Signer;
use crate::support::submit;
use crate::v1_support::STATEMENT;
use crate::v1_support::create;
use crate::v1_support::create_with;
use crate::v1_support::dsse;
use crate::v1_support::ed25519;
use crate::v1_support::encode;
use crate::v1_support::envelope;
use crate::v1_support::hashedrekord;
use crate::v1_support::intoto_v001;
use crate::v1_support::intoto_v002;
use crate::v1_support::logged;
use crate::v1_support::look_up;
use crate::v1_support::pem;

use crate::v1_support::public_key_pem;
use crate::v1_support::rekord;
use crate::v1_support::signed_dsse;
use crate::v1_support::signed_hashedrekord;
use crate::v1_support::signed_intoto_v002;

/// What holds of every entry: its body is canonical JSON, can be read back, and is found by what
/// the log holds.
fn check(entry: &PreparedEntry, kind: EntryKind, from_statement: &[SearchKey]) -> Value {
    assert_eq!(entry.kind, kind);
    assert_eq!(entry.leaf_hash, leaf_hash(&entry.body));
    let value = logged(entry);
    assert_eq!(
        serde_json_canonicalizer::to_vec(&value).unwrap(),
        entry.body
    );
    let description = describe(&entry.body).unwrap();
    assert_eq!(
        (description.kind(), description.version()),
        (kind.name(), kind.version())
    );
    assert_eq!(description.entry_kind(), Some(kind));
    assert_eq!(entry.api_version(), ApiVersion::V1);
    let mut keys: BTreeSet<_> = search_keys_of_body(&entry.body)
        .unwrap()
        .into_iter()
        .collect();
    keys.extend(from_statement);
    assert_eq!(keys.into_iter().collect::<Vec<_>>(), entry.search_keys);
    value["spec"].clone()
}

fn key_searched(key: &str) -> SearchKey {
    search_key_of_public_key(PublicKeyFormat::X509, key.as_bytes()).unwrap()
}

/// The key as upstream stores it for dsse and intoto entries.
fn prefixed(key: &str) -> SearchKey {
    search_key_of_hash(&format!("sha256:{}", hex::encode(Sha256::digest(key)))).unwrap()
}

fn digest_searched(bytes: impl AsRef<[u8]>) -> SearchKey {
    search_key_of_hash(&hex::encode(Sha256::digest(bytes))).unwrap()
}

fn is_found_by(entry: &PreparedEntry, keys: &[SearchKey]) {
    for key in keys {
        assert!(entry.search_keys.contains(key), "{key:?}");
    }
}

fn certificate(signer: &Signer) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![
        SanType::Rfc822Name("Ada@example.com".try_into().unwrap()),
        SanType::URI("https://example.com/Workflow".try_into().unwrap()),
    ];
    let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    params.self_signed(&pair).unwrap().der().to_vec()
}

#[test]
fn hashedrekord_with_every_algorithm() {
    for algorithm in SigningAlgorithm::ALL {
        let signer = Signer::new(algorithm);
        if algorithm == SigningAlgorithm::Ed25519 {
            continue;
        }
        let submitted = signed_hashedrekord(&signer, b"artifact");
        let entry = create(&submitted).unwrap_or_else(|reject| panic!("{algorithm}: {reject}"));
        let spec = check(&entry, HashedRekordV001::KIND, &[]);
        assert_eq!(spec, submitted["spec"], "{algorithm}");
        let key = public_key_pem(&signer);
        let hash = submitted["spec"]["data"]["hash"]["value"].as_str().unwrap();
        let hash = search_key_of_hash(hash).unwrap();
        is_found_by(&entry, &[key_searched(&key), prefixed(&key), hash]);
        assert_eq!(look_up(&submitted).unwrap(), entry);
    }
}

#[test]
fn the_canonical_key_is_rewritten_and_the_hash_is_not() {
    let signer = Signer::p256();
    let digest = hex::encode_upper(signer.digest(b"artifact"));
    let signature = signer.sign_fixed(b"artifact");
    let key = public_key_pem(&signer);
    let entry = create(&hashedrekord("sha256", &digest, &signature, &key)).unwrap();
    let spec = check(&entry, HashedRekordV001::KIND, &[]);
    assert_eq!(spec["data"]["hash"]["value"], digest);
    is_found_by(&entry, &[digest_searched(b"artifact")]);

    let crlf = key.replace('\n', "\r\n");
    let one_line = pem("PUBLIC KEY", &signer.spki()).replacen('\n', " \n \n", 2);
    let commented = format!("a comment\n{}", key.trim_end());
    for written in [crlf, one_line, commented] {
        let same = create(&hashedrekord("sha256", &digest, &signature, &written)).unwrap();
        assert_eq!(same, entry, "{written}");
    }
}

#[test]
fn unknown_members_and_the_case_of_names_make_no_difference() {
    let signer = Signer::p256();
    let submitted = signed_hashedrekord(&signer, b"artifact");
    let spec = submitted["spec"].to_string();
    let spec = spec.replacen("\"data\"", "\"more\":[{}],\"Data\"", 1);
    let text = format!(
        "{{\"KIND\":\"dsse\",\"kind\":\"hashedrekord\",\"apiversion\":\"0.0.1\",\
         \"x\":1,\"Spec\":{spec}}} and more"
    );
    let proposed = ledgerstone_entry::v1::ProposedEntry::parse(text.as_bytes()).unwrap();
    let entry = ledgerstone_entry::v1::prepare(&proposed, &V1Policy::default()).unwrap();
    assert_eq!(entry, create(&submitted).unwrap());
}

#[test]
fn a_certificate_is_found_by_its_names_and_its_key() {
    let signer = Signer::p256();
    let certificate = pem("CERTIFICATE", &certificate(&signer));
    let digest = hex::encode(signer.digest(b"artifact"));
    let signature = signer.sign(b"artifact");
    let entry = create(&hashedrekord("sha256", &digest, &signature, &certificate)).unwrap();
    check(&entry, HashedRekordV001::KIND, &[]);
    is_found_by(
        &entry,
        &[
            key_searched(&certificate),
            prefixed(&certificate),
            key_searched(&public_key_pem(&signer)),
            search_key_of_email("ADA@example.com"),
            search_key_of_subject("https://example.com/workflow"),
        ],
    );
}

#[test]
fn entries_of_both_versions_are_found_alike() {
    let signer = Signer::p256();
    let key = public_key_pem(&signer);
    let one = create(&signed_hashedrekord(&signer, b"artifact")).unwrap();
    let two = submit(signer.request(b"artifact")).unwrap();
    let differ = [SearchKeyKind::EntryKind, SearchKeyKind::Signature];
    let keys = |entry: &PreparedEntry| {
        let mut keys = entry.search_keys.clone();
        keys.retain(|key| !differ.contains(&key.kind));
        keys
    };
    assert_eq!(keys(&one), keys(&two));
    is_found_by(
        &two,
        &[
            key_searched(&key),
            prefixed(&key),
            digest_searched(b"artifact"),
        ],
    );
}

#[test]
fn dsse_is_found_by_what_its_statement_says() {
    let (one, two) = (Signer::p256(), ed25519());
    let from_statement = search_keys_of_statement(STATEMENT.as_bytes());
    assert!(!from_statement.is_empty());
    let submitted = signed_dsse(STATEMENT.as_bytes(), &[&one, &two]);
    let entry = create(&submitted).unwrap();
    let spec = check(&entry, DsseV001::KIND, &from_statement);
    assert_eq!(entry.attestation, None);

    let text = submitted["spec"]["proposedContent"]["envelope"]
        .as_str()
        .unwrap();
    let keys = [public_key_pem(&one), public_key_pem(&two)];
    for key in &keys {
        is_found_by(&entry, &[key_searched(key), prefixed(key)]);
    }
    is_found_by(&entry, &[digest_searched(text), digest_searched(STATEMENT)]);

    let envelope: Value = serde_json::from_str(text).unwrap();
    let mut expected: Vec<Value> = envelope["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&keys)
        .map(|(signature, key)| json!({"signature": signature["sig"], "verifier": encode(key)}))
        .collect();
    expected.sort_by_key(|signature| signature["signature"].as_str().unwrap().to_owned());
    assert_eq!(
        spec,
        json!({
            "envelopeHash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(text))},
            "payloadHash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(STATEMENT))},
            "signatures": expected,
        })
    );
}

#[test]
fn dsse_takes_either_base64_and_any_order_of_verifiers() {
    let (one, two) = (
        Signer::new(SigningAlgorithm::EcdsaP384Sha384),
        Signer::p256(),
    );
    // SHA-256 goes with every key but Ed25519 here, so that this one signs in its own way only by
    // chance of the test.
    let payload = [0xff, 0xfe, 0xfb, 0xff];
    let mut signed = envelope(&payload, &[&two]);
    signed["payload"] = json!(encode(payload).replace('+', "-").replace('/', "_"));
    let sig = signed["signatures"][0]["sig"].as_str().unwrap();
    let sig = sig.replace('+', "-").replace('/', "_");
    signed["signatures"][0]["sig"] = json!(sig);
    let verifiers = [
        public_key_pem(&two),
        public_key_pem(&one),
        "not looked at".to_owned(),
    ];
    let entry = create(&dsse(&signed.to_string(), &verifiers)).unwrap();
    let spec = check(&entry, DsseV001::KIND, &[]);
    assert_eq!(spec["signatures"][0]["signature"], sig);
    assert_eq!(spec["signatures"].as_array().unwrap().len(), 1);
}

#[test]
fn the_logged_form_of_an_envelope_serves_to_look_it_up() {
    let signer = Signer::p256();
    let text = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    for submitted in [
        signed_dsse(STATEMENT.as_bytes(), &[&signer]),
        intoto_v001(&text, &public_key_pem(&signer)),
        signed_intoto_v002(STATEMENT.as_bytes(), &[&signer]),
    ] {
        let entry = create(&submitted).unwrap();
        let found = look_up(&logged(&entry)).unwrap();
        assert_eq!(found.body, entry.body);
        assert_eq!(found.leaf_hash, entry.leaf_hash);
        assert_eq!(look_up(&submitted).unwrap().leaf_hash, entry.leaf_hash);
        let refused = create(&logged(&entry)).unwrap_err().to_string();
        assert!(
            refused.starts_with("entry not insertable into log: missing "),
            "{refused}"
        );
    }
}

#[test]
fn intoto_v002_keeps_its_keys_as_they_were_given() {
    let (one, two) = (Signer::p256(), ed25519());
    let from_statement = search_keys_of_statement(STATEMENT.as_bytes());
    let mut signed = envelope(STATEMENT.as_bytes(), &[&one, &two]);
    signed["signatures"][0]["keyid"] = json!("a \"key\"\n");
    let keys = [
        public_key_pem(&one).replace('\n', "\r\n"),
        public_key_pem(&two),
    ];
    let submitted = intoto_v002(&signed, &keys);
    let entry = create(&submitted).unwrap();
    let spec = check(&entry, IntotoV002::KIND, &from_statement);

    let mut expected = submitted["spec"].clone();
    let envelope = expected["content"]["envelope"].as_object_mut().unwrap();
    envelope.remove("payload");
    envelope["signatures"][1]
        .as_object_mut()
        .unwrap()
        .remove("keyid");
    expected["content"]["payloadHash"] =
        json!({"algorithm": "sha256", "value": hex::encode(Sha256::digest(STATEMENT))});
    assert_eq!(spec, expected);
    // Found by the key that the other kinds log, not by its line ends.
    for signer in [&one, &two] {
        let key = public_key_pem(signer);
        is_found_by(
            &entry,
            &[
                key_searched(&key),
                prefixed(&key),
                digest_searched(STATEMENT),
            ],
        );
    }
}

#[test]
fn attestations_are_kept_up_to_their_limit() {
    let signer = Signer::p256();
    let text = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    for submitted in [
        intoto_v001(&text, &public_key_pem(&signer)),
        signed_intoto_v002(STATEMENT.as_bytes(), &[&signer]),
    ] {
        let with = |max_attestation_bytes| {
            let policy = V1Policy {
                max_attestation_bytes,
                ..V1Policy::default()
            };
            create_with(&submitted, &policy).unwrap()
        };
        let entry = with(Some(STATEMENT.len()));
        let attestation = entry.attestation.clone().unwrap();
        assert_eq!(attestation.data, STATEMENT);
        assert_eq!(
            attestation.key.as_bytes()[..],
            Sha256::digest(STATEMENT)[..]
        );
        for limit in [Some(STATEMENT.len() - 1), None] {
            let without = with(limit);
            assert_eq!(without.attestation, None);
            assert_eq!(without.body, entry.body);
        }
    }
}

#[test]
fn intoto_v001_is_found_by_envelope_and_payload() {
    let signer = Signer::new(SigningAlgorithm::RsaPkcs1Size2048Sha256);
    let from_statement = search_keys_of_statement(STATEMENT.as_bytes());
    let text = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    let key = public_key_pem(&signer);
    let entry = create(&intoto_v001(&text, &key)).unwrap();
    let spec = check(&entry, IntotoV001::KIND, &from_statement);
    assert_eq!(
        spec,
        json!({
            "content": {
                "hash": {"algorithm": "sha256", "value": hex::encode(Sha256::digest(&text))},
                "payloadHash": {
                    "algorithm": "sha256",
                    "value": hex::encode(Sha256::digest(STATEMENT)),
                },
            },
            "publicKey": encode(&key),
        })
    );
    let found = [
        key_searched(&key),
        prefixed(&key),
        digest_searched(&text),
        digest_searched(STATEMENT),
    ];
    is_found_by(&entry, &found);
}

#[test]
fn the_oldest_intoto_entries_have_no_payload_hash() {
    let signer = Signer::p256();
    let text = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    let entry = create(&intoto_v001(&text, &public_key_pem(&signer))).unwrap();
    let mut old = logged(&entry);
    old["spec"]["content"]
        .as_object_mut()
        .unwrap()
        .remove("payloadHash");
    let found = look_up(&old).unwrap();
    check(&found, IntotoV001::KIND, &[]);
    assert_ne!(found.leaf_hash, entry.leaf_hash);
}

#[test]
fn a_key_id_in_an_envelope_must_be_the_keys_own() {
    let signer = Signer::p256();
    let point = &signer.spki()[26..];
    let mut wire = Vec::new();
    for part in [&b"ecdsa-sha2-nistp256"[..], b"nistp256", point] {
        wire.extend(u32::try_from(part.len()).unwrap().to_be_bytes());
        wire.extend(part);
    }
    let fingerprint = format!(
        "SHA256:{}",
        encode(Sha256::digest(wire)).trim_end_matches('=')
    );
    let with_key_id = |key_id: &str| {
        let mut signed = envelope(b"payload", &[&signer]);
        signed["signatures"][0]["keyid"] = json!(key_id);
        create(&intoto_v001(&signed.to_string(), &public_key_pem(&signer)))
    };
    assert!(with_key_id(&fingerprint).is_ok());
    assert!(with_key_id("").is_ok());
    assert!(with_key_id("another").is_err());
}

#[test]
fn rekord_with_every_key_of_x509() {
    for algorithm in SigningAlgorithm::ALL {
        // Everything but Ed25519 signs SHA-256 here, which is not what these curves sign of their
        // own.
        let other_hash = [
            SigningAlgorithm::EcdsaP384Sha384,
            SigningAlgorithm::EcdsaP521Sha512,
        ];
        if other_hash.contains(&algorithm) || algorithm == SigningAlgorithm::Ed25519Ph {
            continue;
        }
        let signer = Signer::new(algorithm);
        let artifact = vec![7; 300_000];
        let (signature, key) = (signer.sign(&artifact), public_key_pem(&signer));
        let submitted = rekord("x509", &artifact, &signature, key.as_bytes());
        let entry = create(&submitted).unwrap_or_else(|reject| panic!("{algorithm}: {reject}"));
        let spec = check(&entry, RekordV001::KIND, &[]);
        let hash = hex::encode(Sha256::digest(&artifact));
        assert_eq!(
            spec,
            json!({
                "data": {"hash": {"algorithm": "sha256", "value": hash}},
                "signature": submitted["spec"]["signature"],
            })
        );
        is_found_by(
            &entry,
            &[
                key_searched(&key),
                prefixed(&key),
                digest_searched(&artifact),
            ],
        );

        let mut with_hash = submitted.clone();
        with_hash["spec"]["data"]["hash"] = json!({"algorithm": "sha256", "value": hash});
        assert_eq!(create(&with_hash).unwrap(), entry);
    }
}

#[test]
fn searches_by_key_read_all_formats() {
    let signer = Signer::p256();
    let key = public_key_pem(&signer);
    let search = |format, content: &str| search_key_of_public_key(format, content.as_bytes());
    assert_eq!(
        search(PublicKeyFormat::X509, key.trim_end()),
        Ok(key_searched(&key))
    );
    for format in PublicKeyFormat::ALL {
        assert_eq!(PublicKeyFormat::from_name(format.name()), Some(format));
        assert!(search(format, "no key").is_err(), "{format}");
    }
    assert_eq!(PublicKeyFormat::from_name("pkcs7"), None);
}
