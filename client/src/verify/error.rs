//! Which check of a bundle failed.

use ledgerstone_entry::BadSignature;
use ledgerstone_entry::BodyError;
use ledgerstone_entry::Reject;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::V1Reject;
use ledgerstone_merkle::LeafIndex;

use crate::artifact::ArtifactError;
use crate::verify::certificate::fault::CertificateFault;
use crate::verify::certificate::fault::SctFault;
use crate::verify::expected::identity::IdentityFault;
use crate::verify::expected::statement::StatementFault;
use crate::verify::expected::thresholds::Shortage;
use crate::verify::log_entry_error::LogEntryFault;
use crate::verify::timestamp::fault::TimestampFault;

/// Which check failed.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The bundle names a key that was not given.
    #[error(
        "the bundle was signed with a key that it does not hold (hint {hint:?}); give the public \
         key"
    )]
    KeyNeeded {
        /// The name of the key in the bundle.
        hint: String,
    },
    /// The bundle has a certificate, and nobody said whose it has to be.
    #[error(
        "the bundle was signed with a certificate: say whose it has to be, with \
         --certificate-identity and --certificate-oidc-issuer (or --github-repository), or with \
         --any-identity that anybody's will do"
    )]
    IdentityNeeded,
    /// Nothing says when the signature was made.
    #[error(
        "nothing that is trusted says when the signature was made, so that the certificate proves \
         nothing: a time stamp, or a log entry with a signed time, is needed"
    )]
    NoTime,
    /// The bundle has no log entry.
    #[error("the bundle has no log entry")]
    NoEntry,
    /// Less than the verifier asked for.
    #[error(transparent)]
    Shortage(#[from] Shortage),
    /// A time stamp shows no time.
    #[error("time stamp {number} of the bundle does not hold: {reason}")]
    Timestamp {
        /// Which of them, from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        reason: TimestampFault,
    },
    /// No authority that was trusted issued the certificate.
    #[error(transparent)]
    Path(CertificateFault),
    /// No certificate log that is trusted has the certificate.
    #[error(transparent)]
    Sct(SctFault),
    /// The certificate is somebody else's.
    #[error(transparent)]
    Identity(#[from] IdentityFault),
    /// The statement says something else.
    #[error(transparent)]
    ExpectedStatement(#[from] StatementFault),
    /// The certificate certifies another key than the given one.
    #[error("the certificate in the bundle is for another key than the one given")]
    OtherKey,
    /// The certificate or its key cannot be read.
    #[error("the certificate in the bundle cannot be used: {0}")]
    Certificate(#[source] PublicKeyError),
    /// The artifact has no digest that could be compared.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
    /// The bundle says that it is about another artifact.
    #[error(
        "the bundle is about another artifact: the digest in it is {claimed}, the artifact's is \
         {actual}"
    )]
    OtherArtifact {
        /// What the bundle says.
        claimed: String,
        /// What was computed.
        actual: String,
    },
    /// No subject of the in-toto statement is the artifact.
    #[error("none of the {subjects} subjects of the statement is the artifact {actual}")]
    NoSuchSubject {
        /// How many subjects the statement has.
        subjects: usize,
        /// The digest of the artifact.
        actual: String,
    },
    /// The payload says that it is a statement but cannot be read as one.
    #[error("the payload of the envelope is not an in-toto statement: {0}")]
    Statement(#[source] serde_json::Error),
    /// The signature is not by the key, or not over this.
    #[error(transparent)]
    Signature(#[from] BadSignature),
    /// The payload of an image's signature is none.
    #[error("the payload of the signature is not one that cosign makes for images: {0}")]
    SimpleSigning(#[source] serde_json::Error),
    /// The payload says that it is something else.
    #[error("the payload of the signature is of the type {0:?}, which is none for images")]
    SimpleSigningType(String),
    /// The signature of a format of its own does not hold.
    #[error("the signature over the artifact does not hold: {0}")]
    Document(#[source] V1Reject),
    /// Keys of some formats do not sign envelopes.
    #[error("keys of the format {0} sign files, and no envelopes")]
    EnvelopeFormat(PublicKeyFormat),
    /// The log holds a kind of entry that no bundle has.
    #[error(
        "entries of the kind {kind} {version} cannot be verified here, only hashedrekord 0.0.2 and \
         dsse 0.0.2, and of Rekor v1 hashedrekord 0.0.1, rekord 0.0.1, dsse 0.0.1, intoto 0.0.1 \
         and intoto 0.0.2"
    )]
    Kind {
        /// The kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// A bundle with a signature over an artifact has an entry that is only made of envelopes.
    #[error(
        "the log entry is of the kind {kind} {version}, which holds envelopes, but the bundle \
         holds a message signature"
    )]
    MessageKind {
        /// The kind.
        kind: String,
        /// Its version.
        version: String,
    },
    /// The bundle's content cannot be logged as the kind that the entry says.
    #[error("what the bundle holds cannot be in a {kind} entry: {reason}")]
    Rebuild {
        /// The kind.
        kind: String,
        /// The rule that forbids it.
        #[source]
        reason: Reject,
    },
    /// The body of the log entry cannot be read.
    #[error("the log entry {index} cannot be read: {reason}")]
    Body {
        /// The position in the log.
        index: LeafIndex,
        /// The rule that it breaks.
        #[source]
        reason: BodyError,
    },
    /// The log entry is about another signature, key or artifact.
    #[error("the log entry {index} is not about this signature, key and artifact")]
    OtherBody {
        /// The position in the log.
        index: LeafIndex,
    },
    /// The log entry is not in the log, or the log is not trusted.
    #[error(transparent)]
    LogEntry(#[from] LogEntryFault),
}
