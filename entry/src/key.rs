//! Public keys as they come with entries: DER SubjectPublicKeyInfo or one X.509 certificate, and nothing looser.

use std::fmt;

use aws_lc_rs::signature;
use aws_lc_rs::signature::ParsedPublicKey;
use aws_lc_rs::signature::VerificationAlgorithm;
use der::Decode;
use der::Reader;
use der::SliceReader;
use der::Tag;
use der::asn1::AnyRef;
use der::asn1::BitStringRef;
use der::asn1::ObjectIdentifier;
use der::asn1::UintRef;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::algorithm::SigningAlgorithm;
use crate::certificate::Certificate;

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
    /// [`KeyError`] when `der` is something else, has bytes to spare, or holds a key of another type than [`KeyType`]
    /// lists.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        refuse_pem(der)?;
        let spki = SubjectPublicKeyInfo::parse(der).map_err(|error| {
            if is_pkcs1(der) {
                KeyError::Pkcs1
            } else {
                KeyError::Spki(error)
            }
        })?;
        let (key_type, verifying_key) = spki.into_verifying_key()?;
        Ok(Self {
            key_type,
            spki_der: der.into(),
            verifying_key,
        })
    }

    /// The key in `der`, which must be exactly one DER X.509 certificate. Nothing but its form is checked.
    ///
    /// # Errors
    /// [`KeyError`] when `der` is something else, has bytes to spare, or certifies a key of another type than
    /// [`KeyType`] lists.
    pub fn from_certificate_der(der: &[u8]) -> Result<Self, KeyError> {
        Self::from_spki_der(Certificate::from_der(der)?.spki())
    }

    /// The key in one PEM block labelled `PUBLIC KEY` or `CERTIFICATE` (RFC 7468).
    ///
    /// # Errors
    /// [`KeyError`] when there is no such block, or for what is in it as the other constructors say.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        let (label, der) = der::Document::from_pem(pem).map_err(KeyError::Pem)?;
        match label {
            "PUBLIC KEY" => Self::from_spki_der(der.as_bytes()),
            "CERTIFICATE" => Self::from_certificate_der(der.as_bytes()),
            _ => Err(KeyError::PemLabel(label.to_owned())),
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
    /// Verifiers rebuild an entry from a bundle with this one, since a bundle does not say which was used.
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

    /// The key without the name of its algorithm: a point, an RSAPublicKey, or the 32 bytes of an Ed25519 key.
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

/// The types of key that can sign an entry.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum KeyType {
    /// ECDSA on NIST P-256.
    EcdsaP256,
    /// ECDSA on NIST P-384.
    EcdsaP384,
    /// ECDSA on NIST P-521.
    EcdsaP521,
    /// RSA with a modulus of exactly 2048 bits.
    Rsa2048,
    /// RSA with a modulus of exactly 3072 bits.
    Rsa3072,
    /// RSA with a modulus of exactly 4096 bits.
    Rsa4096,
    /// Ed25519.
    Ed25519,
}

impl KeyType {
    /// See [`PublicKey::default_algorithm`].
    pub fn default_algorithm(self) -> SigningAlgorithm {
        match self {
            Self::EcdsaP256 => SigningAlgorithm::EcdsaP256Sha256,
            Self::EcdsaP384 => SigningAlgorithm::EcdsaP384Sha384,
            Self::EcdsaP521 => SigningAlgorithm::EcdsaP521Sha512,
            Self::Rsa2048 => SigningAlgorithm::RsaPkcs1Size2048Sha256,
            Self::Rsa3072 => SigningAlgorithm::RsaPkcs1Size3072Sha256,
            Self::Rsa4096 => SigningAlgorithm::RsaPkcs1Size4096Sha256,
            Self::Ed25519 => SigningAlgorithm::Ed25519Ph,
        }
    }

    /// The hash function whose digests such a key signs, unless it signs the message itself.
    pub fn hash_algorithm(self) -> HashAlgorithm {
        match self {
            Self::EcdsaP256 | Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => {
                HashAlgorithm::Sha2256
            }
            Self::EcdsaP384 => HashAlgorithm::Sha2384,
            Self::EcdsaP521 | Self::Ed25519 => HashAlgorithm::Sha2512,
        }
    }
}

impl fmt::Display for KeyType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256 => "ECDSA P-256",
            Self::EcdsaP384 => "ECDSA P-384",
            Self::EcdsaP521 => "ECDSA P-521",
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa3072 => "RSA 3072",
            Self::Rsa4096 => "RSA 4096",
            Self::Ed25519 => "Ed25519",
        })
    }
}

/// Why bytes are not a key that the log can verify with.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// DER is asked for, PEM was given.
    #[error("the key is PEM; send the DER bytes between its BEGIN and END lines")]
    PemInsteadOfDer,
    /// A SubjectPublicKeyInfo is asked for, a bare RSAPublicKey was given (RFC 8017, appendix A.1.1).
    #[error("the key is a PKCS#1 RSAPublicKey; send it as a SubjectPublicKeyInfo")]
    Pkcs1,
    /// Not exactly one DER SubjectPublicKeyInfo.
    #[error("the key is not one DER SubjectPublicKeyInfo: {0}")]
    Spki(#[source] der::Error),
    /// Not exactly one DER certificate.
    #[error("not one DER X.509 certificate: {0}")]
    Certificate(#[source] der::Error),
    /// Not exactly one PEM block.
    #[error("not one PEM block: {0}")]
    Pem(#[source] der::Error),
    /// A PEM block that holds neither a key nor a certificate.
    #[error("the PEM block is a {0}; PUBLIC KEY or CERTIFICATE is needed")]
    PemLabel(String),
    /// An algorithm that no entry can be signed with.
    #[error("keys of algorithm {0} are not supported; use ECDSA, RSA or Ed25519")]
    Algorithm(ObjectIdentifier),
    /// Algorithm parameters that do not belong to the key's algorithm.
    #[error("the parameters of the key's algorithm {0} are not those of its standard")]
    Parameters(ObjectIdentifier),
    /// An elliptic curve that no entry can be signed with.
    #[error("curve {0} is not supported; use P-256, P-384 or P-521")]
    Curve(ObjectIdentifier),
    /// A modulus of another size.
    #[error("an RSA key of {bits} bits is not supported; use 2048, 3072 or 4096")]
    RsaSize {
        /// The size of the modulus in bits.
        bits: usize,
    },
    /// Numbers that are no key: a point off its curve, a compressed point, an exponent out of
    /// range, a key of small order.
    #[error("the {0} key is not valid")]
    Value(KeyType),
}

/// A key in the form that its verification routine takes.
#[derive(Clone, Debug)]
pub(crate) enum VerifyingKey {
    Ecdsa(ParsedPublicKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Rsa(ParsedPublicKey),
}

struct SubjectPublicKeyInfo<'a> {
    algorithm: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
    subject_public_key: &'a [u8],
}

impl<'a> SubjectPublicKeyInfo<'a> {
    fn parse(der: &'a [u8]) -> Result<Self, der::Error> {
        let mut reader = SliceReader::new(der)?;
        let spki = reader.sequence(|reader| {
            let (algorithm, parameters) = reader.sequence(|reader| {
                Ok::<_, der::Error>((reader.decode()?, read_optional(reader)?))
            })?;
            let key = reader.decode::<BitStringRef<'a>>()?;
            Ok::<_, der::Error>(Self {
                algorithm,
                parameters,
                subject_public_key: key
                    .as_bytes()
                    .ok_or_else(|| der::Error::from(Tag::BitString.value_error()))?,
            })
        })?;
        reader.finish()?;
        Ok(spki)
    }

    fn into_verifying_key(self) -> Result<(KeyType, VerifyingKey), KeyError> {
        match self.algorithm {
            EC_PUBLIC_KEY => self.into_ecdsa(),
            RSA_ENCRYPTION => self.into_rsa(),
            ED25519 => self.into_ed25519(),
            other => Err(KeyError::Algorithm(other)),
        }
    }

    /// RFC 5480, section 2: the parameters name a curve, the key is a point on it (here: never compressed).
    fn into_ecdsa(self) -> Result<(KeyType, VerifyingKey), KeyError> {
        let curve = self
            .parameters
            .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
            .ok_or(KeyError::Parameters(self.algorithm))?;
        let (key_type, verification, coordinate_length) = match curve {
            SECP256R1 => (KeyType::EcdsaP256, &signature::ECDSA_P256_SHA256_ASN1, 32),
            SECP384R1 => (KeyType::EcdsaP384, &signature::ECDSA_P384_SHA384_ASN1, 48),
            SECP521R1 => (KeyType::EcdsaP521, &signature::ECDSA_P521_SHA512_ASN1, 66),
            other => return Err(KeyError::Curve(other)),
        };
        let point = self.subject_public_key;
        if point.len() != 1 + 2 * coordinate_length || point[0] != UNCOMPRESSED_POINT {
            return Err(KeyError::Value(key_type));
        }
        let key = parse(verification, point, key_type)?;
        Ok((key_type, VerifyingKey::Ecdsa(key)))
    }

    /// RFC 3279, section 2.3.1: the parameters are NULL, the key is an RSAPublicKey.
    fn into_rsa(self) -> Result<(KeyType, VerifyingKey), KeyError> {
        if self.parameters != Some(AnyRef::NULL) {
            return Err(KeyError::Parameters(self.algorithm));
        }
        let bits = rsa_modulus_bits(self.subject_public_key).map_err(KeyError::Spki)?;
        let key_type = match bits {
            2048 => KeyType::Rsa2048,
            3072 => KeyType::Rsa3072,
            4096 => KeyType::Rsa4096,
            _ => return Err(KeyError::RsaSize { bits }),
        };
        let verification = &signature::RSA_PKCS1_2048_8192_SHA256;
        let key = parse(verification, self.subject_public_key, key_type)?;
        Ok((key_type, VerifyingKey::Rsa(key)))
    }

    /// RFC 8410, section 3: no parameters, the key is the 32 bytes.
    fn into_ed25519(self) -> Result<(KeyType, VerifyingKey), KeyError> {
        if self.parameters.is_some() {
            return Err(KeyError::Parameters(self.algorithm));
        }
        let invalid = KeyError::Value(KeyType::Ed25519);
        let Ok(bytes) = self.subject_public_key.try_into() else {
            return Err(invalid);
        };
        match ed25519_dalek::VerifyingKey::from_bytes(bytes) {
            // One signature by a key of small order fits many messages: it would prove nothing.
            Ok(key) if !key.is_weak() => Ok((KeyType::Ed25519, VerifyingKey::Ed25519(key))),
            _ => Err(invalid),
        }
    }
}

/// How keys of a type verify digests of a hash function other than their own.
fn verification_of(
    key_type: KeyType,
    hash_algorithm: HashAlgorithm,
) -> Option<&'static dyn VerificationAlgorithm> {
    use HashAlgorithm::Sha2256;
    use HashAlgorithm::Sha2384;
    use HashAlgorithm::Sha2512;
    use KeyType::Rsa2048;
    use KeyType::Rsa3072;
    use KeyType::Rsa4096;
    Some(match (key_type, hash_algorithm) {
        (KeyType::EcdsaP256, Sha2384) => &signature::ECDSA_P256_SHA384_ASN1,
        (KeyType::EcdsaP256, Sha2512) => &signature::ECDSA_P256_SHA512_ASN1,
        (KeyType::EcdsaP384, Sha2256) => &signature::ECDSA_P384_SHA256_ASN1,
        (KeyType::EcdsaP384, Sha2512) => &signature::ECDSA_P384_SHA512_ASN1,
        (KeyType::EcdsaP521, Sha2256) => &signature::ECDSA_P521_SHA256_ASN1,
        (KeyType::EcdsaP521, Sha2384) => &signature::ECDSA_P521_SHA384_ASN1,
        (Rsa2048 | Rsa3072 | Rsa4096, Sha2384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (Rsa2048 | Rsa3072 | Rsa4096, Sha2512) => &signature::RSA_PKCS1_2048_8192_SHA512,
        _ => return None,
    })
}

fn parse(
    verification: &'static dyn VerificationAlgorithm,
    bytes: &[u8],
    key_type: KeyType,
) -> Result<ParsedPublicKey, KeyError> {
    ParsedPublicKey::new(verification, bytes).map_err(|_| KeyError::Value(key_type))
}

fn read_optional<'a>(reader: &mut SliceReader<'a>) -> Result<Option<AnyRef<'a>>, der::Error> {
    if reader.is_finished() {
        return Ok(None);
    }
    reader.decode().map(Some)
}

/// The size of the modulus of a DER RSAPublicKey, in bits without leading zeros.
fn rsa_modulus_bits(der: &[u8]) -> Result<usize, der::Error> {
    let modulus = AnyRef::from_der(der)?.sequence(|reader| {
        let modulus = reader.decode::<UintRef<'_>>()?;
        reader.decode::<UintRef<'_>>()?;
        Ok::<_, der::Error>(modulus)
    })?;
    let bytes = modulus.as_bytes();
    Ok(bytes
        .first()
        .map_or(0, |first| bytes.len() * 8 - first.leading_zeros() as usize))
}

fn is_pkcs1(der: &[u8]) -> bool {
    rsa_modulus_bits(der).is_ok()
}

/// Tells the commonest mistake apart from other bytes that are not DER.
pub(crate) fn refuse_pem(bytes: &[u8]) -> Result<(), KeyError> {
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN") {
        return Err(KeyError::PemInsteadOfDer);
    }
    Ok(())
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The first byte of a point that is written with both coordinates (SEC 1, section 2.3.3).
const UNCOMPRESSED_POINT: u8 = 4;
