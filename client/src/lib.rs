//! Everything that is done on the other side of a log: signing and submitting, reading and proving,
//! verifying offline, auditing and monitoring.
//!
//! - A signer makes an [`EntryToSubmit`], sends it with [`EntryToSubmit::submit`], which checks the
//!   answer, and keeps a [`Bundle`].
//! - A verifier reads the [`Bundle`] and calls [`verify()`] with the artifact, the
//!   [`TrustedRoot`] and whose signature it expects: no network.
//! - A reader asks a [`LogApi`] for entries and proofs, or a [`TiledLog`], which is any log that
//!   serves C2SP tiles.
//! - An [`Auditor`] remembers the last head, proves that each new one extends it, and can rebuild
//!   the whole tree.
//! - A mirror copies a [`LogSource`], whatever protocol it speaks.
//! - A [`Monitor`] does that too, and finds every entry that names an identity, a key or an
//!   artifact.
//! - A [`Recall`] finds all that some rules are about, as a report that others check by
//!   [`check_recall`], offline.
//! - An operator gives other Sigstore clients the [`TrustFiles`] of a log.
//!
//! ```no_run
//! use ledgerstone_client::Artifact;
//! use ledgerstone_client::Bundle;
//! use ledgerstone_client::Expectation;
//! use ledgerstone_client::ExpectedSigner;
//! use ledgerstone_client::ExpectedText;
//! use ledgerstone_client::GITHUB_ISSUER;
//! use ledgerstone_client::Identity;
//! use ledgerstone_client::TrustedRoot;
//! use ledgerstone_client::verify;
//!
//! let bundle = Bundle::parse(&std::fs::read("app.tar.gz.sigstore.json")?)?;
//! let trust = TrustedRoot::parse(&std::fs::read("trusted_root.json")?)?;
//! let identity = Identity::new()
//!     .issuer(ExpectedText::exactly(GITHUB_ISSUER))
//!     .github_repository("acme/app");
//! let expected = Expectation::of(ExpectedSigner::Certified(identity));
//! let verified = verify(&bundle, &Artifact::File("app.tar.gz".into()), &expected, &trust)?;
//! println!("logged in {}", verified.entries[0].origin);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Nothing that a log says is passed on as true before it was verified. Errors are typed, and
//! [`Error::failure`] sorts them into the three kinds that scripts must tell apart.

mod api;
mod artifact;
mod audit;
mod csv;
mod error;
mod files;
mod known_entry;
mod monitor;
mod oci;
mod policy;
mod recall;
mod scan;
mod signer_key;
mod source;
mod submit;
mod transport;
mod trust;
mod tuf;
mod verifier_pem;
mod verify;

pub use api::admin::AdminPort;
pub use api::admin::ReindexCounts;
pub use api::admin::ReindexPhase;
pub use api::admin::ReindexReport;
pub use api::admin::RemovedStatement;
pub use api::error::ApiError;
pub use api::log_api::LogApi;
pub use api::lookup::EntryLookup;
pub use api::proofs::EntryAndProof;
pub use api::proofs::ProvenConsistency;
pub use api::proofs::ProvenInclusion;
pub use api::search::FoundEntry;
pub use api::search::FoundPage;
pub use api::search::SearchCoverage;
pub use api::search_query::SearchTermError;
pub use api::search_query::SearchTerms;
pub use artifact::Artifact;
pub use artifact::ArtifactDigest;
pub use artifact::ArtifactError;
pub use audit::auditor::AuditProgress;
pub use audit::auditor::Auditor;
pub use audit::auditor::FullReport;
pub use audit::auditor::PARALLEL_BUNDLES;
pub use audit::auditor::SAVED_EVERY;
pub use audit::error::AuditError;
pub use audit::error::Contradiction;
pub use audit::head_watch::HeadReport;
pub use audit::state::AuditState;
pub use audit::state_file::AuditStateError;
pub use csv::ENTRY_COLUMNS;
pub use csv::csv_line;
pub use csv::entry_columns;
pub use error::Error;
pub use error::Failure;
pub use files::read_file;
pub use known_entry::known_entry;
pub use monitor::config::MAX_MONITOR_CONFIG_BYTES;
pub use monitor::config::MonitorConfig;
pub use monitor::config::MonitorConfigError;
pub use monitor::hook::HOOK_TIMEOUT;
pub use monitor::hook::Hook;
pub use monitor::hook::HookError;
pub use monitor::page::Hit;
pub use monitor::page::MonitorPage;
pub use monitor::run::Monitor;
pub use monitor::run::MonitorRun;
pub use monitor::run::MonitorStart;
pub use monitor::state::MonitorState;
pub use oci::attached::Attached;
pub use oci::credentials::MAX_CREDENTIALS_BYTES;
pub use oci::credentials::RegistryCredentials;
pub use oci::error::MAX_ATTACHED;
pub use oci::error::MAX_ATTACHED_BYTES;
pub use oci::error::MAX_MANIFEST_BYTES;
pub use oci::error::MAX_REFERRER_PAGES;
pub use oci::error::OciError;
pub use oci::image::Image;
pub use oci::layout::ImageLayout;
pub use oci::reference::ImageReference;
pub use oci::reference::ManifestName;
pub use policy::error::MAX_POLICY_BYTES;
pub use policy::error::MAX_POLICY_RULES;
pub use policy::error::PolicyError;
pub use policy::error::RuleError;
pub use policy::evaluate::Finding;
pub use policy::evaluate::Outcome;
pub use policy::rule_text::RuleText;
pub use policy::rules::Policy;
pub use policy::rules::Rule;
pub use recall::check::CheckedReport;
pub use recall::check::check_recall;
pub use recall::directory::MAX_RECALL_REPORT_BYTES;
pub use recall::directory::RecallDirectory;
pub use recall::error::RecallError;
pub use recall::found::RecallProgress;
pub use recall::found::RecallStep;
pub use recall::hit::HitRule;
pub use recall::hit::MAX_HIT_BYTES;
pub use recall::hit::ReportHit;
pub use recall::hit::ShownBy;
pub use recall::report::GoneHit;
pub use recall::report::LeftOutTree;
pub use recall::report::RECALL_FORMAT;
pub use recall::report::RECALL_VERSION;
pub use recall::report::RecallReport;
pub use recall::report::ReportHead;
pub use recall::report::ReportRule;
pub use recall::report::ReportTree;
pub use recall::report::RuleCoverage;
pub use recall::report::ScanCoverage;
pub use recall::write::Recall;
pub use scan::TreeScan;
pub use signer_key::MAX_KEY_BYTES;
pub use signer_key::SignerKey;
pub use signer_key::SignerKeyError;
pub use source::entry::SourceEntry;
pub use source::entry::SourceRound;
pub use source::error::EntryFault;
pub use source::error::SourceError;
pub use source::fetched_tiles::FetchedTiles;
pub use source::fetched_tiles::MissingTile;
pub use source::head::SourceHead;
pub use source::in_order::SOURCE_ROUND_BYTES;
pub use source::log_source::LogSource;
pub use source::tiled_log::TiledLog;
pub use source::tiled_log_error::TiledLogError;
pub use submit::encrypted_key::EncryptedKeyError;
pub use submit::error::SubmitError;
pub use submit::signing_key::SigningKey;
pub use submit::signing_key::SigningKeyError;
pub use submit::submission::EntryToSubmit;
pub use submit::submission::EnvelopeKind;
pub use submit::submission::MAX_SUBMIT_REPLY_BYTES;
pub use submit::submission::Submitted;
pub use transport::error::TransportError;
pub use transport::http::MAX_BUNDLE_BYTES;
pub use transport::http::MAX_JSON_BYTES;
pub use transport::http::MAX_SHORT_JSON_BYTES;
pub use transport::http::Transport;
pub use transport::network_fault::NetworkFault;
pub use transport::options::MAX_RETRY_AFTER;
pub use transport::options::TransportOptions;
pub use transport::share::MAX_PARALLEL_BYTES;
pub use transport::url_fault::UrlFault;
pub use trust::authority::TrustedAuthority;
pub use trust::checkpoint::CheckpointFault;
pub use trust::checkpoint::SignedCheckpoint;
pub use trust::ct_log::CtLog;
pub use trust::description::KeyPeriod;
pub use trust::description::LogDescription;
pub use trust::error::MAX_AUTHORITY_CERTIFICATES;
pub use trust::error::MAX_TRUSTED_ROOT_BYTES;
pub use trust::error::TrustError;
pub use trust::file_error::TrustFilesError;
pub use trust::file_options::Authority;
pub use trust::file_options::RekorApiVersion;
pub use trust::file_options::TrustOptions;
pub use trust::files::TrustFiles;
pub use trust::log::TrustedLog;
pub use trust::logs::TrustedLogs;
pub use trust::root::CLIENT_TRUST_CONFIG_MEDIA_TYPE;
pub use trust::root::TRUSTED_ROOT_MEDIA_TYPE;
pub use trust::signing_config::SIGNING_CONFIG_MEDIA_TYPE;
pub use trust::trusted_root::TrustedRoot;
pub use trust::window::Window;
pub use tuf::error::RepositoryError;
pub use tuf::instance::Instance;
pub use tuf::repository::Repository;
pub use verifier_pem::public_key_pem;
pub use verifier_pem::read_verifier_pem;
pub use verify::bundle::BUNDLE_MEDIA_TYPE;
pub use verify::bundle::Bundle;
pub use verify::bundle_entry::BundleEntry;
pub use verify::bundle_entry::PromisedEntry;
pub use verify::bundle_error::BundleError;
pub use verify::bundle_error::MAX_CHAIN_CERTIFICATES;
pub use verify::bundle_error::MAX_ENVELOPE_SIGNATURES;
pub use verify::bundle_error::MAX_LOG_ENTRIES;
pub use verify::bundle_error::MAX_SIGSTORE_BUNDLE_BYTES;
pub use verify::bundle_error::MAX_TIMESTAMPS;
pub use verify::bundle_parts::BundleContent;
pub use verify::bundle_parts::BundleMaterial;
pub use verify::bundle_parts::key_hint;
pub use verify::certificate::extension::FulcioExtension;
pub use verify::certificate::fault::CertificateFault;
pub use verify::certificate::fault::SctFault;
pub use verify::certificate::sct::MAX_SCTS;
pub use verify::certified::Certified;
pub use verify::check::Verified;
pub use verify::check::verify;
pub use verify::error::VerifyError;
pub use verify::expected::expectation::Expectation;
pub use verify::expected::expectation::ExpectedSigner;
pub use verify::expected::identity::GITHUB_ISSUER;
pub use verify::expected::identity::Identity;
pub use verify::expected::identity::IdentityFault;
pub use verify::expected::statement::ExpectedStatement;
pub use verify::expected::statement::StatementFault;
pub use verify::expected::text::ExpectedText;
pub use verify::expected::text::PatternError;
pub use verify::expected::thresholds::Shortage;
pub use verify::expected::thresholds::Thresholds;
pub use verify::fact::Fact;
pub use verify::issued::IssuedCertificate;
pub use verify::issued::entry_certificates;
pub use verify::issued::issued_certificates;
pub use verify::log_entry::LogEntry;
pub use verify::log_entry_error::LogEntryError;
pub use verify::log_entry_error::LogEntryFault;
pub use verify::logged::Logged;
pub use verify::logged::VerifiedEntry;
pub use verify::logged::VerifiedInclusion;
pub use verify::logged::verify_logged;
pub use verify::logged::verify_logged_about;
pub use verify::parts::certificate_logs;
pub use verify::parts::timestamp_time;
pub use verify::promise::VerifiedPromise;
pub use verify::proven_time::ProvenTime;
pub use verify::proven_time::TimeSource;
pub use verify::timestamp::fault::MAX_TIMESTAMP_BYTES;
pub use verify::timestamp::fault::TimestampFault;
pub use verify::unchecked::Unchecked;
