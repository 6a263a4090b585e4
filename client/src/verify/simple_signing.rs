//! The payloads that cosign before version 3 signs for an image: JSON that names the digest of the
//! image's manifest (containers/image, "simple signing").

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use serde::Deserialize;

use crate::artifact::Artifact;
use crate::artifact::ArtifactDigest;
use crate::verify::claimed_digest::check_digest;
use crate::verify::error::VerifyError;

/// What a payload says that it is, in the two spellings that there are.
const TYPES: [&str; 2] = [
    "cosign container image signature",
    "atomic container signature",
];

/// Checks that `payload` names `artifact` as the image.
pub(crate) fn verify_image(payload: &[u8], artifact: &Artifact) -> Result<(), VerifyError> {
    let payload: Payload = serde_json::from_slice(payload).map_err(VerifyError::SimpleSigning)?;
    let Critical { kind, image } = payload.critical;
    if !TYPES.contains(&kind.as_str()) {
        return Err(VerifyError::SimpleSigningType(kind));
    }
    let claimed = image.docker_manifest_digest;
    match ArtifactDigest::parse(&claimed) {
        Ok(claimed) => check_digest(artifact, &claimed),
        Err(_) => Err(VerifyError::OtherArtifact {
            claimed,
            actual: artifact.digest(HashAlgorithm::Sha2256)?.to_string(),
        }),
    }
}

#[derive(Deserialize)]
struct Payload {
    critical: Critical,
}

#[derive(Deserialize)]
struct Critical {
    #[serde(rename = "type")]
    kind: String,
    image: Image,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    docker_manifest_digest: String,
}
