//! Which logs a Sigstore trusted root lists.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use ledgerstone_entry::key::KeyType;
use ledgerstone_entry::key::PublicKey;
use ledgerstone_proto::json::from_slice;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use ledgerstone_proto::sigstore::common::v1::PublicKeyDetails;
use ledgerstone_proto::sigstore::common::v1::TimeRange;
use ledgerstone_proto::sigstore::trustroot::v1::TransparencyLogInstance;
use serde::Deserialize;
use serde_json::Value;

use crate::trust::error::MAX_TRUSTED_ROOT_BYTES;
use crate::trust::error::TrustError;
use crate::trust::log::TrustedLog;
use crate::trust::log::Validity;
use crate::trust::log::verifier_key;
use crate::trust::logs::TrustedLogs;

/// The media types of trusted roots, in both ways in which they are written.
const TRUSTED_ROOT_MEDIA_TYPES: [&str; 4] = [
    TRUSTED_ROOT_MEDIA_TYPE,
    "application/vnd.dev.sigstore.trustedroot+json;version=0.2",
    "application/vnd.dev.sigstore.trustedroot.v0.1+json",
    "application/vnd.dev.sigstore.trustedroot.v0.2+json",
];

impl TrustedLogs {
    /// The logs of a Sigstore `trusted_root.json`: each is called as the host of its `baseUrl`, in
    /// any case.
    ///
    /// A log is left out, see [`left_out`](Self::left_out), when it cannot be read, when its key is
    /// of another type than Ed25519 and ECDSA P-256 or than its `keyDetails` say, when its tree is
    /// not made with SHA-256, and when its window `validFor` is empty, has not begun, or does not
    /// say when it does. One whose
    /// window has ended is trusted: sigstore-go compares the window with the signed time of an
    /// entry, and Rekor v2's entries have none. [`TrustedLog::ended`] says so.
    ///
    /// # Errors
    /// When the document is no trusted root, or no log of it can be used.
    pub fn from_trusted_root(json: &[u8]) -> Result<Self, TrustError> {
        Self::from_trusted_root_at(json, now())
    }

    /// As [`from_trusted_root`](Self::from_trusted_root), at `now` in Unix seconds.
    ///
    /// # Errors
    /// As there.
    pub fn from_trusted_root_at(json: &[u8], now: i64) -> Result<Self, TrustError> {
        let file = TrustedRootFile::parse(json)?;
        let (logs, left_out) = logs_at(&file.tlogs, now);
        if logs.is_empty() && !left_out.is_empty() {
            return Err(TrustError::NoUsableLog(left_out.join("; ")));
        }
        Ok(Self::new(logs)?.with_left_out(left_out))
    }
}

/// The present, in Unix seconds.
pub(crate) fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map(|age| age.as_secs()).unwrap_or_default();
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// A trusted root whose items are still to be read, one by one: a new kind of log must not take
/// the others away.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TrustedRootFile {
    #[serde(default, alias = "media_type")]
    media_type: String,
    #[serde(default)]
    pub(crate) tlogs: Vec<Value>,
    #[serde(default, alias = "certificate_authorities")]
    pub(crate) certificate_authorities: Vec<Value>,
    #[serde(default)]
    pub(crate) ctlogs: Vec<Value>,
    #[serde(default, alias = "timestamp_authorities")]
    pub(crate) timestamp_authorities: Vec<Value>,
}

impl TrustedRootFile {
    /// Reads a trusted root, or the one in a client trust config.
    pub(crate) fn parse(json: &[u8]) -> Result<Self, TrustError> {
        if json.len() > MAX_TRUSTED_ROOT_BYTES {
            return Err(TrustError::TooLong);
        }
        let mut value: Value = serde_json::from_slice(json).map_err(TrustError::Json)?;
        let is_config =
            value.get("mediaType").and_then(Value::as_str) == Some(CLIENT_TRUST_CONFIG_MEDIA_TYPE);
        if let Some(root) = value.get_mut("trustedRoot").filter(|_| is_config) {
            value = root.take();
        }
        let file: Self = serde_json::from_value(value).map_err(TrustError::Json)?;
        if !TRUSTED_ROOT_MEDIA_TYPES.contains(&file.media_type.as_str()) {
            return Err(TrustError::MediaType(file.media_type));
        }
        Ok(file)
    }
}

/// The logs in `instances` that can be used at `now`, and why the others cannot.
pub(crate) fn logs_at(instances: &[Value], now: i64) -> (Vec<TrustedLog>, Vec<String>) {
    let (mut logs, mut left_out) = (Vec::new(), Vec::new());
    for instance in instances {
        match read_instance(instance, now) {
            Ok(log) => logs.push(log),
            Err(reason) => left_out.push(format!("{}: {reason}", log_name(instance))),
        }
    }
    (logs, left_out)
}

fn read_instance(instance: &Value, now: i64) -> Result<TrustedLog, TrustError> {
    let json = instance.to_string();
    let instance: TransparencyLogInstance =
        from_slice(json.as_bytes()).map_err(TrustError::Instance)?;
    from_instance(&instance, now)
}

fn log_name(instance: &Value) -> String {
    let url = instance.get("baseUrl").or_else(|| instance.get("base_url"));
    let url = url.and_then(Value::as_str);
    url.map_or_else(
        || "a log without a baseUrl".to_owned(),
        |url| format!("{url:?}"),
    )
}

/// The log that `instance` of a trusted root describes.
fn from_instance(instance: &TransparencyLogInstance, now: i64) -> Result<TrustedLog, TrustError> {
    let missing = |what| {
        move || TrustError::Incomplete {
            base_url: instance.base_url.clone(),
            what,
        }
    };
    if instance.hash_algorithm() != HashAlgorithm::Sha2256 {
        return Err(TrustError::HashAlgorithm(instance.hash_algorithm()));
    }
    let origin = host_of(&instance.base_url).ok_or_else(missing("baseUrl with a host"))?;
    let public_key = instance.public_key.as_ref();
    let public_key = public_key.ok_or_else(missing("publicKey"))?;
    let bytes = public_key.raw_bytes.as_ref();
    let key = PublicKey::from_spki_der(bytes.ok_or_else(missing("publicKey.rawBytes"))?)?;
    let verifier = verifier_key(origin, &key)?;
    check_details(&key, public_key.key_details())?;
    let window = public_key.valid_for.as_ref().ok_or(TrustError::NoStart)?;
    let log = TrustedLog::named_by_host(verifier, validity_at(window, now)?)?;
    // The field names the log in entries, even where it is not derived from the key as it should
    // be.
    let id = instance.checkpoint_key_id.as_ref();
    let id = id.or(instance.log_id.as_ref());
    Ok(match id.filter(|id| !id.key_id.is_empty()) {
        Some(id) => log.with_log_id(id.key_id.to_vec()),
        None => log,
    })
}

fn check_details(key: &PublicKey, details: PublicKeyDetails) -> Result<(), TrustError> {
    let expected = match key.key_type() {
        KeyType::Ed25519 => PublicKeyDetails::PkixEd25519,
        _ => PublicKeyDetails::PkixEcdsaP256Sha256,
    };
    if details == expected {
        return Ok(());
    }
    Err(TrustError::KeyDetails {
        details,
        key: key.key_type(),
    })
}

/// The time of `window` as it stands at `now`. It must have begun. Both its ends belong to it.
fn validity_at(window: &TimeRange, now: i64) -> Result<Validity, TrustError> {
    let start = window.start.map(|start| start.seconds);
    let end = window.end.map(|end| end.seconds);
    match (start, end) {
        (None, _) => Err(TrustError::NoStart),
        (Some(start), Some(end)) if end < start => Err(TrustError::EmptyWindow),
        (Some(start), _) if start > now => Err(TrustError::NotYetValid { start }),
        (start, end) => Ok(Validity {
            start,
            end,
            ended: end.is_some_and(|end| end < now),
        }),
    }
}

/// The host in `scheme://[user@]host[:port][/path]`.
pub(crate) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    (!host.is_empty()).then_some(host)
}

/// The media type of a trusted root: newer ones are refused by sigstore-go and sigstore-python.
pub const TRUSTED_ROOT_MEDIA_TYPE: &str =
    "application/vnd.dev.sigstore.trustedroot+json;version=0.1";

/// The media type of a client trust config.
pub const CLIENT_TRUST_CONFIG_MEDIA_TYPE: &str =
    "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json";

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use ledgerstone_merkle::NoteSigner;

    use serde_json::json;

    use super::*;
    use crate::trust::tests::checkpoint;
    use crate::trust::tests::signer;
    use crate::trust::tests::trust;

    const SPKI: &str = "MCowBQYDK2VwAyEAREvJyNZGjX6B3DAIuD3BTg9rIwV00GY8Xg5FU+IFDUQ=";

    const NOW: i64 = 1_767_225_600; // 2026-01-01

    fn trusted_root(logs: &Value) -> Result<TrustedLogs, TrustError> {
        let root = json!({"mediaType": TRUSTED_ROOT_MEDIA_TYPE, "tlogs": logs});
        TrustedLogs::from_trusted_root_at(root.to_string().as_bytes(), NOW)
    }

    fn log_of_root(pointer: &str, value: Value) -> Value {
        let mut log = json!({
            "baseUrl": "https://log.example",
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": SPKI,
                "keyDetails": "PKIX_ED25519",
                "validFor": {"start": "2025-01-01T00:00:00Z", "end": "2027-01-01T00:00:00Z"},
            },
        });
        *log.pointer_mut(pointer).unwrap() = value;
        log
    }

    #[test]
    fn a_broken_trusted_root_is_refused() {
        let read = |json: &str| TrustedLogs::from_trusted_root(json.as_bytes());
        assert!(matches!(read("{"), Err(TrustError::Json(_))));
        assert!(matches!(
            read(r#"{"tlogs":[]}"#),
            Err(TrustError::MediaType(_))
        ));
        assert!(matches!(
            read(r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","tlogs":[]}"#),
            Err(TrustError::MediaType(_))
        ));
        assert!(matches!(trusted_root(&json!([])), Err(TrustError::NoLog)));
    }

    #[test]
    fn logs_that_cannot_be_used_are_left_out() {
        let good = log_of_root("/baseUrl", json!("https://log.example"));
        for (bad, reason) in [
            (json!({"baseUrl": 7}), "not one of a log"),
            (
                log_of_root("/baseUrl", json!("https:///x")),
                "baseUrl with a host",
            ),
            (log_of_root("/publicKey", Value::Null), "no publicKey"),
            (log_of_root("/publicKey/rawBytes", json!("AAAA")), "key"),
            (
                log_of_root("/publicKey/keyDetails", json!("PKIX_ECDSA_P256_SHA_256")),
                "keyDetails",
            ),
            (log_of_root("/publicKey/keyDetails", json!("PKIX_NEW")), ""),
            (
                log_of_root("/hashAlgorithm", json!("SHA2_512")),
                "hashAlgorithm",
            ),
            (
                log_of_root("/publicKey/validFor/start", json!("2026-01-01T00:00:01Z")),
                "not valid before",
            ),
            (
                log_of_root("/publicKey/validFor/end", json!("2024-01-01T00:00:00Z")),
                "ends before",
            ),
            (
                log_of_root("/publicKey/validFor/start", Value::Null),
                "does not say when it starts",
            ),
            (
                log_of_root("/publicKey/validFor", Value::Null),
                "when it starts",
            ),
        ] {
            let logs = trusted_root(&json!([bad, good])).unwrap();
            let [left_out] = logs.left_out() else {
                panic!("{bad}")
            };
            assert!(left_out.contains(reason), "{left_out}");
            assert_eq!(logs.iter().count(), 1);
            let none = trusted_root(&json!([bad]));
            assert!(matches!(none, Err(TrustError::NoUsableLog(_))), "{bad}");
        }
        assert!(trusted_root(&json!([good])).unwrap().left_out().is_empty());
    }

    #[test]
    fn a_log_whose_time_is_over_is_trusted_and_tells() {
        for (end, ended) in [
            ("2026-01-01T00:00:00Z", false),
            ("2025-12-31T23:59:59Z", true),
        ] {
            let log = log_of_root("/publicKey/validFor/end", json!(end));
            let logs = trusted_root(&json!([log])).unwrap();
            assert_eq!(
                logs.iter().map(TrustedLog::ended).collect::<Vec<_>>(),
                [ended]
            );
        }
    }

    #[test]
    fn hosts_are_the_same_in_any_case() {
        let key = signer("log.example", 1);
        let spki = STANDARD.encode(key.verifier().public_key_der());
        let mut log = log_of_root("/publicKey/rawBytes", json!(spki));
        for (url, name) in [
            ("https://LOG.example", "log.example"),
            ("https://log.example", "Log.Example"),
        ] {
            log["baseUrl"] = json!(url);
            let logs = trusted_root(&json!([log])).unwrap();
            let note = checkpoint(name, &[&signer(name, 1)]);
            assert_eq!(logs.open_checkpoint(&note).unwrap().key.name(), name);
            let other = checkpoint("log.example.org", &[&signer("log.example.org", 1)]);
            assert!(logs.open_checkpoint(&other).is_err());
        }
        // A verifier key names its log to the letter.
        let note = checkpoint("Log.Example", &[&signer("Log.Example", 1)]);
        assert!(trust(&[&key]).open_checkpoint(&note).is_err());
    }

    #[test]
    fn the_host_is_cut_out_of_a_url() {
        for (url, host) in [
            ("https://log.example", Some("log.example")),
            ("http://localhost:3000/x", Some("localhost")),
            ("https://user@log.example:1/", Some("log.example")),
            ("https://", None),
            ("log.example", None),
        ] {
            assert_eq!(host_of(url), host, "{url}");
        }
    }
}
