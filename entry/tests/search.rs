//! What entries are found by.

use std::collections::BTreeSet;

use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use rcgen::CertificateParams;
use rcgen::OtherNameValue;
use rcgen::SanType;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::Signer;
use crate::support::certificate_verifier;
use crate::support::submit;
use crate::v1_support::pem;
use crate::v1_support::public_key_pem;

#[test]
fn keys_are_hashes_of_normalised_text() {
    let digest = Sha256::digest(b"artifact");
    let key = SearchKey::artifact_digest(HashAlgorithm::Sha2256, &digest).unwrap();
    let text = format!("sha256:{}", hex::encode(digest));
    assert_eq!(key.hash.as_bytes()[..], Sha256::digest(text)[..]);
    assert_eq!(key.kind, SearchKeyKind::ArtifactDigest);

    let signer = Signer::p256();
    let key = PublicKey::from_spki_der(&signer.spki()).unwrap();
    let text = hex::encode(Sha256::digest(public_key_pem(&signer)));
    let found = SearchKey::public_key(&key);
    assert_eq!(found.hash.as_bytes()[..], Sha256::digest(text)[..]);
    assert_eq!(
        SearchKey::subject("Ada@Example.COM"),
        SearchKey::subject("ada@example.com")
    );
    assert_eq!(
        SearchKey::artifact_digest(HashAlgorithm::Unspecified, &[]),
        None
    );
}

#[test]
fn digests_in_every_spelling_are_one_key() {
    let digest = Sha256::digest(b"artifact");
    let key = SearchKey::artifact_digest(HashAlgorithm::Sha2256, &digest);
    let digits = hex::encode(digest);
    for text in [
        digits.clone(),
        digits.to_uppercase(),
        format!("sha256:{digits}"),
        format!("SHA256:{}", digits.to_uppercase()),
    ] {
        assert_eq!(SearchKey::artifact_digest_text(&text), key, "{text}");
    }
    for text in [
        "",
        "sha256:",
        &digits[1..],
        &format!("sha512:{digits}"),
        &format!("md5:{digits}"),
        &digits.replace(&digits[..1], "x"),
        &format!("sha256:sha256:{digits}"),
    ] {
        assert_eq!(SearchKey::artifact_digest_text(text), None, "{text}");
    }
    for (length, name) in [(20, "sha1"), (48, "sha384"), (64, "sha512")] {
        let digits = "ab".repeat(length);
        let bare = SearchKey::artifact_digest_text(&digits);
        assert!(bare.is_some());
        assert_eq!(
            SearchKey::artifact_digest_text(&format!("{name}:{digits}")),
            bare
        );
    }
}

#[test]
fn the_numbers_of_kinds_are_stored_and_stay() {
    for (kind, number) in [
        (SearchKeyKind::ArtifactDigest, 1),
        (SearchKeyKind::PublicKey, 2),
        (SearchKeyKind::Subject, 3),
    ] {
        assert_eq!(kind.number(), number);
        assert_eq!(SearchKeyKind::from_number(number), Some(kind));
    }
    assert_eq!(SearchKeyKind::from_number(0), None);
    assert_eq!(SearchKeyKind::from_number(24), None);
    for kind in SearchKeyKind::ALL {
        assert_eq!(SearchKeyKind::from_number(kind.number()), Some(*kind));
        assert_eq!(SearchKeyKind::from_name(kind.name()), Some(*kind));
    }
}

#[test]
fn an_entry_is_found_by_all_that_its_certificate_names() {
    let signer = Signer::p256();
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![
        SanType::DnsName("Build.Example.com".try_into().unwrap()),
        SanType::Rfc822Name("Ada@example.com".try_into().unwrap()),
        // The same in another case is the same key.
        SanType::Rfc822Name("ada@example.com".try_into().unwrap()),
        SanType::URI(
            "https://example.com/Workflow@refs/heads/main"
                .try_into()
                .unwrap(),
        ),
        SanType::IpAddress([192, 0, 2, 7].into()),
        SanType::IpAddress([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into()),
        SanType::OtherName((
            vec![1, 3, 6, 1, 4, 1, 57264, 1, 7],
            OtherNameValue::Utf8String("Ada Lovelace!example".to_owned()),
        )),
        SanType::OtherName((
            vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3],
            OtherNameValue::Utf8String("not searched for".to_owned()),
        )),
    ];
    let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    let certificate = params.self_signed(&pair).unwrap().der().to_vec();
    let mut request = signer.request(b"artifact");
    request.signature.as_mut().unwrap().verifier = Some(certificate_verifier(
        certificate.clone(),
        SigningAlgorithm::EcdsaP256Sha256,
    ));
    let entry = submit(request).unwrap();

    let mut expected: BTreeSet<_> = [
        "build.example.com",
        "ada@example.com",
        "https://example.com/workflow@refs/heads/main",
        "192.0.2.7",
        "2001:db8::1",
        "ada lovelace!example",
    ]
    .map(SearchKey::subject)
    .into();
    let key = PublicKey::from_spki_der(&signer.spki()).unwrap();
    expected.insert(SearchKey::public_key(&key));
    // The certificate, in both forms in which Rekor v1 asks for it.
    let certificate = pem("CERTIFICATE", &certificate);
    let searched = search_key_of_public_key(PublicKeyFormat::X509, certificate.as_bytes());
    expected.insert(searched.unwrap());
    let certificate = Sha256::digest(certificate);
    expected.extend(SearchKey::artifact_digest(
        HashAlgorithm::Sha2256,
        &certificate,
    ));
    let digest = Sha256::digest(b"artifact");
    expected.extend(SearchKey::artifact_digest(HashAlgorithm::Sha2256, &digest));

    let found: BTreeSet<_> = entry.search_keys.iter().copied().collect();
    assert!(expected.is_subset(&found), "{expected:?} {found:?}");
    // Besides: the hashes of certificate and key in DER, who issued it, the signature, the kind.
    let mut besides: Vec<_> = found.difference(&expected).map(|key| key.kind).collect();
    besides.dedup();
    let expected = [
        SearchKeyKind::PublicKey,
        SearchKeyKind::Authority,
        SearchKeyKind::Signature,
        SearchKeyKind::EntryKind,
    ];
    assert_eq!(besides, expected);
    assert_eq!(search_keys_of_body(&entry.body).unwrap(), entry.search_keys);
}

#[test]
fn a_key_and_its_certificate_are_found_alike() {
    let signer = Signer::p256();
    let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    let certificate = CertificateParams::default().self_signed(&pair).unwrap();
    let bare = signer.request(b"artifact");
    let mut certified = bare.clone();
    certified.signature.as_mut().unwrap().verifier = Some(certificate_verifier(
        certificate.der().to_vec(),
        SigningAlgorithm::EcdsaP256Sha256,
    ));
    let bare = submit(bare).unwrap();
    let certified = submit(certified).unwrap();
    assert_ne!(bare.body, certified.body);
    let key = PublicKey::from_spki_der(&signer.spki()).unwrap();
    for entry in [bare, certified] {
        assert!(entry.search_keys.contains(&SearchKey::public_key(&key)));
    }
}
