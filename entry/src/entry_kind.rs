//! What a kind of entry is called, and the API version that it belongs to.

use std::fmt;

/// The two API versions of Rekor. Entries of each go to a growing tree of their own.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum ApiVersion {
    /// Rekor v1.
    V1,
    /// Rekor v2.
    V2,
}

/// A kind of entry, with the version of its format. No two have the same name and version.
///
/// The kinds are the rows of two tables, one for each API version; [`kinds`](crate::kinds()) lists
/// them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct EntryKind {
    api_version: ApiVersion,
    name: &'static str,
    version: &'static str,
}

impl EntryKind {
    /// A kind of Rekor v1.
    pub(crate) const fn v1(name: &'static str, version: &'static str) -> Self {
        Self {
            api_version: ApiVersion::V1,
            name,
            version,
        }
    }

    /// A kind of Rekor v2.
    pub(crate) const fn v2(name: &'static str, version: &'static str) -> Self {
        Self {
            api_version: ApiVersion::V2,
            name,
            version,
        }
    }

    /// The API version through which such entries are submitted.
    pub fn api_version(self) -> ApiVersion {
        self.api_version
    }

    /// The name of the kind in a body, such as `hashedrekord`.
    pub fn name(self) -> &'static str {
        self.name
    }

    /// The version of the format in a body, such as `0.0.2`.
    pub fn version(self) -> &'static str {
        self.version
    }
}

/// Name and version, such as `hashedrekord 0.0.2`.
impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}
