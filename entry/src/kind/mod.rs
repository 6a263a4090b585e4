//! The kinds of entries, one module each.

pub(crate) mod dsse_v001;
pub(crate) mod dsse_v002;
pub(crate) mod hashedrekord_v001;
pub(crate) mod hashedrekord_v002;
pub(crate) mod intoto_v001;
pub(crate) mod intoto_v002;
pub(crate) mod rekord_v001;

use std::fmt;

/// A kind of entry, with the version of its format.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum EntryKind {
    /// A signature over the hash of an artifact.
    HashedRekordV002,
    /// A signed DSSE envelope, of which the hash of the payload is logged.
    DsseV002,
    /// A signature over the hash of an artifact, through Rekor v1.
    HashedRekordV001,
    /// A signed DSSE envelope, of which its hash and that of the payload are logged.
    DsseV001,
    /// A signed in-toto attestation, with one key.
    IntotoV001,
    /// A signed in-toto attestation, with a key for each signature.
    IntotoV002,
    /// A signature over a document, of which the hash is logged.
    RekordV001,
}

impl EntryKind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::HashedRekordV002,
        Self::DsseV002,
        Self::HashedRekordV001,
        Self::DsseV001,
        Self::IntotoV001,
        Self::IntotoV002,
        Self::RekordV001,
    ];

    /// The name of the kind in a body, such as `hashedrekord`.
    pub fn kind(self) -> &'static str {
        match self {
            Self::HashedRekordV002 | Self::HashedRekordV001 => "hashedrekord",
            Self::DsseV002 | Self::DsseV001 => "dsse",
            Self::IntotoV001 | Self::IntotoV002 => "intoto",
            Self::RekordV001 => "rekord",
        }
    }

    /// The version of the format in a body, such as `0.0.2`.
    pub fn version(self) -> &'static str {
        match self {
            Self::HashedRekordV002 | Self::DsseV002 | Self::IntotoV002 => "0.0.2",
            Self::HashedRekordV001 | Self::DsseV001 | Self::IntotoV001 | Self::RekordV001 => {
                "0.0.1"
            }
        }
    }

    /// The kind that a body calls `kind`, version `version`, or `None` for one that is not known.
    pub fn from_names(kind: &str, version: &str) -> Option<Self> {
        Self::ALL
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
