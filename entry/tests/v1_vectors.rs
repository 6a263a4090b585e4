//! Published entries: those that the field's own test files make, and those in real bundles.

use bytes::Bytes;
use ledgerstone_entry::EntryDescription;
use ledgerstone_entry::describe;
use ledgerstone_entry::v1::DsseV001;
use ledgerstone_entry::v1::HashedRekordV001;
use ledgerstone_entry::v1::IntotoV001;
use ledgerstone_entry::v1::IntotoV002;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_tests::vectors::FILE1;
use ledgerstone_tests::vectors::VECTORS;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha512;

use crate::bundles::bundles;
use crate::bundles::fixtures;
use crate::bundles::text;
use crate::support::base64;
use crate::v1_support::create;
use crate::v1_support::dsse;
use crate::v1_support::hashedrekord;
use crate::v1_support::intoto_v002;
use crate::v1_support::logged;
use crate::v1_support::look_up;
use crate::v1_support::pem;

#[test]
fn the_entries_of_upstreams_test_files() {
    assert_eq!(
        hex::encode(Sha256::digest(FILE1)),
        "ecdc5536f73bdae8816f0ea40726ef5e9b810d914493075903bb90623d97b1d8"
    );
    for vector in VECTORS {
        let digest = match vector.hash {
            "sha512" => hex::encode(Sha512::digest(FILE1)),
            _ => hex::encode(Sha256::digest(FILE1)),
        };
        let key = pem("PUBLIC KEY", &base64(vector.spki));
        let signature = base64(vector.signature);
        let entry = create(&hashedrekord(vector.hash, &digest, &signature, &key)).unwrap();
        assert_eq!(entry.body.len(), vector.body_length);
        assert_eq!(entry.leaf_hash.to_string(), vector.leaf_hash);

        assert_eq!(hex::encode(Sha256::digest(&key)), vector.key_hash);
        let searched = search_key_of_public_key(PublicKeyFormat::X509, key.as_bytes()).unwrap();
        let text_hash: [u8; 32] = Sha256::digest(vector.key_hash).into();
        assert_eq!(searched.hash.as_bytes(), &text_hash);
        assert!(entry.search_keys.contains(&searched));
    }
}

/// The bundles of Rekor v1, each with its body.
fn v1_bundles() -> Vec<(String, Value, Vec<u8>)> {
    let mut found = Vec::new();
    for (name, bundle) in bundles() {
        if name.starts_with("v1-") {
            let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
            let body = base64(text(&entry["canonicalizedBody"]));
            found.push((name, bundle, body));
        }
    }
    assert!(found.len() >= 4 || fixtures().is_none());
    found
}

#[test]
fn every_logged_body_is_read_and_written_again() {
    for (name, bundle, body) in v1_bundles() {
        let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
        let description = describe(&body).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(description.kind(), entry["kindVersion"]["kind"], "{name}");
        assert_eq!(
            description.version(),
            entry["kindVersion"]["version"],
            "{name}"
        );
        let again = written_again(&description).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(again, body, "{name}");
        assert_eq!(leaf_hash(&again), leaf_hash(&body), "{name}");
        // Key in both forms, digest, and a subject wherever there is a certificate.
        assert!(description.search_keys().len() >= 3, "{name}");
    }
}

#[test]
fn the_public_entries_have_their_published_leaf_hashes() {
    let leaves: Vec<String> = v1_bundles()
        .iter()
        .map(|(_, _, body)| leaf_hash(body).to_string())
        .collect();
    let published = "875d33538d49eb9bc3224c4868c25d06f78f566730771c4437f50962530906ae";
    assert!(leaves.is_empty() || leaves.iter().any(|leaf| leaf == published));
}

/// Each body is proposed again as it stands, or with the envelope of the bundle where the body has
/// only its hash.
#[test]
fn what_a_bundle_holds_makes_its_entry_again() {
    let mut made = 0;
    for (name, bundle, body) in v1_bundles() {
        let logged_body: Value = serde_json::from_slice(&body).unwrap();
        let spec = &logged_body["spec"];
        match text(&logged_body["kind"]) {
            "hashedrekord" => {
                let entry =
                    create(&logged_body).unwrap_or_else(|reject| panic!("{name}: {reject}"));
                assert_eq!(entry.body, body, "{name}");
                assert_eq!(look_up(&logged_body).unwrap().leaf_hash, leaf_hash(&body));
            }
            "dsse" => {
                let entry = look_up(&logged_body).unwrap();
                assert_eq!(entry.body, body, "{name}");
                made += usize::from(dsse_again(&bundle, spec, &body));
            }
            _ => {
                // This log's maker left the payload in the body. Upstream drops it, and so does
                // this one.
                let entry =
                    create(&logged_body).unwrap_or_else(|reject| panic!("{name}: {reject}"));
                let mut without = logged_body.clone();
                let envelope = without["spec"]["content"]["envelope"]
                    .as_object_mut()
                    .unwrap();
                envelope.remove("payload");
                assert_eq!(logged(&entry), without, "{name}");
                intoto_again(&bundle, spec, &logged(&entry));
            }
        }
    }
    assert!(made > 0 || fixtures().is_none(), "some envelope is whole");
}

/// A bundle has the members of the envelope, but not its bytes: where one of the usual ways to
/// write it gives the logged hash, the whole submission is known. Says whether it is.
fn dsse_again(bundle: &Value, spec: &Value, body: &[u8]) -> bool {
    let envelope = &bundle["dsseEnvelope"];
    let [payload, payload_type] = ["payload", "payloadType"].map(|name| envelope[name].to_string());
    let sig = &envelope["signatures"][0]["sig"];
    let verifier = String::from_utf8(base64(text(&spec["signatures"][0]["verifier"]))).unwrap();
    let with_key_id = format!(r#"{{"keyid":"","sig":{sig}}}"#);
    let key_id_last = format!(r#"{{"sig":{sig},"keyid":""}}"#);
    let writings = [
        format!(
            r#"{{"payload":{payload},"payloadType":{payload_type},"signatures":[{{"sig":{sig}}}]}}"#
        ),
        format!(
            r#"{{"payloadType":{payload_type},"payload":{payload},"signatures":[{{"sig":{sig}}}]}}"#
        ),
        format!(
            r#"{{"payload":{payload},"payloadType":{payload_type},"signatures":[{with_key_id}]}}"#
        ),
        format!(
            r#"{{"payloadType":{payload_type},"payload":{payload},"signatures":[{with_key_id}]}}"#
        ),
        format!(
            r#"{{"payload":{payload},"payloadType":{payload_type},"signatures":[{key_id_last}]}}"#
        ),
    ];
    for writing in writings {
        let entry = create(&dsse(&writing, std::slice::from_ref(&verifier))).unwrap();
        let made: Value = logged(&entry);
        assert_eq!(made["spec"]["payloadHash"], spec["payloadHash"]);
        assert_eq!(made["spec"]["signatures"], spec["signatures"]);
        if made["spec"]["envelopeHash"] == spec["envelopeHash"] {
            assert_eq!(entry.body, body);
            return true;
        }
    }
    false
}

/// The envelope of the bundle with the key of the body, in the double base64 of this kind.
fn intoto_again(bundle: &Value, spec: &Value, expected: &Value) {
    let signature = &spec["content"]["envelope"]["signatures"][0];
    let key = String::from_utf8(base64(text(&signature["publicKey"]))).unwrap();
    let mut proposal = intoto_v002(&bundle["dsseEnvelope"], &[key]);
    proposal["spec"]["content"]["hash"] = spec["content"]["hash"].clone();
    assert_eq!(&logged(&create(&proposal).unwrap()), expected);
    proposal["spec"]["content"]["hash"] = json!({"algorithm": "sha256", "value": "not checked"});
    assert_ne!(&logged(&create(&proposal).unwrap()), expected);
}

fn written_again(description: &EntryDescription) -> Option<Bytes> {
    let body = if let Some(entry) = description.content::<HashedRekordV001>() {
        entry.to_body()
    } else if let Some(entry) = description.content::<DsseV001>() {
        entry.to_body()
    } else if let Some(entry) = description.content::<IntotoV001>() {
        entry.to_body()
    } else {
        description.content::<IntotoV002>()?.to_body()
    };
    body.ok()
}
