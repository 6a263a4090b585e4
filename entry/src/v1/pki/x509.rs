//! Bare signatures by keys in PEM.

use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::encoding::ArtifactReader;
use crate::v1::pki::artifact::CanonicalKey;
use crate::v1::pki::artifact::KeyDer;
use crate::v1::pki::artifact::VerifiedArtifact;
use crate::v1::pki::artifact::read_all;
use crate::v1::reject::V1Reject;
use crate::v1::x509_key::X509Key;

impl From<X509Key> for CanonicalKey {
    fn from(key: X509Key) -> Self {
        Self {
            text: key.canonical().as_bytes().to_vec(),
            subjects: key.subjects().to_vec(),
            der: Some(match key.leaf() {
                Some(leaf) => KeyDer::Certificate(leaf.to_vec()),
                None => KeyDer::PublicKey(key.spki().to_vec()),
            }),
        }
    }
}

pub(super) fn canonical_key(content: &[u8]) -> Result<CanonicalKey, V1Reject> {
    Ok(X509Key::from_pem(content)?.into())
}

/// A bare signature: over the SHA-256 hash of the document, or by Ed25519 keys over the document
/// itself.
pub(super) fn verify(
    key: &[u8],
    signature: &[u8],
    mut artifact: ArtifactReader<'_>,
) -> Result<VerifiedArtifact, V1Reject> {
    let key = X509Key::from_pem(key)?;
    key.check_chain()?;
    let verifying_key = key.verifying_key()?;
    let streamed = verifying_key.verify_streamed(signature, |piece| read_all(&mut artifact, piece));
    let artifact_digest = match streamed {
        Some(verified) => {
            verified?;
            artifact.finish()
        }
        None => {
            read_all(&mut artifact, |_| {})?;
            let digest = artifact.finish();
            verifying_key.verify_digest(HashAlgorithm::Sha2256, &digest, signature)?;
            digest
        }
    };
    Ok(VerifiedArtifact {
        key: key.into(),
        signature: signature.to_vec(),
        artifact_digest,
    })
}
