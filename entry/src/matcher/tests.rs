//! What a watch list finds, in bodies of all kinds.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_merkle::Hash;
use rcgen::CertificateParams;
use rcgen::CustomExtension;
use rcgen::KeyPair;
use rcgen::PublicKeyData;
use rcgen::SanType;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use super::*;
use crate::key::public_key::PublicKey;
use crate::matcher::pattern::Pattern;

const DIGEST: [u8; 32] = [0xab; 32];

/// A certificate for these e-mail addresses, issued on the word of `issuer`: DER, and the key's
/// SubjectPublicKeyInfo.
fn certificate(subjects: &[&str], issuer: Option<&str>) -> (Vec<u8>, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.subject_alt_names = subjects
        .iter()
        .map(|subject| SanType::Rfc822Name((*subject).try_into().unwrap()))
        .collect();
    if let Some(issuer) = issuer {
        let text = [&[0x0c, issuer.len() as u8], issuer.as_bytes()].concat();
        let id = [1, 3, 6, 1, 4, 1, 57264, 1, 8];
        params.custom_extensions = vec![CustomExtension::from_oid_content(&id, text)];
    }
    let certificate = params.self_signed(&key).unwrap();
    (certificate.der().to_vec(), key.subject_public_key_info())
}

fn body_v2(verifier: Value) -> Vec<u8> {
    let spec = json!({ "hashedRekordV002": {
        "data": { "algorithm": "SHA2_256", "digest": STANDARD.encode(DIGEST) },
        "signature": { "content": "AAAA", "verifier": verifier },
    }});
    let body = json!({ "apiVersion": "0.0.2", "kind": "hashedrekord", "spec": spec });
    serde_json::to_vec(&body).unwrap()
}

fn certificate_body(der: &[u8]) -> Vec<u8> {
    body_v2(json!({ "x509Certificate": { "rawBytes": STANDARD.encode(der) } }))
}

fn body_v1(key_text: &str) -> Vec<u8> {
    let spec = json!({
        "data": { "hash": { "algorithm": "sha256", "value": "ab".repeat(32) } },
        "signature": { "content": "AAAA", "publicKey": { "content": STANDARD.encode(key_text) } },
    });
    let body = json!({ "apiVersion": "0.0.1", "kind": "hashedrekord", "spec": spec });
    serde_json::to_vec(&body).unwrap()
}

fn pem(label: &'static str, der: &[u8]) -> String {
    der::pem::encode_string(label, der::pem::LineEnding::LF, der).unwrap()
}

fn sha256(bytes: &[u8]) -> Hash {
    Hash::new(Sha256::digest(bytes).into())
}

fn identities(subject: &str, issuer: Option<&str>) -> WatchList {
    let mut list = WatchList::default();
    list.add_identity(subject, issuer).unwrap();
    list
}

fn is_hit(list: &WatchList, body: &[u8]) -> bool {
    list.examine(body).matches.is_some()
}

#[test]
fn patterns_match_whole_texts_in_any_case() {
    for (pattern, text, expected) in [
        ("ann@example.com", "Ann@Example.com", true),
        ("ann@example.com", "joann@example.com", false),
        ("ann@example.com", "ann@example.com.evil", false),
        ("*@example.com", "ann@example.com", true),
        ("*@example.com", "ann@example.com.evil", false),
        ("ann*", "ann", true),
        ("*", "", true),
        ("a*a", "a", false),
        ("a*a", "aa", true),
        ("*ab*ab*", "xabab", true),
        ("*ab*ab*", "xab", false),
        ("a*b*c", "a-b-b-c", true),
        (
            "https://github.com/acme/*/release.yml@*",
            "https://github.com/acme/app/.github/release.yml@refs/tags/v1",
            true,
        ),
        (
            "https://github.com/acme/*",
            "https://github.com/acme-evil/app",
            false,
        ),
        ("a.c", "abc", false),
        ("a**c", "ac", true),
    ] {
        let matched = Pattern::parse(pattern).unwrap().matches(text);
        assert_eq!(matched, expected, "{pattern} {text}");
    }
}

proptest::proptest! {
    #[test]
    fn a_pattern_made_from_a_text_matches_it(
        parts in proptest::collection::vec("[a-c]{0,3}", 1..6),
        fill in "[a-c]{0,3}",
    ) {
        let pattern = format!("x{}", parts.join("*"));
        let text = format!("x{}", parts.join(&fill));
        let other = format!("y{text}");
        let pattern = Pattern::parse(&pattern).unwrap();
        proptest::prop_assert!(pattern.matches(&text));
        proptest::prop_assert!(!pattern.matches(&other));
    }
}

#[test]
fn an_identity_is_a_subject_and_an_issuer() {
    let issuer = "https://accounts.example";
    let (der, _) = certificate(&["ann@example.com", "bob@example.com"], Some(issuer));
    let body = certificate_body(&der);
    let examined = identities("bob@*", Some("https://accounts.*")).examine(&body);
    assert_eq!(
        (examined.kind.as_str(), examined.version.as_str()),
        ("hashedrekord", "0.0.2")
    );
    assert!(examined.understood);
    let expected = Match::Identity {
        subject: "bob@example.com".to_owned(),
        issuer: Some(issuer.to_owned()),
    };
    assert_eq!(examined.matches, Some(vec![expected]));
    assert!(is_hit(&identities("ann@example.com", None), &body));
    assert!(!is_hit(
        &identities("ann@example.com", Some("https://other.example")),
        &body
    ));
    assert!(!is_hit(&identities("eve@example.com", None), &body));

    let (without_issuer, _) = certificate(&["ann@example.com"], None);
    let body = certificate_body(&without_issuer);
    assert!(is_hit(&identities("ann@example.com", None), &body));
    assert!(!is_hit(&identities("ann@example.com", Some("*")), &body));
}

#[test]
fn a_key_is_found_bare_in_a_certificate_and_by_its_text() {
    let (der, spki) = certificate(&["ann@example.com"], None);
    let certificate_pem = pem("CERTIFICATE", &der);
    let key_pem = pem("PUBLIC KEY", &spki);
    let bare = body_v2(json!({ "publicKey": { "rawBytes": STANDARD.encode(&spki) } }));
    for body in [
        &bare,
        &certificate_body(&der),
        &body_v1(&key_pem),
        &body_v1(&certificate_pem),
    ] {
        let mut list = WatchList::default();
        list.add_key(&PublicKey::from_pem(&key_pem).unwrap())
            .unwrap();
        let sha256 = sha256(&spki).to_string();
        assert_eq!(
            list.examine(body).matches,
            Some(vec![Match::Key { sha256 }])
        );
    }
    let mut by_text = WatchList::default();
    by_text.add_key_hash(sha256(key_pem.as_bytes())).unwrap();
    assert!(is_hit(&by_text, &bare));
    assert!(is_hit(&by_text, &body_v1(&key_pem)));
    // As a search does, by the key in the certificate.
    assert!(is_hit(&by_text, &body_v1(&certificate_pem)));
    let chain = format!(
        "{certificate_pem}{}",
        pem("CERTIFICATE", &certificate(&["ca@example.com"], None).0)
    );
    assert!(is_hit(
        &identities("ann@example.com", None),
        &body_v1(&chain)
    ));
}

#[test]
fn keys_that_are_not_x509_are_found_by_their_text() {
    for text in [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBp ann@example.com\n",
        "untrusted comment: minisign public key\nRWQf6LRCGA9i53mlYecO\n",
        "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nxsBNBGNv\n-----END PGP PUBLIC KEY BLOCK-----\n",
    ] {
        let mut list = WatchList::default();
        list.add_key_hash(sha256(text.as_bytes())).unwrap();
        let examined = list.examine(&body_v1(text));
        assert!(examined.matches.is_some() && examined.understood, "{text}");
    }
}

#[test]
fn a_digest_is_found_in_both_generations() {
    let digits = "AB".repeat(32);
    let (der, _) = certificate(&["ann@example.com"], None);
    let bodies = [certificate_body(&der), body_v1(&pem("CERTIFICATE", &der))];
    for text in [
        digits.clone(),
        format!("sha256:{digits}"),
        format!("SHA256:{digits}"),
    ] {
        let mut list = WatchList::default();
        list.add_digest(&text).unwrap();
        for body in &bodies {
            let digest = format!("sha256:{}", digits.to_lowercase());
            assert_eq!(
                list.examine(body).matches,
                Some(vec![Match::ArtifactDigest { digest }])
            );
        }
    }
    let mut other = WatchList::default();
    other.add_digest(&format!("sha3-256:{digits}")).unwrap();
    assert!(!is_hit(&other, &bodies[0]));
}

#[test]
fn subjects_of_a_logged_statement_are_found() {
    let statement =
        json!({ "subject": [{ "name": "app", "digest": { "sha256": "cd".repeat(32) } }] });
    let payload = STANDARD.encode(STANDARD.encode(statement.to_string()));
    let spec = json!({ "content": { "envelope": { "payload": payload, "signatures": [] } } });
    let body = json!({ "apiVersion": "0.0.2", "kind": "intoto", "spec": spec }).to_string();
    let mut list = WatchList::default();
    list.add_digest(&"cd".repeat(32)).unwrap();
    assert!(is_hit(&list, body.as_bytes()));
}

#[test]
fn kinds_narrow_and_alone_take_all_of_theirs() {
    let (der, _) = certificate(&["ann@example.com"], None);
    let (v1, v2) = (body_v1(&pem("CERTIFICATE", &der)), certificate_body(&der));
    for (kind, of_v1, of_v2) in [
        ("hashedrekord", true, true),
        ("hashedrekord 0.0.1", true, false),
        ("dsse", false, false),
    ] {
        for subject in [None, Some("ann@example.com")] {
            let mut list =
                subject.map_or_else(WatchList::default, |subject| identities(subject, None));
            list.add_kind(kind).unwrap();
            assert_eq!(
                (is_hit(&list, &v1), is_hit(&list, &v2)),
                (of_v1, of_v2),
                "{kind}"
            );
        }
        let mut eve = identities("eve@example.com", None);
        eve.add_kind(kind).unwrap();
        assert!(!is_hit(&eve, &v1));
    }
    assert!(WatchList::default().takes_everything());
    assert_eq!(WatchList::default().examine(&v1).matches, Some(Vec::new()));
    assert_eq!(
        WatchList::default().examine(b"anything").matches,
        Some(Vec::new())
    );
}

#[test]
fn what_cannot_be_read_is_said_to_be() {
    let list = identities("ann@example.com", None);
    let broken = pem("CERTIFICATE", &[0x30, 0]);
    for body in [
        b"entry 5".to_vec(),
        b"{}".to_vec(),
        certificate_body(&[0x30, 0]),
        body_v1(&broken),
        body_v1("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"),
        br#"{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"publicKey":"!"}}"#.to_vec(),
        br#"{"apiVersion":"0.0.1","kind":"rfc3161","spec":{"tsr":{"content":"AAAA"}}}"#.to_vec(),
    ] {
        let examined = list.examine(&body);
        assert!(
            !examined.understood && examined.matches.is_none(),
            "{}",
            String::from_utf8_lossy(&body)
        );
    }
    let mut narrowed = list;
    narrowed.add_kind("dsse").unwrap();
    assert!(narrowed.examine(&body_v1(&broken)).understood);
}

#[test]
fn rules_that_match_nothing_are_refused() {
    let mut list = WatchList::default();
    assert_eq!(list.add_identity("", None), Err(RuleError::EmptyPattern));
    assert_eq!(
        list.add_identity("*", Some("")),
        Err(RuleError::EmptyPattern)
    );
    let long = "a".repeat(MAX_PATTERN_BYTES + 1);
    assert_eq!(
        list.add_identity(&long, None),
        Err(RuleError::PatternLength(long.len()))
    );
    for digest in [
        "",
        "sha256:",
        "sha256:00",
        "sha1:zz",
        &format!("md5:{}", "0".repeat(30)),
        &"g".repeat(64),
    ] {
        assert_eq!(
            list.add_digest(digest),
            Err(RuleError::Digest(digest.to_owned()))
        );
    }
    for kind in ["", "a b c"] {
        assert_eq!(list.add_kind(kind), Err(RuleError::Kind(kind.to_owned())));
    }
    for number in 0..MAX_RULES {
        list.add_digest(&format!("{number:064x}")).unwrap();
    }
    assert_eq!(list.add_kind("dsse"), Err(RuleError::Count));
}

#[test]
fn published_entries_are_found_by_their_identity() {
    let fixtures = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../shared/fixtures/bundles"
    ));
    if !fixtures.exists() {
        eprintln!(
            "skipped: the fixtures are not there: {}",
            fixtures.display()
        );
        return;
    }
    for name in [
        "v1-dsse",
        "v1-hashedrekord",
        "v1-intoto-custom-root",
        "v2-dsse",
        "v2-hashedrekord",
    ] {
        let bundle = std::fs::read(fixtures.join(name).join("bundle.sigstore.json")).unwrap();
        let bundle: Value = serde_json::from_slice(&bundle).unwrap();
        let body = &bundle["verificationMaterial"]["tlogEntries"][0]["canonicalizedBody"];
        let body = STANDARD.decode(body.as_str().unwrap()).unwrap();
        let examined = identities("*", Some("https://*")).examine(&body);
        assert!(examined.understood, "{name}");
        let matches = examined.matches.unwrap_or_default();
        assert!(
            matches!(
                matches[..],
                [Match::Identity {
                    issuer: Some(_),
                    ..
                }]
            ),
            "{name}: {matches:?}"
        );
    }
}
