//! Whether an envelope is about an artifact.

use ledgerstone_proto::intoto::Envelope;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;
use serde::Deserialize;

use crate::artifact::Artifact;
use crate::verify::error::VerifyError;
use crate::verify::expected::statement::IN_TOTO_PAYLOAD;

/// Checks that the artifact is a subject of the statement, or the payload itself where that is
/// none. Returns what the subjects are called that are the artifact.
pub(crate) fn verify_subject(
    envelope: &Envelope,
    artifact: &Artifact,
) -> Result<Vec<String>, VerifyError> {
    if envelope.payload_type != IN_TOTO_PAYLOAD {
        verify_payload(envelope, artifact)?;
        return Ok(Vec::new());
    }
    let statement: Statement =
        serde_json::from_slice(&envelope.payload).map_err(VerifyError::Statement)?;
    let mut names = Vec::new();
    let mut is_subject = false;
    for (name, algorithm) in DIGESTS {
        let is_named = |subject: &Subject| subject.digest.contains_key(name);
        if !can_be_hashed(artifact, algorithm) || !statement.subject.iter().any(is_named) {
            continue;
        }
        let actual = hex::encode(artifact.digest(algorithm)?.bytes());
        let subjects = statement.subject.iter();
        for subject in subjects.filter(|subject| subject.is(name, &actual)) {
            is_subject = true;
            names.extend(subject.name.clone());
        }
    }
    if is_subject {
        return Ok(names);
    }
    let digest = match artifact {
        Artifact::Digest(digest) => digest.clone(),
        other => other.digest(HashAlgorithm::Sha2256)?,
    };
    Err(VerifyError::NoSuchSubject {
        subjects: statement.subject.len(),
        actual: digest.to_string(),
    })
}

/// The names of the digests that an artifact is found by.
const DIGESTS: [(&str, HashAlgorithm); 3] = [
    ("sha256", HashAlgorithm::Sha2256),
    ("sha384", HashAlgorithm::Sha2384),
    ("sha512", HashAlgorithm::Sha2512),
];

/// Of a digest nothing else is known.
fn can_be_hashed(artifact: &Artifact, algorithm: HashAlgorithm) -> bool {
    match artifact {
        Artifact::Digest(digest) => digest.algorithm() == algorithm,
        Artifact::File(_) | Artifact::Bytes(_) => true,
    }
}

fn verify_payload(envelope: &Envelope, artifact: &Artifact) -> Result<(), VerifyError> {
    let actual = artifact.digest(HashAlgorithm::Sha2256)?;
    let claimed = Artifact::Bytes(envelope.payload.to_vec()).digest(HashAlgorithm::Sha2256)?;
    if actual == claimed {
        return Ok(());
    }
    Err(VerifyError::OtherArtifact {
        claimed: claimed.to_string(),
        actual: actual.to_string(),
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
    name: Option<String>,
    #[serde(default)]
    digest: serde_json::Map<String, serde_json::Value>,
}

impl Subject {
    /// Whether its digest by the function of this name is that in hexadecimal.
    fn is(&self, name: &str, digest: &str) -> bool {
        self.digest.get(name).and_then(|claimed| claimed.as_str()) == Some(digest)
    }
}
