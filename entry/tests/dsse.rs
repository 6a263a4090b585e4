//! dsse 0.0.2: what is logged of an envelope, and one request for each rule that it breaks.

use bytes::Bytes;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::MAX_SIGNATURES;
use ledgerstone_entry::MAX_VERIFIERS;
use ledgerstone_entry::Rule;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::describe;
use ledgerstone_entry::pre_authentication_encoding;
use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::rekor::v2::DsseRequestV002;
use sha2::Digest as _;
use sha2::Sha256;

use crate::support::PAYLOAD_TYPE;
use crate::support::Signer;
use crate::support::envelope;
use crate::support::rule_of;
use crate::support::submit_dsse;

#[test]
fn the_encoding_is_that_of_the_protocol() {
    // The example of the DSSE protocol.
    assert_eq!(
        pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    );
    assert_eq!(pre_authentication_encoding("", b""), b"DSSEv1 0  0 ");
}

#[test]
fn an_envelope_of_every_algorithm() {
    let signers: Vec<_> = SigningAlgorithm::ALL
        .into_iter()
        .filter(|algorithm| *algorithm != SigningAlgorithm::Ed25519Ph)
        .map(Signer::new)
        .collect();
    let mut request = request(&signers);
    let entry = submit_dsse(request.clone()).unwrap();
    assert_eq!(entry.kind, DsseV002::KIND);

    let description = describe(&entry.body).unwrap();
    let logged = description.content::<DsseV002>().unwrap();
    assert_eq!(logged.payload_hash, Sha256::digest(PAYLOAD).to_vec());
    assert!(
        logged
            .signatures
            .is_sorted_by(|one, next| one.content < next.content)
    );
    assert_eq!(logged.signatures.len(), signers.len());
    for signature in &logged.signatures {
        let key = signature.verifier.public_key().unwrap();
        let encoding = pre_authentication_encoding(PAYLOAD_TYPE, PAYLOAD);
        key.verify_message(&encoding, &signature.content).unwrap();
    }
    // The payload is a statement that names nothing, but was seen.
    let seen = SearchKey::of(SearchKeyKind::Statement, "seen");
    let expected = [description.search_keys(), vec![seen]].concat();
    assert_eq!(entry.search_keys, expected);
    let payload = SearchKey::artifact_digest(HashAlgorithm::Sha2256, &Sha256::digest(PAYLOAD));
    assert!(entry.search_keys.contains(&payload.unwrap()));

    // Neither order nor key ids nor repetitions make another entry.
    request.verifiers.reverse();
    let signatures = &mut envelope_of(&mut request).signatures;
    signatures.rotate_left(3);
    signatures[0].keyid = "some id".to_owned();
    let first = signatures[0].clone();
    signatures.push(first);
    assert_eq!(submit_dsse(request).unwrap(), entry);
}

#[test]
fn a_verifier_that_nothing_was_signed_with_is_not_logged() {
    let signer = Signer::p256();
    let mut request = request(&[Signer::p256()]);
    let alone = submit_dsse(request.clone()).unwrap();
    request.verifiers.insert(0, signer.verifier());
    assert_eq!(submit_dsse(request).unwrap(), alone);
}

#[test]
fn missing_members() {
    assert_eq!(
        rule_of(submit_dsse(DsseRequestV002::default())),
        Rule::MissingEnvelope
    );
    assert_eq!(
        refused(|request| envelope_of(request).payload = Bytes::new()),
        Rule::MissingPayload
    );
    assert_eq!(
        refused(|request| request.verifiers.clear()),
        Rule::MissingVerifiers
    );
    assert_eq!(
        refused(|request| envelope_of(request).signatures.clear()),
        Rule::MissingSignatures
    );
    assert_eq!(
        refused(|request| envelope_of(request).signatures[0].sig = Bytes::new()),
        Rule::EmptySignature { position: 0 }
    );
    assert_eq!(
        refused(|request| request.verifiers[0].verifier = None),
        Rule::MissingKey
    );
    let reject = submit_dsse(DsseRequestV002::default()).unwrap_err();
    assert_eq!(reject.prefix(), "invalid dsse request");
}

#[test]
fn too_many_of_anything() {
    let signers: Vec<_> = (0..=MAX_VERIFIERS).map(|_| Signer::p256()).collect();
    assert!(submit_dsse(request(&signers[1..])).is_ok());
    let mut excess = request(&signers);
    assert_eq!(
        rule_of(submit_dsse(excess.clone())),
        Rule::TooManySignatures {
            count: MAX_SIGNATURES + 1,
            limit: MAX_SIGNATURES
        }
    );
    envelope_of(&mut excess).signatures.truncate(1);
    assert_eq!(
        rule_of(submit_dsse(excess)),
        Rule::TooManyVerifiers {
            count: MAX_VERIFIERS + 1,
            limit: MAX_VERIFIERS
        }
    );
}

#[test]
fn the_same_verifier_twice() {
    let rule = refused(|request| {
        // Under another label it is still the same key.
        let mut again = request.verifiers[0].clone();
        again.key_details = PublicKeyDetails::PkixEd25519.into();
        request.verifiers.push(again);
    });
    assert_eq!(rule, Rule::DuplicateVerifier { position: 1 });
}

#[test]
fn signatures_that_do_not_verify() {
    let stranger = Signer::p256().sign(b"something else");
    let unverified = Rule::UnverifiedSignature { position: 1 };
    assert_eq!(
        refused(|request| {
            let mut second = envelope_of(request).signatures[0].clone();
            second.sig = stranger.into();
            envelope_of(request).signatures.push(second);
        }),
        unverified
    );
    for change in [
        |envelope: &mut Envelope| envelope.payload = "another".into(),
        |envelope: &mut Envelope| envelope.payload_type = "text/plain".to_owned(),
    ] {
        let rule = refused(|request| change(envelope_of(request)));
        assert_eq!(rule, Rule::UnverifiedSignature { position: 0 });
    }
}

#[test]
fn a_signature_over_the_payload_alone() {
    let signer = Signer::p256();
    let request = DsseRequestV002 {
        envelope: Some(envelope(PAYLOAD, &[signer.sign(PAYLOAD)])),
        verifiers: vec![signer.verifier()],
    };
    let rule = rule_of(submit_dsse(request));
    assert_eq!(rule, Rule::UnverifiedSignature { position: 0 });
}

#[test]
fn two_signatures_need_two_verifiers() {
    let signer = Signer::p256();
    let encoding = pre_authentication_encoding(PAYLOAD_TYPE, PAYLOAD);
    let signatures = [signer.sign(&encoding), signer.sign(&encoding)];
    let request = DsseRequestV002 {
        envelope: Some(envelope(PAYLOAD, &signatures)),
        verifiers: vec![signer.verifier()],
    };
    let rule = rule_of(submit_dsse(request));
    assert!(matches!(rule, Rule::UnverifiedSignature { .. }));
}

#[test]
fn ed25519_envelopes_are_signed_without_a_digest() {
    let signer = Signer::new(SigningAlgorithm::Ed25519);
    assert!(submit_dsse(request(&[signer])).is_ok());
    let signer = Signer::new(SigningAlgorithm::Ed25519Ph);
    let rule = rule_of(submit_dsse(request(&[signer])));
    assert_eq!(rule, Rule::DigestSigned(SigningAlgorithm::Ed25519Ph));
}

#[test]
fn mislabelled_keys() {
    let rule = refused(|request| {
        request.verifiers[0].key_details = PublicKeyDetails::PkixRsaPkcs1v152048Sha256.into();
    });
    assert!(matches!(rule, Rule::KeyDetailsMismatch { .. }));
}

/// Why a request that was in order before `change` is refused.
fn refused(change: impl FnOnce(&mut DsseRequestV002)) -> Rule {
    let mut request = request(&[Signer::p256()]);
    assert!(submit_dsse(request.clone()).is_ok());
    change(&mut request);
    rule_of(submit_dsse(request))
}

/// A request in order, signed by all `signers`.
pub(crate) fn request(signers: &[Signer]) -> DsseRequestV002 {
    let encoding = pre_authentication_encoding(PAYLOAD_TYPE, PAYLOAD);
    let signatures: Vec<_> = signers
        .iter()
        .map(|signer| signer.sign(&encoding))
        .collect();
    DsseRequestV002 {
        envelope: Some(envelope(PAYLOAD, &signatures)),
        verifiers: signers.iter().map(Signer::verifier).collect(),
    }
}

fn envelope_of(request: &mut DsseRequestV002) -> &mut Envelope {
    request.envelope.as_mut().unwrap()
}

const PAYLOAD: &[u8] = br#"{"_type":"https://in-toto.io/Statement/v1"}"#;
