//! One proposal for every rule of Rekor v1 that a client can break.

use ledgerstone_entry::AlgorithmSet;
use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::KindSet;
use ledgerstone_entry::MAX_BODY_LENGTH;
use ledgerstone_entry::MAX_FACTS_AT_ONCE;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::facts::read_part;
use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1::ProposedEntry;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_entry::v1::canonical;
use ledgerstone_entry::v1::prepare;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;
use sha2::Sha512;

use crate::support::Signer;
use crate::support::tlv;
use crate::v1_support::STATEMENT;
use crate::v1_support::create;
use crate::v1_support::create_with;
use crate::v1_support::dsse;
use crate::v1_support::ed25519;
use crate::v1_support::encode;
use crate::v1_support::envelope;
use crate::v1_support::hashedrekord;
use crate::v1_support::intoto_v001;
use crate::v1_support::logged;
use crate::v1_support::look_up;
use crate::v1_support::pem;
use crate::v1_support::proposal;
use crate::v1_support::public_key_pem;
use crate::v1_support::refusal;
use crate::v1_support::rekord;
use crate::v1_support::signed_dsse;
use crate::v1_support::signed_hashedrekord;
use crate::v1_support::signed_intoto_v002;

/// `value` with what stands at `pointer` replaced, or left out.
fn with(value: &Value, pointer: &str, replacement: impl Into<Option<Value>>) -> Value {
    let mut value = value.clone();
    match replacement.into() {
        Some(replacement) => *value.pointer_mut(pointer).unwrap() = replacement,
        None => {
            let (parent, name) = pointer.rsplit_once('/').unwrap();
            let parent = value.pointer_mut(parent).unwrap();
            assert!(
                parent.as_object_mut().unwrap().remove(name).is_some(),
                "{pointer}"
            );
        }
    }
    value
}

fn parse(json: &str) -> V1Reject {
    ProposedEntry::parse(json.as_bytes()).expect_err("the proposal breaks a rule")
}

#[test]
fn what_is_no_proposal() {
    let deep = "[".repeat(1000);
    for json in [
        "",
        "{",
        "[]",
        "null",
        "\"text\"",
        "\u{feff}{}",
        "{\"kind\":}",
        &deep,
    ] {
        let reject = parse(json);
        assert!(matches!(reject, V1Reject::Json(_)), "{json}: {reject}");
        assert_eq!(reject.schema_code(), None);
    }
    for json in [
        r#"{"kind":["dsse"]}"#,
        r#"{"kind":"dsse","apiVersion":{},"spec":{}}"#,
        r#"{"kind":"dsse","apiVersion":"0.0.1","spec":"text"}"#,
        r#"{"kind":"dsse","apiVersion":"0.0.1","spec":[]}"#,
    ] {
        assert!(matches!(parse(json), V1Reject::Json(_)), "{json}");
    }
}

#[test]
fn members_of_the_proposal_itself() {
    for (json, code, text) in [
        ("{}", 602, "kind in body is required"),
        (r#"{"kind":null}"#, 602, "kind in body is required"),
        (r#"{"kind":""}"#, 602, "kind in body is required"),
        (r#"{"kind":"dsse"}"#, 602, "apiVersion in body is required"),
        (
            r#"{"kind":"dsse","apiVersion":"0.0.1"}"#,
            602,
            "spec in body is required",
        ),
        (
            r#"{"kind":"dsse","apiVersion":"0.0.1","spec":null}"#,
            602,
            "spec in body is required",
        ),
        (
            r#"{"kind":"book","apiVersion":"0.0.1","spec":{}}"#,
            422,
            "invalid kind value: \"book\"",
        ),
        (
            r#"{"kind":"Dsse","apiVersion":"0.0.1","spec":{}}"#,
            422,
            "invalid kind value: \"Dsse\"",
        ),
    ] {
        let reject = parse(json);
        assert_eq!(
            (reject.schema_code(), reject.to_string()),
            (Some(code), text.to_owned()),
            "{json}"
        );
    }
    let reject = parse(r#"{"kind":"dsse","apiVersion":"v1","spec":{}}"#);
    assert_eq!(reject.schema_code(), Some(605));
    assert!(
        reject
            .to_string()
            .starts_with("apiVersion in body should match '^(0|[1-9]\\d*)\\."),
        "{reject}"
    );
}

#[test]
fn kinds_and_versions() {
    for kind in ["alpine", "cose", "helm", "jar", "rfc3161", "rpm", "tuf"] {
        let reject = refusal(&proposal(kind, "0.0.1", &json!({})));
        assert_eq!(
            reject.to_string(),
            format!("entries of kind '{kind}' are not supported by this log")
        );
        assert_eq!(reject.schema_code(), None);
    }
    for (kind, version) in [
        ("hashedrekord", "0.0.2"),
        ("dsse", "1.0.0"),
        ("intoto", "0.0.3"),
        ("rekord", "0.0.2"),
    ] {
        let reject = refusal(&proposal(kind, version, &json!({})));
        assert_eq!(
            reject.to_string(),
            format!(
                "{kind} implementation for version '{version}' not found: \
                 unable to locate entry for version {version}"
            )
        );
    }
    let policy = V1Policy {
        kinds: KindSet::from_names(ApiVersion::V1, ["dsse"]).unwrap(),
        ..V1Policy::default()
    };
    let submitted = signed_hashedrekord(&Signer::p256(), b"artifact");
    assert_eq!(
        create_with(&submitted, &policy),
        Err(V1Reject::KindNotEnabled("hashedrekord"))
    );
    let proposed = ProposedEntry::parse(submitted.to_string().as_bytes()).unwrap();
    assert!(
        canonical(&proposed, &policy).is_ok(),
        "it may be in the log all the same"
    );
}

#[test]
fn members_that_are_missing() {
    let signer = Signer::p256();
    let text = envelope(b"payload", &[&signer]).to_string();
    let key = public_key_pem(&signer);
    let intoto = signed_intoto_v002(b"payload", &[&signer]);
    let rekord = rekord(
        "x509",
        b"artifact",
        &signer.sign(b"artifact"),
        key.as_bytes(),
    );
    for (proposal, pointers) in [
        (
            signed_hashedrekord(&signer, b"artifact"),
            &[
                "/spec/data",
                "/spec/data/hash",
                "/spec/data/hash/algorithm",
                "/spec/data/hash/value",
                "/spec/signature",
                "/spec/signature/content",
                "/spec/signature/publicKey",
                "/spec/signature/publicKey/content",
            ][..],
        ),
        (
            signed_dsse(b"payload", &[&signer]),
            &[
                "/spec/proposedContent/envelope",
                "/spec/proposedContent/verifiers",
            ],
        ),
        (
            intoto_v001(&text, &key),
            &["/spec/content", "/spec/publicKey"],
        ),
        (
            intoto,
            &[
                "/spec/content",
                "/spec/content/envelope",
                "/spec/content/hash",
                "/spec/content/envelope/payloadType",
                "/spec/content/envelope/signatures/0/sig",
                "/spec/content/envelope/signatures/0/publicKey",
            ],
        ),
        (
            rekord,
            &[
                "/spec/data",
                "/spec/data/content",
                "/spec/signature",
                "/spec/signature/content",
                "/spec/signature/format",
                "/spec/signature/publicKey",
                "/spec/signature/publicKey/content",
            ],
        ),
    ] {
        assert!(create(&proposal).is_ok());
        for pointer in pointers {
            let reject = refusal(&with(&proposal, pointer, None));
            assert!(
                matches!(reject, V1Reject::Missing(_)),
                "{pointer}: {reject:?}"
            );
            // Another type is as good as nothing, and so is null.
            for other in [json!(null), json!(7), json!([])] {
                let reject = refusal(&with(&proposal, pointer, other));
                assert!(
                    matches!(reject, V1Reject::Missing(_)),
                    "{pointer}: {reject:?}"
                );
            }
        }
    }
}

#[test]
fn bytes_that_are_not_base64() {
    let signer = Signer::p256();
    let key = public_key_pem(&signer);
    let text = envelope(b"payload", &[&signer]).to_string();
    for (proposal, pointers) in [
        (
            signed_hashedrekord(&signer, b"artifact"),
            &[
                "/spec/signature/content",
                "/spec/signature/publicKey/content",
            ][..],
        ),
        (
            signed_dsse(b"payload", &[&signer]),
            &["/spec/proposedContent/verifiers/0"],
        ),
        (intoto_v001(&text, &key), &["/spec/publicKey"]),
        (
            signed_intoto_v002(b"payload", &[&signer]),
            &[
                "/spec/content/envelope/payload",
                "/spec/content/envelope/signatures/0/sig",
                "/spec/content/envelope/signatures/0/publicKey",
            ],
        ),
        (
            rekord(
                "x509",
                b"artifact",
                &signer.sign(b"artifact"),
                key.as_bytes(),
            ),
            &[
                "/spec/data/content",
                "/spec/signature/content",
                "/spec/signature/publicKey/content",
            ],
        ),
    ] {
        for pointer in pointers {
            for malformed in ["A", "no base64!", "AA=A", "_-_-", "AAA"] {
                let reject = refusal(&with(&proposal, pointer, json!(malformed)));
                assert!(
                    matches!(reject, V1Reject::Base64(_)),
                    "{pointer}: {reject:?}"
                );
            }
        }
    }
    // Base64 of what is no base64 itself, in the kind that wants it twice.
    let twice = signed_intoto_v002(b"payload", &[&signer]);
    for pointer in [
        "/spec/content/envelope/payload",
        "/spec/content/envelope/signatures/0/sig",
    ] {
        for once in [&b"not base64!"[..], b"\xff\xff"] {
            let reject = refusal(&with(&twice, pointer, json!(encode(once))));
            assert!(
                matches!(reject, V1Reject::Base64(_)),
                "{pointer}: {reject:?}"
            );
        }
    }
}

#[test]
fn hashes() {
    let signer = Signer::p256();
    let (digest, signature) = (
        hex::encode(signer.digest(b"artifact")),
        signer.sign(b"artifact"),
    );
    let key = public_key_pem(&signer);
    let refused = |hash: &str, value: &str| refusal(&hashedrekord(hash, value, &signature, &key));
    for unknown in ["sha1", "SHA256", "md5", "sha3-256", ""] {
        assert_eq!(
            refused(unknown, &digest),
            V1Reject::HashAlgorithm(unknown.to_owned())
        );
    }
    for malformed in [
        &digest[1..],
        &digest.replace(&digest[..1], "x"),
        "",
        &format!("{digest}00"),
        &"é".repeat(32),
    ] {
        assert_eq!(refused("sha256", malformed), V1Reject::HashValue);
    }
    assert_eq!(refused("sha512", &digest), V1Reject::HashValue);

    let rekord = rekord("x509", b"artifact", &signature, key.as_bytes());
    let hashed = |algorithm: &str, value: &str| {
        let mut rekord = rekord.clone();
        rekord["spec"]["data"]["hash"] = json!({"algorithm": algorithm, "value": value});
        refusal(&rekord)
    };
    let other = hex::encode(Sha256::digest(b"another"));
    let expected = V1Reject::HashMismatch {
        computed: digest,
        claimed: other.clone(),
    };
    assert_eq!(hashed("sha256", &other), expected);
    assert_eq!(hashed("sha256", "00"), V1Reject::HashValue);
    let sha512 = hex::encode(Sha512::digest(b"artifact"));
    assert_eq!(
        hashed("sha512", &sha512),
        V1Reject::HashAlgorithm("sha512".to_owned())
    );

    let intoto = signed_intoto_v002(b"payload", &[&signer]);
    let sha1 = with(&intoto, "/spec/content/hash/algorithm", json!("sha1"));
    assert_eq!(refusal(&sha1), V1Reject::HashAlgorithm("sha1".to_owned()));
}

#[test]
fn a_search_by_what_is_no_hash() {
    for text in ["", "sha256:00", "zz", "md5:d41d8cd98f00b204"] {
        assert_eq!(search_key_of_hash(text), None, "{text}");
    }
}

#[test]
fn keys() {
    let signer = Signer::p256();
    let (digest, signature) = (
        hex::encode(signer.digest(b"artifact")),
        signer.sign(b"artifact"),
    );
    let refused = |key: &str| refusal(&hashedrekord("sha256", &digest, &signature, key));
    let key = public_key_pem(&signer);
    for no_pem in [
        "no PEM",
        "-----BEGIN PUBLIC KEY-----",
        "-----BEGIN PUBLIC KEY-----\nAAAA\n",
        "ssh-ed25519 AAAA",
    ] {
        assert_eq!(refused(no_pem), V1Reject::Pem, "{no_pem}");
    }
    for label in [
        "PGP PUBLIC KEY BLOCK",
        "RSA PUBLIC KEY",
        "PRIVATE KEY",
        "SSH SIGNATURE",
    ] {
        assert_eq!(
            refused(&pem(label, b"bytes")),
            V1Reject::PemLabel(label.to_owned())
        );
    }
    for spki in [
        &b""[..],
        b"no DER",
        &signer.spki()[1..],
        &[&signer.spki()[..], b"more"].concat(),
    ] {
        assert!(matches!(
            refused(&pem("PUBLIC KEY", spki)),
            V1Reject::Key(_)
        ));
        assert!(matches!(
            refused(&pem("CERTIFICATE", spki)),
            V1Reject::Key(_)
        ));
    }
    assert_eq!(
        refused(&format!("{key}{key}")),
        V1Reject::PemLabel("PUBLIC KEY".to_owned())
    );
    let label = V1Reject::PemLabel("PUBLIC KEY".to_owned());
    assert_eq!(refused(&format!("{key} and more")), label);
    let small = [&[0x80][..], &[1; 127]].concat();
    let small = [tlv(2, &[&[0][..], &small].concat()), tlv(2, &[1, 0, 1])].concat();
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    let small = tlv(3, &[&[0][..], &tlv(0x30, &small)].concat());
    let small = tlv(0x30, &[&algorithm[..], &small].concat());
    let reject = refused(&pem("PUBLIC KEY", &small));
    assert!(reject.to_string().contains("1024 bits"), "{reject}");
}

#[test]
fn key_urls_are_never_fetched() {
    let signer = Signer::p256();
    let at = json!({"url": "http://127.0.0.1/key.pem"});
    let submitted = signed_hashedrekord(&signer, b"artifact");
    let by_url = with(&submitted, "/spec/signature/publicKey", at.clone());
    assert_eq!(refusal(&by_url), V1Reject::KeyUrl);
    let submitted = rekord(
        "x509",
        b"artifact",
        &signer.sign(b"artifact"),
        public_key_pem(&signer).as_bytes(),
    );
    let by_url = with(&submitted, "/spec/signature/publicKey", at);
    assert_eq!(refusal(&by_url), V1Reject::KeyUrl);
    // An address beside the key is a member like any that is not known.
    let mut both = submitted.clone();
    both["spec"]["signature"]["publicKey"]["url"] = json!("http://127.0.0.1/key.pem");
    both["spec"]["data"]["url"] = json!("http://127.0.0.1/data");
    assert_eq!(create(&both), create(&submitted));
}

#[test]
fn signatures_that_do_not_verify() {
    let (signer, other) = (Signer::p256(), Signer::p256());
    let (digest, key) = (
        hex::encode(signer.digest(b"artifact")),
        public_key_pem(&signer),
    );
    for signature in [
        other.sign(b"artifact"),
        signer.sign(b"another"),
        b"no signature".to_vec(),
        vec![0; 64],
    ] {
        let hashed = refusal(&hashedrekord("sha256", &digest, &signature, &key));
        assert!(matches!(hashed, V1Reject::Signature(_)), "{hashed:?}");
        assert!(hashed.to_string().starts_with("verifying signature: "));
        let whole = refusal(&rekord("x509", b"artifact", &signature, key.as_bytes()));
        assert!(matches!(whole, V1Reject::Signature(_)), "{whole:?}");
    }
    let (signer, other) = (ed25519(), ed25519());
    let key = public_key_pem(&signer);
    for signature in [
        other.sign(b"artifact"),
        signer.sign(b"another"),
        vec![0; 63],
        vec![0xff; 64],
    ] {
        let whole = refusal(&rekord("x509", b"artifact", &signature, key.as_bytes()));
        assert!(matches!(whole, V1Reject::Signature(_)), "{whole:?}");
    }
    // The signature of a message is none of its digest, and the other way round.
    let digest = hex::encode(Sha512::digest(b"artifact"));
    let pure = refusal(&hashedrekord(
        "sha512",
        &digest,
        &signer.sign(b"artifact"),
        &key,
    ));
    assert!(matches!(pure, V1Reject::Signature(_)), "{pure:?}");
    let prehashed = Signer::new(SigningAlgorithm::Ed25519Ph);
    let key = public_key_pem(&prehashed);
    let whole = refusal(&rekord(
        "x509",
        b"artifact",
        &prehashed.sign(b"artifact"),
        key.as_bytes(),
    ));
    assert!(matches!(whole, V1Reject::Signature(_)), "{whole:?}");
}

#[test]
fn algorithms() {
    // Pairs of keys and hashes that no algorithm of the field has: verified, and yet refused.
    let pairs = [
        (
            SigningAlgorithm::EcdsaP256Sha256,
            "sha512",
            KeyType::EcdsaP256,
            HashAlgorithm::Sha2512,
        ),
        (
            SigningAlgorithm::EcdsaP384Sha384,
            "sha256",
            KeyType::EcdsaP384,
            HashAlgorithm::Sha2256,
        ),
        (
            SigningAlgorithm::RsaPkcs1Size2048Sha256,
            "sha512",
            KeyType::Rsa2048,
            HashAlgorithm::Sha2512,
        ),
        (
            SigningAlgorithm::Ed25519Ph,
            "sha256",
            KeyType::Ed25519,
            HashAlgorithm::Sha2256,
        ),
    ];
    for (algorithm, hash, key, hash_algorithm) in pairs {
        let signer = Signer::new(algorithm);
        let digest = match hash {
            "sha512" => hex::encode(Sha512::digest(b"artifact")),
            _ => hex::encode(Sha256::digest(b"artifact")),
        };
        let signature = signer.sign(b"artifact");
        let reject = create(&hashedrekord(
            hash,
            &digest,
            &signature,
            &public_key_pem(&signer),
        ))
        .unwrap_err();
        let hash = hash_algorithm;
        assert_eq!(reject, V1Reject::AlgorithmNotAllowed { key, hash });
        assert_eq!(reject.to_string(), "entry algorithms are not allowed");
        assert!(reject.detail().unwrap().contains(&key.to_string()));
    }

    let policy = V1Policy {
        algorithms: AlgorithmSet::new([SigningAlgorithm::EcdsaP256Sha256]),
        ..V1Policy::default()
    };
    let refused = Signer::new(SigningAlgorithm::EcdsaP384Sha384);
    let submitted = signed_hashedrekord(&refused, b"artifact");
    let reject = create_with(&submitted, &policy).unwrap_err();
    assert!(matches!(reject, V1Reject::AlgorithmNotAllowed { .. }));
    assert!(create_with(&signed_hashedrekord(&Signer::p256(), b"artifact"), &policy).is_ok());
    // The other kinds are not bound by it.
    assert!(create_with(&signed_dsse(b"payload", &[&ed25519()]), &policy).is_ok());
}

/// Signatures over digests of other hash functions verify where no policy stands before them.
#[test]
fn other_pairs_of_key_and_hash_verify_to_be_looked_up() {
    use aws_lc_rs::signature as aws;
    use aws_lc_rs::signature::KeyPair as _;

    let random = aws_lc_rs::rand::SystemRandom::new();
    let key = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&aws::RSA_PKCS1_SHA512, &random, b"artifact", &mut signature)
        .unwrap();
    let spki = aws_lc_rs::encoding::AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(
        key.public_key(),
    )
    .unwrap();
    let digest = hex::encode(Sha512::digest(b"artifact"));
    let key = pem("PUBLIC KEY", spki.as_ref());
    let submitted = hashedrekord("sha512", &digest, &signature, &key);
    assert!(look_up(&submitted).is_ok());
    signature[9] ^= 1;
    assert!(matches!(
        look_up(&hashedrekord("sha512", &digest, &signature, &key)),
        Err(V1Reject::Signature(_))
    ));
}

#[test]
fn envelopes() {
    let signer = Signer::p256();
    let key = public_key_pem(&signer);
    let good = envelope(b"payload", &[&signer]);
    for text in ["", "no JSON", "[]", "{}", "null", "{} {}"] {
        for refused in [
            refusal(&dsse(text, std::slice::from_ref(&key))),
            refusal(&intoto_v001(&format!("{text} "), &key)),
        ] {
            assert!(
                matches!(refused, V1Reject::Envelope(_) | V1Reject::NoSignatures),
                "{text}: {refused:?}"
            );
        }
    }
    let many = vec![good["signatures"][0].clone(); 11];
    for (pointer, replacement, expected) in [
        ("/signatures", json!([]), V1Reject::NoSignatures),
        ("/signatures", json!({}), V1Reject::NoSignatures),
        ("/signatures", json!([null]), V1Reject::UnverifiedEnvelope),
        (
            "/signatures",
            json!(many),
            V1Reject::TooManySignatures {
                count: 11,
                limit: 10,
            },
        ),
        (
            "/signatures/0/sig",
            json!("no base64"),
            V1Reject::Base64("a signature of the envelope"),
        ),
        ("/signatures/0/sig", json!(""), V1Reject::UnverifiedEnvelope),
        (
            "/payload",
            json!("no base64"),
            V1Reject::Base64("the payload of the envelope"),
        ),
        (
            "/payload",
            json!(encode("another")),
            V1Reject::UnverifiedEnvelope,
        ),
        (
            "/payloadType",
            json!("another"),
            V1Reject::UnverifiedEnvelope,
        ),
    ] {
        let text = with(&good, pointer, replacement).to_string();
        assert_eq!(
            refusal(&dsse(&text, std::slice::from_ref(&key))),
            expected,
            "{pointer}"
        );
        assert_eq!(refusal(&intoto_v001(&text, &key)), expected, "{pointer}");
    }
}

#[test]
fn verifiers_of_an_envelope() {
    let (one, two, other) = (Signer::p256(), ed25519(), Signer::p256());
    let keys = [&one, &two, &other].map(public_key_pem);
    let both = envelope(b"payload", &[&one, &two]).to_string();
    let refused = |keys: &[String]| refusal(&dsse(&both, keys));
    assert_eq!(refused(&keys[..1]), V1Reject::UnmatchedSignature);
    assert_eq!(
        refused(&[keys[0].clone(), keys[0].clone()]),
        V1Reject::UnmatchedSignature
    );
    assert_eq!(
        refused(&[keys[2].clone(), keys[0].clone()]),
        V1Reject::UnverifiedEnvelope
    );
    assert_eq!(refused(&["no PEM".to_owned()]), V1Reject::Pem);
    let many = vec![keys[0].clone(); 11];
    assert_eq!(
        refused(&many),
        V1Reject::TooManyVerifiers {
            count: 11,
            limit: 10
        }
    );
    assert_eq!(refusal(&dsse(&both, &[])), V1Reject::Missing("verifiers"));

    // A key stands for one signature, so that two by one key cannot both be matched.
    let twice = envelope(b"payload", &[&one, &one]).to_string();
    let of_one = [keys[0].clone(), keys[0].clone()];
    assert_eq!(
        refusal(&dsse(&twice, &of_one)),
        V1Reject::UnmatchedSignature
    );

    let intoto = signed_intoto_v002(b"payload", &[&one, &two]);
    let swapped = with(
        &intoto,
        "/spec/content/envelope/signatures/0/publicKey",
        json!(encode(&keys[1])),
    );
    assert_eq!(refusal(&swapped), V1Reject::UnmatchedSignature);
    let wrong = with(
        &intoto,
        "/spec/content/envelope/signatures/0/publicKey",
        json!(encode(&keys[2])),
    );
    assert_eq!(refusal(&wrong), V1Reject::UnverifiedEnvelope);
    let none = with(&intoto, "/spec/content/envelope/signatures", json!([]));
    assert_eq!(refusal(&none), V1Reject::NoSignatures);
}

#[test]
fn forms_of_dsse() {
    let signer = Signer::p256();
    let submitted = signed_dsse(b"payload", &[&signer]);
    let form = logged(&create(&submitted).unwrap());
    for name in ["envelopeHash", "payloadHash", "signatures"] {
        let mut both = submitted.clone();
        both["spec"][name] = form["spec"][name].clone();
        assert_eq!(refusal(&both), V1Reject::BothContents);
        let partial = with(&form, &format!("/spec/{name}"), None);
        assert_eq!(refusal(&partial), V1Reject::NoContent);
    }
    assert_eq!(
        refusal(&proposal("dsse", "0.0.1", &json!({}))),
        V1Reject::NoContent
    );
    assert_eq!(
        create(&form),
        Err(V1Reject::NotInsertable("missing proposed content"))
    );
    let without_key = with(&form, "/spec/signatures/0/verifier", None);
    assert_eq!(
        refusal(&without_key),
        V1Reject::Missing("signature verifier")
    );
    let shuffled = {
        let two = signed_dsse(b"payload", &[&signer, &ed25519()]);
        let mut form = logged(&create(&two).unwrap());
        let straight = look_up(&form).unwrap();
        form["spec"]["signatures"].as_array_mut().unwrap().reverse();
        (straight, look_up(&form).unwrap())
    };
    assert_eq!(shuffled.0, shuffled.1);
}

#[test]
fn formats_of_rekord() {
    let signer = Signer::p256();
    let (signature, key) = (signer.sign(b"artifact"), public_key_pem(&signer));
    for format in ["pkcs7", "tuf", "X509", ""] {
        let reject = refusal(&rekord(format, b"artifact", &signature, key.as_bytes()));
        assert_eq!(reject, V1Reject::Format(format.to_owned()));
    }
    for format in [PublicKeyFormat::Ssh, PublicKeyFormat::Minisign] {
        let reject = refusal(&rekord(
            format.name(),
            b"artifact",
            &signature,
            key.as_bytes(),
        ));
        assert!(
            matches!(reject, V1Reject::MalformedKey { .. }),
            "{format}: {reject:?}"
        );
    }
}

#[test]
fn documents_are_bounded() {
    let signer = Signer::p256();
    let artifact = vec![0; 10_000];
    let submitted = rekord(
        "x509",
        &artifact,
        &signer.sign(&artifact),
        public_key_pem(&signer).as_bytes(),
    );
    let bounded = |max_artifact_bytes| {
        let policy = V1Policy {
            max_artifact_bytes,
            ..V1Policy::default()
        };
        create_with(&submitted, &policy)
    };
    assert!(bounded(artifact.len()).is_ok());
    let limit = artifact.len() - 10;
    assert_eq!(bounded(limit), Err(V1Reject::ArtifactTooLarge { limit }));
}

#[test]
fn bodies_are_bounded() {
    let signer = Signer::p256();
    let mut intoto = signed_intoto_v002(b"payload", &[&signer]);
    let key_id = "x".repeat(MAX_BODY_LENGTH);
    intoto["spec"]["content"]["envelope"]["signatures"][0]["keyid"] = json!(key_id);
    assert!(matches!(refusal(&intoto), V1Reject::BodyTooLarge(_)));
}

#[test]
fn a_statement_with_thousands_of_subjects_is_taken_and_indexed_in_parts() {
    let signer = Signer::p256();
    let count = MAX_FACTS_AT_ONCE + 10;
    let subject = |number: usize| json!({"digest": {"sha256": format!("{number:064x}")}});
    let subjects: Vec<Value> = (0..count).map(subject).collect();
    let statement = json!({"subject": subjects}).to_string();
    for submitted in [
        signed_dsse(statement.as_bytes(), &[&signer]),
        signed_intoto_v002(statement.as_bytes(), &[&signer]),
    ] {
        let entry = create(&submitted).unwrap();
        let bodies = search_keys_of_body(&entry.body).unwrap();
        assert_eq!(entry.search_keys.len(), bodies.len() + MAX_FACTS_AT_ONCE);
        assert!(entry.stated_now < entry.stated.len());
        let parts = entry.stated.iter().map(|part| read_part(part).unwrap());
        let facts: Vec<_> = parts.flatten().collect();
        // That the statement was read to its end is a fact too.
        assert_eq!(facts.len(), count + 1);
        let found = |number: usize| {
            let text = format!("sha256:{number:064x}");
            facts.iter().any(|fact| fact.text == text)
        };
        assert!(found(0) && found(count / 2) && found(count - 1));
    }
}

/// A few megabytes of small values must be refused before they take hundreds.
#[test]
fn small_values_do_not_blow_up() {
    let many = format!("[{}0]", "{},".repeat(1 << 20));
    let proposal = format!(r#"{{"kind":"dsse","apiVersion":"0.0.1","spec":{{"more":{many}}}}}"#);
    assert!(matches!(parse(&proposal), V1Reject::Json(_)));
    let key = public_key_pem(&Signer::p256());
    let envelope = format!(r#"{{"payload":"","payloadType":"","signatures":{many}}}"#);
    assert!(matches!(
        refusal(&dsse(&envelope, &[key])),
        V1Reject::Envelope(_)
    ));
}

/// Any JSON in the place of any value: the panics upstream once had came from members that were not
/// there.
#[test]
fn nothing_in_the_place_of_anything_panics() {
    let signer = Signer::p256();
    let key = public_key_pem(&signer);
    let text = envelope(STATEMENT.as_bytes(), &[&signer]).to_string();
    let dsse = signed_dsse(STATEMENT.as_bytes(), &[&signer]);
    let intoto = signed_intoto_v002(STATEMENT.as_bytes(), &[&signer]);
    let forms = [&dsse, &intoto].map(|submitted| logged(&create(submitted).unwrap()));
    let proposals = [
        signed_hashedrekord(&signer, b"artifact"),
        rekord(
            "x509",
            b"artifact",
            &signer.sign(b"artifact"),
            key.as_bytes(),
        ),
        intoto_v001(&text, &key),
        dsse,
        intoto,
    ];
    for whole in proposals.iter().chain(&forms) {
        for pointer in pointers(whole, "") {
            for other in [
                json!(null),
                json!(0),
                json!(""),
                json!("AAAA"),
                json!([]),
                json!([null]),
                json!({}),
                json!({"content": null}),
            ] {
                let changed = with(whole, &pointer, other);
                let _ = create(&changed);
                let _ = look_up(&changed);
            }
        }
    }
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(values) => values
            .iter()
            .enumerate()
            .map(|(position, value)| (position.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    let mut found = Vec::new();
    for (name, value) in members {
        let pointer = format!("{at}/{name}");
        found.extend(pointers(value, &pointer));
        found.push(pointer);
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn no_bytes_panic(
        kind in prop::sample::select(vec!["hashedrekord", "dsse", "intoto", "rekord"]),
        format in prop::sample::select(vec!["x509", "ssh", "minisign", "pgp"]),
        version in prop::sample::select(vec!["0.0.1", "0.0.2"]),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        label in prop::sample::select(vec![
            "PUBLIC KEY",
            "CERTIFICATE",
            "SSH SIGNATURE",
            "PGP SIGNATURE",
            "PGP PUBLIC KEY BLOCK",
        ]),
        cut in 0_usize..300,
    ) {
        let text = pem(label, &bytes);
        let text = &text[..cut.min(text.len())];
        for content in [encode(&bytes), encode(text)] {
            let spec = json!({
                "data": {"content": content, "hash": null},
                "signature": {
                    "format": format,
                    "content": content,
                    "publicKey": {"content": content},
                },
                "proposedContent": {"envelope": text, "verifiers": [content]},
                "content": {"envelope": {
                    "payload": content,
                    "payloadType": text,
                    "signatures": [{"sig": content, "publicKey": content}],
                }},
                "publicKey": content,
            });
            let json = proposal(kind, version, &spec).to_string();
            if let Ok(proposed) = ProposedEntry::parse(json.as_bytes()) {
                prop_assert!(prepare(&proposed, &V1Policy::default()).is_err());
                prop_assert!(canonical(&proposed, &V1Policy::default()).is_err());
            }
        }
        let _ = ProposedEntry::parse(&bytes);
        let _ = ProposedEntry::parse(text.as_bytes());
    }
}
