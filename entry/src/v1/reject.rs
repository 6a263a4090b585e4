//! Why a proposed entry of Rekor v1 is not taken.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::body::BodyTooLarge;
use crate::hash_function::hash_name;
use crate::key::error::PublicKeyError;
use crate::key::key_type::KeyType;
use crate::signature::BadSignature;
use crate::v1::pki::format::PublicKeyFormat;

/// Why a proposed entry is not taken. Where upstream has a text that clients could look for, this
/// is it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum V1Reject {
    /// The proposal is a JSON object, of bounded depth and number of values.
    #[error("{0}")]
    Json(String),
    /// A member of the proposal itself is missing.
    #[error("{0} in body is required")]
    Required(&'static str),
    /// The kind is one that Rekor v1 defines.
    #[error("invalid kind value: {0:?}")]
    UnknownKind(String),
    /// The version of the kind is a semantic version.
    #[error("apiVersion in body should match '{API_VERSION_PATTERN}'")]
    ApiVersion,
    /// The kind is one that this version can verify.
    #[error("entries of kind '{0}' are not supported by this log")]
    UnsupportedKind(String),
    /// The kind is one that this log takes.
    #[error("entry kind '{0}' is not enabled for submission on this server")]
    KindNotEnabled(&'static str),
    /// The version of the kind exists.
    #[error(
        "{kind} implementation for version '{version}' not found: \
         unable to locate entry for version {version}"
    )]
    UnsupportedVersion {
        /// The kind.
        kind: &'static str,
        /// The version that was asked for.
        version: String,
    },
    /// A submission holds what there is to verify, not only what would be logged of it.
    #[error("entry not insertable into log: {0}")]
    NotInsertable(&'static str),
    /// The log accepts hashedrekord signatures by such a key over such a digest.
    #[error("entry algorithms are not allowed")]
    AlgorithmNotAllowed {
        /// The type of the key.
        key: KeyType,
        /// The hash function of the digest.
        hash: HashAlgorithm,
    },
    /// A member of the spec is missing, empty, or of another type.
    #[error("missing {0}")]
    Missing(&'static str),
    /// Bytes come as padded base64.
    #[error("failed parsing base64 data for {0}")]
    Base64(&'static str),
    /// The hash function is one that the kind allows.
    #[error("hash algorithm {0:?} is not one that this kind of entry can have")]
    HashAlgorithm(String),
    /// The value of a hash is hexadecimal and as long as its hash function makes it.
    #[error("invalid value for hash")]
    HashValue,
    /// The hash that comes with a document is its hash.
    #[error("SHA mismatch: {computed} != {claimed}")]
    HashMismatch {
        /// The SHA-256 hash of the document, in hexadecimal.
        computed: String,
        /// What was submitted.
        claimed: String,
    },
    /// A document is not larger than the log takes.
    #[error("the data are larger than {limit} bytes")]
    ArtifactTooLarge {
        /// How many bytes are taken.
        limit: usize,
    },
    /// A key is sent along: the log never fetches anything.
    #[error("a public key cannot be given by its URL; send its content")]
    KeyUrl,
    /// A key is PEM.
    #[error("invalid public key: failure decoding PEM")]
    Pem,
    /// The PEM block holds a key or a certificate.
    #[error("invalid public key: cannot handle type {0}")]
    PemLabel(String),
    /// A chain of certificates is short.
    #[error("too many certificates specified in PEM block, at most {limit} are taken")]
    TooManyCertificates {
        /// How many are taken.
        limit: usize,
    },
    /// The first certificate leads to the last one.
    #[error("the certificates are no chain from the first to the last")]
    Chain,
    /// The key is of a supported type.
    #[error(transparent)]
    Key(#[from] PublicKeyError),
    /// The names in the certificate can be read, and are not too many.
    #[error(
        "the subject alternative names of the certificate cannot be read, or are more than {limit}"
    )]
    Subjects {
        /// How many are taken.
        limit: usize,
    },
    /// The signature verifies.
    #[error("verifying signature: {0}")]
    Signature(#[from] BadSignature),
    /// A DSSE envelope is JSON.
    #[error("the envelope is not a DSSE envelope: {0}")]
    Envelope(String),
    /// A DSSE envelope has signatures.
    #[error("DSSE envelope must contain 1 or more signatures")]
    NoSignatures,
    /// The number of signatures is bounded.
    #[error("{count} signatures are too many, at most {limit} are taken")]
    TooManySignatures {
        /// How many there are.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
    /// The number of verifiers is bounded.
    #[error("{count} verifiers are too many, at most {limit} are taken")]
    TooManyVerifiers {
        /// How many there are.
        count: usize,
        /// How many are taken.
        limit: usize,
    },
    /// Each verifier verifies a signature of the envelope.
    #[error(
        "could not verify envelope: \
         accepted signatures do not match threshold, Found: 0, Expected 1"
    )]
    UnverifiedEnvelope,
    /// Each signature of the envelope has a verifier of its own.
    #[error("all signatures must have a key that verifies it")]
    UnmatchedSignature,
    /// A dsse entry is proposed in one of its two forms.
    #[error("either proposedContent or envelopeHash, payloadHash, and signatures must be present")]
    NoContent,
    /// A dsse entry is not proposed in both of its forms.
    #[error(
        "either proposedContent or envelopeHash, payloadHash, and signatures must be present \
         but not both"
    )]
    BothContents,
    /// The format of a rekord signature is one of those that the kind defines.
    #[error("{0} is not a supported PKI format")]
    Format(String),
    /// The format is one that this log was built with.
    #[error("the PKI format {0} is not supported by this log")]
    UnsupportedFormat(PublicKeyFormat),
    /// A key has the form of its format.
    #[error("invalid {format} public key: {reason}")]
    MalformedKey {
        /// The format.
        format: PublicKeyFormat,
        /// What is wrong.
        reason: String,
    },
    /// A signature has the form of its format.
    #[error("invalid {format} signature: {reason}")]
    MalformedSignature {
        /// The format.
        format: PublicKeyFormat,
        /// What is wrong.
        reason: String,
    },
    /// A signature in one of the formats verifies.
    #[error("verifying signature: the {0} signature does not verify with the key")]
    Mismatch(PublicKeyFormat),
    /// The body fits into an entry bundle.
    #[error(transparent)]
    BodyTooLarge(#[from] BodyTooLarge),
}

impl V1Reject {
    /// The code of a rejection that upstream's schema validation makes, and answers with HTTP
    /// status 422 (specification of Rekor v1, section 1.1). The others are answered with 400.
    pub fn schema_code(&self) -> Option<u16> {
        match self {
            Self::Required(_) => Some(602),
            Self::ApiVersion => Some(605),
            Self::UnknownKind(_) => Some(422),
            _ => None,
        }
    }

    /// A name for the rule that was broken, one of few: for counting.
    pub fn reason_label(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::Required(_) | Self::Missing(_) | Self::NoContent | Self::NoSignatures => {
                "missing_member"
            }
            Self::UnknownKind(_) | Self::UnsupportedKind(_) | Self::KindNotEnabled(_) => "kind",
            Self::ApiVersion | Self::UnsupportedVersion { .. } => "version",
            Self::NotInsertable(_) | Self::BothContents => "not_insertable",
            Self::AlgorithmNotAllowed { .. } => "algorithm_not_allowed",
            Self::Base64(_) => "base64",
            Self::HashAlgorithm(_) | Self::HashValue | Self::HashMismatch { .. } => "hash",
            Self::ArtifactTooLarge { .. } => "artifact_too_large",
            Self::KeyUrl => "key_url",
            Self::Pem
            | Self::PemLabel(_)
            | Self::TooManyCertificates { .. }
            | Self::Key(_)
            | Self::MalformedKey { .. } => "key",
            Self::Chain => "chain",
            Self::Subjects { .. } => "subjects",
            Self::Signature(_)
            | Self::UnverifiedEnvelope
            | Self::UnmatchedSignature
            | Self::MalformedSignature { .. }
            | Self::Mismatch(_) => "signature",
            Self::Envelope(_) => "envelope",
            Self::TooManySignatures { .. } => "too_many_signatures",
            Self::TooManyVerifiers { .. } => "too_many_verifiers",
            Self::Format(_) | Self::UnsupportedFormat(_) => "format",
            Self::BodyTooLarge(_) => "body_too_large",
        }
    }

    /// What the log's operator may want to know beyond what the caller is told.
    pub fn detail(&self) -> Option<String> {
        match self {
            Self::AlgorithmNotAllowed { key, hash } => {
                let hash = hash_name(*hash).unwrap_or("unknown");
                Some(format!("entry algorithm {key}/{hash} not allowed"))
            }
            _ => None,
        }
    }
}

/// What upstream says a version must look like.
const API_VERSION_PATTERN: &str = concat!(
    r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)",
    r"(?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)",
    r"(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?",
    r"(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?$",
);
