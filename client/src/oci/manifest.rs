//! Manifests, indexes and the descriptors in them (image-spec).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::artifact::Artifact;
use crate::artifact::ArtifactDigest;
use crate::oci::error::OciError;
use crate::oci::reference::read_digest;

/// What is sent with a request for a manifest: every form of it.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// Something in a registry or a layout, named by its digest.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: String,
    pub(crate) digest: String,
    /// In bytes.
    pub(crate) size: u64,
    pub(crate) artifact_type: Option<String>,
    pub(crate) annotations: BTreeMap<String, String>,
}

/// A manifest or an index, as far as it says what is attached to what.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Manifest {
    pub(crate) artifact_type: Option<String>,
    /// Of a manifest.
    pub(crate) layers: Vec<Descriptor>,
    /// Of an index.
    pub(crate) manifests: Vec<Descriptor>,
    /// What it is attached to.
    pub(crate) subject: Option<Descriptor>,
}

impl Manifest {
    pub(crate) fn parse(name: &str, json: &[u8]) -> Result<Self, OciError> {
        serde_json::from_slice(json).map_err(|error| OciError::Malformed {
            name: name.to_owned(),
            reason: error.to_string(),
        })
    }
}

impl Descriptor {
    pub(crate) fn read_digest(&self) -> Result<ArtifactDigest, OciError> {
        read_digest(&self.digest).map_err(|reason| OciError::Malformed {
            name: format!("the descriptor {:?}", self.digest),
            reason: reason.to_owned(),
        })
    }

    /// Checks that `bytes` are what is described.
    pub(crate) fn check(&self, bytes: &[u8]) -> Result<(), OciError> {
        let is_as_long = u64::try_from(bytes.len()) == Ok(self.size);
        match is_as_long {
            true => check_content(&self.read_digest()?, bytes),
            false => Err(OciError::OtherContent(self.digest.clone())),
        }
    }
}

/// Checks that `bytes` have this digest.
pub(crate) fn check_content(digest: &ArtifactDigest, bytes: &[u8]) -> Result<(), OciError> {
    let actual = Artifact::Bytes(bytes.to_vec()).digest(digest.algorithm());
    match actual.is_ok_and(|actual| actual == *digest) {
        true => Ok(()),
        false => Err(OciError::OtherContent(digest.to_string())),
    }
}

/// The tag under which a registry without a list of referrers keeps one (distribution-spec,
/// "referrers tag schema"), and which cosign's own tags begin with.
pub(crate) fn referrers_tag(digest: &ArtifactDigest) -> String {
    let text = digest.to_string();
    let (algorithm, digits) = text.split_once(':').unwrap_or((&text, ""));
    let digits: String = digits.chars().take(64).collect();
    format!("{algorithm}-{digits}")
}
