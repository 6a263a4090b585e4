//! What the roles say (specification, section 4).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::Serialize;
use serde_json::Map;
use serde_json::Value;

use crate::delegation::Delegations;
use crate::error::Role;
use crate::key::Key;

/// What the metadata of every role says.
pub(crate) trait Metadata: for<'de> Deserialize<'de> {
    /// Whose it is.
    const ROLE: Role;

    fn head(&self) -> &Head;
}

/// What the metadata of every role begins with.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Head {
    /// The name of the role.
    #[serde(rename = "_type")]
    pub kind: String,
    /// The version of the specification.
    pub spec_version: String,
    /// Counts up with each new one.
    pub version: u64,
    /// Until when it holds, RFC 3339.
    pub expires: String,
}

/// Who may sign for which role.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Root {
    /// Version and end.
    #[serde(flatten)]
    pub head: Head,
    /// Whether files have their versions in their names.
    #[serde(default)]
    pub consistent_snapshot: bool,
    /// All keys, by their ids.
    pub keys: BTreeMap<String, Key>,
    /// Who may sign, by the names of the roles.
    pub roles: BTreeMap<String, RoleKeys>,
    /// What else is said.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Who may sign for a role.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RoleKeys {
    /// The ids of the keys.
    pub keyids: Vec<String>,
    /// How many of them have to.
    pub threshold: usize,
    /// What else is said.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// Which snapshot is the newest.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Timestamp {
    /// Version and end.
    #[serde(flatten)]
    pub head: Head,
    /// The snapshot, under its name.
    pub meta: BTreeMap<String, FileMeta>,
}

/// Which versions belong together.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Snapshot {
    /// Version and end.
    #[serde(flatten)]
    pub head: Head,
    /// Each file of metadata, by its name.
    pub meta: BTreeMap<String, FileMeta>,
}

/// What there is to fetch.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Targets {
    /// Version and end.
    #[serde(flatten)]
    pub head: Head,
    /// Each file, by its name.
    pub targets: BTreeMap<String, crate::target::Target>,
    /// To whom some paths are left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delegations: Option<Delegations>,
    /// What else is said.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

/// A file of metadata, as another one announces it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct FileMeta {
    /// Its version.
    pub version: u64,
    /// Its length in bytes, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
    /// Its hashes in hexadecimal, by the names of the functions, where they are said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hashes: BTreeMap<String, String>,
}

impl Metadata for Root {
    const ROLE: Role = Role::Root;

    fn head(&self) -> &Head {
        &self.head
    }
}

impl Metadata for Timestamp {
    const ROLE: Role = Role::Timestamp;

    fn head(&self) -> &Head {
        &self.head
    }
}

impl Metadata for Snapshot {
    const ROLE: Role = Role::Snapshot;

    fn head(&self) -> &Head {
        &self.head
    }
}

impl Metadata for Targets {
    const ROLE: Role = Role::Targets;

    fn head(&self) -> &Head {
        &self.head
    }
}
