//! Note keys: their names, ids, algorithms and vkey text (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1;
use aws_lc_rs::signature::ParsedPublicKey;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use ed25519_dalek::VerifyingKey;
use sha2::Digest;
use sha2::Sha256;

use crate::cosignature::Cosignature;

/// The name of a note key: not empty, without white space (Unicode's), control characters and `+`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyName(String);

impl KeyName {
    /// The name `name`.
    ///
    /// # Errors
    /// When the name is empty or has a character that no key name may have.
    pub fn new(name: impl Into<String>) -> Result<Self, KeyError> {
        let name = name.into();
        let refused = |character: char| {
            character == '+' || character.is_whitespace() || character.is_control()
        };
        if name.is_empty() || name.contains(refused) {
            return Err(KeyError::Name);
        }
        Ok(Self(name))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The id of a note key: a hint of 4 bytes that, with the name, tells which key made a signature.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeyId([u8; Self::LENGTH]);

impl KeyId {
    /// The length of an id in bytes.
    pub const LENGTH: usize = 4;

    /// The id whose bytes are `bytes`.
    pub const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, in the order in which they stand before a signature.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

/// Lower-case hexadecimal, 8 digits.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// What a note key signs, and how.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// Ed25519 over the note's text.
    Ed25519,
    /// ECDSA with P-256 and SHA-256 over the note's text, the signature in ASN.1 DER.
    EcdsaP256,
    /// Ed25519 over a time and the text of a checkpoint: a witness's cosignature (C2SP tlog-cosignature).
    CosignatureV1,
}

impl KeyAlgorithm {
    /// The byte that stands for the algorithm in ids and vkeys.
    pub const fn type_byte(self) -> u8 {
        match self {
            Self::Ed25519 => 0x01,
            Self::EcdsaP256 => 0x02,
            Self::CosignatureV1 => 0x04,
        }
    }

    const fn from_type_byte(byte: u8) -> Option<Self> {
        match byte {
            0x01 => Some(Self::Ed25519),
            0x02 => Some(Self::EcdsaP256),
            0x04 => Some(Self::CosignatureV1),
            _ => None,
        }
    }
}

/// The public half of a note key. As text it is a vkey: `<name>+<id>+<base64 of type and key>`.
#[derive(Clone)]
pub struct VerifierKey {
    name: KeyName,
    log_id: [u8; 32],
    key: PublicKey,
}

impl VerifierKey {
    /// The Ed25519 key `public_key` under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed, or the bytes are not the public key of any sound Ed25519 key.
    pub fn ed25519(name: impl Into<String>, public_key: [u8; 32]) -> Result<Self, KeyError> {
        Self::new(KeyName::new(name)?, KeyAlgorithm::Ed25519, &public_key)
    }

    /// The ECDSA P-256 key in `spki_der`, a DER SubjectPublicKeyInfo with an uncompressed point, under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed, or the bytes are not such a key.
    pub fn ecdsa_p256(name: impl Into<String>, spki_der: &[u8]) -> Result<Self, KeyError> {
        Self::new(KeyName::new(name)?, KeyAlgorithm::EcdsaP256, spki_der)
    }

    /// The witness key `public_key` (Ed25519, for cosignatures) under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed, or the bytes are not the public key of any sound Ed25519 key.
    pub fn cosignature_v1(name: impl Into<String>, public_key: [u8; 32]) -> Result<Self, KeyError> {
        Self::new(
            KeyName::new(name)?,
            KeyAlgorithm::CosignatureV1,
            &public_key,
        )
    }

    /// The name as text.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// The name.
    pub const fn key_name(&self) -> &KeyName {
        &self.name
    }

    /// The id: the first 4 bytes of [`log_id`](Self::log_id).
    pub fn id(&self) -> KeyId {
        let [a, b, c, d, ..] = self.log_id;
        KeyId([a, b, c, d])
    }

    /// The hash of which the id is the beginning. Sigstore names a log by it: `logId.keyId`.
    pub const fn log_id(&self) -> [u8; 32] {
        self.log_id
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.key.algorithm()
    }

    /// The public key: 32 bytes for the Ed25519 algorithms, a DER SubjectPublicKeyInfo for ECDSA.
    pub fn public_key(&self) -> &[u8] {
        match &self.key {
            PublicKey::Ed25519(key) | PublicKey::CosignatureV1(key) => key.as_bytes(),
            PublicKey::EcdsaP256 { spki_der, .. } => spki_der,
        }
    }

    /// The public key as a DER SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> Vec<u8> {
        match &self.key {
            PublicKey::Ed25519(key) | PublicKey::CosignatureV1(key) => {
                [ED25519_SPKI_PREFIX, key.as_bytes()].concat()
            }
            PublicKey::EcdsaP256 { spki_der, .. } => spki_der.clone(),
        }
    }

    /// Checks that `signature`, without the key id before it, is this key's over the note text `text`.
    ///
    /// Ed25519 is checked strictly: keys and commitments of small order are refused. No honest signer makes them, and a
    /// signature that fits many texts must not count as anyone's statement.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<(), SignatureError> {
        match &self.key {
            PublicKey::Ed25519(key) => verify_ed25519(key, text.as_bytes(), signature),
            PublicKey::EcdsaP256 { parsed, .. } => parsed
                .verify_sig(text.as_bytes(), signature)
                .map_err(|_| SignatureError),
            PublicKey::CosignatureV1(key) => {
                let cosignature = Cosignature::from_bytes(signature).map_err(|_| SignatureError)?;
                verify_ed25519(
                    key,
                    cosignature.message(text).as_bytes(),
                    cosignature.signature(),
                )
            }
        }
    }

    fn new(name: KeyName, algorithm: KeyAlgorithm, public_key: &[u8]) -> Result<Self, KeyError> {
        let key = PublicKey::new(algorithm, public_key)?;
        let log_id = log_id(&name, algorithm, public_key);
        Ok(Self { name, log_id, key })
    }
}

impl Eq for VerifierKey {}

impl PartialEq for VerifierKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, self.algorithm(), self.public_key())
            == (&other.name, other.algorithm(), other.public_key())
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(vkey: &str) -> Result<Self, Self::Err> {
        // Base64 may hold a plus sign of its own, the name and the id may not.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(KeyError::Parts);
        };
        let bytes = STANDARD.decode(key).map_err(|_| KeyError::Base64)?;
        let (type_byte, public_key) = bytes.split_first().ok_or(KeyError::PublicKey)?;
        let algorithm = KeyAlgorithm::from_type_byte(*type_byte).ok_or(KeyError::Algorithm {
            type_byte: *type_byte,
        })?;
        let key = Self::new(KeyName::new(name)?, algorithm, public_key)?;
        let expected = key.id();
        if expected.to_string() != id {
            return Err(KeyError::Id { expected });
        }
        Ok(key)
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[self.algorithm().type_byte()], self.public_key()].concat();
        write!(f, "{}+{}+{}", self.name, self.id(), STANDARD.encode(key))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifierKey({self})")
    }
}

/// Why something is not a verifier key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A name is not empty and has no white space, control character or plus sign.
    #[error(
        "a key name must not be empty nor contain white space, control characters or a plus sign"
    )]
    Name,
    /// A vkey has three parts.
    #[error("a verifier key is written <name>+<id>+<key>")]
    Parts,
    /// The third part of a vkey is standard base64 with padding.
    #[error("the last part of a verifier key must be standard base64 with padding")]
    Base64,
    /// The algorithm is not one that this crate verifies.
    #[error(
        "verifier keys of type 0x{type_byte:02x} are not supported, use Ed25519, ECDSA P-256 or cosignature/v1"
    )]
    Algorithm {
        /// The type byte found.
        type_byte: u8,
    },
    /// The id in a vkey is the one of its name and key, in 8 lower-case hexadecimal digits.
    #[error("the id of a verifier key does not fit its name and key, expected {expected}")]
    Id {
        /// The id of that name and key.
        expected: KeyId,
    },
    /// The bytes are not a public key of the algorithm, or an Ed25519 key of small order.
    #[error("the bytes are not a public key of that algorithm")]
    PublicKey,
}

/// A signature does not verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct SignatureError;

#[derive(Clone)]
enum PublicKey {
    Ed25519(VerifyingKey),
    EcdsaP256 {
        spki_der: Vec<u8>,
        parsed: ParsedPublicKey,
    },
    CosignatureV1(VerifyingKey),
}

impl PublicKey {
    fn new(algorithm: KeyAlgorithm, bytes: &[u8]) -> Result<Self, KeyError> {
        match algorithm {
            KeyAlgorithm::Ed25519 => ed25519_key(bytes).map(Self::Ed25519),
            KeyAlgorithm::CosignatureV1 => ed25519_key(bytes).map(Self::CosignatureV1),
            KeyAlgorithm::EcdsaP256 => {
                let point = bytes
                    .strip_prefix(P256_SPKI_PREFIX)
                    .filter(|point| point.first() == Some(&UNCOMPRESSED));
                let parsed = point
                    .and_then(|point| ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok());
                let parsed = parsed.ok_or(KeyError::PublicKey)?;
                Ok(Self::EcdsaP256 {
                    spki_der: bytes.to_vec(),
                    parsed,
                })
            }
        }
    }

    const fn algorithm(&self) -> KeyAlgorithm {
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

/// The hash that ids are cut from. ECDSA ids are those of Rekor v1 and Certificate Transparency: the name is not in them.
fn log_id(name: &KeyName, algorithm: KeyAlgorithm, public_key: &[u8]) -> [u8; 32] {
    if algorithm == KeyAlgorithm::EcdsaP256 {
        return Sha256::digest(public_key).into();
    }
    let mut hasher = Sha256::new();
    hasher.update(name.as_str());
    hasher.update([b'\n', algorithm.type_byte()]);
    hasher.update(public_key);
    hasher.finalize().into()
}

fn ed25519_key(bytes: &[u8]) -> Result<VerifyingKey, KeyError> {
    let bytes = bytes.try_into().map_err(|_| KeyError::PublicKey)?;
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::PublicKey)?;
    if key.is_weak() {
        return Err(KeyError::PublicKey);
    }
    Ok(key)
}

fn verify_ed25519(
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    let signature = Signature::from_slice(signature).map_err(|_| SignatureError)?;
    key.verify_strict(message, &signature)
        .map_err(|_| SignatureError)
}

/// The DER of an Ed25519 SubjectPublicKeyInfo up to the key (RFC 8410, section 4).
const ED25519_SPKI_PREFIX: &[u8] = &[
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];

/// The DER of a P-256 SubjectPublicKeyInfo up to the point (RFC 5480, section 2). DER has one form only, so that a prefix
/// is all there is to parse.
const P256_SPKI_PREFIX: &[u8] = &[
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The first byte of an uncompressed point (SEC 1, section 2.3.3).
const UNCOMPRESSED: u8 = 4;
