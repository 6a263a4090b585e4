//! Where images are: in a registry, or in a layout.

use bytes::Bytes;

use crate::artifact::ArtifactDigest;
use crate::oci::error::OciError;
use crate::oci::layout::ImageLayout;
use crate::oci::manifest::Descriptor;
use crate::oci::manifest::Manifest;
use crate::oci::manifest::referrers_tag;
use crate::oci::reference::ManifestName;
use crate::oci::registry::Registry;

/// Where images are.
#[derive(Debug)]
pub(crate) enum Store {
    Registry(Box<Registry>),
    Layout(ImageLayout),
}

impl Store {
    pub(crate) async fn manifest(&self, name: &ManifestName) -> Result<Option<Bytes>, OciError> {
        match self {
            Self::Registry(registry) => registry.manifest(name).await,
            Self::Layout(layout) => layout.manifest(name),
        }
    }

    pub(crate) async fn blob(
        &self,
        descriptor: &Descriptor,
        limit: usize,
    ) -> Result<Bytes, OciError> {
        match self {
            Self::Registry(registry) => registry.blob(descriptor, limit).await,
            Self::Layout(layout) => layout.blob(descriptor, limit),
        }
    }

    /// What may be attached to the image with `digest`: of the list of the registry, and of the tag
    /// that stands for one.
    pub(crate) async fn referrers(
        &self,
        digest: &ArtifactDigest,
    ) -> Result<Vec<Descriptor>, OciError> {
        let listed = match self {
            Self::Registry(registry) => registry.referrers(digest).await?,
            Self::Layout(layout) => Some(layout.referrers()?),
        };
        let tag = ManifestName::Tag(referrers_tag(digest));
        let mut referrers = listed.unwrap_or_default();
        if let Some(index) = self.manifest(&tag).await? {
            let tagged = Manifest::parse(&tag.to_string(), &index)?.manifests;
            for one in tagged {
                if !referrers.iter().any(|known| known.digest == one.digest) {
                    referrers.push(one);
                }
            }
        }
        Ok(referrers)
    }
}
