//! The settings of the log itself.

use clap::ValueEnum;
use ledgerstone_entry::AlgorithmSet;
use serde::Deserialize;
use serde::Serialize;

use crate::settings::section::SettingsError;
use crate::settings::section::section;
use crate::settings::section::words;

section! {
    /// What the log is called, what it takes, and how it takes it.
    pub struct LogSettings from LogOverrides {
        /// Name of the log, a bare host name; fixed when the log is made
        [NAME] origin: Option<String> = None, shown "the stored one, else this host's name";
        /// Answer to an entry that the log already holds: return it with a fresh proof, or
        /// answer 409 (conflict) as upstream
        [ANSWER] on_duplicate: OnDuplicate = OnDuplicate::Return;
        /// Accepted algorithms, a part of the default list, comma-separated, by upstream's names
        [LIST] client_signing_algorithms: Vec<String> = AlgorithmSet::default().names(),
            shown "all";
        /// Only read the data directory, without a private key and without changing a byte of it:
        /// writes are answered with 405 (Rekor v1: 501)
        [BOOL] read_only: bool = false;
        /// Most entries that wait to be logged; more get 503
        [COUNT] queue_entries: usize = 16_384, in 1..=10_000_000;
        /// Most entries that one round takes, with one sync
        [COUNT] round_entries: usize = 4_096, in 1..=100_000;
    }
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

words!(OnDuplicate);

/// The longest host name, and the longest label of one (RFC 1035, section 2.3.4).
const MAX_HOST_NAME: usize = 253;
const MAX_LABEL: usize = 63;

/// A log's name has to be a bare host name: verifiers compare it with the host of the trusted
/// root's base URL, which has no room for a port or a path (rekor-v2, section 4.1).
///
/// # Errors
/// [`SettingsError::Value`].
pub(crate) fn check_origin(origin: &str) -> Result<(), SettingsError> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=MAX_LABEL).contains(&label.len())
            && label.bytes().all(plain)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if origin.len() > MAX_HOST_NAME || !origin.split('.').all(label) {
        let reason = format!(
            "{origin:?} has to be a bare host name in lower case, such as log.example.com, \
             without scheme, port or path"
        );
        return Err(SettingsError::value("origin", reason));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
