//! Roles to which targets leave the care for some paths (specification, section 4.5).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;
use sha2::Digest as _;
use sha2::Sha256;

use crate::error::Role;
use crate::error::TufError;
use crate::key::Key;
use crate::limits::MAX_DELEGATED_NAME_BYTES;
use crate::pattern;

/// To whom targets leave the care for some paths.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Delegations {
    /// The keys of these roles, by their ids.
    pub keys: BTreeMap<String, Key>,
    /// The roles, the most important first.
    #[serde(default)]
    pub roles: Vec<DelegatedRole>,
    /// What else is said.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A role that looks after some paths.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct DelegatedRole {
    /// Its name.
    pub name: String,
    /// The ids of its keys.
    pub keyids: Vec<String>,
    /// How many of them have to sign.
    pub threshold: usize,
    /// Whether nobody else is asked about its paths, whatever it lists.
    #[serde(default)]
    pub terminating: bool,
    /// Its paths, as patterns. Either these or the prefixes are said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// The beginnings of the SHA-256 of its paths, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_hash_prefixes: Option<Vec<String>>,
    /// What else is said.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl DelegatedRole {
    /// Whether it looks after `path`.
    pub(crate) fn is_for(&self, path: &str) -> bool {
        match (&self.paths, &self.path_hash_prefixes) {
            (Some(patterns), None) => patterns.iter().any(|one| pattern::matches(one, path)),
            (None, Some(prefixes)) => {
                let hash = hex::encode(Sha256::digest(path));
                let is_prefix = |prefix: &String| hash.starts_with(&prefix.to_ascii_lowercase());
                prefixes.iter().any(is_prefix)
            }
            // One of them, the specification says, and not both.
            (Some(_), Some(_)) | (None, None) => false,
        }
    }

    /// Checks that the name is none of the top-level roles', and no longer than any.
    pub(crate) fn check_name(&self) -> Result<(), TufError> {
        let top = [Role::Root, Role::Timestamp, Role::Snapshot, Role::Targets];
        let is_top = top.iter().any(|role| role.name() == self.name);
        match is_top || self.name.is_empty() || self.name.len() > MAX_DELEGATED_NAME_BYTES {
            true => Err(TufError::DelegatedName(
                self.name.chars().take(MAX_DELEGATED_NAME_BYTES).collect(),
            )),
            false => Ok(()),
        }
    }
}
