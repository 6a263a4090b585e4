//! A signature, with what it is over and by.

use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_entry::key::PublicKey;

/// A signature, with what it is over and by.
pub(crate) struct Signed {
    pub(crate) digest: ArtifactDigest,
    pub(crate) signature: Vec<u8>,
    pub(crate) key: PublicKey,
}

impl Signed {
    /// Whether the signature is over `artifact`.
    pub(crate) fn is_over(&self, artifact: &Artifact) -> bool {
        artifact
            .digest(self.digest.algorithm())
            .is_ok_and(|digest| digest == self.digest)
            && self
                .key
                .verify_prehashed(self.digest.bytes(), &self.signature)
                .is_ok()
    }
}
