//! Why bytes are not a public key.

use der::asn1::ObjectIdentifier;

use crate::key::key_type::KeyType;

/// Why bytes are not a key that the log can verify with.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PublicKeyError {
    /// DER is asked for, PEM was given.
    #[error("the key is PEM; send the DER bytes between its BEGIN and END lines")]
    PemInsteadOfDer,
    /// A SubjectPublicKeyInfo is asked for, a bare RSAPublicKey was given (RFC 8017, appendix
    /// A.1.1).
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
