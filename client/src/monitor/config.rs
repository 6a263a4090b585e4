//! What a monitor looks for, as a TOML file.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_entry::matcher::RuleError;
use ledgerstone_entry::matcher::WatchList;
use ledgerstone_entry::matcher::WatchRule;
use ledgerstone_entry::matcher::WatchRules;
use ledgerstone_entry::matcher::WatchRulesError;
use ledgerstone_entry::matcher::WatchedIdentity;
use ledgerstone_entry::query::QueryError;
use serde::Deserialize;

use crate::monitor::hook::Hook;

/// The longest configuration that is read, in bytes.
pub const MAX_MONITOR_CONFIG_BYTES: u64 = 4 << 20;

/// What a monitor looks for, and what it does when it finds something.
///
/// ```
/// use ledgerstone_client::MonitorConfig;
///
/// let config = MonitorConfig::parse(
///     r#"
///     keys = ["sha256:9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"]
///     digests = ["sha256:55f8718109829bf506b09d8af615b9f107a266e19f7a311039d1035f180b22d4"]
///     kinds = ["hashedrekord", "dsse"]
///     on-hit = ["mail", "-s", "a new entry", "security@example.com"]
///
///     [[identities]]
///     subject = "*@example.com"
///     issuer = "https://accounts.google.com"
///     "#,
///     ".".as_ref(),
/// )?;
/// assert!(config.on_hit.is_some());
/// # Ok::<(), ledgerstone_client::MonitorConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MonitorConfig {
    /// What to look for.
    pub watch: WatchList,
    /// What to run for each hit.
    pub on_hit: Option<Hook>,
}

impl MonitorConfig {
    /// Reads the TOML file `path`. Key files in it are relative to its directory.
    ///
    /// # Errors
    /// When the file or a key file cannot be read, or for what [`parse`](Self::parse) refuses.
    pub fn read(path: &Path) -> Result<Self, MonitorConfigError> {
        let text = read_text(path)?;
        Self::parse(&text, path.parent().unwrap_or_else(|| Path::new(".")))
    }

    /// Reads TOML. Key files in it are relative to `directory`.
    ///
    /// # Errors
    /// When it is not TOML, has unknown keys, malformed rules, or none at all.
    pub fn parse(text: &str, directory: &Path) -> Result<Self, MonitorConfigError> {
        let file: ConfigFile = toml::from_str(text).map_err(Box::new)?;
        let rules = WatchRules {
            identities: file.identities,
            keys: file.keys,
            digests: file.digests,
            kinds: file.kinds,
            rules: file.rules,
        };
        let watch = rules.watch_list(|key| read_text(&directory.join(key)))?;
        if watch.takes_everything() {
            return Err(MonitorConfigError::NoRules);
        }
        let on_hit = file
            .on_hit
            .map(|words| Hook::new(words).ok_or(MonitorConfigError::EmptyHook))
            .transpose()?;
        Ok(Self { watch, on_hit })
    }
}

/// Why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub enum MonitorConfigError {
    /// A file cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Not TOML of this form.
    #[error("the configuration cannot be used: {0}")]
    Toml(#[from] Box<toml::de::Error>),
    /// A rule cannot be watched by.
    #[error("the configuration cannot be used: {0}")]
    Rule(#[from] RuleError),
    /// A key is of no known type.
    #[error("the key {key} cannot be used: {reason}")]
    Key {
        /// The file, or the start of the key.
        key: String,
        /// What is wrong with it.
        #[source]
        reason: PublicKeyError,
    },
    /// The hash of a key has another form.
    #[error(
        "the key {0} cannot be used: write sha256: and 64 hexadecimal digits, a file name, or PEM"
    )]
    KeyHash(String),
    /// A query cannot be asked.
    #[error("the rule {rule:?} cannot be used: {reason}")]
    Query {
        /// The name of the rule.
        rule: String,
        /// What is wrong with it.
        #[source]
        reason: QueryError,
    },
    /// Every entry of the log would be a hit.
    #[error("the configuration looks for nothing; give identities, keys, digests, kinds or rules")]
    NoRules,
    /// A command without a program.
    #[error("on-hit names no program; write a list of words, such as [\"program\", \"argument\"]")]
    EmptyHook,
}

impl From<WatchRulesError<Self>> for MonitorConfigError {
    fn from(error: WatchRulesError<Self>) -> Self {
        match error {
            WatchRulesError::Rule(rule) => Self::Rule(rule),
            WatchRulesError::Key { key, reason } => Self::Key { key, reason },
            WatchRulesError::KeyHash(key) => Self::KeyHash(key),
            WatchRulesError::Query { rule, reason } => Self::Query { rule, reason },
            WatchRulesError::File(error) => error,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct ConfigFile {
    #[serde(default)]
    identities: Vec<WatchedIdentity>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    digests: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
    #[serde(default)]
    rules: Vec<WatchRule>,
    on_hit: Option<Vec<String>>,
}

fn read_text(path: &Path) -> Result<String, MonitorConfigError> {
    let failed = |source| MonitorConfigError::Io {
        path: path.to_owned(),
        source,
    };
    if fs::metadata(path).map_err(failed)?.len() > MAX_MONITOR_CONFIG_BYTES {
        return Err(failed(io::ErrorKind::FileTooLarge.into()));
    }
    fs::read_to_string(path).map_err(failed)
}

#[cfg(test)]
mod tests {
    use ledgerstone_entry::matcher::Match;
    use sha2::Digest;
    use sha2::Sha256;

    use super::*;
    use crate::submit::signing_key::SigningKey;

    fn parse(text: &str) -> Result<MonitorConfig, MonitorConfigError> {
        MonitorConfig::parse(text, Path::new("/nowhere"))
    }

    #[test]
    fn a_key_may_be_given_in_three_ways() {
        let key = SigningKey::generate().unwrap();
        let pem = key.public_pem();
        let hash = hex::encode(Sha256::digest(key.public().spki_der()));
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("release.pub"), &pem).unwrap();
        let body = submitted_body(&key);
        for form in [
            format!("'sha256:{hash}'"),
            format!("'''\n{pem}'''"),
            "'release.pub'".to_owned(),
        ] {
            let path = directory.path().join("monitor.toml");
            fs::write(&path, format!("keys = [{form}]")).unwrap();
            let config = MonitorConfig::read(&path).unwrap();
            let expected = vec![Match::Key {
                sha256: hash.clone(),
            }];
            assert_eq!(
                config.watch.examine(&body).matches,
                Some(expected),
                "{form}"
            );
            assert_eq!(config.on_hit, None);
        }
    }

    fn submitted_body(key: &SigningKey) -> Vec<u8> {
        use base64::Engine as _;
        let spki = base64::engine::general_purpose::STANDARD.encode(key.public().spki_der());
        let spec = format!(r#"{{"publicKey":{{"rawBytes":"{spki}"}}}}"#);
        format!(r#"{{"apiVersion":"0.0.2","kind":"hashedrekord","spec":{spec}}}"#).into_bytes()
    }

    #[test]
    fn what_is_wrong_is_said() {
        use MonitorConfigError as Error;
        assert!(matches!(parse(""), Err(Error::NoRules)));
        assert!(matches!(parse("on-hit = ['mail']"), Err(Error::NoRules)));
        for text in [
            "digest = ['sha256:00']",
            "kinds = 'dsse'",
            "[[identities]]\nissuer = 'https://a'",
            "[[identities]]\nsubject = 'a'\nname = 'b'",
            "=",
        ] {
            assert!(matches!(parse(text), Err(Error::Toml(_))), "{text}");
        }
        for text in [
            "digests = ['00']",
            "kinds = ['']",
            "[[identities]]\nsubject = ''",
        ] {
            assert!(matches!(parse(text), Err(Error::Rule(_))), "{text}");
        }
        for text in [
            "kinds = ['dsse']\non-hit = []",
            "kinds = ['dsse']\non-hit = ['']",
        ] {
            assert!(matches!(parse(text), Err(Error::EmptyHook)), "{text}");
        }
        assert!(matches!(parse("keys = ['no.pub']"), Err(Error::Io { .. })));
        assert!(matches!(
            parse("keys = ['sha256:00']"),
            Err(Error::KeyHash(_))
        ));
        assert!(matches!(
            parse("keys = ['-----BEGIN NOTHING-----']"),
            Err(Error::Key { .. })
        ));
        assert!(matches!(
            MonitorConfig::read(Path::new("/nowhere/a.toml")),
            Err(Error::Io { .. })
        ));
    }
}
