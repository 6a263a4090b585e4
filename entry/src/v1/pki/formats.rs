//! Finds what reads the keys and signatures of a format.

use crate::encoding::ArtifactReader;
use crate::key::public_key::PublicKey;
use crate::v1::pki::artifact::CanonicalKey;
use crate::v1::pki::artifact::VerifiedArtifact;
use crate::v1::pki::format::PublicKeyFormat;
use crate::v1::pki::minisign;
#[cfg(feature = "pgp")]
use crate::v1::pki::pgp;
use crate::v1::pki::ssh;
use crate::v1::pki::x509;
use crate::v1::reject::V1Reject;
use crate::v1::x509_key::X509Key;

/// Reads a key, and brings it into the form in which it is logged.
pub(crate) fn canonical_key(
    format: PublicKeyFormat,
    content: &[u8],
) -> Result<CanonicalKey, V1Reject> {
    match format {
        PublicKeyFormat::X509 => x509::canonical_key(content),
        PublicKeyFormat::Minisign => minisign::canonical_key(content),
        PublicKeyFormat::Ssh => ssh::canonical_key(content),
        #[cfg(feature = "pgp")]
        PublicKeyFormat::Pgp => pgp::canonical_key(content),
        #[cfg(not(feature = "pgp"))]
        PublicKeyFormat::Pgp => Err(V1Reject::UnsupportedFormat(format)),
        PublicKeyFormat::Tuf => Err(V1Reject::UnsupportedFormat(format)),
    }
}

/// The key in `content` where it signs by itself too, and not only in the form of its format.
/// OpenPGP has none such: its keys come in rings.
pub(crate) fn bare_key(
    format: PublicKeyFormat,
    content: &[u8],
) -> Result<Option<PublicKey>, V1Reject> {
    match format {
        PublicKeyFormat::X509 => X509Key::from_pem(content)?.verifying_key().map(Some),
        PublicKeyFormat::Minisign => minisign::bare_key(content).map(Some),
        PublicKeyFormat::Ssh => ssh::bare_key(content).map(Some),
        PublicKeyFormat::Pgp | PublicKeyFormat::Tuf => Ok(None),
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
        #[cfg(not(feature = "pgp"))]
        PublicKeyFormat::Pgp => Err(V1Reject::UnsupportedFormat(format)),
        PublicKeyFormat::Tuf => Err(V1Reject::UnsupportedFormat(format)),
    }
}
