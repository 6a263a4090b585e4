//! The formats of keys and signatures that come with a document, one module each.

mod minisign;
#[cfg(feature = "pgp")]
mod pgp;
mod ssh;
mod x509;

use std::fmt;

use super::reject::V1Reject;
use super::x509::X509Key;
use crate::encoding::ArtifactReader;

/// The formats that Rekor v1 has for keys.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
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

/// A key as it is logged.
pub(crate) struct CanonicalKey {
    pub(crate) text: Vec<u8>,
    pub(crate) subjects: Vec<String>,
    /// The key itself, in DER, where the text is that of a certificate.
    pub(crate) certified_spki: Option<Vec<u8>>,
}

impl CanonicalKey {
    /// A key that names nobody.
    fn new(text: impl Into<Vec<u8>>) -> Self {
        Self {
            text: text.into(),
            subjects: Vec::new(),
            certified_spki: None,
        }
    }
}

/// What is logged of a signature over a document.
pub(crate) struct VerifiedArtifact {
    pub(crate) key: CanonicalKey,
    pub(crate) signature: Vec<u8>,
    /// SHA-256.
    pub(crate) artifact_digest: [u8; 32],
}

/// Reads a key, and brings it into the form in which it is logged.
pub(crate) fn canonical_key(
    format: PublicKeyFormat,
    content: &[u8],
) -> Result<CanonicalKey, V1Reject> {
    match format {
        PublicKeyFormat::X509 => Ok(X509Key::from_pem(content)?.into()),
        PublicKeyFormat::Minisign => minisign::canonical_key(content),
        PublicKeyFormat::Ssh => ssh::canonical_key(content),
        #[cfg(feature = "pgp")]
        PublicKeyFormat::Pgp => pgp::canonical_key(content),
        other => Err(V1Reject::UnsupportedFormat(other)),
    }
}

/// Verifies `signature` over the document, which is read once.
pub(crate) fn verify(
    format: PublicKeyFormat,
    key: &[u8],
    signature: &[u8],
    artifact: ArtifactReader<'_>,
) -> Result<VerifiedArtifact, V1Reject> {
    match format {
        PublicKeyFormat::X509 => x509::verify(key, signature, artifact),
        PublicKeyFormat::Minisign => minisign::verify(key, signature, artifact),
        PublicKeyFormat::Ssh => ssh::verify(key, signature, artifact),
        #[cfg(feature = "pgp")]
        PublicKeyFormat::Pgp => pgp::verify(key, signature, artifact),
        other => Err(V1Reject::UnsupportedFormat(other)),
    }
}

/// Gives all of the document to `each`, which has it hashed as well.
fn read_all(artifact: &mut ArtifactReader<'_>, each: impl FnMut(&[u8])) -> Result<(), V1Reject> {
    artifact
        .for_each(each)
        .map_err(|_| V1Reject::Base64("data content"))
}
