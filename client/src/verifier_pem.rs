//! Public keys and certificates as people have them, and as they are submitted.

use bytes::Bytes;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::pem;
use ledgerstone_entry::pem::wrapped;

/// The public key or certificate in a PEM text, and the bytes that are submitted for it.
///
/// # Errors
/// When the text holds neither.
pub fn read_verifier_pem(pem: &str) -> Result<(PublicKey, VerifierMaterial), PublicKeyError> {
    let pem = wrapped(pem);
    let key = PublicKey::from_pem(&pem)?;
    let (label, document) = der::Document::from_pem(&pem).map_err(PublicKeyError::Pem)?;
    let der = Bytes::copy_from_slice(document.as_bytes());
    let material = match label {
        "CERTIFICATE" => VerifierMaterial::Certificate(der),
        _ => VerifierMaterial::PublicKey(der),
    };
    Ok((key, material))
}

/// A key or certificate as PEM.
pub(crate) fn verifier_pem(verifier: &VerifierMaterial) -> String {
    match verifier {
        VerifierMaterial::PublicKey(der) => public_key_pem(der),
        VerifierMaterial::Certificate(der) => pem::encode(pem::CERTIFICATE, der),
    }
}

/// A SubjectPublicKeyInfo as PEM.
pub fn public_key_pem(spki_der: &[u8]) -> String {
    pem::encode(pem::PUBLIC_KEY, spki_der)
}
