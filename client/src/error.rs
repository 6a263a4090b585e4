//! Every error of this crate as one, and the three kinds of failure.

use crate::api::error::ApiError;
use crate::api::search_query::SearchTermError;
use crate::artifact::ArtifactError;
use crate::audit::error::AuditError;
use crate::monitor::config::MonitorConfigError;
use crate::monitor::hook::HookError;
use crate::oci::error::OciError;
use crate::policy::error::PolicyError;
use crate::policy::error::RuleError;
use crate::recall::error::RecallError;
use crate::source::error::SourceError;
use crate::source::tiled_log_error::TiledLogError;
use crate::submit::error::SubmitError;
use crate::submit::signing_key::SigningKeyError;
use crate::transport::error::TransportError;
use crate::trust::error::TrustError;
use crate::trust::file_error::TrustFilesError;
use crate::tuf::error::RepositoryError;
use crate::verify::bundle_error::BundleError;
use crate::verify::error::VerifyError;

/// Whatever can go wrong on this side of a log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Talking to the log.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// Submitting.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// Reading over `/log/v1/`.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Searching.
    #[error(transparent)]
    SearchTerm(#[from] SearchTermError),
    /// Reading tiles.
    #[error(transparent)]
    Read(#[from] TiledLogError),
    /// Reading a bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// Verifying a bundle.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Auditing.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// Reading a log to copy it.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// What to look for in a log.
    #[error(transparent)]
    MonitorConfig(#[from] MonitorConfigError),
    /// What to do when it is found.
    #[error(transparent)]
    Hook(#[from] HookError),
    /// Making a report of what rules are about, or checking one.
    #[error(transparent)]
    Recall(#[from] RecallError),
    /// Knowing which log to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// Knowing it from a TUF repository.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// Reading an image.
    #[error(transparent)]
    Oci(#[from] OciError),
    /// Writing trust files.
    #[error(transparent)]
    TrustFiles(#[from] TrustFilesError),
    /// What a verifier expects.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// One rule of that.
    #[error("what is expected {0}")]
    Rule(#[from] RuleError),
    /// The signer's key.
    #[error(transparent)]
    SigningKey(#[from] SigningKeyError),
    /// The artifact.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// Three kinds of failure, which scripts must tell apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Failure {
    /// It could not be done: a wrong argument, an unreadable file, something that the log refuses
    /// or does not have.
    Undone,
    /// Something that was given does not verify. Nobody should go on as if it did.
    Untrue,
    /// The log could not be reached, or is in trouble.
    Unreachable,
}

impl Error {
    /// Which kind of failure it is.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Transport(error) => transport_failure(error),
            Self::Submit(error) => submit_failure(error),
            Self::Api(error) => api_failure(error),
            Self::Read(error) => tiles_failure(error),
            Self::Bundle(_) => Failure::Untrue,
            Self::Verify(error) => error.failure(),
            Self::Audit(error) => audit_failure(error),
            Self::Source(error) => source_failure(error),
            Self::Recall(error) => recall_failure(error),
            Self::Repository(error) => repository_failure(error),
            Self::Oci(error) => oci_failure(error),
            Self::SearchTerm(_)
            | Self::MonitorConfig(_)
            | Self::Hook(_)
            | Self::Trust(_)
            | Self::TrustFiles(_)
            | Self::Policy(_)
            | Self::Rule(_)
            | Self::SigningKey(_)
            | Self::Artifact(_) => Failure::Undone,
        }
    }
}

fn transport_failure(error: &TransportError) -> Failure {
    match error {
        TransportError::Url { .. } | TransportError::Authorities(_) | TransportError::Client(_) => {
            Failure::Undone
        }
        TransportError::Status {
            status: 408 | 429, ..
        } => Failure::Unreachable,
        // The log is well and says no.
        TransportError::Status {
            status: 400..=499, ..
        } => Failure::Undone,
        TransportError::Status { .. }
        | TransportError::Unreachable { .. }
        | TransportError::TimedOut { .. }
        | TransportError::Redirect { .. }
        | TransportError::TooLong { .. }
        | TransportError::Reply { .. } => Failure::Unreachable,
    }
}

fn submit_failure(error: &SubmitError) -> Failure {
    match error {
        SubmitError::Transport(error) => transport_failure(error),
        SubmitError::Reply(_) | SubmitError::OtherBody { .. } | SubmitError::Untrue(_) => {
            Failure::Untrue
        }
        SubmitError::Key(_)
        | SubmitError::Reject(_)
        | SubmitError::SignatureCount(_)
        | SubmitError::Ed25519Envelope => Failure::Undone,
    }
}

fn api_failure(error: &ApiError) -> Failure {
    match error {
        ApiError::Transport(error) => transport_failure(error),
        ApiError::NotLedgerstone(_)
        | ApiError::NoSuchEntry(_)
        | ApiError::NoSuchSize { .. }
        | ApiError::Keys(_) => Failure::Undone,
        ApiError::OtherEntry(_)
        | ApiError::OtherTree { .. }
        | ApiError::Body { .. }
        | ApiError::UnaskedHit { .. }
        | ApiError::Checkpoint(_)
        | ApiError::Proof(_)
        | ApiError::OtherEntries { .. }
        | ApiError::OtherRoot { .. } => Failure::Untrue,
    }
}

fn tiles_failure(error: &TiledLogError) -> Failure {
    match error {
        TiledLogError::Transport(error) => transport_failure(error),
        TiledLogError::Sizes(_) | TiledLogError::File { .. } => Failure::Undone,
        TiledLogError::FileTooLong { .. }
        | TiledLogError::Missing { .. }
        | TiledLogError::CheckpointText
        | TiledLogError::Tile { .. }
        | TiledLogError::Bundle { .. }
        | TiledLogError::Short { .. } => Failure::Unreachable,
    }
}

impl VerifyError {
    /// Which kind of failure it is.
    pub fn failure(&self) -> Failure {
        match self {
            Self::KeyNeeded { .. } | Self::IdentityNeeded | Self::Artifact(_) => Failure::Undone,
            Self::OtherKey
            | Self::NoTime
            | Self::NoEntry
            | Self::Shortage(_)
            | Self::Timestamp { .. }
            | Self::Path(_)
            | Self::Sct(_)
            | Self::Identity(_)
            | Self::ExpectedStatement(_)
            | Self::Certificate(_)
            | Self::OtherArtifact { .. }
            | Self::NoSuchSubject { .. }
            | Self::Statement(_)
            | Self::Signature(_)
            | Self::Document(_)
            | Self::SimpleSigning(_)
            | Self::SimpleSigningType(_)
            | Self::EnvelopeFormat(_)
            | Self::Kind { .. }
            | Self::MessageKind { .. }
            | Self::Rebuild { .. }
            | Self::Body { .. }
            | Self::OtherBody { .. }
            | Self::LogEntry(_) => Failure::Untrue,
        }
    }
}

fn recall_failure(error: &RecallError) -> Failure {
    match error {
        RecallError::Api(error) => api_failure(error),
        RecallError::Io { .. }
        | RecallError::NoReport(_)
        | RecallError::Rule { .. }
        | RecallError::Authorities
        | RecallError::Trust(_) => Failure::Undone,
        RecallError::Form { .. }
        | RecallError::NoTree
        | RecallError::Contradiction { .. }
        | RecallError::Untrue(_) => Failure::Untrue,
    }
}

fn repository_failure(error: &RepositoryError) -> Failure {
    match error {
        RepositoryError::Transport(error) => transport_failure(error),
        RepositoryError::Metadata { .. } => Failure::Untrue,
        RepositoryError::Missing { .. } | RepositoryError::NotKept { .. } => Failure::Unreachable,
        RepositoryError::Cache { .. } | RepositoryError::Trust(_) => Failure::Undone,
    }
}

fn oci_failure(error: &OciError) -> Failure {
    match error {
        OciError::Transport(error) => transport_failure(error),
        OciError::OtherContent(_) => Failure::Untrue,
        OciError::Malformed { .. } => Failure::Unreachable,
        OciError::Reference { .. }
        | OciError::Unauthorized { .. }
        | OciError::Realm { .. }
        | OciError::Credentials(_)
        | OciError::NoImage(_)
        | OciError::WhichImage { .. }
        | OciError::Io { .. }
        | OciError::TooMany(_) => Failure::Undone,
    }
}

fn source_failure(error: &SourceError) -> Failure {
    match error {
        SourceError::Transport(error) => transport_failure(error),
        SourceError::Read(error) => tiles_failure(error),
        SourceError::NoLog { .. } | SourceError::NoTree { .. } | SourceError::OtherSource => {
            Failure::Undone
        }
        SourceError::Checkpoint(_) | SourceError::Entry { .. } => Failure::Untrue,
    }
}

fn audit_failure(error: &AuditError) -> Failure {
    match error {
        AuditError::Read(error) => tiles_failure(error),
        AuditError::State(_)
        | AuditError::Kept { .. }
        | AuditError::OtherLog { .. }
        | AuditError::Aborted => Failure::Undone,
        AuditError::Checkpoint(_)
        | AuditError::Contradiction { .. }
        | AuditError::OtherKeys { .. }
        | AuditError::Root { .. }
        | AuditError::Consistency(_)
        | AuditError::Entry { .. }
        | AuditError::NotIncluded { .. }
        | AuditError::Tile { .. } => Failure::Untrue,
    }
}
