//! Bodies as they are read back: whatever is not exactly what a log writes is refused.

use bytes::Bytes;
use ledgerstone_entry::BodyError;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::LoggedSignature;
use ledgerstone_entry::LoggedVerifier;
use ledgerstone_entry::MAX_BODY_LENGTH;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::describe;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;

use crate::support::Signer;
use crate::support::submit;

#[test]
fn a_body_says_what_was_submitted() {
    let request = Signer::p256().request(b"artifact");
    let body = submit(request.clone()).unwrap().body;
    let description = describe(&body).unwrap();
    assert_eq!(description.kind(), "hashedrekord");
    assert_eq!(description.version(), "0.0.2");
    assert_eq!(description.entry_kind(), Some(HashedRekordV002::KIND));
    let entry = description.content::<HashedRekordV002>().unwrap();
    assert_eq!(entry.hash_algorithm, HashAlgorithm::Sha2256);
    assert_eq!(entry.digest, request.digest);
    assert_eq!(entry.signature.content, request.signature.unwrap().content);
    assert_eq!(entry.to_body().unwrap(), body);
}

#[test]
fn other_kinds_are_named_and_found_by_that_alone() {
    let body = br#"{"apiVersion":"0.0.1","kind":"jar","spec":{"anything":[1,{}]}}"#;
    let description = describe(body).unwrap();
    assert_eq!(description.kind(), "jar");
    assert_eq!(description.version(), "0.0.1");
    assert_eq!(description.entry_kind(), None);
    let kind = SearchKey::of(SearchKeyKind::EntryKind, "jar 0.0.1");
    assert_eq!(search_keys_of_body(body).unwrap(), [kind]);
}

#[test]
fn an_entry_of_another_log_may_have_a_key_that_we_do_not_verify_with() {
    let body = body().replace("PKIX_ECDSA_P256_SHA_256", "PKIX_RSA_PSS_2048_SHA256");
    let description = describe(body.as_bytes()).unwrap();
    let logged = description.content::<HashedRekordV002>().unwrap();
    let details = logged.signature.verifier.key_details;
    assert_eq!(details, PublicKeyDetails::PkixRsaPss2048Sha256);
}

#[test]
fn bodies_that_are_not_json_of_an_entry() {
    let deep = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
    let body = body();
    for text in [
        "",
        "null",
        "[]",
        r#"["0.0.1","rekord",{}]"#,
        r#"{"apiVersion":"0.0.1","kind":"rekord"}"#,
        r#"{"apiVersion":1,"kind":"rekord","spec":{}}"#,
        r#"{"apiVersion":"0.0.1","kind":"rekord","spec":[]}"#,
        r#"{"apiVersion":"0.0.1","kind":"rekord","spec":null}"#,
        &body.replace(
            r#"{"hashedRekordV002""#,
            &format!(r#"{{"more":{deep},"hashedRekordV002""#),
        ),
        r#"{"apiVersion":"0.0.1","kind":"rekord","spec":{},"more":1}"#,
        r#"{"apiVersion":"0.0.1","kind":"rekord","kind":"dsse","spec":{}}"#,
        &deep,
        &format!("{body}{body}"),
        &body[..body.len() - 1],
        &body.replace("digest", "digests"),
        &body.replace("SHA2_256", "SHA2_257"),
        &body.replace("PKIX_ECDSA_P256_SHA_256", "PKIX"),
    ] {
        let error = describe(text.as_bytes()).unwrap_err();
        assert!(matches!(error, BodyError::Json(_)), "{error:?}");
    }
}

#[test]
fn bodies_that_lack_something() {
    let body = body();
    let (head, _) = body.split_once(r#""spec""#).unwrap();
    let data = format!(
        r#""data":{{"algorithm":"SHA2_256","digest":"{}="}}"#,
        "A".repeat(43)
    );
    let no_key = r#""verifier":{"keyDetails":"PKIX_ED25519_PH"}"#;
    for (spec, missing) in [
        (String::new(), "spec of its kind"),
        (r#""dsseV002":{}"#.to_owned(), "spec of its kind"),
        (r#""hashedRekordV002":{}"#.to_owned(), "digest"),
        (format!(r#""hashedRekordV002":{{{data}}}"#), "signature"),
        (
            format!(r#""hashedRekordV002":{{{data},"signature":{{}}}}"#),
            "signature",
        ),
        (
            format!(r#""hashedRekordV002":{{{data},"signature":{{"content":"AAAA"}}}}"#),
            "verifier",
        ),
        (
            format!(r#""hashedRekordV002":{{{data},"signature":{{"content":"AAAA",{no_key}}}}}"#),
            "key",
        ),
    ] {
        let text = format!(r#"{head}"spec":{{{spec}}}}}"#);
        let error = describe(text.as_bytes()).unwrap_err();
        assert_eq!(error, BodyError::Missing(missing), "{text}");
    }
}

#[test]
fn bodies_with_values_that_mean_nothing() {
    let body = body();
    let unspecified = body.replace("SHA2_256", "HASH_ALGORITHM_UNSPECIFIED");
    let error = describe(unspecified.as_bytes()).unwrap_err();
    assert_eq!(error, BodyError::Undefined("hash function"));
    let unspecified = body.replace("PKIX_ECDSA_P256_SHA_256", "PUBLIC_KEY_DETAILS_UNSPECIFIED");
    let error = describe(unspecified.as_bytes()).unwrap_err();
    assert_eq!(error, BodyError::Undefined("algorithm"));
    let other = body.replace("SHA2_256", "SHA2_384");
    let error = describe(other.as_bytes()).unwrap_err();
    let expected = BodyError::DigestLength {
        expected: 48,
        actual: 32,
    };
    assert_eq!(error, expected);
}

#[test]
fn the_same_entry_in_other_bytes() {
    let body = body();
    for other in [
        format!("{body} "),
        body.replacen(':', ": ", 1),
        body.replace("apiVersion", "api_version"),
        body.replace(r#""SHA2_256""#, "1"),
        body.replace(r#""hashedrekord""#, r#""hashed\u0072ekord""#),
        body.replacen('=', "", 1),
        body.replace(
            r#"{"apiVersion":"0.0.2","kind":"hashedrekord""#,
            r#"{"kind":"hashedrekord","apiVersion":"0.0.2""#,
        ),
    ] {
        assert_ne!(other, body);
        let error = describe(other.as_bytes()).unwrap_err();
        // The outer names have one spelling only.
        let outer = other.contains("api_version");
        assert!(
            error == BodyError::NotCanonical || outer && matches!(error, BodyError::Json(_)),
            "{error:?}: {other}"
        );
    }
}

#[test]
fn the_signatures_of_an_envelope_are_in_order() {
    let mut entry = DsseV002 {
        payload_hash_algorithm: HashAlgorithm::Sha2256,
        payload_hash: vec![1; 32].into(),
        signatures: vec![signature(b"one"), signature(b"two")],
    };
    let body = entry.to_body().unwrap();
    let description = describe(&body).unwrap();
    assert_eq!(description.content(), Some(&entry));
    for (first, second) in [("two", "one"), ("one", "one")] {
        entry.signatures = vec![signature(first.as_bytes()), signature(second.as_bytes())];
        let error = describe(&entry.to_body().unwrap()).unwrap_err();
        assert_eq!(error, BodyError::NotCanonical);
    }
    entry.signatures.clear();
    let error = describe(&entry.to_body().unwrap()).unwrap_err();
    assert!(
        matches!(error, BodyError::Missing("signature")),
        "{error:?}"
    );
}

#[test]
fn a_body_that_no_bundle_could_hold() {
    let body = vec![b' '; MAX_BODY_LENGTH + 1];
    let error = describe(&body).unwrap_err();
    assert!(matches!(error, BodyError::TooLarge(_)));
}

#[test]
fn a_body_may_be_exactly_as_long_as_a_bundle_holds() {
    let entry = |length: usize| DsseV002 {
        payload_hash_algorithm: HashAlgorithm::Sha2256,
        payload_hash: vec![1; 32].into(),
        signatures: vec![signature(&vec![1; length])],
    };
    let empty = entry(0).to_body().unwrap().len();
    let longest = (MAX_BODY_LENGTH - empty) / 4 * 3;
    let body = entry(longest).to_body().unwrap();
    assert!(body.len() <= MAX_BODY_LENGTH && body.len() > MAX_BODY_LENGTH - 4);
    assert_eq!(
        entry(longest + 1).to_body().unwrap_err().length,
        body.len() + 4
    );
}

fn body() -> String {
    let body = submit(Signer::p256().request(b"artifact")).unwrap().body;
    String::from_utf8(body.to_vec()).unwrap()
}

fn signature(content: &[u8]) -> LoggedSignature {
    LoggedSignature {
        content: Bytes::copy_from_slice(content),
        verifier: LoggedVerifier {
            material: VerifierMaterial::PublicKey(vec![1].into()),
            key_details: PublicKeyDetails::PkixEd25519,
        },
    }
}
