//! SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7), and the keys that it can hold.

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

use crate::key::error::PublicKeyError;
use crate::key::key_type::KeyType;

/// A key in the form that its verification routine takes.
#[derive(Clone, Debug)]
pub(crate) enum VerifyingKey {
    Ecdsa(ParsedPublicKey),
    Ed25519(ed25519_dalek::VerifyingKey),
    Rsa(ParsedPublicKey),
}

/// The key with the name of its algorithm.
pub(super) struct SubjectPublicKeyInfo<'a> {
    algorithm: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
    pub(super) subject_public_key: &'a [u8],
}

impl<'a> SubjectPublicKeyInfo<'a> {
    /// Reads `der`, which holds exactly one.
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, der::Error> {
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

    pub(super) fn into_verifying_key(self) -> Result<(KeyType, VerifyingKey), PublicKeyError> {
        match self.algorithm {
            EC_PUBLIC_KEY => self.into_ecdsa(),
            RSA_ENCRYPTION => self.into_rsa(),
            ED25519 => self.into_ed25519(),
            other => Err(PublicKeyError::Algorithm(other)),
        }
    }

    /// RFC 5480, section 2: the parameters name a curve, the key is a point on it (here: never
    /// compressed).
    fn into_ecdsa(self) -> Result<(KeyType, VerifyingKey), PublicKeyError> {
        let curve = self
            .parameters
            .and_then(|parameters| parameters.decode_as::<ObjectIdentifier>().ok())
            .ok_or(PublicKeyError::Parameters(self.algorithm))?;
        let (key_type, verification, coordinate_length) = match curve {
            SECP256R1 => (KeyType::EcdsaP256, &signature::ECDSA_P256_SHA256_ASN1, 32),
            SECP384R1 => (KeyType::EcdsaP384, &signature::ECDSA_P384_SHA384_ASN1, 48),
            SECP521R1 => (KeyType::EcdsaP521, &signature::ECDSA_P521_SHA512_ASN1, 66),
            other => return Err(PublicKeyError::Curve(other)),
        };
        let point = self.subject_public_key;
        if point.len() != 1 + 2 * coordinate_length || point[0] != UNCOMPRESSED_POINT {
            return Err(PublicKeyError::Value(key_type));
        }
        let key = parse(verification, point, key_type)?;
        Ok((key_type, VerifyingKey::Ecdsa(key)))
    }

    /// RFC 3279, section 2.3.1: the parameters are NULL, the key is an RSAPublicKey.
    fn into_rsa(self) -> Result<(KeyType, VerifyingKey), PublicKeyError> {
        if self.parameters != Some(AnyRef::NULL) {
            return Err(PublicKeyError::Parameters(self.algorithm));
        }
        let bits = rsa_modulus_bits(self.subject_public_key).map_err(PublicKeyError::Spki)?;
        let key_type = match bits {
            2048 => KeyType::Rsa2048,
            3072 => KeyType::Rsa3072,
            4096 => KeyType::Rsa4096,
            _ => return Err(PublicKeyError::RsaSize { bits }),
        };
        let verification = &signature::RSA_PKCS1_2048_8192_SHA256;
        let key = parse(verification, self.subject_public_key, key_type)?;
        Ok((key_type, VerifyingKey::Rsa(key)))
    }

    /// RFC 8410, section 3: no parameters, the key is the 32 bytes.
    fn into_ed25519(self) -> Result<(KeyType, VerifyingKey), PublicKeyError> {
        if self.parameters.is_some() {
            return Err(PublicKeyError::Parameters(self.algorithm));
        }
        let invalid = PublicKeyError::Value(KeyType::Ed25519);
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
pub(super) fn verification_of(
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
) -> Result<ParsedPublicKey, PublicKeyError> {
    ParsedPublicKey::new(verification, bytes).map_err(|_| PublicKeyError::Value(key_type))
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

/// Whether `der` is a bare RSAPublicKey.
pub(super) fn is_pkcs1(der: &[u8]) -> bool {
    rsa_modulus_bits(der).is_ok()
}

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The first byte of a point that is written with both coordinates (SEC 1, section 2.3.3).
const UNCOMPRESSED_POINT: u8 = 4;
