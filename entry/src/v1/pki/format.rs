//! The formats of keys and signatures that come with a document.

use std::fmt;

/// The formats that Rekor v1 has for keys.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PublicKeyFormat {
    /// PEM of a key, of a certificate, or of a chain of certificates, leaf first.
    X509,
    /// An OpenPGP key ring, binary or in ASCII armor. Only with the feature `pgp` of this crate.
    Pgp,
    /// A key of minisign or signify.
    Minisign,
    /// A line of OpenSSH's authorized keys.
    Ssh,
    /// A TUF root. No kind of entry that this version takes has one.
    Tuf,
}

impl PublicKeyFormat {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::X509, Self::Pgp, Self::Minisign, Self::Ssh, Self::Tuf];

    /// The name in requests and bodies.
    pub fn name(self) -> &'static str {
        match self {
            Self::X509 => "x509",
            Self::Pgp => "pgp",
            Self::Minisign => "minisign",
            Self::Ssh => "ssh",
            Self::Tuf => "tuf",
        }
    }

    /// The format called `name`, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.name() == name)
    }
}

impl fmt::Display for PublicKeyFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
