//! The private halves of note keys.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::ECDSA_P256_SHA256_ASN1_SIGNING;
use aws_lc_rs::signature::EcdsaKeyPair;
use aws_lc_rs::signature::KeyPair as _;
use ed25519_dalek::Signer as _;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use ed25519_dalek::pkcs8::KeypairBytes;
use pkcs8::LineEnding;
use pkcs8::SecretDocument;
use zeroize::Zeroizing;

use crate::key::public::p256_spki_der;
use crate::key::verifier::VerifierKey;
use crate::note::signer::NoteSigner;
use crate::note::signer::SignError;
use crate::private_key::PEM_LABEL;
use crate::private_key::PrivateKeyError;
use crate::private_key::ed25519_from_pkcs8_pem;
use crate::private_key::pkcs8_from_pem;

/// Signs with Ed25519 (RFC 8032): what C2SP logs sign their checkpoints with.
pub struct Ed25519Signer {
    key: SigningKey,
    verifier: VerifierKey,
    public_key_der: Vec<u8>,
}

impl Ed25519Signer {
    /// The signer with the key in `pem`, an unencrypted PKCS#8 private key in PEM, under the name
    /// `name`.
    ///
    /// # Errors
    /// When the name is not allowed or the PEM is not such a key.
    pub fn from_pkcs8_pem(name: impl Into<String>, pem: &str) -> Result<Self, PrivateKeyError> {
        Self::new(name, ed25519_from_pkcs8_pem(pem)?)
    }

    /// The signer with the key whose private half (RFC 8032, section 5.1.5) is `seed`, under the
    /// name `name`.
    ///
    /// # Errors
    /// When the name is not allowed.
    pub fn from_seed(name: impl Into<String>, seed: &[u8; 32]) -> Result<Self, PrivateKeyError> {
        Self::new(name, SigningKey::from_bytes(seed))
    }

    /// A new private key in PEM, PKCS#8 version 1, from the operating system's random numbers.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn generate_pkcs8_pem() -> Result<Zeroizing<String>, PrivateKeyError> {
        let mut secret_key = Zeroizing::new([0; 32]);
        getrandom::fill(secret_key.as_mut_slice()).map_err(|_| PrivateKeyError::Random)?;
        // With the public key beside it this would be version 2, which OpenSSL before 3.0 cannot
        // read.
        let key = KeypairBytes {
            secret_key: *secret_key,
            public_key: None,
        };
        key.to_pkcs8_pem(LineEnding::LF)
            .map_err(|_| PrivateKeyError::Pkcs8)
    }

    /// The signature over any bytes: 64 bytes.
    ///
    /// # Errors
    /// Never: it is a `Result` so that all keys sign alike.
    pub fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        Ok(self.key.sign(message).to_bytes().to_vec())
    }

    /// The public key as a DER SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> &[u8] {
        &self.public_key_der
    }

    fn new(name: impl Into<String>, key: SigningKey) -> Result<Self, PrivateKeyError> {
        let verifier = VerifierKey::ed25519(name, key.verifying_key().to_bytes())?;
        let public_key_der = verifier.public_key_der();
        Ok(Self {
            key,
            verifier,
            public_key_der,
        })
    }
}

impl NoteSigner for Ed25519Signer {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, text: &str) -> Result<Vec<u8>, SignError> {
        self.sign_bytes(text.as_bytes())
    }
}

/// Signs with ECDSA over P-256 and SHA-256, the signatures in ASN.1 DER: what Rekor v1 clients
/// expect.
pub struct EcdsaP256Signer {
    key: EcdsaKeyPair,
    verifier: VerifierKey,
}

impl EcdsaP256Signer {
    /// The signer with the key in `pem`, an unencrypted PKCS#8 private key in PEM, under the name
    /// `name`.
    ///
    /// # Errors
    /// When the name is not allowed or the PEM is not such a key.
    pub fn from_pkcs8_pem(name: impl Into<String>, pem: &str) -> Result<Self, PrivateKeyError> {
        let document = pkcs8_from_pem(pem)?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_bytes())
            .map_err(|_| PrivateKeyError::Pkcs8)?;
        let verifier = VerifierKey::ecdsa_p256(name, &p256_spki_der(key.public_key().as_ref()))?;
        Ok(Self { key, verifier })
    }

    /// A new private key in PEM, PKCS#8 version 1, from the operating system's random numbers.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn generate_pkcs8_pem() -> Result<Zeroizing<String>, PrivateKeyError> {
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new())
                .map_err(|_| PrivateKeyError::Random)?;
        let document =
            SecretDocument::try_from(document.as_ref()).map_err(|_| PrivateKeyError::Pkcs8)?;
        document
            .to_pem(PEM_LABEL, LineEnding::LF)
            .map_err(|_| PrivateKeyError::Pkcs8)
    }

    /// The signature over any bytes, in ASN.1 DER: at most 72 bytes, and different each time.
    ///
    /// # Errors
    /// When there are no random numbers.
    pub fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let signature = self
            .key
            .sign(&SystemRandom::new(), message)
            .map_err(|_| SignError)?;
        Ok(signature.as_ref().to_vec())
    }

    /// The public key as a DER SubjectPublicKeyInfo.
    pub fn public_key_der(&self) -> &[u8] {
        self.verifier.public_key()
    }
}

impl NoteSigner for EcdsaP256Signer {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, text: &str) -> Result<Vec<u8>, SignError> {
        self.sign_bytes(text.as_bytes())
    }
}
