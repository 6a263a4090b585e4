//! Real bundles, where the fixtures are at hand.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::describe;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::base64;
use crate::support::certificate_verifier;
use crate::support::submit;

#[test]
fn every_v2_entry_is_read_and_made_again() {
    let bundles = v2_bundles();
    for (name, bundle) in &bundles {
        let material = &bundle["verificationMaterial"];
        let body = base64(text(&material["tlogEntries"][0]["canonicalizedBody"]));
        let certificate = base64(text(&material["certificate"]["rawBytes"]));
        let (digest, signature) = signed_digest(bundle);

        let submitted = submit(HashedRekordRequestV002 {
            digest: digest.clone().into(),
            signature: Some(Signature {
                content: signature.clone().into(),
                verifier: Some(certificate_verifier(
                    certificate.clone(),
                    SigningAlgorithm::EcdsaP256Sha256,
                )),
            }),
        })
        .unwrap_or_else(|reject| panic!("{name}: {reject}"));
        assert_eq!(submitted.body, body, "{name}");
        assert_eq!(submitted.leaf_hash, leaf_hash(&body), "{name}");

        let key = PublicKey::from_certificate_der(&certificate).unwrap();
        let material = VerifierMaterial::Certificate(certificate.into());
        let rebuilt = HashedRekordV002::rebuild(&key, material, digest.into(), signature.into());
        assert_eq!(rebuilt.to_body().unwrap(), body, "{name}");

        let description = describe(&body).unwrap();
        assert_eq!(description.content(), Some(&rebuilt));
        assert_eq!(description.search_keys(), submitted.search_keys, "{name}");
    }
}

#[test]
fn the_conformance_bundle_has_its_published_leaf_hash() {
    for (name, bundle) in v2_bundles() {
        if name != "v2-hashedrekord" {
            continue;
        }
        let entry = &bundle["verificationMaterial"]["tlogEntries"][0];
        let body = base64(text(&entry["canonicalizedBody"]));
        assert_eq!(body.len(), 3175);
        assert_eq!(
            leaf_hash(&body).to_string(),
            "78470eff2921878c2141726b650bf349099c37850a731f287a6accf35d40441f"
        );
    }
}

/// What the signature of a bundle is made over, and the signature.
fn signed_digest(bundle: &Value) -> (Vec<u8>, Vec<u8>) {
    let message = &bundle["messageSignature"];
    if message.is_object() {
        let digest = base64(text(&message["messageDigest"]["digest"]));
        return (digest, base64(text(&message["signature"])));
    }
    let envelope = &bundle["dsseEnvelope"];
    let payload = base64(text(&envelope["payload"]));
    let encoding = pre_authentication_encoding(text(&envelope["payloadType"]), &payload);
    let signature = base64(text(&envelope["signatures"][0]["sig"]));
    (Sha256::digest(encoding).to_vec(), signature)
}

fn v2_bundles() -> Vec<(String, Value)> {
    let mut bundles = bundles();
    bundles.retain(|(_, bundle)| {
        bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["version"] == "0.0.2"
            && bundle["verificationMaterial"]["tlogEntries"][0]["kindVersion"]["kind"]
                == "hashedrekord"
    });
    assert!(bundles.len() >= 3 || fixtures().is_none());
    bundles
}

pub(crate) fn bundles() -> Vec<(String, Value)> {
    let Some(folder) = fixtures() else {
        println!("skipped: the fixtures are not at hand");
        return Vec::new();
    };
    let mut bundles = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(json) = fs::read(path.join("bundle.sigstore.json")) else {
            continue;
        };
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        bundles.push((name, serde_json::from_slice(&json).unwrap()));
    }
    bundles
}

pub(crate) fn fixtures() -> Option<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/fixtures/bundles");
    Some(Path::new(folder).to_owned()).filter(|folder| folder.is_dir())
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
