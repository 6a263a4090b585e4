//! The rules of a watch list as people write them into files.

use ledgerstone_merkle::Hash;
use serde::Deserialize;
use thiserror::Error;

use crate::key::error::PublicKeyError;
use crate::key::public_key::PublicKey;
use crate::matcher::rule_error::RuleError;
use crate::matcher::watch_list::WatchList;
use crate::matcher::watch_rule::WatchRule;
use crate::query::error::QueryError;
use crate::v1::search::hash_of_other_key;

/// The rules of a [`WatchList`] as people write them into files.
///
/// ```
/// use ledgerstone_entry::matcher::WatchRules;
///
/// let rules: WatchRules = serde_json::from_str(
///     r#"{
///         "identities": [{"subject": "*@example.com", "issuer": "https://accounts.example.com"}],
///         "keys": ["sha256:9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab"],
///         "kinds": ["hashedrekord"]
///     }"#,
/// )?;
/// let list = rules.watch_list(|file| Err(format!("{file} is not read here")))?;
/// assert!(!list.takes_everything());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchRules {
    /// Whom certificates name.
    pub identities: Vec<WatchedIdentity>,
    /// Keys: PEM, the name of a file with a key (PEM, OpenPGP, SSH or minisign), or `sha256:` and
    /// the hash that [`WatchList::add_key_hash`] takes.
    pub keys: Vec<String>,
    /// Digests, as [`WatchList::add_digest`] takes them.
    pub digests: Vec<String>,
    /// Kinds, as [`WatchList::add_kind`] takes them.
    pub kinds: Vec<String>,
    /// Queries, each of which makes an entry a hit.
    pub rules: Vec<WatchRule>,
}

/// An identity to watch for, as [`WatchList::add_identity`] takes it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WatchedIdentity {
    /// Whom the certificate names.
    pub subject: String,
    /// On whose word; any, where this is not given.
    pub issuer: Option<String>,
}

impl WatchRules {
    /// The list by these rules. `read` yields the text of a key file.
    ///
    /// # Errors
    /// [`WatchRulesError`] with the rule that cannot be.
    pub fn watch_list<E>(
        &self,
        mut read: impl FnMut(&str) -> Result<String, E>,
    ) -> Result<WatchList, WatchRulesError<E>> {
        let mut list = WatchList::default();
        for WatchedIdentity { subject, issuer } in &self.identities {
            list.add_identity(subject, issuer.as_deref())?;
        }
        for key in &self.keys {
            add_key(&mut list, key, &mut read)?;
        }
        for digest in &self.digests {
            list.add_digest(digest)?;
        }
        for kind in &self.kinds {
            list.add_kind(kind)?;
        }
        for rule in &self.rules {
            let wrong = |reason| WatchRulesError::Query {
                rule: rule.name.clone(),
                reason,
            };
            let (asked, expected) = (rule.expression(), rule.expected());
            list.add_rule(&rule.name, asked.map_err(wrong)?, expected.map_err(wrong)?)?;
        }
        Ok(list)
    }
}

/// Why there is no list by some rules.
#[derive(Debug, Error)]
pub enum WatchRulesError<E> {
    /// Nothing can be watched for by this rule.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// A key is of no known type.
    #[error("the key {key} cannot be used: {reason}")]
    Key {
        /// The file, or that there was none.
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
    /// A key file cannot be read.
    #[error("{0}")]
    File(E),
}

fn add_key<E>(
    list: &mut WatchList,
    key: &str,
    read: impl FnOnce(&str) -> Result<String, E>,
) -> Result<(), WatchRulesError<E>> {
    if let Some(digits) = key.strip_prefix("sha256:") {
        let hash = parse_hash(digits).ok_or_else(|| WatchRulesError::KeyHash(key.to_owned()))?;
        return Ok(list.add_key_hash(hash)?);
    }
    let (name, pem) = match key.trim_start().starts_with("-----BEGIN ") {
        true => ("given as PEM", key.trim_start().to_owned()),
        false => (key, read(key).map_err(WatchRulesError::File)?),
    };
    match PublicKey::from_pem(&pem) {
        Ok(key) => Ok(list.add_key(&key)?),
        Err(reason) => match hash_of_other_key(pem.as_bytes()) {
            Some(hash) => Ok(list.add_key_hash(hash)?),
            None => Err(WatchRulesError::Key {
                key: name.to_owned(),
                reason,
            }),
        },
    }
}

fn parse_hash(digits: &str) -> Option<Hash> {
    let mut hash = [0; Hash::LENGTH];
    if digits.len() != 2 * Hash::LENGTH {
        return None;
    }
    for (byte, pair) in hash.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        let is_hexadecimal = pair.bytes().all(|digit| digit.is_ascii_hexdigit());
        *byte = u8::from_str_radix(pair, 16)
            .ok()
            .filter(|_| is_hexadecimal)?;
    }
    Some(Hash::new(hash))
}
