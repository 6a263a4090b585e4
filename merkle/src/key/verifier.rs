//! The public half of a note key, and its text: a vkey (C2SP signed-note).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use ed25519_dalek::VerifyingKey;
use sha2::Digest;
use sha2::Sha256;

use crate::cosignature::Cosignature;
use crate::key::algorithm::KeyAlgorithm;
use crate::key::error::NoteSignatureError;
use crate::key::error::VerifierKeyError;
use crate::key::id::KeyId;
use crate::key::name::KeyName;
use crate::key::public::PublicKeyBytes;
use crate::key::public::ed25519_spki_der;

/// The public half of a note key. As text it is a vkey: `<name>+<id>+<base64 of type and key>`.
#[derive(Clone)]
pub struct VerifierKey {
    name: KeyName,
    log_id: [u8; 32],
    key: PublicKeyBytes,
}

impl VerifierKey {
    /// The Ed25519 key `public_key` under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed, or the bytes are not the public key of any sound Ed25519 key.
    pub fn ed25519(
        name: impl Into<String>,
        public_key: [u8; 32],
    ) -> Result<Self, VerifierKeyError> {
        Self::new(KeyName::new(name)?, KeyAlgorithm::Ed25519, &public_key)
    }

    /// The ECDSA P-256 key in `spki_der`, a DER SubjectPublicKeyInfo with an uncompressed point,
    /// under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed, or the bytes are not such a key.
    pub fn ecdsa_p256(name: impl Into<String>, spki_der: &[u8]) -> Result<Self, VerifierKeyError> {
        Self::new(KeyName::new(name)?, KeyAlgorithm::EcdsaP256, spki_der)
    }

    /// The witness key `public_key` (Ed25519, for cosignatures) under the name `name`.
    ///
    /// # Errors
    /// When the name is not allowed, or the bytes are not the public key of any sound Ed25519 key.
    pub fn cosignature_v1(
        name: impl Into<String>,
        public_key: [u8; 32],
    ) -> Result<Self, VerifierKeyError> {
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
        KeyId::new([a, b, c, d])
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
            PublicKeyBytes::Ed25519(key) | PublicKeyBytes::CosignatureV1(key) => key.as_bytes(),
            PublicKeyBytes::EcdsaP256 { spki_der, .. } => spki_der,
        }
    }

    /// The public key as a DER SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> Vec<u8> {
        match &self.key {
            PublicKeyBytes::Ed25519(key) | PublicKeyBytes::CosignatureV1(key) => {
                ed25519_spki_der(key)
            }
            PublicKeyBytes::EcdsaP256 { spki_der, .. } => spki_der.clone(),
        }
    }

    /// Checks that `signature`, without the key id before it, is this key's over the note text
    /// `text`.
    ///
    /// Ed25519 is checked strictly: keys and commitments of small order are refused. No honest
    /// signer makes them, and a signature that fits many texts must not count as anyone's
    /// statement.
    ///
    /// # Errors
    /// When it is not.
    pub fn verify(&self, text: &str, signature: &[u8]) -> Result<(), NoteSignatureError> {
        match &self.key {
            PublicKeyBytes::Ed25519(key) => verify_ed25519(key, text.as_bytes(), signature),
            PublicKeyBytes::EcdsaP256 { parsed, .. } => parsed
                .verify_sig(text.as_bytes(), signature)
                .map_err(|_| NoteSignatureError),
            PublicKeyBytes::CosignatureV1(key) => {
                let cosignature =
                    Cosignature::from_bytes(signature).map_err(|_| NoteSignatureError)?;
                verify_ed25519(
                    key,
                    Cosignature::message(cosignature.timestamp(), text).as_bytes(),
                    cosignature.signature(),
                )
            }
        }
    }

    fn new(
        name: KeyName,
        algorithm: KeyAlgorithm,
        public_key: &[u8],
    ) -> Result<Self, VerifierKeyError> {
        let key = PublicKeyBytes::new(algorithm, public_key)?;
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
    type Err = VerifierKeyError;

    fn from_str(vkey: &str) -> Result<Self, Self::Err> {
        // Base64 may hold a plus sign of its own, the name and the id may not.
        let mut parts = vkey.splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Parts);
        };
        let bytes = STANDARD.decode(key).map_err(|_| VerifierKeyError::Base64)?;
        let (type_byte, public_key) = bytes.split_first().ok_or(VerifierKeyError::PublicKey)?;
        let algorithm =
            KeyAlgorithm::from_type_byte(*type_byte).ok_or(VerifierKeyError::Algorithm {
                type_byte: *type_byte,
            })?;
        let key = Self::new(KeyName::new(name)?, algorithm, public_key)?;
        let expected = key.id();
        if expected.to_string() != id {
            return Err(VerifierKeyError::Id { expected });
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

/// The hash that ids are cut from. ECDSA ids are those of Rekor v1 and Certificate Transparency:
/// the name is not in them.
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

fn verify_ed25519(
    key: &VerifyingKey,
    message: &[u8],
    signature: &[u8],
) -> Result<(), NoteSignatureError> {
    let signature = Signature::from_slice(signature).map_err(|_| NoteSignatureError)?;
    key.verify_strict(message, &signature)
        .map_err(|_| NoteSignatureError)
}
