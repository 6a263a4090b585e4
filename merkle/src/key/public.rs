//! Public keys as bytes: those of vkeys, and SubjectPublicKeyInfo.

use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1;
use aws_lc_rs::signature::ParsedPublicKey;
use ed25519_dalek::VerifyingKey;

use crate::key::algorithm::KeyAlgorithm;
use crate::key::error::VerifierKeyError;

/// A public key that signatures are verified with.
#[derive(Clone)]
pub(crate) enum PublicKeyBytes {
    Ed25519(VerifyingKey),
    EcdsaP256 {
        spki_der: Vec<u8>,
        parsed: ParsedPublicKey,
    },
    CosignatureV1(VerifyingKey),
}

impl PublicKeyBytes {
    /// The key of `algorithm` in `bytes`, as a vkey holds it.
    pub(crate) fn new(algorithm: KeyAlgorithm, bytes: &[u8]) -> Result<Self, VerifierKeyError> {
        match algorithm {
            KeyAlgorithm::Ed25519 => ed25519_key(bytes).map(Self::Ed25519),
            KeyAlgorithm::CosignatureV1 => ed25519_key(bytes).map(Self::CosignatureV1),
            KeyAlgorithm::EcdsaP256 => {
                let point = bytes
                    .strip_prefix(P256_SPKI_PREFIX)
                    .filter(|point| point.first() == Some(&UNCOMPRESSED));
                let parsed = point
                    .and_then(|point| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok());
                let parsed = parsed.ok_or(VerifierKeyError::PublicKey)?;
                Ok(Self::EcdsaP256 {
                    spki_der: bytes.to_vec(),
                    parsed,
                })
            }
        }
    }

    /// The algorithm.
    pub(crate) const fn algorithm(&self) -> KeyAlgorithm {
        match self {
            Self::Ed25519(_) => KeyAlgorithm::Ed25519,
            Self::EcdsaP256 { .. } => KeyAlgorithm::EcdsaP256,
            Self::CosignatureV1(_) => KeyAlgorithm::CosignatureV1,
        }
    }
}

/// The DER SubjectPublicKeyInfo of the P-256 key with this uncompressed point.
pub(crate) fn p256_spki_der(point: &[u8]) -> Vec<u8> {
    [P256_SPKI_PREFIX, point].concat()
}

/// The DER SubjectPublicKeyInfo of an Ed25519 key.
pub(crate) fn ed25519_spki_der(key: &VerifyingKey) -> Vec<u8> {
    [ED25519_SPKI_PREFIX, key.as_bytes()].concat()
}

fn ed25519_key(bytes: &[u8]) -> Result<VerifyingKey, VerifierKeyError> {
    let bytes = bytes.try_into().map_err(|_| VerifierKeyError::PublicKey)?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| VerifierKeyError::PublicKey)?;
    if key.is_weak() {
        return Err(VerifierKeyError::PublicKey);
    }
    Ok(key)
}

/// The DER of an Ed25519 SubjectPublicKeyInfo up to the key (RFC 8410, section 4).
const ED25519_SPKI_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The DER of a P-256 SubjectPublicKeyInfo up to the point (RFC 5480, section 2). DER has one form
/// only, so that a prefix is all there is to parse.
const P256_SPKI_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The first byte of an uncompressed point (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;
