//! Keys from their numbers and points, as formats other than X.509 hold them.

use der::Encode;
use der::Tag;
use der::asn1::AnyRef;
use der::asn1::BitStringRef;
use der::asn1::UintRef;

use crate::key::error::PublicKeyError;
use crate::key::key_type::KeyType;
use crate::key::public_key::PublicKey;

/// An RSA key from modulus and exponent, each big-endian.
pub(crate) fn rsa(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let numbers = sequence_of(modulus, exponent).map_err(PublicKeyError::Spki)?;
    public_key(RSA, &numbers)
}

/// A key from its point on the curve of `key_type`, which is written with both coordinates.
pub(crate) fn ecdsa(key_type: KeyType, point: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let algorithm = match key_type {
        KeyType::EcdsaP521 => P521,
        KeyType::EcdsaP384 => P384,
        KeyType::EcdsaP256 => P256,
        KeyType::Rsa2048 | KeyType::Rsa3072 | KeyType::Rsa4096 => RSA,
        KeyType::Ed25519 => ED25519,
    };
    public_key(algorithm, point)
}

/// An Ed25519 key from its 32 bytes.
pub(crate) fn ed25519(key: &[u8]) -> Result<PublicKey, PublicKeyError> {
    public_key(ED25519, key)
}

/// SEQUENCE { INTEGER, INTEGER }: what an RSA key is, and an ECDSA signature.
pub(crate) fn sequence_of(one: &[u8], two: &[u8]) -> Result<Vec<u8>, der::Error> {
    let mut content = UintRef::new(one)?.to_der()?;
    UintRef::new(two)?.encode_to_vec(&mut content)?;
    AnyRef::new(Tag::Sequence, &content)?.to_der()
}

fn public_key(algorithm: &[u8], key: &[u8]) -> Result<PublicKey, PublicKeyError> {
    let spki = || {
        let mut content = algorithm.to_vec();
        BitStringRef::from_bytes(key)?.encode_to_vec(&mut content)?;
        AnyRef::new(Tag::Sequence, &content)?.to_der()
    };
    PublicKey::from_spki_der(&spki().map_err(PublicKeyError::Spki)?)
}

/// The AlgorithmIdentifiers of the supported types of keys, in DER (RFC 3279, RFC 5480, RFC 8410).
const RSA: &[u8] = &[
    0x30, 0x0d, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0,
];
const ED25519: &[u8] = &[0x30, 5, 6, 3, 0x2b, 0x65, 0x70];
const P256: &[u8] = &[
    0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1,
    7,
];
const P384: &[u8] = &[
    0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x22,
];
const P521: &[u8] = &[
    0x30, 0x10, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 5, 0x2b, 0x81, 4, 0, 0x23,
];
