//! Which statements an entry vouches for that are handed in after it, and what they name.

use bytes::Bytes;
use ledgerstone_entry::AttachedStatement;
use ledgerstone_entry::NoStatement;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::facts::read_part;
use ledgerstone_entry::pre_authentication_encoding;
use serde_json::json;

use crate::support::Signer;
use crate::support::submit;

const TYPE: &str = "application/vnd.in-toto+json";

fn named(statement: &AttachedStatement) -> Vec<String> {
    let parts = statement.parts();
    let facts = parts.iter().flat_map(|part| read_part(part).unwrap());
    let facts = facts.map(|fact| format!("{} {}", fact.kind.name(), fact.text));
    facts.collect()
}

#[test]
fn the_hash_is_that_of_the_algorithm_that_the_entry_names() {
    let payload = json!({ "_type": "https://in-toto.io/Statement/v1" }).to_string();
    let payload = Bytes::from(payload);
    let signed = pre_authentication_encoding(TYPE, &payload);
    for algorithm in [
        SigningAlgorithm::EcdsaP256Sha256,
        SigningAlgorithm::EcdsaP384Sha384,
        SigningAlgorithm::EcdsaP521Sha512,
        SigningAlgorithm::Ed25519Ph,
        SigningAlgorithm::RsaPkcs1Size2048Sha256,
    ] {
        let entry = submit(Signer::new(algorithm).request(&signed)).unwrap();
        let envelope = AttachedStatement::envelope(TYPE, payload.clone(), Vec::new());
        assert!(envelope.answers_to(&entry.body), "{algorithm:?}");
        let keys = envelope.search_keys();
        let leads = keys.iter().any(|key| entry.search_keys.contains(key));
        assert!(leads, "{algorithm:?}");
        let other = AttachedStatement::envelope("text/plain", payload.clone(), Vec::new());
        assert!(!other.answers_to(&entry.body), "{algorithm:?}");
        // What is signed as it is has another hash than in an envelope.
        let bare = AttachedStatement::bare(payload.clone());
        assert!(!bare.answers_to(&entry.body), "{algorithm:?}");
        let entry = submit(Signer::new(algorithm).request(&payload)).unwrap();
        assert!(bare.answers_to(&entry.body), "{algorithm:?}");
    }
}

#[test]
fn files_are_told_apart_by_what_is_in_them() {
    let envelope = json!({
        "payloadType": TYPE,
        // Of the alphabet for URLs, and without padding.
        "payload": "eyJ-IjoxfQ",
        "signatures": [{ "sig": "AQI=", "keyid": "" }],
    });
    let bundle = json!({ "mediaType": "m", "dsseEnvelope": envelope });
    let parse = |json: &serde_json::Value| AttachedStatement::parse(&json.to_string().into());
    for file in [envelope, bundle] {
        let statement = parse(&file).unwrap();
        assert_eq!(statement.payload_type(), Some(TYPE));
        assert_eq!(&statement.payload()[..], br#"{"~":1}"#);
        assert_eq!(statement.signatures(), [Bytes::from_static(&[1, 2])]);
    }
    for bare in [
        json!({ "critical": {} }),
        json!({ "_type": "https://in-toto.io/Statement/v1" }),
        json!({ "bomFormat": "CycloneDX" }),
        json!({ "spdxVersion": "SPDX-2.3" }),
    ] {
        let statement = parse(&bare).unwrap();
        assert_eq!(statement.payload_type(), None);
        assert_eq!(&statement.payload()[..], bare.to_string().as_bytes());
    }
    assert_eq!(
        parse(&json!({ "messageSignature": {} })),
        Err(NoStatement::NoEnvelope)
    );
    for other in [json!({}), json!([]), json!("a"), json!({ "a": 1 })] {
        assert_eq!(parse(&other), Err(NoStatement::Other), "{other}");
    }
    for wrong in [
        json!({ "payload": "e30=" }),
        json!({ "payload": "*", "payloadType": TYPE }),
        json!({ "payload": "e30=", "payloadType": "t".repeat(1_025) }),
        json!({ "payload": "e30=", "payloadType": TYPE, "signatures": [{}] }),
    ] {
        let refused = parse(&wrong);
        assert!(
            matches!(refused, Err(NoStatement::Part(_))),
            "{wrong}: {refused:?}"
        );
    }
    let many = json!({ "payload": "e30=", "payloadType": TYPE, "signatures": vec![json!({}); 11] });
    assert_eq!(
        parse(&many),
        Err(NoStatement::TooManySignatures { count: 11 })
    );
    let cut = AttachedStatement::parse(&Bytes::from_static(b"{\"payload\":"));
    assert!(matches!(cut, Err(NoStatement::Json(_))), "{cut:?}");
}

#[test]
fn what_is_signed_for_an_image_names_it() {
    let payload = json!({ "critical": {
        "identity": { "docker-reference": "Registry.example/app" },
        "image": { "docker-manifest-digest": format!("sha256:{}", "AB".repeat(32)) },
        "type": "cosign container image signature",
    }});
    let statement = AttachedStatement::bare(payload.to_string().into());
    assert_eq!(
        named(&statement),
        [
            format!("digest sha256:{}", "ab".repeat(32)),
            "name registry.example/app".to_owned(),
            "statement seen".to_owned(),
        ]
    );
}

#[test]
fn an_sbom_that_is_signed_as_it_is_names_its_components() {
    let sbom = json!({ "bomFormat": "CycloneDX", "components": [{ "purl": "pkg:npm/left@1" }] });
    let statement = AttachedStatement::bare(sbom.to_string().into());
    let named = named(&statement);
    assert!(
        named.contains(&"package pkg:npm/left@1".to_owned()),
        "{named:?}"
    );
    assert!(named.contains(&"statement seen".to_owned()), "{named:?}");
    // Nothing is known of what else an envelope may hold.
    let other = AttachedStatement::envelope("text/plain", Bytes::from_static(b"x"), Vec::new());
    assert_eq!(self::named(&other), ["statement seen"]);
}
