//! The one JSON form of entries, of every kind.

use ledgerstone_entry::EntryView;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::Hash;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::SanType;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Signer;
use crate::support::certificate_verifier;
use crate::support::submit;
use crate::support::submit_dsse;
use crate::v1_support::STATEMENT;
use crate::v1_support::create;
use crate::v1_support::envelope;
use crate::v1_support::intoto_v001;
use crate::v1_support::public_key_pem;
use crate::v1_support::rekord;
use crate::v1_support::signed_dsse;
use crate::v1_support::signed_hashedrekord;
use crate::v1_support::signed_intoto_v002;

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

/// What is told of `entry`, without its body and leaf hash, which are checked.
fn told(entry: &PreparedEntry) -> Value {
    let view = EntryView::new(&entry.body);
    assert_eq!(view.body_bytes().unwrap(), entry.body);
    let mut value = serde_json::to_value(&view).unwrap();
    let body: Value = serde_json::from_slice(&entry.body).unwrap();
    let members = value.as_object_mut().unwrap();
    assert_eq!(members.remove("body"), Some(body));
    let leaf_hash = format!("sha256:{}", entry.leaf_hash);
    assert_eq!(members.remove("leafHash"), Some(json!(leaf_hash)));
    assert_eq!(members.remove("kind"), Some(json!(entry.kind.name())));
    assert_eq!(members.remove("version"), Some(json!(entry.kind.version())));
    value
}

#[test]
fn every_kind_tells_its_digests_and_its_signer() {
    let signer = Signer::p256();
    let key = public_key_pem(&signer);
    let signed = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    let (payload, artifact) = (sha256(STATEMENT.as_bytes()), sha256(b"artifact"));
    let artifact = json!({ "of": "artifact", "digest": artifact });
    let payload = json!({ "of": "payload", "digest": payload });
    let envelope_digest = json!({ "of": "envelope", "digest": sha256(signed.as_bytes()) });
    let rekord = rekord(
        "x509",
        b"artifact",
        &signer.sign(b"artifact"),
        key.as_bytes(),
    );
    let dsse = signed_dsse(STATEMENT.as_bytes(), &[&signer]);
    let in_dsse = dsse["spec"]["proposedContent"]["envelope"]
        .as_str()
        .unwrap();
    let in_dsse = json!({ "of": "envelope", "digest": sha256(in_dsse.as_bytes()) });
    let cases = [
        (
            submit(signer.request(b"artifact")).unwrap(),
            json!([artifact]),
        ),
        (
            create(&signed_hashedrekord(&signer, b"artifact")).unwrap(),
            json!([artifact]),
        ),
        (create(&rekord).unwrap(), json!([artifact])),
        (create(&dsse).unwrap(), json!([in_dsse, payload])),
        (
            create(&intoto_v001(&signed, &key)).unwrap(),
            json!([envelope_digest, payload]),
        ),
        (
            create(&signed_intoto_v002(STATEMENT.as_bytes(), &[&signer])).unwrap(),
            json!([payload]),
        ),
    ];
    for (entry, digests) in cases {
        let signers = json!([{ "key": sha256(&signer.spki()) }]);
        let expected = json!({ "digests": digests, "signers": signers });
        assert_eq!(told(&entry), expected, "{}", entry.kind);
    }
}

#[test]
fn an_envelope_of_rekor_v2_tells_every_signer() {
    let signers = [Signer::p256(), Signer::new(SigningAlgorithm::Ed25519)];
    let entry = submit_dsse(crate::dsse::request(&signers)).unwrap();
    let told = told(&entry);
    assert_eq!(told["digests"][0]["of"], "payload");
    let mut keys: Vec<_> = told["signers"].as_array().unwrap().iter().collect();
    keys.sort_by_key(|signer| signer["key"].to_string());
    let mut expected = signers.map(|signer| json!({ "key": sha256(&signer.spki()) }));
    expected.sort_by_key(|signer| signer["key"].to_string());
    assert_eq!(keys, expected.iter().collect::<Vec<_>>());
}

#[test]
fn a_certificate_tells_whom_it_names_and_on_whose_word() {
    let signer = Signer::p256();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::Rfc822Name("Ada@example.com".try_into().unwrap())];
    let issuer = b"\x0c\x16https://issuer.example";
    params
        .custom_extensions
        .push(CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 4, 1, 57264, 1, 8],
            issuer.to_vec(),
        ));
    params
        .custom_extensions
        .push(CustomExtension::from_oid_content(
            &[1, 3, 6, 1, 4, 1, 57264, 1, 12],
            b"\x0c\x12https://h/acme/app".to_vec(),
        ));
    let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    let certificate = params.self_signed(&pair).unwrap().der().to_vec();
    let mut request = signer.request(b"artifact");
    let verifier = certificate_verifier(certificate, SigningAlgorithm::EcdsaP256Sha256);
    request.signature.as_mut().unwrap().verifier = Some(verifier);
    let entry = submit(request).unwrap();
    let key = sha256(&signer.spki());
    let expected = json!([{
        "key": key,
        "subjects": ["Ada@example.com"],
        "issuer": "https://issuer.example",
        "authority": "CN=rcgen self signed cert",
        "claims": { "repository": "https://h/acme/app" },
    }]);
    assert_eq!(told(&entry)["signers"], expected);

    // Watch lists take the fingerprint.
    let mut list = WatchList::default();
    let digits = hex::decode(key.strip_prefix("sha256:").unwrap()).unwrap();
    list.add_key_hash(Hash::from_slice(&digits).unwrap())
        .unwrap();
    assert!(list.examine(&entry.body).matches.is_some());
}
