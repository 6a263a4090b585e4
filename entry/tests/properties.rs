//! What holds for any input.

use bytes::Bytes;
use ledgerstone_entry::DsseV002;
use ledgerstone_entry::HashedRekordV002;
use ledgerstone_entry::LoggedSignature;
use ledgerstone_entry::LoggedVerifier;
use ledgerstone_entry::Policy;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::describe;
use ledgerstone_entry::prepare;
use ledgerstone_proto::intoto;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::HashOutput;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::X509Certificate;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;
use ledgerstone_proto::sigstore::rekor::v2::DsseLogEntryV002;
use ledgerstone_proto::sigstore::rekor::v2::DsseRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::Entry;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordLogEntryV002;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;
use ledgerstone_proto::sigstore::rekor::v2::PublicKey;
use ledgerstone_proto::sigstore::rekor::v2::Signature;
use ledgerstone_proto::sigstore::rekor::v2::Spec;
use ledgerstone_proto::sigstore::rekor::v2::Verifier;
use ledgerstone_proto::sigstore::rekor::v2::create_entry_request;
use ledgerstone_proto::sigstore::rekor::v2::spec;
use ledgerstone_proto::sigstore::rekor::v2::verifier::Verifier as Material;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::support::Signer;

proptest! {
    #[test]
    fn a_body_is_the_canonical_json_of_its_message(entry in hashed_rekord()) {
        let spec = spec::Spec::HashedRekordV002(HashedRekordLogEntryV002 {
            data: Some(hash_output(entry.hash_algorithm, &entry.digest)),
            signature: Some(signature_message(&entry.signature)),
        });
        let message = message("hashedrekord", spec);
        let body = entry.to_body().unwrap();
        prop_assert_eq!(&body[..], canonical_json(&message));
        let description = describe(&body).unwrap();
        prop_assert_eq!(description.content(), Some(&entry));
    }

    #[test]
    fn a_dsse_body_is_the_canonical_json_of_its_message(entry in dsse()) {
        let message = message("dsse", spec::Spec::DsseV002(DsseLogEntryV002 {
            payload_hash: Some(hash_output(entry.payload_hash_algorithm, &entry.payload_hash)),
            signatures: entry.signatures.iter().map(signature_message).collect(),
        }));
        let body = entry.to_body().unwrap();
        prop_assert_eq!(&body[..], canonical_json(&message));
        let description = describe(&body).unwrap();
        prop_assert_eq!(description.content(), Some(&entry));
    }

    #[test]
    fn arbitrary_requests_are_refused_without_a_panic(request in arbitrary_request()) {
        prop_assert!(prepare(&request, &Policy::default()).is_err());
    }

    #[test]
    fn arbitrary_bytes_are_no_body_and_no_panic(body in vec(any::<u8>(), 0..300)) {
        prop_assert!(describe(&body).is_err());
    }

    #[test]
    fn a_damaged_key_is_refused_without_a_panic(position in 0_usize..91, bit in 0_u8..8) {
        let signer = Signer::p256();
        let mut request = signer.request(b"artifact");
        let mut spki = signer.spki();
        let position = position % spki.len();
        spki[position] ^= 1 << bit;
        let verifier = request.signature.as_mut().unwrap().verifier.as_mut().unwrap();
        verifier.verifier = Some(Material::PublicKey(PublicKey { raw_bytes: spki.into() }));
        prop_assert!(prepare(&hashed_rekord_request(request), &Policy::default()).is_err());
    }

    #[test]
    fn a_damaged_certificate_is_no_panic(
        position in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let signer = Signer::p256();
        let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
        let names = ["example.com".to_owned(), "192.0.2.7".to_owned()];
        let params = rcgen::CertificateParams::new(names).unwrap();
        let mut certificate = params.self_signed(&pair).unwrap().der().to_vec();
        let position = position.index(certificate.len());
        certificate[position] = byte;
        let mut request = signer.request(b"artifact");
        let verifier = request.signature.as_mut().unwrap().verifier.as_mut().unwrap();
        verifier.verifier = Some(Material::X509Certificate(X509Certificate {
            raw_bytes: certificate.into(),
        }));
        // Most of a certificate is not the log's business, so that either answer may be right. What
        // is accepted must be found in the same way when it is read back.
        if let Ok(entry) = prepare(&hashed_rekord_request(request), &Policy::default()) {
            let found = describe(&entry.body).unwrap().search_keys();
            prop_assert_eq!(found, entry.search_keys);
        }
    }
}

fn hashed_rekord_request(request: HashedRekordRequestV002) -> CreateEntryRequest {
    CreateEntryRequest {
        spec: Some(create_entry_request::Spec::HashedRekordRequestV002(request)),
    }
}

fn message(kind: &str, spec: spec::Spec) -> Entry {
    Entry {
        kind: kind.to_owned(),
        api_version: "0.0.2".to_owned(),
        spec: Some(Spec { spec: Some(spec) }),
    }
}

fn canonical_json(message: &Entry) -> Vec<u8> {
    let value = serde_json::to_value(message).unwrap();
    serde_json_canonicalizer::to_vec(&value).unwrap()
}

fn hash_output(algorithm: HashAlgorithm, digest: &Bytes) -> HashOutput {
    HashOutput {
        algorithm: algorithm.into(),
        digest: digest.clone(),
    }
}

fn signature_message(signature: &LoggedSignature) -> Signature {
    let material = match signature.verifier.material.clone() {
        VerifierMaterial::PublicKey(raw_bytes) => Material::PublicKey(PublicKey { raw_bytes }),
        VerifierMaterial::Certificate(raw_bytes) => {
            Material::X509Certificate(X509Certificate { raw_bytes })
        }
    };
    Signature {
        content: signature.content.clone(),
        verifier: Some(Verifier {
            verifier: Some(material),
            key_details: signature.verifier.key_details.into(),
        }),
    }
}

fn hashed_rekord() -> impl Strategy<Value = HashedRekordV002> {
    (hash(), logged_signature()).prop_map(|((hash_algorithm, digest), signature)| {
        HashedRekordV002 {
            hash_algorithm,
            digest,
            signature,
        }
    })
}

fn dsse() -> impl Strategy<Value = DsseV002> {
    (hash(), vec(logged_signature(), 1..5)).prop_map(|((algorithm, hash), mut signatures)| {
        signatures.sort_by(|one, next| one.content.cmp(&next.content));
        signatures.dedup_by(|one, next| one.content == next.content);
        DsseV002 {
            payload_hash_algorithm: algorithm,
            payload_hash: hash,
            signatures,
        }
    })
}

fn hash() -> impl Strategy<Value = (HashAlgorithm, Bytes)> {
    prop_oneof![
        vec(any::<u8>(), 32).prop_map(|digest| (HashAlgorithm::Sha2256, digest.into())),
        vec(any::<u8>(), 48).prop_map(|digest| (HashAlgorithm::Sha2384, digest.into())),
        vec(any::<u8>(), 64).prop_map(|digest| (HashAlgorithm::Sha2512, digest.into())),
    ]
}

fn logged_signature() -> impl Strategy<Value = LoggedSignature> {
    let details = (0..SigningAlgorithm::ALL.len())
        .prop_map(|position| SigningAlgorithm::ALL[position].details());
    (non_empty_bytes(), non_empty_bytes(), any::<bool>(), details).prop_map(
        |(content, der, is_key, key_details)| LoggedSignature {
            content,
            verifier: LoggedVerifier {
                material: if is_key {
                    VerifierMaterial::PublicKey(der)
                } else {
                    VerifierMaterial::Certificate(der)
                },
                key_details,
            },
        },
    )
}

fn arbitrary_request() -> impl Strategy<Value = CreateEntryRequest> {
    let signature = (arbitrary_bytes(), option::of(arbitrary_verifier()))
        .prop_map(|(content, verifier)| Signature { content, verifier });
    let hashed_rekord =
        (arbitrary_bytes(), option::of(signature)).prop_map(|(digest, signature)| {
            create_entry_request::Spec::HashedRekordRequestV002(HashedRekordRequestV002 {
                digest,
                signature,
            })
        });
    let envelope_signature =
        (arbitrary_bytes(), ".{0,8}").prop_map(|(sig, keyid)| intoto::Signature { sig, keyid });
    let envelope = (arbitrary_bytes(), ".{0,8}", vec(envelope_signature, 0..12)).prop_map(
        |(payload, payload_type, signatures)| intoto::Envelope {
            payload,
            payload_type,
            signatures,
        },
    );
    let dsse = (option::of(envelope), vec(arbitrary_verifier(), 0..12)).prop_map(
        |(envelope, verifiers)| {
            create_entry_request::Spec::DsseRequestV002(DsseRequestV002 {
                envelope,
                verifiers,
            })
        },
    );
    option::of(prop_oneof![hashed_rekord, dsse]).prop_map(|spec| CreateEntryRequest { spec })
}

fn arbitrary_verifier() -> impl Strategy<Value = Verifier> {
    let material = prop_oneof![
        arbitrary_bytes().prop_map(|raw_bytes| Material::PublicKey(PublicKey { raw_bytes })),
        // Keys that can be read, so that the rules behind are reached too.
        Just(()).prop_map(|()| {
            Material::PublicKey(PublicKey {
                raw_bytes: Signer::p256().spki().into(),
            })
        }),
        arbitrary_bytes()
            .prop_map(|raw_bytes| Material::X509Certificate(X509Certificate { raw_bytes })),
    ];
    let details = prop_oneof![
        any::<i32>(),
        -1..60_i32,
        Just(PublicKeyDetails::PkixEcdsaP256Sha256.into()),
    ];
    (option::of(material), details).prop_map(|(verifier, key_details)| Verifier {
        verifier,
        key_details,
    })
}

fn arbitrary_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..100).prop_map(Bytes::from)
}

fn non_empty_bytes() -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 1..500).prop_map(Bytes::from)
}
