//! Public keys and certificates as people have them, and as they are submitted.

use bytes::Bytes;
use ledgerstone_entry::VerifierMaterial;
use ledgerstone_entry::key::KeyError;
use ledgerstone_entry::key::PublicKey;

use crate::pem::wrapped;

/// The public key or certificate in a PEM text, and the bytes that are submitted for it.
///
/// # Errors
/// When the text holds neither.
pub fn read_verifier_pem(pem: &str) -> Result<(PublicKey, VerifierMaterial), KeyError> {
    let pem = wrapped(pem);
    let key = PublicKey::from_pem(&pem)?;
    let (label, document) = der::Document::from_pem(&pem).map_err(KeyError::Pem)?;
    let der = Bytes::copy_from_slice(document.as_bytes());
    let material = match label {
        "CERTIFICATE" => VerifierMaterial::Certificate(der),
        _ => VerifierMaterial::PublicKey(der),
    };
    Ok((key, material))
}
