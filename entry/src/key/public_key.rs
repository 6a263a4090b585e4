//! Public keys as they come with entries: DER SubjectPublicKeyInfo or one X.509 certificate, and
//! nothing looser.

use aws_lc_rs::signature::ParsedPublicKey;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::algorithm::SigningAlgorithm;
use crate::certificate::Certificate;
use crate::key::error::PublicKeyError;
use crate::key::key_type::KeyType;
use crate::key::spki::SubjectPublicKeyInfo;
use crate::key::spki::VerifyingKey;
use crate::key::spki::is_pkcs1;
use crate::key::spki::verification_of;
use crate::pem;
use crate::pem::is_pem;

/// A public key of a type that the log can verify with, checked and ready for use.
#[derive(Clone, Debug)]
pub struct PublicKey {
    key_type: KeyType,
    spki_der: Box<[u8]>,
    verifying_key: VerifyingKey,
}

impl PublicKey {
    /// Reads `der` as exactly one DER SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7).
    ///
    /// # Errors
    /// [`PublicKeyError`] when `der` is something else, has bytes to spare, or holds a key of
    /// another type than [`KeyType`] lists.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        if is_pem(der) {
            return Err(PublicKeyError::PemInsteadOfDer);
        }
        let spki = SubjectPublicKeyInfo::parse(der).map_err(|error| {
            if is_pkcs1(der) {
                PublicKeyError::Pkcs1
            } else {
                PublicKeyError::Spki(error)
            }
        })?;
        let (key_type, verifying_key) = spki.into_verifying_key()?;
        Ok(Self {
            key_type,
            spki_der: der.into(),
            verifying_key,
        })
    }

    /// The key in `der`, which must be exactly one DER X.509 certificate. Nothing but its form is
    /// checked.
    ///
    /// # Errors
    /// [`PublicKeyError`] when `der` is something else, has bytes to spare, or certifies a key of
    /// another type than [`KeyType`] lists.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, PublicKeyError> {
        Self::from_spki_der(Certificate::from_der(der)?.spki())
    }

    /// The key in one PEM block labelled `PUBLIC KEY` or `CERTIFICATE` (RFC 7468), in lines of any
    /// length.
    ///
    /// # Errors
    /// [`PublicKeyError`] when there is no such block, or for what is in it as the other
    /// constructors say.
    pub fn from_pem(pem: &str) -> Result<Self, PublicKeyError> {
        let pem = pem::wrapped(pem);
        let (label, der) = der::Document::from_pem(&pem).map_err(PublicKeyError::Pem)?;
        match label {
            pem::PUBLIC_KEY => Self::from_spki_der(der.as_bytes()),
            pem::CERTIFICATE => Self::from_certificate_der(der.as_bytes()),
            _ => Err(PublicKeyError::PemLabel(label.to_owned())),
        }
    }

    /// The type of the key: its algorithm, with the curve or the size.
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// The key as DER SubjectPublicKeyInfo, as it was given.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki_der
    }

    /// The algorithm that a hashedrekord entry by this key is logged under.
    ///
    /// Verifiers rebuild an entry from a bundle with this one, since a bundle does not say which
    /// was used.
    pub fn default_algorithm(&self) -> SigningAlgorithm {
        self.key_type.default_algorithm()
    }

    pub(crate) fn verifying_key(&self) -> &VerifyingKey {
        &self.verifying_key
    }

    /// The key in the form in which it verifies digests of `hash_algorithm`, where there is one.
    pub(crate) fn parsed_for(&self, hash_algorithm: HashAlgorithm) -> Option<ParsedPublicKey> {
        let verification = verification_of(self.key_type, hash_algorithm)?;
        ParsedPublicKey::new(verification, self.subject_public_key()).ok()
    }

    /// The key without the name of its algorithm: a point, an RSAPublicKey, or the 32 bytes of an
    /// Ed25519 key.
    pub(crate) fn subject_public_key(&self) -> &[u8] {
        SubjectPublicKeyInfo::parse(&self.spki_der)
            .map(|spki| spki.subject_public_key)
            .unwrap_or_default()
    }
}

/// Two keys are the same when their SubjectPublicKeyInfo is.
impl Eq for PublicKey {}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki_der == other.spki_der
    }
}
