//! Why something is no verifier key, or no signature by one.

use crate::key::id::KeyId;

/// Why something is not a verifier key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VerifierKeyError {
    /// A name is not empty and has no white space, control character or plus sign.
    #[error(
        "a key name must not be empty nor contain white space, control characters or a plus sign"
    )]
    Name,
    /// A vkey has three parts.
    #[error("a verifier key is written <name>+<id>+<key>")]
    Parts,
    /// The third part of a vkey is standard base64 with padding.
    #[error("the last part of a verifier key must be standard base64 with padding")]
    Base64,
    /// The algorithm is not one that this crate verifies.
    #[error(
        "verifier keys of type 0x{type_byte:02x} are not supported, \
         use Ed25519, ECDSA P-256 or cosignature/v1"
    )]
    Algorithm {
        /// The type byte found.
        type_byte: u8,
    },
    /// The id in a vkey is the one of its name and key, in 8 lower-case hexadecimal digits.
    #[error("the id of a verifier key does not fit its name and key, expected {expected}")]
    Id {
        /// The id of that name and key.
        expected: KeyId,
    },
    /// The bytes are not a public key of the algorithm, or an Ed25519 key of small order.
    #[error("the bytes are not a public key of that algorithm")]
    PublicKey,
}

/// A signature does not verify.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct NoteSignatureError;
