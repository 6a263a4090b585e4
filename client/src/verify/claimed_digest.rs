//! Whether an artifact is the one that a bundle says.

use crate::artifact::Artifact;
use crate::artifact::ArtifactDigest;
use crate::verify::error::VerifyError;

/// Checks that `artifact` has the digest `claimed`.
pub(crate) fn check_digest(
    artifact: &Artifact,
    claimed: &ArtifactDigest,
) -> Result<(), VerifyError> {
    let actual = artifact.digest(claimed.algorithm())?;
    if actual == *claimed {
        return Ok(());
    }
    Err(VerifyError::OtherArtifact {
        claimed: claimed.to_string(),
        actual: actual.to_string(),
    })
}
