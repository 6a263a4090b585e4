//! What a format makes of a document that comes with its signature and key.

use crate::encoding::ArtifactReader;
use crate::facts::collected::Facts;
use crate::v1::reject::V1Reject;

/// A key as it is logged.
pub(crate) struct CanonicalKey {
    pub(crate) text: Vec<u8>,
    pub(crate) subjects: Vec<String>,
    /// What an X.509 key says besides, or the certificate that the text is of.
    pub(crate) der: Option<KeyDer>,
}

/// An X.509 key in DER.
pub(crate) enum KeyDer {
    /// A SubjectPublicKeyInfo.
    PublicKey(Vec<u8>),
    /// A certificate.
    Certificate(Vec<u8>),
}

impl KeyDer {
    fn add_facts(&self, facts: &mut Facts) {
        match self {
            Self::PublicKey(spki) => facts.add_spki_hash(spki),
            Self::Certificate(der) => facts.add_certified(der),
        }
    }
}

impl CanonicalKey {
    /// A key that names nobody.
    pub(crate) fn new(text: impl Into<Vec<u8>>) -> Self {
        Self {
            text: text.into(),
            subjects: Vec::new(),
            der: None,
        }
    }

    /// Adds what entries by this key are found by.
    pub(crate) fn add_facts(&self, facts: &mut Facts) {
        facts.add_key_text(&self.text);
        facts.add_subjects(&self.subjects);
        if let Some(der) = &self.der {
            der.add_facts(facts);
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

/// Gives all of the document to `each`, which has it hashed as well.
pub(crate) fn read_all(
    artifact: &mut ArtifactReader<'_>,
    each: impl FnMut(&[u8]),
) -> Result<(), V1Reject> {
    artifact
        .for_each(each)
        .map_err(|_| V1Reject::Base64("data content"))
}
