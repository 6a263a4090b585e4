//! Everything that is done on the other side of a log: signing and submitting, reading and proving, verifying offline,
//! auditing and monitoring.
//!
//! - A signer makes a [`Submission`], sends it with [`Submission::submit`], which checks the answer, and keeps a [`Bundle`].
//! - A verifier reads the [`Bundle`] and calls [`verify()`] with the artifact and the [`TrustedLogs`]: no network.
//! - A reader asks a [`LogApi`] for entries and proofs, or a [`TiledLog`], which is any log that serves C2SP tiles.
//! - An [`Auditor`] remembers the last head, proves that each new one extends it, and can rebuild the whole tree.
//! - A mirror copies a [`LogSource`], whatever protocol it speaks.
//! - A [`Monitor`] does that too, and finds every entry that names an identity, a key or an artifact.
//! - An operator gives other Sigstore clients the [`TrustFiles`] of a log.
//!
//! ```no_run
//! use ledgerstone_client::Artifact;
//! use ledgerstone_client::Bundle;
//! use ledgerstone_client::TrustedLogs;
//! use ledgerstone_client::verify;
//!
//! let bundle = Bundle::parse(&std::fs::read("app.tar.gz.sigstore.json")?)?;
//! let logs = TrustedLogs::from_trusted_root(&std::fs::read("trusted_root.json")?)?;
//! let verified = verify(&bundle, &Artifact::File("app.tar.gz".into()), None, &logs)?;
//! println!("logged in {}", verified.entries[0].origin);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing that a log says is passed on as true before it was verified. Errors are typed, and [`Error::failure`] sorts them
//! into the three kinds that scripts must tell apart.

mod admin;
mod artifact;
mod audit;
mod audit_state;
mod bundle;
mod bundle_entry;
mod error;
mod growing_tree;
mod head_watch;
mod log_api;
mod log_entry;
mod monitor;
mod promise;
mod rekor_v1;
mod request;
mod search;
mod signing_key;
mod source;
mod submit;
mod tiled_log;
mod transport;
mod trust_files;
mod trusted_log;
mod v1_body;
mod verify;

pub use admin::AdminPort;
pub use admin::ReindexProgress;
pub use admin::ReindexReport;
pub use admin::ReindexState;
pub use artifact::Artifact;
pub use artifact::ArtifactDigest;
pub use artifact::ArtifactError;
pub use audit::AuditError;
pub use audit::AuditProgress;
pub use audit::Auditor;
pub use audit::Contradiction;
pub use audit::FullReport;
pub use audit::HeadReport;
pub use audit::PARALLEL_BUNDLES;
pub use audit::SAVED_EVERY;
pub use audit_state::AuditState;
pub use audit_state::AuditStateError;
pub use bundle::BUNDLE_MEDIA_TYPE;
pub use bundle::Bundle;
pub use bundle::BundleContent;
pub use bundle::BundleError;
pub use bundle::BundleMaterial;
pub use bundle::MAX_LOG_ENTRIES;
pub use bundle::MAX_SIGSTORE_BUNDLE_BYTES;
pub use bundle::key_hint;
pub use bundle_entry::BundleEntry;
pub use bundle_entry::PromisedEntry;
pub use error::Error;
pub use error::Failure;
pub use log_api::ApiError;
pub use log_api::EntryLookup;
pub use log_api::LogApi;
pub use log_api::LogDescription;
pub use log_api::Predecessor;
pub use log_api::ProvenConsistency;
pub use log_api::ProvenEntry;
pub use log_api::ProvenInclusion;
pub use log_entry::LogEntry;
pub use log_entry::LogEntryError;
pub use log_entry::LogEntryFault;
pub use monitor::HOOK_TIMEOUT;
pub use monitor::Hit;
pub use monitor::Hook;
pub use monitor::HookError;
pub use monitor::MAX_MONITOR_CONFIG_BYTES;
pub use monitor::Monitor;
pub use monitor::MonitorConfig;
pub use monitor::MonitorConfigError;
pub use monitor::MonitorPage;
pub use monitor::MonitorRun;
pub use monitor::MonitorState;
pub use promise::VerifiedPromise;
pub use search::SearchHit;
pub use search::SearchPage;
pub use search::SearchQuery;
pub use search::SearchTermError;
pub use signing_key::SigningKey;
pub use signing_key::SigningKeyError;
pub use signing_key::public_key_pem;
pub use source::EntryFault;
pub use source::LogSource;
pub use source::SourceEntry;
pub use source::SourceError;
pub use source::SourceHead;
pub use source::SourceRound;
pub use submit::EnvelopeKind;
pub use submit::MAX_SUBMIT_REPLY_BYTES;
pub use submit::Submission;
pub use submit::SubmitError;
pub use submit::Submitted;
pub use submit::read_verifier_pem;
pub use tiled_log::FetchedTiles;
pub use tiled_log::MissingTile;
pub use tiled_log::ReadError;
pub use tiled_log::TiledLog;
pub use transport::MAX_BUNDLE_BYTES;
pub use transport::MAX_JSON_BYTES;
pub use transport::MAX_RETRY_AFTER;
pub use transport::Transport;
pub use transport::TransportError;
pub use transport::TransportOptions;
pub use trust_files::Authority;
pub use trust_files::CLIENT_TRUST_CONFIG_MEDIA_TYPE;
pub use trust_files::RekorApiVersion;
pub use trust_files::SIGNING_CONFIG_MEDIA_TYPE;
pub use trust_files::TRUSTED_ROOT_MEDIA_TYPE;
pub use trust_files::TrustFiles;
pub use trust_files::TrustFilesError;
pub use trust_files::TrustOptions;
pub use trusted_log::CheckpointFault;
pub use trusted_log::MAX_TRUSTED_ROOT_BYTES;
pub use trusted_log::SignedCheckpoint;
pub use trusted_log::TrustError;
pub use trusted_log::TrustedLog;
pub use trusted_log::TrustedLogs;
pub use verify::Unchecked;
pub use verify::Verified;
pub use verify::VerifiedEntry;
pub use verify::VerifiedInclusion;
pub use verify::VerifyError;
pub use verify::verify;
