//! Whether an envelope is about an artifact.

use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use serde::Deserialize;

use crate::artifact::Artifact;
use crate::verify::error::VerifyError;

/// The payload type of in-toto statements, whose subjects are the artifacts.
const IN_TOTO_PAYLOAD: &str = "application/vnd.in-toto+json";

pub(crate) fn verify_subject(envelope: &Envelope, artifact: &Artifact) -> Result<(), VerifyError> {
    if envelope.payload_type != IN_TOTO_PAYLOAD {
        let actual = artifact.digest(HashAlgorithm::Sha2256)?;
        let claimed = Artifact::Bytes(envelope.payload.to_vec()).digest(HashAlgorithm::Sha2256)?;
        if actual == claimed {
            return Ok(());
        }
        return Err(VerifyError::OtherArtifact {
            claimed: claimed.to_string(),
            actual: actual.to_string(),
        });
    }
    let statement: Statement =
        serde_json::from_slice(&envelope.payload).map_err(VerifyError::Statement)?;
    let digests = [
        ("sha256", HashAlgorithm::Sha2256),
        ("sha512", HashAlgorithm::Sha2512),
    ]
    .into_iter()
    .filter(|(name, _)| {
        statement
            .subject
            .iter()
            .any(|subject| subject.digest.contains_key(*name))
    });
    for (name, algorithm) in digests {
        let actual = hex::encode(artifact.digest(algorithm)?.bytes());
        let is_artifact = |subject: &Subject| {
            subject
                .digest
                .get(name)
                .and_then(|claimed| claimed.as_str())
                == Some(actual.as_str())
        };
        if statement.subject.iter().any(is_artifact) {
            return Ok(());
        }
    }
    let subjects = statement.subject.len();
    let digest = match artifact {
        Artifact::Digest(digest) => digest.clone(),
        other => other.digest(HashAlgorithm::Sha2256)?,
    };
    Err(VerifyError::NoSuchSubject {
        subjects,
        actual: digest.to_string(),
    })
}

/// The part of an in-toto statement that names the artifacts.
#[derive(Deserialize)]
pub(crate) struct Statement {
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    #[serde(default)]
    digest: serde_json::Map<String, serde_json::Value>,
}
