//! Keys of the wrong sort, which must be refused before anything is verified with them.

use der::asn1::ObjectIdentifier;
use der::pem::LineEnding;
use ledgerstone_entry::SigningAlgorithm;
use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;

use crate::support::Signer;
use crate::support::tlv;

#[test]
fn a_key_is_returned_as_it_was_given() {
    for algorithm in SigningAlgorithm::ALL {
        let spki = Signer::new(algorithm).spki();
        let key = PublicKey::from_spki_der(&spki).unwrap();
        assert_eq!(key.spki_der(), spki);
        let pem = der::pem::encode_string("PUBLIC KEY", LineEnding::LF, &spki).unwrap();
        assert_eq!(PublicKey::from_pem(&pem), Ok(key));
    }
}

#[test]
fn a_certificate_gives_its_key() {
    let signer = Signer::p256();
    let pair = rcgen::KeyPair::try_from(signer.pkcs8()).unwrap();
    let params = rcgen::CertificateParams::new(["example.com".to_owned()]).unwrap();
    let certificate = params.self_signed(&pair).unwrap();
    let key = PublicKey::from_certificate_der(certificate.der()).unwrap();
    assert_eq!(key.spki_der(), signer.spki());
    assert_eq!(PublicKey::from_pem(&certificate.pem()), Ok(key));
}

#[test]
fn pem_that_holds_something_else() {
    let spki = Signer::p256().spki();
    let private = der::pem::encode_string("PRIVATE KEY", LineEnding::LF, &spki).unwrap();
    let error = PublicKey::from_pem(&private).unwrap_err();
    assert_eq!(error, PublicKeyError::PemLabel("PRIVATE KEY".to_owned()));
    let two = der::pem::encode_string("PUBLIC KEY", LineEnding::LF, &spki)
        .unwrap()
        .repeat(2);
    for text in ["", "no PEM", &two] {
        let error = PublicKey::from_pem(text).unwrap_err();
        assert!(matches!(error, PublicKeyError::Pem(_)), "{error:?}");
    }
}

#[test]
fn rsa_sizes_are_exact() {
    for bits in [512, 1024, 2047, 2049, 2056, 3071, 3073, 4095, 4097, 8192] {
        let error = PublicKey::from_spki_der(&rsa_spki(bits, &[1, 0, 1])).unwrap_err();
        assert_eq!(error, PublicKeyError::RsaSize { bits });
    }
    for bits in [2048, 3072, 4096] {
        assert!(PublicKey::from_spki_der(&rsa_spki(bits, &[1, 0, 1])).is_ok());
    }
}

#[test]
fn rsa_exponents_are_usable() {
    for exponent in [&[1][..], &[2], &[1, 0, 0], &[0x7f; 64]] {
        let error = PublicKey::from_spki_der(&rsa_spki(2048, exponent)).unwrap_err();
        assert_eq!(
            error,
            PublicKeyError::Value(KeyType::Rsa2048),
            "{exponent:?}"
        );
    }
}

#[test]
fn other_curves_are_refused() {
    let secp256k1 = ObjectIdentifier::new_unwrap("1.3.132.0.10");
    let point = [&[4][..], &[1; 64]].concat();
    let spki = spki(&[oid(EC_PUBLIC_KEY), oid(secp256k1)].concat(), &point);
    let error = PublicKey::from_spki_der(&spki).unwrap_err();
    assert_eq!(error, PublicKeyError::Curve(secp256k1));
}

#[test]
fn points_off_the_curve_are_refused() {
    let signer = Signer::p256();
    let good = signer.spki();
    let mut off = good.clone();
    *off.last_mut().unwrap() ^= 1;
    let mut compressed_tag = good.clone();
    compressed_tag[26] = 2;
    let zero = [&good[..27], &[0; 64]].concat();
    for der in [off, compressed_tag, zero] {
        let error = PublicKey::from_spki_der(&der).unwrap_err();
        assert_eq!(error, PublicKeyError::Value(KeyType::EcdsaP256));
    }
    let algorithm = [oid(EC_PUBLIC_KEY), oid(P256)].concat();
    let compressed = spki(&algorithm, &[&[2], &good[27..59]].concat());
    let infinity = spki(&algorithm, &[0]);
    for der in [compressed, infinity] {
        let error = PublicKey::from_spki_der(&der).unwrap_err();
        assert_eq!(error, PublicKeyError::Value(KeyType::EcdsaP256));
    }
}

#[test]
fn weak_and_malformed_ed25519_keys_are_refused() {
    let algorithm = oid(ED25519);
    let mut order_one = [0; 32];
    order_one[0] = 1;
    // y = 2 is the y coordinate of no point.
    let mut off = [0; 32];
    off[0] = 2;
    for key in [&order_one[..], &[0; 32], &off, &[1; 31], &[1; 33], &[]] {
        let error = PublicKey::from_spki_der(&spki(&algorithm, key)).unwrap_err();
        assert_eq!(error, PublicKeyError::Value(KeyType::Ed25519), "{key:?}");
    }
}

#[test]
fn parameters_are_those_of_the_standard() {
    let rsa_bits = tlv(2, &[0x7f; 256]);
    let rsa_key = tlv(0x30, &[rsa_bits, tlv(2, &[1, 0, 1])].concat());
    let ed25519 = Signer::new(SigningAlgorithm::Ed25519).spki()[12..].to_vec();
    let null = tlv(5, &[]);
    let explicit_curve = tlv(0x30, &[]);
    for (algorithm, parameters, key) in [
        (RSA_ENCRYPTION, Vec::new(), rsa_key),
        (ED25519, null.clone(), ed25519),
        (EC_PUBLIC_KEY, null, vec![4; 65]),
        (EC_PUBLIC_KEY, explicit_curve, vec![4; 65]),
        (EC_PUBLIC_KEY, Vec::new(), vec![4; 65]),
    ] {
        let der = spki(&[oid(algorithm), parameters].concat(), &key);
        let error = PublicKey::from_spki_der(&der).unwrap_err();
        assert_eq!(error, PublicKeyError::Parameters(algorithm));
    }
}

#[test]
fn other_algorithms_are_refused() {
    for name in ["1.2.840.10040.4.1", "1.3.101.113", "1.2.840.113549.1.1.10"] {
        let algorithm = ObjectIdentifier::new_unwrap(name);
        let error = PublicKey::from_spki_der(&spki(&oid(algorithm), &[1; 32])).unwrap_err();
        assert_eq!(error, PublicKeyError::Algorithm(algorithm));
    }
}

#[test]
fn der_is_strict() {
    let good = Signer::p256().spki();
    let long_length = [&[0x30, 0x81, good[1]], &good[2..]].concat();
    let indefinite = [&[0x30, 0x80], &good[2..], &[0, 0]].concat();
    let mut unused_bits = good;
    unused_bits[25] = 1;
    for der in [
        long_length,
        indefinite,
        unused_bits,
        Vec::new(),
        vec![0x30],
        vec![0x30; 4096],
    ] {
        let error = PublicKey::from_spki_der(&der).unwrap_err();
        assert!(matches!(error, PublicKeyError::Spki(_)), "{error:?}");
    }
}

/// An RSA key whose modulus is an odd number of exactly `bits` bits.
fn rsa_spki(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let mut modulus = vec![0xff; bits.div_ceil(8)];
    modulus[0] >>= (8 - bits % 8) % 8;
    // A leading zero keeps the number positive.
    if modulus[0] >= 0x80 {
        modulus.insert(0, 0);
    }
    let key = tlv(0x30, &[tlv(2, &modulus), tlv(2, exponent)].concat());
    spki(&[oid(RSA_ENCRYPTION), tlv(5, &[])].concat(), &key)
}

fn spki(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    let bits = tlv(3, &[&[0], key].concat());
    tlv(0x30, &[tlv(0x30, algorithm), bits].concat())
}

fn oid(identifier: ObjectIdentifier) -> Vec<u8> {
    tlv(6, identifier.as_bytes())
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
