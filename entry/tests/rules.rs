//! One request for each rule that it breaks, of hashedrekord entries and of what all kinds share.

use bytes::Bytes;
use ledgerstone_entry::AlgorithmSet;
use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::BadSignature;
use ledgerstone_entry::BodyTooLarge;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::KindSet;
use ledgerstone_entry::MAX_BODY_LENGTH;
use ledgerstone_entry::MAX_SUBJECTS;
use ledgerstone_entry::Policy;
use ledgerstone_entry::Reject;
use ledgerstone_entry::Rule;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::prepare;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::DsseRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request::Spec;
use rcgen::CertificateParams;
use rcgen::SanType;

use crate::support::Signer;
use crate::support::certificate_verifier;
use crate::support::key_verifier;
use crate::support::rule_of;
use crate::support::submit;
use crate::support::tlv;

#[test]
fn a_request_without_a_kind() {
    let reject = prepare(&CreateEntryRequest::default(), &Policy::default()).unwrap_err();
    let expected = Reject::Type {
        submitted: None,
        taken: KindSet::all(ApiVersion::V2),
    };
    assert_eq!(reject, expected);
    assert_eq!(
        reject.prefix(),
        "invalid type, must be either hashedrekord or dsse"
    );
    assert_eq!(reject.reason_label(), "type");
}

#[test]
fn a_dsse_request_where_none_are_taken() {
    let taken = KindSet::all(ApiVersion::V2).without("dsse");
    let policy = Policy {
        kinds: taken,
        ..Policy::default()
    };
    let request = CreateEntryRequest {
        spec: Some(Spec::DsseRequestV002(DsseRequestV002::default())),
    };
    let reject = prepare(&request, &policy).unwrap_err();
    let expected = Reject::Type {
        submitted: Some(DsseV002::KIND),
        taken,
    };
    assert_eq!(reject, expected);
    assert_eq!(reject.prefix(), "invalid type, must be hashedrekord");
    assert_eq!(
        reject.to_string(),
        "this log does not take dsse 0.0.2 entries"
    );
}

#[test]
fn missing_members() {
    assert_eq!(
        rule_of(submit(HashedRekordRequestV002::default())),
        Rule::MissingSignature
    );
    assert_eq!(
        refused(|request| signature(request).content = Bytes::new()),
        Rule::MissingSignature
    );
    assert_eq!(
        refused(|request| signature(request).verifier = None),
        Rule::MissingVerifier
    );
    assert_eq!(
        refused(|request| request.digest = Bytes::new()),
        Rule::MissingDigest
    );
    assert_eq!(
        refused(|request| verifier(request).verifier = None),
        Rule::MissingKey
    );
    assert_eq!(refused_key(Vec::new()), Rule::EmptyKey);
    assert_eq!(refused_certificate(Vec::new()), Rule::EmptyKey);
}

#[test]
fn a_refusal_says_what_to_change() {
    let reject = submit(HashedRekordRequestV002::default()).unwrap_err();
    assert_eq!(reject.prefix(), "invalid hashedrekord request");
    assert_eq!(reject.to_string(), "the signature is missing");
    assert_eq!(reject.reason_label(), "missing_signature");

    let signer = Signer::p256();
    let mut request = signer.request(MESSAGE);
    verifier(&mut request).key_details = PublicKeyDetails::PkixEcdsaP384Sha384.into();
    assert_eq!(
        submit(request).unwrap_err().to_string(),
        "the key is ECDSA P-256, but the key details are PKIX_ECDSA_P384_SHA_384; \
         PKIX_ECDSA_P256_SHA_256 describes it"
    );
}

#[test]
fn key_details_that_say_nothing() {
    for (number, rule) in [
        (
            0,
            Rule::UnsupportedKeyDetails(PublicKeyDetails::Unspecified),
        ),
        (24, Rule::UndefinedKeyDetails(24)),
        (-1, Rule::UndefinedKeyDetails(-1)),
        (i32::MAX, Rule::UndefinedKeyDetails(i32::MAX)),
        (
            PublicKeyDetails::PkixRsaPss2048Sha256.into(),
            Rule::UnsupportedKeyDetails(PublicKeyDetails::PkixRsaPss2048Sha256),
        ),
        (
            PublicKeyDetails::PkixEcdsaP384Sha256.into(),
            Rule::UnsupportedKeyDetails(PublicKeyDetails::PkixEcdsaP384Sha256),
        ),
    ] {
        assert_eq!(
            refused(|request| verifier(request).key_details = number),
            rule
        );
    }
}

#[test]
fn pure_ed25519_signs_no_digest() {
    let signer = Signer::new(SigningAlgorithm::Ed25519);
    let rule = rule_of(submit(signer.request(MESSAGE)));
    assert_eq!(rule, Rule::NoDigestSigned(SigningAlgorithm::Ed25519));
    // The same key under the other label: the signature is of the wrong sort.
    let mut request = signer.request(MESSAGE);
    verifier(&mut request).key_details = PublicKeyDetails::PkixEd25519Ph.into();
    request.digest = Signer::new(SigningAlgorithm::Ed25519Ph)
        .digest(MESSAGE)
        .into();
    let rule = rule_of(submit(request));
    assert_eq!(rule, BadSignature::Mismatch(KeyType::Ed25519).into());
}

#[test]
fn digests_of_another_length() {
    for length in [1, 20, 31, 33, 48, 64, 4 << 20] {
        let rule = refused(|request| request.digest = vec![7; length].into());
        let expected = BadSignature::DigestLength {
            expected: 32,
            actual: length,
        };
        // A digest that is too long for the log is that first.
        if length < MAX_BODY_LENGTH {
            assert_eq!(rule, expected.into());
        } else {
            assert!(matches!(rule, Rule::BodyTooLarge(_)));
        }
    }
}

#[test]
fn signatures_that_do_not_verify() {
    let mismatch = Rule::from(BadSignature::Mismatch(KeyType::EcdsaP256));
    let other = Signer::p256().sign(MESSAGE);
    let good = Signer::p256().request(MESSAGE);
    let mut trailing = good.signature.unwrap().content.to_vec();
    trailing.push(0);
    for content in [
        b"foobar".to_vec(),
        other,
        trailing,
        vec![0],
        vec![0; 64],
        vec![0x30; 72],
    ] {
        let rule = refused(|request| signature(request).content = content.into());
        assert_eq!(rule, mismatch);
    }
    let rule = refused(|request| request.digest = vec![7; 32].into());
    assert_eq!(rule, mismatch);
}

#[test]
fn an_ecdsa_signature_with_bytes_to_spare() {
    let rule = refused(|request| {
        let signature = signature(request);
        signature.content = [&signature.content, b"\0".as_slice()].concat().into();
    });
    assert_eq!(rule, BadSignature::Mismatch(KeyType::EcdsaP256).into());
}

#[test]
fn keys_in_other_forms() {
    let signer = Signer::p256();
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n";
    assert_eq!(refused_key(pem), PublicKeyError::PemInsteadOfDer.into());
    assert_eq!(
        refused_certificate(pem),
        PublicKeyError::PemInsteadOfDer.into()
    );
    let pkcs1 = tlv(0x30, &[tlv(2, &[0x7f; 256]), tlv(2, &[1, 0, 1])].concat());
    assert_eq!(refused_key(pkcs1), PublicKeyError::Pkcs1.into());
    let mut trailing = signer.spki();
    trailing.push(0);
    let certificate = certificate(&signer, Vec::new());
    for not_a_key in [
        trailing,
        b"garbage".to_vec(),
        certificate,
        signer.spki()[1..].to_vec(),
    ] {
        let rule = refused_key(not_a_key);
        assert!(
            matches!(rule, Rule::Key(PublicKeyError::Spki(_))),
            "{rule:?}"
        );
    }
}

#[test]
fn certificates_that_are_not_one_certificate() {
    let signer = Signer::p256();
    let certificate = certificate(&signer, Vec::new());
    let mut trailing = certificate.clone();
    trailing.push(0);
    let chain = [certificate.clone(), certificate.clone()].concat();
    let cut = certificate[..certificate.len() - 1].to_vec();
    for not_one in [trailing, chain, cut, signer.spki(), b"garbage".to_vec()] {
        let rule = refused_certificate(not_one);
        assert!(
            matches!(rule, Rule::Key(PublicKeyError::Certificate(_))),
            "{rule:?}"
        );
    }
}

#[test]
fn a_certificate_of_another_key() {
    let certificate = certificate(&Signer::p256(), Vec::new());
    let rule = refused_certificate(certificate);
    assert_eq!(rule, BadSignature::Mismatch(KeyType::EcdsaP256).into());
}

#[test]
fn a_certificate_with_too_many_subjects() {
    let signer = Signer::p256();
    for (subjects, taken) in [(MAX_SUBJECTS, true), (MAX_SUBJECTS + 1, false)] {
        let names = (0..subjects)
            .map(|number| SanType::DnsName(format!("host{number}").try_into().unwrap()))
            .collect();
        let mut request = signer.request(MESSAGE);
        *verifier(&mut request) = certificate_verifier(
            certificate(&signer, names),
            SigningAlgorithm::EcdsaP256Sha256,
        );
        let result = submit(request);
        if taken {
            assert!(result.is_ok());
        } else {
            let limit = MAX_SUBJECTS;
            assert_eq!(rule_of(result), Rule::TooManySubjects { limit });
        }
    }
}

#[test]
fn a_certificate_whose_names_cannot_be_read() {
    let signer = Signer::p256();
    let name = "reader@example.com";
    let names = vec![SanType::Rfc822Name(name.try_into().unwrap())];
    let mut certificate = certificate(&signer, names);
    let position = certificate
        .windows(name.len())
        .position(|window| window == name.as_bytes())
        .unwrap();
    certificate[position] = 0xff;
    let rule = refused_certificate(certificate);
    assert!(matches!(rule, Rule::Subjects(_)), "{rule:?}");
}

#[test]
fn bodies_over_the_limit() {
    let signer = Signer::p256();
    let mut request = signer.request(MESSAGE);
    // A certificate may hold anything beside its key, and so fill a body.
    let mut padded = |padding: usize| {
        let name = SanType::DnsName("x".repeat(padding).try_into().unwrap());
        *verifier(&mut request) = certificate_verifier(
            certificate(&signer, vec![name]),
            SigningAlgorithm::EcdsaP256Sha256,
        );
        submit(request.clone())
    };
    let entry = padded(48_000).unwrap();
    assert!(entry.body.len() > MAX_BODY_LENGTH - 2_000);

    let reject = padded(50_000).unwrap_err();
    assert_eq!(reject.prefix(), "invalid entry");
    assert_eq!(reject.reason_label(), "body_too_large");
    let Some(Rule::BodyTooLarge(BodyTooLarge { length })) = reject.rule() else {
        panic!("{reject:?}");
    };
    assert!(*length > MAX_BODY_LENGTH && *length < MAX_BODY_LENGTH + 3_000);

    let rule = refused(|request| signature(request).content = vec![1; 4 << 20].into());
    assert!(matches!(rule, Rule::BodyTooLarge(_)));
}

#[test]
fn an_empty_policy_takes_nothing() {
    let policy = Policy {
        algorithms: AlgorithmSet::new([]),
        ..Policy::default()
    };
    let request = CreateEntryRequest {
        spec: Some(Spec::HashedRekordRequestV002(
            Signer::p256().request(MESSAGE),
        )),
    };
    assert_eq!(
        rule_of(prepare(&request, &policy)),
        Rule::AlgorithmNotAllowed(SigningAlgorithm::EcdsaP256Sha256)
    );
}

/// Why a request that was in order before `change` is refused.
fn refused(change: impl FnOnce(&mut HashedRekordRequestV002)) -> Rule {
    let mut request = Signer::p256().request(MESSAGE);
    assert!(submit(request.clone()).is_ok());
    change(&mut request);
    rule_of(submit(request))
}

fn refused_key(der: impl Into<Bytes>) -> Rule {
    let replacement = key_verifier(der, SigningAlgorithm::EcdsaP256Sha256);
    refused(|request| *verifier(request) = replacement)
}

fn refused_certificate(der: impl Into<Bytes>) -> Rule {
    let replacement = certificate_verifier(der, SigningAlgorithm::EcdsaP256Sha256);
    refused(|request| *verifier(request) = replacement)
}

fn certificate(signer: &Signer, names: Vec<SanType>) -> Vec<u8> {
    let mut params = CertificateParams::default();
    params.subject_alt_names = names;
    let key = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    params.self_signed(&key).unwrap().der().to_vec()
}

fn signature(request: &mut HashedRekordRequestV002) -> &mut Signature {
    request.signature.as_mut().unwrap()
}

fn verifier(request: &mut HashedRekordRequestV002) -> &mut Verifier {
    signature(request).verifier.as_mut().unwrap()
}

const MESSAGE: &[u8] = b"the artifact";
