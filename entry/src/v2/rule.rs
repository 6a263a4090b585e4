//! The rules that requests of Rekor v2 must follow.

use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;

use crate::algorithm::SigningAlgorithm;
use crate::body::BodyTooLarge;
use crate::key::error::PublicKeyError;
use crate::key::key_type::KeyType;
use crate::signature::BadSignature;

/// The rules that a request must follow.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rule {
    /// A signature is there and has bytes.
    #[error("the signature is missing")]
    MissingSignature,
    /// A signature comes with a verifier.
    #[error("the verifier of the signature is missing")]
    MissingVerifier,
    /// The digest of the artifact is there.
    #[error("the digest is missing")]
    MissingDigest,
    /// A verifier holds a public key or a certificate.
    #[error("the verifier has neither a public key nor an X.509 certificate")]
    MissingKey,
    /// The key or certificate has bytes.
    #[error("the raw bytes of the verifier are missing")]
    EmptyKey,
    /// The key or certificate can be read, and is of a supported type.
    #[error(transparent)]
    Key(#[from] PublicKeyError),
    /// The names in a certificate can be read.
    #[error("the subject alternative names of the certificate cannot be read: {0}")]
    Subjects(#[source] der::Error),
    /// A certificate names no more subjects than the index takes.
    #[error("the certificate names more than {limit} subjects")]
    TooManySubjects {
        /// How many are taken.
        limit: usize,
    },
    /// The key details are a number that the format defines.
    #[error("the key details {0} are not defined")]
    UndefinedKeyDetails(i32),
    /// The key details are an algorithm that this version verifies.
    #[error("the key details {} are not supported", .0.as_str_name())]
    UnsupportedKeyDetails(PublicKeyDetails),
    /// The key details describe the key.
    #[error(
        "the key is {key}, but the key details are {}; {} describes it",
        .claimed.details().as_str_name(),
        .key.default_algorithm().details().as_str_name()
    )]
    KeyDetailsMismatch {
        /// What the key is.
        key: KeyType,
        /// What the key details say.
        claimed: SigningAlgorithm,
    },
    /// The algorithm is one that this log is configured to accept.
    #[error("this log does not accept {0} signatures")]
    AlgorithmNotAllowed(SigningAlgorithm),
    /// A hashedrekord signature is made over a digest.
    #[error(
        "{0} signs no digest, so that it cannot be verified without the artifact; use ed25519-ph"
    )]
    NoDigestSigned(SigningAlgorithm),
    /// A DSSE signature by an Ed25519 key is made over the envelope itself.
    #[error("{0} signatures are made over a digest, but those of an envelope are not; use ed25519")]
    DigestSigned(SigningAlgorithm),
    /// The signature verifies.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// The envelope is there.
    #[error("the envelope is missing")]
    MissingEnvelope,
    /// The envelope has a payload.
    #[error("the payload of the envelope is missing")]
    MissingPayload,
    /// The envelope comes with verifiers.
    #[error("the verifiers of the envelope are missing")]
    MissingVerifiers,
    /// There are not too many verifiers.
    #[error("{count} verifiers are too many, at most {limit} are taken")]
    TooManyVerifiers {
        /// How many there are.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
    /// Each verifier is given once.
    #[error("verifier {position} was given before")]
    DuplicateVerifier {
        /// Its position in the request, from 0.
        position: usize,
    },
    /// The envelope has signatures.
    #[error("the envelope has no signature")]
    MissingSignatures,
    /// There are not too many signatures.
    #[error("{count} signatures are too many, at most {limit} are taken")]
    TooManySignatures {
        /// How many there are.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
    /// Each signature has bytes.
    #[error("signature {position} of the envelope is empty")]
    EmptySignature {
        /// Its position in the envelope, from 0.
        position: usize,
    },
    /// Each signature verifies, with a verifier of its own.
    #[error(
        "signature {position} of the envelope does not verify with any verifier that is left for it"
    )]
    UnverifiedSignature {
        /// Its position in the envelope, from 0.
        position: usize,
    },
    /// The body fits into an entry bundle.
    #[error(transparent)]
    BodyTooLarge(#[from] BodyTooLarge),
}

impl Rule {
    pub(super) fn label(&self) -> &'static str {
        match self {
            Self::MissingSignature => "missing_signature",
            Self::MissingVerifier => "missing_verifier",
            Self::MissingDigest => "missing_digest",
            Self::MissingKey => "missing_key",
            Self::EmptyKey => "empty_key",
            Self::Key(_) => "key",
            Self::Subjects(_) => "subjects",
            Self::TooManySubjects { .. } => "too_many_subjects",
            Self::UndefinedKeyDetails(_) => "undefined_key_details",
            Self::UnsupportedKeyDetails(_) => "unsupported_key_details",
            Self::KeyDetailsMismatch { .. } => "key_details_mismatch",
            Self::AlgorithmNotAllowed(_) => "algorithm_not_allowed",
            Self::NoDigestSigned(_) => "no_digest_signed",
            Self::DigestSigned(_) => "digest_signed",
            Self::Signature(BadSignature::DigestLength { .. }) => "digest_length",
            Self::Signature(BadSignature::Mismatch(_)) => "signature",
            Self::MissingEnvelope => "missing_envelope",
            Self::MissingPayload => "missing_payload",
            Self::MissingVerifiers => "missing_verifiers",
            Self::TooManyVerifiers { .. } => "too_many_verifiers",
            Self::DuplicateVerifier { .. } => "duplicate_verifier",
            Self::MissingSignatures => "missing_signatures",
            Self::TooManySignatures { .. } => "too_many_signatures",
            Self::EmptySignature { .. } => "empty_signature",
            Self::UnverifiedSignature { .. } => "signature",
            Self::BodyTooLarge(_) => "body_too_large",
        }
    }
}
