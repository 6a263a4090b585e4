//! Certificates in Rekor v1 (rekor-v1, sections 4.1 and 4.7): how they have to hang together, and
//! that their holders are found.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::BasicConstraints;
use rcgen::CertificateParams;
use rcgen::DnType;
use rcgen::IsCa;
use rcgen::Issuer;
use rcgen::KeyPair;
use rcgen::SanType;
use rcgen::date_time_ymd;
use serde_json::Value;
use serde_json::json;
use sha2::Digest;
use sha2::Sha256;

use crate::rekor_v1::V1;
use crate::requests::Signer;

const ARTIFACT: &[u8] = b"signed with a certified key";

/// A hashedrekord proposal by `signer`, whose key is in `pem`.
fn proposal(signer: &Signer, pem: &str) -> Value {
    json!({
        "kind": "hashedrekord",
        "apiVersion": "0.0.1",
        "spec": {
            "data": {
                "hash": {
                    "algorithm": "sha256",
                    "value": hex::encode(Sha256::digest(ARTIFACT)),
                },
            },
            "signature": {
                "content": STANDARD.encode(signer.sign(ARTIFACT)),
                "publicKey": {"content": STANDARD.encode(pem)},
            },
        },
    })
}

/// Of a leaf that was valid in January 2026, and is no longer.
fn leaf(names: Vec<SanType>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    (params.not_before, params.not_after) = (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 2, 1));
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

/// The PEM of a leaf by an authority of its own, and that of the authority.
fn chain(signer: &Signer, leaf: &CertificateParams, root: CertificateParams) -> [String; 2] {
    let pair = KeyPair::generate().unwrap();
    let root_pem = root.self_signed(&pair).unwrap().pem();
    let leaf = leaf.signed_by(&signer.key_pair(), &Issuer::new(root, pair));
    [leaf.unwrap().pem(), root_pem]
}

async fn refused(v1: &V1, proposal: &Value, reason: &str) {
    let reply = v1.submit(proposal).await;
    reply.must_fail(400, 400, &format!("error processing entry: {reason}"));
}

#[tokio::test]
async fn a_chain_leads_from_its_leaf_to_its_root() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let [leaf_pem, root] = chain(&signer, &leaf(Vec::new()), authority("one"));
    let [_, stranger] = chain(&signer, &leaf(Vec::new()), authority("one"));
    // Alone, a certificate is taken as it is, though it is over and its issuer unknown.
    v1.create(&proposal(&signer, &leaf_pem)).await;
    let (_, entry) = v1
        .create(&proposal(&signer, &format!("{leaf_pem}\n{root}")))
        .await;
    let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let logged = body["spec"]["signature"]["publicKey"]["content"]
        .as_str()
        .unwrap();
    let logged = String::from_utf8(STANDARD.decode(logged).unwrap()).unwrap();
    let expected = [leaf_pem.as_str(), &root].concat().replace("\r\n", "\n");
    assert_eq!(logged, expected);
    // Those between may be any.
    v1.create(&proposal(&signer, &[&*leaf_pem, &stranger, &root].concat()))
        .await;

    let no_chain = "the certificates are no chain from the first to the last";
    let public_key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n";
    let mut nobody = authority("one");
    nobody.is_ca = IsCa::ExplicitNoCa;
    let [by_nobody, nobody] = chain(&signer, &leaf(Vec::new()), nobody);
    let mut late = authority("one");
    late.not_before = date_time_ymd(2026, 1, 2);
    let [too_early, late] = chain(&signer, &leaf(Vec::new()), late);
    for (pem, reason) in [
        ([&*leaf_pem, &stranger].concat(), no_chain),
        ([&*leaf_pem, &leaf_pem].concat(), no_chain),
        ([&*by_nobody, &nobody].concat(), no_chain),
        ([&*too_early, &late].concat(), no_chain),
        // The key that signed is that of the first.
        ([&*root, &leaf_pem].concat(), ""),
        (
            leaf_pem.repeat(11),
            "too many certificates specified in PEM block, at most 10 are taken",
        ),
        (
            [&*leaf_pem, public_key].concat(),
            "invalid public key: cannot handle type PUBLIC KEY",
        ),
        (
            [&*leaf_pem, "-----BEGIN CERTIFICATE-----\n"].concat(),
            "invalid public key: failure decoding PEM",
        ),
    ] {
        refused(&v1, &proposal(&signer, &pem), reason).await;
    }
    assert_eq!(v1.size().await, 3);
}

#[tokio::test]
async fn holders_are_found_by_all_their_names_in_any_case() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let workflow = "https://github.com/Example/repo/.github/workflows/release.yml@refs/heads/main";
    let names = vec![
        SanType::DnsName("Build.example.com".try_into().unwrap()),
        SanType::Rfc822Name("Ann@Example.com".try_into().unwrap()),
        SanType::IpAddress("192.0.2.7".parse().unwrap()),
        SanType::URI(workflow.try_into().unwrap()),
    ];
    let [leaf_pem, _] = chain(&signer, &leaf(names), authority("one"));
    let (id, _) = v1.create(&proposal(&signer, &leaf_pem)).await;
    for query in [
        json!({"email": "Ann@Example.com"}),
        json!({"email": "ann@example.com"}),
        json!({"subject": "ANN@EXAMPLE.COM"}),
        json!({"subject": "build.example.com"}),
        json!({"subject": "192.0.2.7"}),
        json!({"subject": workflow}),
        json!({"subject": workflow.to_lowercase()}),
        json!({"email": "ann@example.com", "subject": "192.0.2.7", "operator": "and"}),
        json!({"publicKey": {"format": "x509", "content": STANDARD.encode(&leaf_pem)}}),
    ] {
        assert_eq!(v1.search(&query).await.json(), json!([id]), "{query}");
    }
    for query in [
        json!({"email": "bob@example.com"}),
        json!({"subject": "example.com"}),
    ] {
        assert_eq!(v1.search(&query).await.json(), json!([]), "{query}");
    }
}

#[tokio::test]
async fn names_are_bounded() {
    let v1 = V1::start().await;
    let signer = Signer::new();
    let named = |count: usize| {
        let names =
            (0..count).map(|number| SanType::DnsName(format!("host{number}").try_into().unwrap()));
        let [leaf_pem, _] = chain(&signer, &leaf(names.collect()), authority("one"));
        proposal(&signer, &leaf_pem)
    };
    v1.create(&named(256)).await;
    let reason =
        "the subject alternative names of the certificate cannot be read, or are more than 256";
    refused(&v1, &named(257), reason).await;
}
