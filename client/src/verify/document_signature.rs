//! A signature over an artifact itself, which has to be at hand.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use ledgerstone_entry::v1::DocumentError;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::SignedDocument;
use ledgerstone_entry::v1::verify_document;

use crate::artifact::Artifact;
use crate::artifact::ArtifactError;
use crate::verify::error::VerifyError;

/// Verifies `signature` by `key`, both of `format`, over the artifact.
pub(crate) fn verify_signature(
    format: PublicKeyFormat,
    key: &[u8],
    signature: &[u8],
    artifact: &Artifact,
) -> Result<SignedDocument, VerifyError> {
    let verify = |reader: &mut dyn Read| verify_document(format, key, signature, reader);
    let (path, verified) = match artifact {
        Artifact::Digest(_) => return Err(ArtifactError::DigestOnly.into()),
        Artifact::Bytes(bytes) => (None, verify(&mut bytes.as_slice())),
        Artifact::File(path) => (Some(path), verify_file(path, verify)),
    };
    verified.map_err(|error| match error {
        DocumentError::Reject(reason) => VerifyError::Document(reason),
        DocumentError::Io(source) => VerifyError::Artifact(ArtifactError::Io {
            path: path.cloned().unwrap_or_default(),
            source,
        }),
    })
}

fn verify_file(
    path: &Path,
    verify: impl FnOnce(&mut dyn Read) -> Result<SignedDocument, DocumentError>,
) -> Result<SignedDocument, DocumentError> {
    let mut file = File::open(path).map_err(DocumentError::Io)?;
    verify(&mut file)
}
