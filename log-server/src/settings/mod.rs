//! What an operator can set: by flag, by environment variable, or in a TOML file, in this order of precedence.
//!
//! One structure, [`Overrides`], is read from all three, so that every setting has the same name and the same form in each.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::ValueEnum;
use ledgerstone_entry::AlgorithmSet;
use ledgerstone_entry::ApiVersion;
use ledgerstone_entry::KindSet;
use ledgerstone_entry::Policy;
use ledgerstone_entry::v1::DEFAULT_MAX_ATTESTATION_BYTES;
use ledgerstone_entry::v1::V1Policy;
use ledgerstone_storage::MAX_ATTESTATION_BYTES;
use serde::Deserialize;
use serde::Serialize;
use thiserror::Error;

/// Settings as one source gives them: what is absent is left to the next source.
#[derive(Args, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Overrides {
    /// Directory of the log: store, kept checkpoint and keys [default: ./data]
    #[arg(long, env = "LEDGERSTONE_DATA_DIR", value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of all protocols; port 0 picks a free one [default: 127.0.0.1:3000]
    #[arg(long, env = "LEDGERSTONE_LISTEN", value_name = "ADDRESS")]
    pub listen: Option<SocketAddr>,
    /// Address of /metrics, /healthz, /readyz and /reindex [default: 127.0.0.1:2112]
    #[arg(long, env = "LEDGERSTONE_ADMIN_LISTEN", value_name = "ADDRESS")]
    pub admin_listen: Option<SocketAddr>,
    /// Name of the log, a bare host name; fixed when the log is made [default: the stored one, else this host's name]
    #[arg(long, env = "LEDGERSTONE_ORIGIN", value_name = "NAME")]
    pub origin: Option<String>,
    /// Directory of the log's keys [default: keys in the data directory]
    #[arg(long, env = "LEDGERSTONE_KEY_DIR", value_name = "DIR")]
    pub key_dir: Option<PathBuf>,
    /// Certificate chain (PEM): serve TLS
    #[arg(long, env = "LEDGERSTONE_TLS_CERTIFICATE", value_name = "FILE")]
    pub tls_certificate: Option<PathBuf>,
    /// Private key (PEM) of the TLS certificate
    #[arg(long, env = "LEDGERSTONE_TLS_KEY", value_name = "FILE")]
    pub tls_key: Option<PathBuf>,
    /// Answer to an entry that the log already holds [default: return]
    #[arg(long, env = "LEDGERSTONE_ON_DUPLICATE", value_name = "ANSWER")]
    pub on_duplicate: Option<OnDuplicate>,
    /// Accept dsse 0.0.2 entries, which older clients send [default: true]
    #[arg(long, env = "LEDGERSTONE_ACCEPT_DSSE", value_name = "BOOL")]
    pub accept_dsse: Option<bool>,
    /// Accepted algorithms, a part of the default list, comma-separated
    #[arg(
        long,
        env = "LEDGERSTONE_CLIENT_SIGNING_ALGORITHMS",
        value_name = "LIST",
        value_delimiter = ','
    )]
    pub client_signing_algorithms: Option<Vec<String>>,
    /// Rekor v1 operations that are served, by upstream's names; others answer 501 [default: all]
    #[arg(
        long,
        env = "LEDGERSTONE_ENABLED_API_ENDPOINTS",
        value_name = "LIST",
        value_delimiter = ','
    )]
    pub enabled_api_endpoints: Option<Vec<V1Endpoint>>,
    /// Rekor v1 kinds of entries that are taken [default: all]
    #[arg(
        long,
        env = "LEDGERSTONE_ENABLED_ENTRY_TYPES",
        value_name = "LIST",
        value_delimiter = ','
    )]
    pub enabled_entry_types: Option<Vec<String>>,
    /// Keep the attestations of in-toto entries, and return them with the entries [default: true]
    #[arg(long, env = "LEDGERSTONE_KEEP_ATTESTATIONS", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub keep_attestations: Option<bool>,
    /// Longest attestation that is kept, in bytes; entries with a longer one are logged without it [default: 102400]
    #[arg(long, env = "LEDGERSTONE_MAX_ATTESTATION_BYTES", value_name = "BYTES")]
    pub max_attestation_bytes: Option<usize>,
    /// Largest artifact that comes whole, in a rekord entry, in bytes [default: 16777216]
    #[arg(long, env = "LEDGERSTONE_MAX_ARTIFACT_BYTES", value_name = "BYTES")]
    pub max_artifact_bytes: Option<usize>,
    /// Where each new entry is sent as a CloudEvent, comma-separated [default: nowhere]
    #[arg(
        long,
        env = "LEDGERSTONE_WEBHOOK_URLS",
        value_name = "LIST",
        value_delimiter = ','
    )]
    pub webhook_urls: Option<Vec<String>>,
    /// File with the secret that webhooks are signed with: base64, perhaps after whsec_
    #[arg(long, env = "LEDGERSTONE_WEBHOOK_SECRET_FILE", value_name = "FILE")]
    pub webhook_secret_file: Option<PathBuf>,
    /// TOML file with identities, keys, digests and kinds, as a monitor has them: webhooks tell of these entries only
    #[arg(long, env = "LEDGERSTONE_WEBHOOK_FILTER_FILE", value_name = "FILE")]
    pub webhook_filter_file: Option<PathBuf>,
    /// Answer writes with 405 (Rekor v1: 501), and serve reads only [default: false]
    #[arg(long, env = "LEDGERSTONE_READ_ONLY", value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    pub read_only: Option<bool>,
    /// Longest request body, in bytes [default: 4194304]
    #[arg(long, env = "LEDGERSTONE_MAX_REQUEST_BYTES", value_name = "BYTES")]
    pub max_request_bytes: Option<usize>,
    /// Most connections at a time; more wait to be accepted [default: 4096]
    #[arg(long, env = "LEDGERSTONE_MAX_CONNECTIONS", value_name = "COUNT")]
    pub max_connections: Option<usize>,
    /// Most streams (entry ranges, watches, streamed appends) at a time [default: 256]
    #[arg(long, env = "LEDGERSTONE_MAX_STREAMS", value_name = "COUNT")]
    pub max_streams: Option<usize>,
    /// Longest time to read a request and to answer it, in seconds [default: 30]
    #[arg(long, env = "LEDGERSTONE_REQUEST_TIMEOUT", value_name = "SECONDS")]
    pub request_timeout: Option<u64>,
    /// Longest time to drain connections and the queue at the end, in seconds [default: 30]
    #[arg(long, env = "LEDGERSTONE_SHUTDOWN_TIMEOUT", value_name = "SECONDS")]
    pub shutdown_timeout: Option<u64>,
    /// Most entries that wait to be logged; more get 503 [default: 16384]
    #[arg(long, env = "LEDGERSTONE_QUEUE_ENTRIES", value_name = "COUNT")]
    pub queue_entries: Option<usize>,
    /// Most entries that one round takes [default: 4096]
    #[arg(long, env = "LEDGERSTONE_ROUND_ENTRIES", value_name = "COUNT")]
    pub round_entries: Option<usize>,
    /// Memory of the store's caches and write buffers, in bytes [default: 268435456]
    #[arg(long, env = "LEDGERSTONE_STORE_MEMORY", value_name = "BYTES")]
    pub store_memory: Option<usize>,
    /// Form of the logs on stderr [default: text]
    #[arg(long, env = "LEDGERSTONE_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What is logged: error, warn, info, debug, trace, or a list of target=level; debug logs each request [default: info]
    #[arg(long, env = "LEDGERSTONE_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<String>,
}

/// What a submission of an entry that the log already holds is answered with.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum OnDuplicate {
    /// The existing entry with a fresh proof, so that a retry succeeds.
    #[default]
    Return,
    /// 409, as upstream.
    Conflict,
}

/// An operation of Rekor v1, by upstream's name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "camelCase")]
#[value(rename_all = "camelCase")]
#[non_exhaustive]
pub enum V1Endpoint {
    /// `POST /api/v1/log/entries`.
    CreateLogEntry,
    /// `GET /api/v1/log/entries?logIndex=`.
    GetLogEntryByIndex,
    /// `GET /api/v1/log/entries/{entryUUID}`.
    #[serde(rename = "getLogEntryByUUID")]
    #[value(name = "getLogEntryByUUID")]
    GetLogEntryByUuid,
    /// `GET /api/v1/log`.
    GetLogInfo,
    /// `GET /api/v1/log/proof`.
    GetLogProof,
    /// `GET /api/v1/log/publicKey`.
    GetPublicKey,
    /// `POST /api/v1/index/retrieve`.
    SearchIndex,
    /// `POST /api/v1/log/entries/retrieve`.
    SearchLogQuery,
}

impl V1Endpoint {
    /// What upstream calls it where it says that it is switched off.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::CreateLogEntry => "Create Entry",
            Self::GetLogEntryByIndex => "Get Log Entry by Index",
            Self::GetLogEntryByUuid => "Get Log Entry by UUID",
            Self::GetLogInfo => "Get Log Info",
            Self::GetLogProof => "Get Log Proof",
            Self::GetPublicKey => "Get Public Key",
            Self::SearchIndex => "Search Index",
            Self::SearchLogQuery => "Search Log Query",
        }
    }
}

/// The form of the log lines.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// The settings that a server runs with.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Settings {
    /// Directory of the log.
    pub data_dir: PathBuf,
    /// Address of all protocols.
    pub listen: SocketAddr,
    /// Address of metrics and health.
    pub admin_listen: SocketAddr,
    /// Name of the log; `None` leaves it to the store, or to this host's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Directory of the log's keys.
    pub key_dir: PathBuf,
    /// Certificate chain and key files for TLS.
    #[serde(flatten)]
    pub tls: Option<TlsFiles>,
    /// Answer to duplicates.
    pub on_duplicate: OnDuplicate,
    /// Whether dsse 0.0.2 is accepted.
    pub accept_dsse: bool,
    /// Accepted algorithms, by upstream's names.
    pub client_signing_algorithms: Vec<String>,
    /// The Rekor v1 operations that are served.
    pub enabled_api_endpoints: Vec<V1Endpoint>,
    /// The Rekor v1 kinds that are taken.
    pub enabled_entry_types: Vec<String>,
    /// Whether attestations are kept and returned.
    pub keep_attestations: bool,
    /// Longest attestation that is kept, in bytes.
    pub max_attestation_bytes: usize,
    /// Largest artifact that comes whole, in bytes.
    pub max_artifact_bytes: usize,
    /// Where each new entry is sent.
    pub webhook_urls: Vec<String>,
    /// File with the secret that webhooks are signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_secret_file: Option<PathBuf>,
    /// TOML file with rules: webhooks tell of these entries only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_filter_file: Option<PathBuf>,
    /// Whether writes are refused.
    pub read_only: bool,
    /// Longest request body, in bytes.
    pub max_request_bytes: usize,
    /// Most connections at a time.
    pub max_connections: usize,
    /// Most streams at a time.
    pub max_streams: usize,
    /// Longest time of a request, in seconds.
    pub request_timeout: u64,
    /// Longest time of a drain, in seconds.
    pub shutdown_timeout: u64,
    /// Most entries that wait.
    pub queue_entries: usize,
    /// Most entries of a round.
    pub round_entries: usize,
    /// Memory of the store, in bytes.
    pub store_memory: usize,
    /// Form of the logs.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_level: String,
}

/// Where the TLS certificate and its key are.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct TlsFiles {
    /// Certificate chain, PEM.
    pub tls_certificate: PathBuf,
    /// Private key, PEM.
    pub tls_key: PathBuf,
}

/// Why settings cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The file cannot be read.
    #[error("{}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is not TOML, has an unknown key, or a value of the wrong kind.
    #[error("{}: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Where and what.
        reason: String,
    },
    /// A value is outside what the setting can be.
    #[error("{setting}: {reason}")]
    Value {
        /// The setting.
        setting: &'static str,
        /// What it has to be.
        reason: String,
    },
}

impl Overrides {
    /// Reads a TOML file.
    ///
    /// # Errors
    /// [`SettingsError::File`] with the place in the file; unknown keys are refused.
    pub fn from_file(path: &Path) -> Result<Self, SettingsError> {
        let text = fs::read_to_string(path).map_err(|source| SettingsError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| SettingsError::File {
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// These settings, and where they are silent, those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(other.data_dir),
            listen: self.listen.or(other.listen),
            admin_listen: self.admin_listen.or(other.admin_listen),
            origin: self.origin.or(other.origin),
            key_dir: self.key_dir.or(other.key_dir),
            tls_certificate: self.tls_certificate.or(other.tls_certificate),
            tls_key: self.tls_key.or(other.tls_key),
            on_duplicate: self.on_duplicate.or(other.on_duplicate),
            accept_dsse: self.accept_dsse.or(other.accept_dsse),
            client_signing_algorithms: self
                .client_signing_algorithms
                .or(other.client_signing_algorithms),
            enabled_api_endpoints: self.enabled_api_endpoints.or(other.enabled_api_endpoints),
            enabled_entry_types: self.enabled_entry_types.or(other.enabled_entry_types),
            keep_attestations: self.keep_attestations.or(other.keep_attestations),
            max_attestation_bytes: self.max_attestation_bytes.or(other.max_attestation_bytes),
            max_artifact_bytes: self.max_artifact_bytes.or(other.max_artifact_bytes),
            webhook_urls: self.webhook_urls.or(other.webhook_urls),
            webhook_secret_file: self.webhook_secret_file.or(other.webhook_secret_file),
            webhook_filter_file: self.webhook_filter_file.or(other.webhook_filter_file),
            read_only: self.read_only.or(other.read_only),
            max_request_bytes: self.max_request_bytes.or(other.max_request_bytes),
            max_connections: self.max_connections.or(other.max_connections),
            max_streams: self.max_streams.or(other.max_streams),
            request_timeout: self.request_timeout.or(other.request_timeout),
            shutdown_timeout: self.shutdown_timeout.or(other.shutdown_timeout),
            queue_entries: self.queue_entries.or(other.queue_entries),
            round_entries: self.round_entries.or(other.round_entries),
            store_memory: self.store_memory.or(other.store_memory),
            log_format: self.log_format.or(other.log_format),
            log_level: self.log_level.or(other.log_level),
        }
    }

    /// Fills in the defaults and checks every value.
    ///
    /// # Errors
    /// [`SettingsError::Value`] that names the setting.
    pub fn resolve(self) -> Result<Settings, SettingsError> {
        let data_dir = self.data_dir.unwrap_or_else(|| PathBuf::from("./data"));
        let tls = match (self.tls_certificate, self.tls_key) {
            (Some(tls_certificate), Some(tls_key)) => Some(TlsFiles {
                tls_certificate,
                tls_key,
            }),
            (None, None) => None,
            _ => {
                return Err(value(
                    "tls-certificate",
                    "needs tls-key too, and the other way round",
                ));
            }
        };
        let settings = Settings {
            key_dir: self.key_dir.unwrap_or_else(|| data_dir.join("keys")),
            data_dir,
            listen: self
                .listen
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 3000))),
            admin_listen: self
                .admin_listen
                .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 2112))),
            origin: self.origin,
            tls,
            on_duplicate: self.on_duplicate.unwrap_or_default(),
            accept_dsse: self.accept_dsse.unwrap_or(true),
            client_signing_algorithms: self
                .client_signing_algorithms
                .unwrap_or_else(|| AlgorithmSet::default().names()),
            enabled_api_endpoints: self
                .enabled_api_endpoints
                .unwrap_or_else(|| V1Endpoint::value_variants().to_vec()),
            enabled_entry_types: self.enabled_entry_types.unwrap_or_else(|| {
                let names = KindSet::all(ApiVersion::V1).names();
                names.into_iter().map(str::to_owned).collect()
            }),
            keep_attestations: self.keep_attestations.unwrap_or(true),
            max_attestation_bytes: self
                .max_attestation_bytes
                .unwrap_or(DEFAULT_MAX_ATTESTATION_BYTES),
            max_artifact_bytes: self.max_artifact_bytes.unwrap_or(16 << 20),
            webhook_urls: self.webhook_urls.unwrap_or_default(),
            webhook_secret_file: self.webhook_secret_file,
            webhook_filter_file: self.webhook_filter_file,
            read_only: self.read_only.unwrap_or(false),
            max_request_bytes: self.max_request_bytes.unwrap_or(4 << 20),
            max_connections: self.max_connections.unwrap_or(4_096),
            max_streams: self.max_streams.unwrap_or(256),
            request_timeout: self.request_timeout.unwrap_or(30),
            shutdown_timeout: self.shutdown_timeout.unwrap_or(30),
            queue_entries: self.queue_entries.unwrap_or(16_384),
            round_entries: self.round_entries.unwrap_or(4_096),
            store_memory: self.store_memory.unwrap_or(256 << 20),
            log_format: self.log_format.unwrap_or_default(),
            log_level: self.log_level.unwrap_or_else(|| "info".to_owned()),
        };
        settings.check()?;
        Ok(settings)
    }
}

impl Settings {
    /// What may be logged.
    ///
    /// # Errors
    /// [`SettingsError::Value`] when an algorithm is unknown or outside the default list.
    pub fn policy(&self) -> Result<Policy, SettingsError> {
        let algorithms = AlgorithmSet::from_names(&self.client_signing_algorithms)
            .map_err(|error| value("client-signing-algorithms", error.to_string()))?;
        let kinds = KindSet::all(ApiVersion::V2);
        Ok(Policy {
            algorithms,
            kinds: match self.accept_dsse {
                true => kinds,
                false => kinds.without("dsse"),
            },
        })
    }

    /// What may be logged through Rekor v1.
    ///
    /// # Errors
    /// [`SettingsError::Value`] when an algorithm or a kind is unknown.
    pub fn v1_policy(&self) -> Result<V1Policy, SettingsError> {
        let kinds = KindSet::from_names(ApiVersion::V1, &self.enabled_entry_types)
            .map_err(|error| value("enabled-entry-types", error.to_string()))?;
        Ok(V1Policy {
            algorithms: self.policy()?.algorithms,
            kinds,
            max_attestation_bytes: self.keep_attestations.then_some(self.max_attestation_bytes),
            max_artifact_bytes: self.max_artifact_bytes,
        })
    }

    /// The longest body of a Rekor v1 request, in bytes: the largest artifact in base64 fits into it.
    pub(crate) fn v1_body_limit(&self) -> usize {
        let artifact = self.max_artifact_bytes.div_ceil(3) * 4;
        self.max_request_bytes.max(artifact + BESIDE_ARTIFACT)
    }

    /// These settings as a TOML file that gives the same ones.
    pub fn to_toml(&self) -> String {
        toml::to_string(self).unwrap_or_default()
    }

    /// The longest time of a request.
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// The longest time of a drain.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout)
    }

    fn check(&self) -> Result<(), SettingsError> {
        let counts = [
            ("max-connections", self.max_connections, 1_000_000),
            ("max-streams", self.max_streams, 1_000_000),
            ("queue-entries", self.queue_entries, 10_000_000),
            ("round-entries", self.round_entries, 100_000),
        ];
        for (setting, number, most) in counts {
            if !(1..=most).contains(&number) {
                return Err(value(setting, format!("has to be from 1 to {most}")));
            }
        }
        if !(1 << 16..=1 << 30).contains(&self.max_request_bytes) {
            return Err(value(
                "max-request-bytes",
                "has to be from 65536 to 1073741824",
            ));
        }
        if self.max_artifact_bytes > 1 << 30 {
            return Err(value("max-artifact-bytes", "has to be at most 1073741824"));
        }
        if self.max_attestation_bytes > MAX_ATTESTATION_BYTES {
            return Err(value(
                "max-attestation-bytes",
                format!("has to be at most {MAX_ATTESTATION_BYTES}"),
            ));
        }
        if self.store_memory < MIN_STORE_MEMORY {
            return Err(value(
                "store-memory",
                format!("has to be at least {MIN_STORE_MEMORY}"),
            ));
        }
        if !(1..=3_600).contains(&self.request_timeout) {
            return Err(value("request-timeout", "has to be from 1 to 3600 seconds"));
        }
        if self.shutdown_timeout > 3_600 {
            return Err(value("shutdown-timeout", "has to be at most 3600 seconds"));
        }
        if let Some(origin) = &self.origin {
            check_origin(origin)?;
        }
        self.v1_policy().map(drop)
    }
}

/// What a request carries beside an artifact, at most, in bytes: signature, key or certificates, and JSON around them.
const BESIDE_ARTIFACT: usize = 256 << 10;

/// The least memory that the store works with, in bytes.
const MIN_STORE_MEMORY: usize = 32 << 20;

/// A log's name has to be a bare host name: verifiers compare it with the host of the trusted root's base URL, which has no
/// room for a port or a path (rekor-v2, section 4.1).
pub(crate) fn check_origin(origin: &str) -> Result<(), SettingsError> {
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if origin.len() > 253 || !origin.split('.').all(label) {
        let reason = format!(
            "{origin:?} has to be a bare host name in lower case, such as log.example.com, without scheme, port or path"
        );
        return Err(value("origin", reason));
    }
    Ok(())
}

fn value(setting: &'static str, reason: impl Into<String>) -> SettingsError {
    SettingsError::Value {
        setting,
        reason: reason.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Overrides, SettingsError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ledgerstone.toml");
        fs::write(&path, text).unwrap();
        Overrides::from_file(&path)
    }

    #[test]
    fn what_is_printed_is_read_back_as_the_same() {
        let overrides =
            parse("origin = \"log.example.com\"\non-duplicate = \"conflict\"\nqueue-entries = 5\n")
                .unwrap();
        let settings = overrides.resolve().unwrap();
        let again = parse(&settings.to_toml()).unwrap().resolve().unwrap();
        assert_eq!(settings.to_toml(), again.to_toml());
        assert_eq!(again.on_duplicate, OnDuplicate::Conflict);
        assert_eq!(again.queue_entries, 5);
    }

    #[test]
    fn unknown_keys_are_refused_by_name() {
        let error = parse("orign = \"log.example.com\"\n")
            .unwrap_err()
            .to_string();
        assert!(error.contains("orign"), "{error}");
    }

    #[test]
    fn operations_have_the_names_of_upstream() {
        let text = "enabled-api-endpoints = [\"searchIndex\", \"getLogEntryByUUID\"]\n";
        let settings = parse(text).unwrap().resolve().unwrap();
        let expected = [V1Endpoint::SearchIndex, V1Endpoint::GetLogEntryByUuid];
        assert_eq!(settings.enabled_api_endpoints, expected);
        assert!(parse("enabled-api-endpoints = [\"timestamp\"]\n").is_err());
        for endpoint in V1Endpoint::value_variants() {
            let (flag, file) = (
                endpoint.to_possible_value().unwrap(),
                serde_json::to_value(endpoint).unwrap(),
            );
            assert_eq!(file, flag.get_name());
        }
        let all = Overrides::default().resolve().unwrap();
        assert_eq!(all.enabled_api_endpoints.len(), 8);
    }

    #[test]
    fn the_first_source_wins() {
        let flags = Overrides {
            queue_entries: Some(1),
            ..Overrides::default()
        };
        let file = Overrides {
            queue_entries: Some(2),
            round_entries: Some(3),
            ..Overrides::default()
        };
        let settings = flags.or(file).resolve().unwrap();
        assert_eq!((settings.queue_entries, settings.round_entries), (1, 3));
    }

    #[test]
    fn an_origin_is_a_bare_host_name() {
        for good in ["localhost", "log.example.com", "log2025-1.example"] {
            check_origin(good).unwrap();
        }
        let long = "a".repeat(64);
        for bad in [
            "",
            "https://log.example.com",
            "log.example.com:3000",
            "log.example.com/x",
            "a b",
            "a+b",
            "Log.example",
            ".",
            "a..b",
            "-a",
            &long,
        ] {
            assert!(check_origin(bad).is_err(), "{bad:?} passes");
        }
    }

    #[test]
    fn values_outside_their_range_are_refused_by_the_name_of_the_setting() {
        let refused = |overrides: Overrides| match overrides.resolve() {
            Err(SettingsError::Value { setting, .. }) => setting,
            other => panic!("not refused: {other:?}"),
        };
        let none = Overrides::default;
        assert_eq!(
            refused(Overrides {
                queue_entries: Some(0),
                ..none()
            }),
            "queue-entries"
        );
        assert_eq!(
            refused(Overrides {
                max_request_bytes: Some(1),
                ..none()
            }),
            "max-request-bytes"
        );
        assert_eq!(
            refused(Overrides {
                store_memory: Some(1),
                ..none()
            }),
            "store-memory"
        );
        assert_eq!(
            refused(Overrides {
                request_timeout: Some(0),
                ..none()
            }),
            "request-timeout"
        );
        assert_eq!(
            refused(Overrides {
                tls_key: Some("key.pem".into()),
                ..none()
            }),
            "tls-certificate"
        );
        assert_eq!(
            refused(Overrides {
                enabled_entry_types: Some(vec!["jar".to_owned()]),
                ..none()
            }),
            "enabled-entry-types"
        );
        assert_eq!(
            refused(Overrides {
                max_artifact_bytes: Some(usize::MAX),
                ..none()
            }),
            "max-artifact-bytes"
        );
        assert_eq!(
            refused(Overrides {
                max_attestation_bytes: Some(usize::MAX),
                ..none()
            }),
            "max-attestation-bytes"
        );
        let algorithms = Some(vec!["md5".to_owned()]);
        assert_eq!(
            refused(Overrides {
                client_signing_algorithms: algorithms,
                ..none()
            }),
            "client-signing-algorithms"
        );
    }
}
