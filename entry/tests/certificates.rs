//! Certificates built by hand: what a log reads in them, and what it refuses.

use der::asn1::ObjectIdentifier;
use ledgerstone_entry::Rule;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_proto::sigstore::rekor::v2::HashedRekordRequestV002;

use crate::support::Signer;
use crate::support::certificate_verifier;
use crate::support::rule_of;
use crate::support::submit;
use crate::support::tlv;

#[test]
fn the_smallest_certificate() {
    let parts = Parts {
        version: Vec::new(),
        ..Parts::new()
    };
    assert!(subjects_of(&parts).is_empty());
}

#[test]
fn everything_that_a_certificate_may_have() {
    let parts = Parts {
        unique_identifiers: [tlv(0x81, &[0, 1]), tlv(0x82, &[0, 2])].concat(),
        extensions: extensions(&[critical_extension(&[6, 1, 42]), names(&[tlv(0x82, b"a.b")])]),
        ..Parts::new()
    };
    assert_eq!(subjects_of(&parts), [SearchKey::subject("a.b")]);
}

#[test]
fn names_of_every_form() {
    let fulcio = tlv(
        6,
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7").as_bytes(),
    );
    let text = tlv(0xa0, &tlv(12, "Zoë!domain".as_bytes()));
    let parts = Parts {
        extensions: extensions(&[names(&[
            tlv(0xa0, &[fulcio, text].concat()),
            tlv(0x81, b"ada@example.com"),
            tlv(0xa4, &tlv(0x30, &[])),
            tlv(0x88, &[42]),
            tlv(
                0x87,
                &[[0; 10].as_slice(), &[0xff, 0xff, 192, 0, 2, 1]].concat(),
            ),
        ])]),
        ..Parts::new()
    };
    let mut expected = ["zoë!domain", "ada@example.com", "192.0.2.1"].map(SearchKey::subject);
    expected.sort();
    assert_eq!(subjects_of(&parts), expected);
}

#[test]
fn names_that_cannot_be_read() {
    let fulcio = tlv(
        6,
        ObjectIdentifier::new_unwrap("1.3.6.1.4.1.57264.1.7").as_bytes(),
    );
    for name in [
        tlv(0x81, b"ada\xff@example.com"),
        tlv(0x82, "exämple.com".as_bytes()),
        tlv(0x86, b"https://\x80"),
        tlv(0x87, &[1, 2, 3, 4, 5]),
        tlv(0x87, &[]),
        tlv(12, b"not a general name"),
        tlv(0xa0, &[]),
        tlv(0xa0, &[fulcio.clone(), tlv(12, b"bare")].concat()),
        tlv(
            0xa0,
            &[fulcio.clone(), tlv(0xa0, &tlv(12, b"\xff"))].concat(),
        ),
        tlv(0xa0, &[fulcio, tlv(0xa0, &tlv(2, b"1"))].concat()),
    ] {
        let parts = Parts {
            extensions: extensions(&[names(&[name])]),
            ..Parts::new()
        };
        let rule = refused(&parts);
        assert!(matches!(rule, Rule::Subjects(_)), "{rule:?}");
    }
}

#[test]
fn damaged_certificates() {
    let names = names(&[tlv(0x82, b"a.b")]);
    let new = Parts::new;
    for (what, parts) in [
        (
            "two algorithms",
            Parts {
                outer_algorithm: tlv(0x30, &[6, 1, 43]),
                ..new()
            },
        ),
        (
            "the names twice",
            Parts {
                extensions: extensions(&[names.clone(), names]),
                ..new()
            },
        ),
        (
            "no serial number",
            Parts {
                serial: Vec::new(),
                ..new()
            },
        ),
        (
            "a name that is no sequence",
            Parts {
                issuer: tlv(0x31, &[]),
                ..new()
            },
        ),
        (
            "a name without attributes",
            Parts {
                issuer: tlv(0x30, &tlv(2, &[1])),
                ..new()
            },
        ),
        (
            "one time",
            Parts {
                validity: tlv(0x30, &time()),
                ..new()
            },
        ),
        (
            "numbers for times",
            Parts {
                validity: tlv(0x30, &tlv(2, &[1]).repeat(2)),
                ..new()
            },
        ),
        (
            "three times",
            Parts {
                validity: tlv(0x30, &time().repeat(3)),
                ..new()
            },
        ),
        (
            "something behind",
            Parts {
                extensions: tlv(0xa4, &[]),
                ..new()
            },
        ),
        (
            "no list of extensions",
            Parts {
                extensions: tlv(0xa3, &[]),
                ..new()
            },
        ),
        (
            "an extension without value",
            Parts {
                extensions: extensions(&[tlv(0x30, &[6, 1, 42])]),
                ..new()
            },
        ),
        (
            "no signature",
            Parts {
                signature: Vec::new(),
                ..new()
            },
        ),
        (
            "two signatures",
            Parts {
                signature: tlv(3, &[0, 1]).repeat(2),
                ..new()
            },
        ),
    ] {
        let rule = refused(&parts);
        assert!(
            matches!(rule, Rule::Key(PublicKeyError::Certificate(_))),
            "{what}: {rule:?}"
        );
    }
}

#[test]
fn a_certificate_of_a_key_that_is_not_supported() {
    let algorithm = ObjectIdentifier::new_unwrap("1.3.101.113");
    let spki = tlv(
        0x30,
        &[tlv(0x30, &tlv(6, algorithm.as_bytes())), tlv(3, &[0; 58])].concat(),
    );
    let parts = Parts {
        spki: Some(spki),
        ..Parts::new()
    };
    assert_eq!(refused(&parts), PublicKeyError::Algorithm(algorithm).into());
}

/// The fields of a certificate, encoded.
struct Parts {
    version: Vec<u8>,
    serial: Vec<u8>,
    issuer: Vec<u8>,
    validity: Vec<u8>,
    /// The key that signs, unless there is another.
    spki: Option<Vec<u8>>,
    unique_identifiers: Vec<u8>,
    extensions: Vec<u8>,
    outer_algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl Parts {
    /// A certificate in order, without extensions.
    fn new() -> Self {
        let attribute = tlv(0x30, &[tlv(6, &[0x55, 4, 3]), tlv(12, b"issuer")].concat());
        Self {
            version: tlv(0xa0, &tlv(2, &[2])),
            serial: tlv(2, &[1]),
            issuer: tlv(0x30, &tlv(0x31, &attribute)),
            validity: tlv(0x30, &time().repeat(2)),
            spki: None,
            unique_identifiers: Vec::new(),
            extensions: Vec::new(),
            outer_algorithm: tlv(0x30, &[6, 1, 42]),
            signature: tlv(3, &[0, 1]),
        }
    }

    fn encode(&self, spki: &[u8]) -> Vec<u8> {
        let tbs = [
            &self.version[..],
            &self.serial,
            &tlv(0x30, &[6, 1, 42]),
            &self.issuer,
            &self.validity,
            &tlv(0x30, &[]),
            self.spki.as_deref().unwrap_or(spki),
            &self.unique_identifiers,
            &self.extensions,
        ]
        .concat();
        tlv(
            0x30,
            &[
                tlv(0x30, &tbs),
                self.outer_algorithm.clone(),
                self.signature.clone(),
            ]
            .concat(),
        )
    }
}

/// The search keys of an entry with this certificate that are subjects.
fn subjects_of(parts: &Parts) -> Vec<SearchKey> {
    let signer = Signer::p256();
    let entry = submit(request(&signer, parts)).unwrap();
    assert_eq!(search_keys_of_body(&entry.body).unwrap(), entry.search_keys);
    let mut keys = entry.search_keys;
    keys.retain(|key| key.kind == SearchKeyKind::Subject);
    keys
}

fn refused(parts: &Parts) -> Rule {
    rule_of(submit(request(&Signer::p256(), parts)))
}

fn request(signer: &Signer, parts: &Parts) -> HashedRekordRequestV002 {
    let certificate = parts.encode(&signer.spki());
    let mut request = signer.request(b"artifact");
    request.signature.as_mut().unwrap().verifier = Some(certificate_verifier(
        certificate,
        SigningAlgorithm::EcdsaP256Sha256,
    ));
    request
}

fn extensions(extensions: &[Vec<u8>]) -> Vec<u8> {
    tlv(0xa3, &tlv(0x30, &extensions.concat()))
}

fn critical_extension(identifier: &[u8]) -> Vec<u8> {
    tlv(0x30, &[identifier, &tlv(1, &[0xff]), &tlv(4, &[])].concat())
}

/// A subject alternative name extension.
fn names(names: &[Vec<u8>]) -> Vec<u8> {
    let value = tlv(4, &tlv(0x30, &names.concat()));
    tlv(
        0x30,
        &[&[6, 3, 0x55, 0x1d, 0x11], value.as_slice()].concat(),
    )
}

fn time() -> Vec<u8> {
    tlv(0x17, b"260101000000Z")
}
