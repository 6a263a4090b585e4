//! What a format makes of a document that comes with its signature and key.

use crate::encoding::ArtifactReader;
use crate::search_keys::SearchKeys;
use crate::v1::reject::V1Reject;

/// A key as it is logged.
pub(crate) struct CanonicalKey {
    pub(crate) text: Vec<u8>,
    pub(crate) subjects: Vec<String>,
    /// The key itself, in DER, where the text is that of a certificate.
    pub(crate) certified_spki: Option<Vec<u8>>,
}

impl CanonicalKey {
    /// A key that names nobody.
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self {
            text: text.into(),
            subjects: Vec::new(),
            certified_spki: None,
        }
    }

    /// Adds what entries by this key are found by.
    pub(crate) fn add_search_keys(&self, keys: &mut SearchKeys) {
        keys.add_key_text(&self.text);
        if let Some(spki) = &self.certified_spki {
            keys.add_certified_key(spki);
        }
        keys.add_subjects(&self.subjects);
    }
}

/// What is logged of a signature over a document.
pub(crate) struct VerifiedArtifact {
    pub(crate) key: CanonicalKey,
    pub(crate) signature: Vec<u8>,
    /// SHA-256.
    pub(crate) artifact_digest: [u8; 32],
}

/// Gives all of the document to `each`, which has it hashed as well.
pub(crate) fn read_all(
    artifact: &mut ArtifactReader<'_>,
    each: impl FnMut(&[u8]),
) -> Result<(), V1Reject> {
    artifact
        .for_each(each)
        .map_err(|_| V1Reject::Base64("data content"))
}
