//! Keys: the vectors of signed-note, of Go's note package, of transparency-dev/formats and of Rekor
//! v2.

use ledgerstone_merkle::CosignatureSigner;
use ledgerstone_merkle::EcdsaP256Signer;
use ledgerstone_merkle::Ed25519Signer;
use ledgerstone_merkle::KeyAlgorithm;
use ledgerstone_merkle::KeyName;
use ledgerstone_merkle::NoteSignatureError;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_merkle::PrivateKeyError;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_merkle::VerifierKeyError;

use crate::fixtures::decode;

const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

/// Made for this test with OpenSSL: `openssl ecparam -genkey` and `openssl pkcs8 -topk8`, `openssl
/// genpkey`.
const P256_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgRcABoSeMKSD78tA3
IaNNl+0CmTo7zInphEipvfQpw9GhRANCAATKcr6shVyzVm5l+8EP1zP9DugDE4dD
Kih2AA8YTPOsv5AYazB/ojDNbK/yjIPEg1+Mz07KcF5Ic/fvy5LovhlR
-----END PRIVATE KEY-----
";
const ED25519_PEM: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIInW8kb+Uh2RHZjaKTdbsMRFhIdu2/lna79VdI6KHRQI
-----END PRIVATE KEY-----
";
const P384_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDA2iPONxKIFtzsenaQZ
WP7C4uFFzuQXCOCCTm2dm500UyLXNYKBGzU1xwyFse0hiwihZANiAATr+56tA70D
mqsgUXhW27Hb/mKBt7rR1oLoXo2orsYLexIiSvzfBv/LYXmCGtYR2SxaxqAOHE2d
OUjxTARv0qtmIzml0zdGFHPea0FrW+m41VmG5rXvHQn2ENFtAQ1Yg5k=
-----END PRIVATE KEY-----
";

/// The P-256 key of the test vectors of Rekor v2.
const P256_SPKI: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEeLw7gX40qy1z7JUhGMAaaDITbV7p2D+C5G9xPE\
    sy/PVAo9H0mgS4NYzpGirkXxBht+IvvL19WR1X9ANXha5ldQ==";

#[test]
fn published_vkeys() {
    for (vkey, algorithm) in [
        (
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            KeyAlgorithm::Ed25519,
        ),
        (PETER, KeyAlgorithm::Ed25519),
        (
            "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
            KeyAlgorithm::Ed25519,
        ),
        (
            "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            KeyAlgorithm::Ed25519,
        ),
        (
            "rekor-local+d80b4420+AURLycjWRo1+gdwwCLg9wU4PayMFdNBmPF4ORVPiBQ1E",
            KeyAlgorithm::Ed25519,
        ),
        (
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
            KeyAlgorithm::CosignatureV1,
        ),
    ] {
        let key: VerifierKey = vkey.parse().unwrap();
        assert_eq!(key.algorithm(), algorithm);
        assert_eq!(key.to_string(), vkey);
        assert_eq!(key.log_id()[..4], key.id().as_bytes()[..]);
    }
}

/// Rekor v2: the ids of its Go test keys, in full.
#[test]
fn published_log_ids() {
    let spki = decode("MCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8Xg5FU+IFDUQ=");
    let ed25519 = VerifierKey::ed25519("testkey", spki[12..].try_into().unwrap()).unwrap();
    assert_eq!(
        hex::encode(ed25519.log_id()),
        "e4de82e34c8c270d87612a3d6a1e297e2cd0ed9cb89ea7aeec8ce4d0b54e6775"
    );
    assert_eq!(u32::from_be_bytes(*ed25519.id().as_bytes()), 3_839_787_747);
    assert_eq!(ed25519.public_key_der(), spki);

    let spki = decode(P256_SPKI);
    let ecdsa = VerifierKey::ecdsa_p256("testkey", &spki).unwrap();
    assert_eq!(
        hex::encode(ecdsa.log_id()),
        "8f92d720f56c219e34895a76a636a3353ddbf7813f9fa317e19982eafa945328"
    );
    assert_eq!(u32::from_be_bytes(*ecdsa.id().as_bytes()), 2_408_765_216);
    assert_eq!(ecdsa.public_key_der(), spki);
    // The name is no part of an ECDSA id.
    assert_eq!(
        VerifierKey::ecdsa_p256("other", &spki).unwrap().id(),
        ecdsa.id()
    );
}

#[test]
fn ecdsa_vkeys_are_spki() {
    let key = VerifierKey::ecdsa_p256("log.example", &decode(P256_SPKI)).unwrap();
    let vkey = key.to_string();
    assert!(
        vkey.starts_with("log.example+8f92d720+AjBZMBMGByqGSM49"),
        "{vkey}"
    );
    assert_eq!(vkey.parse(), Ok(key));
}

/// golang/mod, sumdb/note/note_test.go, TestNewVerifier.
#[test]
fn mangled_vkeys_are_refused() {
    for start in 0..=PETER.len() {
        for end in start..=PETER.len() {
            if start > 0 || end < PETER.len() {
                assert!(
                    PETER[start..end].parse::<VerifierKey>().is_err(),
                    "{start} to {end}"
                );
            }
        }
    }
    for position in 0..PETER.len() {
        let mut bytes = PETER.as_bytes().to_vec();
        bytes[position] += 1;
        let vkey = String::from_utf8(bytes).unwrap();
        assert!(vkey.parse::<VerifierKey>().is_err(), "{vkey}");
    }
}

#[test]
fn each_rule_of_vkeys() {
    for (vkey, error) in [
        (
            "PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEQ==",
            VerifierKeyError::PublicKey,
        ),
        (
            "PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Algorithm { type_byte: 0x65 },
        ),
        ("PeterNeumann+c74f20a3+", VerifierKeyError::PublicKey),
        ("PeterNeumann+c74f20a3", VerifierKeyError::Parts),
        (
            "rekor.sigstore.dev+12345678+THIS_IS_NOT_BASE64!",
            VerifierKeyError::Base64,
        ),
        (
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW=",
            VerifierKeyError::Base64,
        ),
        (
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Name,
        ),
        (
            "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            VerifierKeyError::Name,
        ),
    ] {
        assert_eq!(vkey.parse::<VerifierKey>(), Err(error), "{vkey}");
    }
    let expected = PETER.parse::<VerifierKey>().unwrap().id();
    for id in ["C74F20A3", "c74f20a4", "0c74f20a3", "c74f20a", ""] {
        let vkey = PETER.replace("c74f20a3", id);
        assert_eq!(
            vkey.parse::<VerifierKey>(),
            Err(VerifierKeyError::Id { expected }),
            "{vkey}"
        );
    }
}

#[test]
fn each_rule_of_names() {
    for name in ["a", "example.com/log", "Zürich", "a-b_c:8000", "—"] {
        assert_eq!(KeyName::new(name).unwrap().as_str(), name);
    }
    for name in [
        "",
        "a b",
        "a+b",
        "a\tb",
        "a\nb",
        "a\u{a0}b",
        "a\u{3000}b",
        "a\u{2028}b",
        "\u{0}",
    ] {
        assert_eq!(KeyName::new(name), Err(VerifierKeyError::Name), "{name:?}");
    }
}

#[test]
fn public_keys_must_be_sound() {
    let spki = decode(P256_SPKI);
    let refused = |spki: &[u8]| VerifierKey::ecdsa_p256("log", spki).unwrap_err();
    let mut off_the_curve = spki.clone();
    off_the_curve[90] ^= 1;
    let compressed = [&spki[..26], &[2], &spki[27..59]].concat();
    for spki in [
        &[][..],
        &spki[1..],
        &spki[..90],
        &[&spki[..], &[0]].concat(),
        &off_the_curve,
        &compressed,
    ] {
        assert_eq!(refused(spki), VerifierKeyError::PublicKey);
    }
    // The neutral element, of order 1, and one of order 8: every text has a signature that fits
    // such a key.
    let mut neutral = [0; 32];
    neutral[0] = 1;
    let order_8 =
        hex::decode("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a").unwrap();
    let no_point = [2; 32];
    for key in [neutral, order_8.try_into().unwrap(), no_point] {
        assert_eq!(
            VerifierKey::ed25519("log", key),
            Err(VerifierKeyError::PublicKey)
        );
        assert_eq!(
            VerifierKey::cosignature_v1("log", key),
            Err(VerifierKeyError::PublicKey)
        );
    }
}

#[test]
fn keys_of_openssl_sign() {
    let ed25519 = Ed25519Signer::from_pkcs8_pem("log", ED25519_PEM).unwrap();
    let ecdsa = EcdsaP256Signer::from_pkcs8_pem("log", P256_PEM).unwrap();
    check_signer(&ed25519);
    check_signer(&ecdsa);
    assert_eq!(
        ed25519.public_key_der(),
        ed25519.verifier().public_key_der()
    );
    assert_eq!(ecdsa.public_key_der(), ecdsa.verifier().public_key());
    let message = ecdsa.sign_bytes(b"any bytes\xff").unwrap();
    assert_eq!(
        ecdsa.verifier().verify("any bytes", &message),
        Err(NoteSignatureError)
    );
}

#[test]
fn made_keys_are_read_again() {
    let pem = Ed25519Signer::generate_pkcs8_pem().unwrap();
    assert_ne!(*pem, *Ed25519Signer::generate_pkcs8_pem().unwrap());
    check_signer(&Ed25519Signer::from_pkcs8_pem("log", &pem).unwrap());
    assert_eq!(
        pem.lines().count(),
        3,
        "PKCS#8 version 1 holds the private half only"
    );
    let pem = EcdsaP256Signer::generate_pkcs8_pem().unwrap();
    assert_ne!(*pem, *EcdsaP256Signer::generate_pkcs8_pem().unwrap());
    check_signer(&EcdsaP256Signer::from_pkcs8_pem("log", &pem).unwrap());
}

#[test]
fn each_rule_of_private_keys() {
    let ed25519 = |name: &str, pem: &str| Ed25519Signer::from_pkcs8_pem(name, pem).err();
    let ecdsa = |name: &str, pem: &str| EcdsaP256Signer::from_pkcs8_pem(name, pem).err();
    let cosigner = |name: &str, pem: &str| CosignatureSigner::from_pkcs8_pem(name, pem).err();
    let sec1 = P256_PEM.replace("PRIVATE KEY", "EC PRIVATE KEY");
    for pem in ["", "PRIVATE KEY", &sec1, &P256_PEM[..100]] {
        assert_eq!(ed25519("log", pem), Some(PrivateKeyError::Pem));
        assert_eq!(ecdsa("log", pem), Some(PrivateKeyError::Pem));
        assert_eq!(cosigner("log", pem), Some(PrivateKeyError::Pem));
    }
    assert_eq!(ed25519("log", P256_PEM), Some(PrivateKeyError::Pkcs8));
    assert_eq!(cosigner("log", P256_PEM), Some(PrivateKeyError::Pkcs8));
    assert_eq!(ecdsa("log", ED25519_PEM), Some(PrivateKeyError::Pkcs8));
    assert_eq!(ecdsa("log", P384_PEM), Some(PrivateKeyError::Pkcs8));
    assert_eq!(
        ed25519("a b", ED25519_PEM),
        Some(PrivateKeyError::Key(VerifierKeyError::Name))
    );
    assert_eq!(
        ecdsa("", P256_PEM),
        Some(PrivateKeyError::Key(VerifierKeyError::Name))
    );
}

fn check_signer(signer: &dyn NoteSigner) {
    let signature = signer.sign("hi\n").unwrap();
    let verifier = signer.verifier();
    assert_eq!(verifier.verify("hi\n", &signature), Ok(()));
    assert_eq!(verifier.verify("ho\n", &signature), Err(NoteSignatureError));
    assert_eq!(
        verifier.verify("hi\n", &signature[1..]),
        Err(NoteSignatureError)
    );
    assert_eq!(verifier.verify("hi\n", &[]), Err(NoteSignatureError));
    let mut corrupt = signature;
    *corrupt.last_mut().unwrap() ^= 1;
    assert_eq!(verifier.verify("hi\n", &corrupt), Err(NoteSignatureError));
}
