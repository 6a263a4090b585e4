//! Private keys in PEM.

use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use pkcs8::SecretDocument;

use crate::key::error::VerifierKeyError;

/// Why something is not a private key for signing notes. No message holds any of the key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PrivateKeyError {
    /// The name or the public half is not allowed.
    #[error(transparent)]
    Key(#[from] VerifierKeyError),
    /// The text is PEM with the label `PRIVATE KEY`: PKCS#8, not encrypted.
    #[error("the private key must be PEM with the label PRIVATE KEY, which is unencrypted PKCS#8")]
    Pem,
    /// The PKCS#8 structure holds no key of the algorithm that was asked for.
    #[error("the PKCS#8 private key is malformed or not of the right algorithm")]
    Pkcs8,
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
}

/// The Ed25519 key in `pem`.
pub(crate) fn ed25519_from_pkcs8_pem(pem: &str) -> Result<SigningKey, PrivateKeyError> {
    let document = pkcs8_from_pem(pem)?;
    SigningKey::from_pkcs8_der(document.as_bytes()).map_err(|_| PrivateKeyError::Pkcs8)
}

/// The PKCS#8 document in `pem`.
pub(crate) fn pkcs8_from_pem(pem: &str) -> Result<SecretDocument, PrivateKeyError> {
    let (label, document) = SecretDocument::from_pem(pem).map_err(|_| PrivateKeyError::Pem)?;
    if label != PEM_LABEL {
        return Err(PrivateKeyError::Pem);
    }
    Ok(document)
}

/// The label of an unencrypted PKCS#8 private key (RFC 7468, section 10).
pub(crate) const PEM_LABEL: &str = "PRIVATE KEY";
