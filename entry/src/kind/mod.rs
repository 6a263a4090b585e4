//! The kinds of entries, one module each.

pub(crate) mod dsse_v002;
pub(crate) mod hashedrekord_v002;

use std::fmt;

/// A kind of entry, with the version of its format.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A signature over the hash of an artifact.
    HashedRekordV002,
    /// A signed DSSE envelope, of which the hash of the payload is logged.
    DsseV002,
}

impl EntryKind {
    /// The name of the kind in a body: `hashedrekord` or `dsse`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::HashedRekordV002 => "hashedrekord",
            Self::DsseV002 => "dsse",
        }
    }

    /// The version of the format in a body: `0.0.2`.
    pub fn version(self) -> &'static str {
        match self {
            Self::HashedRekordV002 | Self::DsseV002 => "0.0.2",
        }
    }

    /// The kind that a body calls `kind`, version `version`, or `None` for one that is not known.
    pub fn from_names(kind: &str, version: &str) -> Option<Self> {
        [Self::HashedRekordV002, Self::DsseV002]
            .into_iter()
            .find(|known| known.kind() == kind && known.version() == version)
    }
}

/// Kind and version, such as `hashedrekord 0.0.2`.
impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind(), self.version())
    }
}
