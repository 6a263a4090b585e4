//! A signer's public key as people have it: PEM, or the file of OpenSSH, minisign or OpenPGP.

use std::fmt;

use bytes::Bytes;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_entry::v1::format_of_key;
use ledgerstone_entry::v1::read_key_of;

use crate::verifier_pem::public_key_pem;
use crate::verifier_pem::read_verifier_pem;

/// The longest file with a public key that is read, in bytes: key rings of OpenPGP are the longest.
pub const MAX_KEY_BYTES: usize = 512 << 10;

/// A signer's public key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignerKey {
    format: PublicKeyFormat,
    /// As it was given.
    content: Bytes,
    bare: Option<PublicKey>,
}

impl SignerKey {
    /// Reads the content of a file: PEM of a key or a certificate, a line of OpenSSH, the file of
    /// minisign or signify, or a key ring of OpenPGP, armored or not.
    ///
    /// # Errors
    /// [`SignerKeyError`] when it is none of these.
    pub fn read(content: &[u8]) -> Result<Self, SignerKeyError> {
        if content.len() > MAX_KEY_BYTES {
            return Err(SignerKeyError::TooLong);
        }
        let format = format_of_key(content);
        if format == PublicKeyFormat::X509 {
            let pem = std::str::from_utf8(content).map_err(|_| SignerKeyError::Form)?;
            if !pem.contains("-----BEGIN ") {
                return Err(SignerKeyError::Form);
            }
            return Ok(read_verifier_pem(pem)?.0.into());
        }
        let (_, bare) = read_key_of(format, content)?;
        Ok(Self {
            format,
            content: Bytes::copy_from_slice(content),
            bare,
        })
    }

    /// The format of the file.
    pub fn format(&self) -> PublicKeyFormat {
        self.format
    }

    /// The key by itself. A key ring of OpenPGP has none: it signs in its own format only.
    pub fn bare(&self) -> Option<&PublicKey> {
        self.bare.as_ref()
    }

    /// The content of a file of [`format`](Self::format) that holds it.
    pub(crate) fn content(&self) -> &Bytes {
        &self.content
    }
}

impl From<PublicKey> for SignerKey {
    fn from(key: PublicKey) -> Self {
        Self {
            format: PublicKeyFormat::X509,
            content: public_key_pem(key.spki_der()).into(),
            bare: Some(key),
        }
    }
}

/// Such as `ECDSA P-256 key`, or `OpenPGP key`.
impl fmt::Display for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.format, &self.bare) {
            (PublicKeyFormat::X509, Some(key)) => write!(f, "{} key", key.key_type()),
            (PublicKeyFormat::Ssh, Some(key)) => write!(f, "{} key of SSH", key.key_type()),
            (PublicKeyFormat::Minisign, _) => f.write_str("minisign key"),
            (PublicKeyFormat::Pgp, _) => f.write_str("OpenPGP key"),
            (format, _) => write!(f, "{format} key"),
        }
    }
}

/// Why a file is no public key.
#[derive(Debug, thiserror::Error)]
pub enum SignerKeyError {
    /// More than [`MAX_KEY_BYTES`].
    #[error("it is longer than {MAX_KEY_BYTES} bytes")]
    TooLong,
    /// Of no form that is known.
    #[error(
        "it is neither PEM of a public key or certificate nor a public key of OpenSSH, minisign, \
         signify or OpenPGP"
    )]
    Form,
    /// PEM without a key that can be used.
    #[error(transparent)]
    Pem(#[from] PublicKeyError),
    /// A key of another format that cannot be used.
    #[error(transparent)]
    Format(#[from] V1Reject),
}
