//! An image, and what is attached to it.

use bytes::Bytes;
use ledgerstone_proto::sigstore::common::v1::HashAlgorithm;

use crate::artifact::Artifact;
use crate::artifact::ArtifactDigest;
use crate::oci::attached::Attached;
use crate::oci::attached::find_attached;
use crate::oci::credentials::RegistryCredentials;
use crate::oci::error::OciError;
use crate::oci::layout::ImageLayout;
use crate::oci::reference::ImageReference;
use crate::oci::reference::ManifestName;
use crate::oci::registry::Registry;
use crate::oci::store::Store;
use crate::transport::options::TransportOptions;

/// An image: what its name means now.
#[derive(Debug)]
pub struct Image {
    name: String,
    digest: ArtifactDigest,
    /// The manifest, or the index of several platforms.
    manifest: Bytes,
    store: Store,
}

impl Image {
    /// The image of this name in its registry.
    ///
    /// # Errors
    /// [`OciError`] when it is not there, or cannot be had.
    pub async fn in_registry(
        reference: ImageReference,
        credentials: Option<RegistryCredentials>,
        options: TransportOptions,
    ) -> Result<Self, OciError> {
        let registry = Registry::new(reference, credentials, options)?;
        let reference = registry.image();
        let (name, asked) = (reference.to_string(), reference.name().clone());
        Self::of(name, &asked, Store::Registry(Box::new(registry))).await
    }

    /// The image in a layout on this machine.
    ///
    /// # Errors
    /// [`OciError`] when it is not there, or cannot be read.
    pub async fn in_layout(name: &str, layout: ImageLayout) -> Result<Self, OciError> {
        let digest = layout.resolve()?;
        let asked = ManifestName::Digest(digest);
        Self::of(name.to_owned(), &asked, Store::Layout(layout)).await
    }

    async fn of(name: String, asked: &ManifestName, store: Store) -> Result<Self, OciError> {
        let manifest = store.manifest(asked).await?;
        let manifest = manifest.ok_or_else(|| OciError::NoImage(name.clone()))?;
        let digest = match asked {
            ManifestName::Digest(digest) => digest.clone(),
            ManifestName::Tag(_) => Artifact::Bytes(manifest.to_vec())
                .digest(HashAlgorithm::Sha2256)
                .map_err(|error| OciError::Malformed {
                    name: name.clone(),
                    reason: error.to_string(),
                })?,
        };
        Ok(Self {
            name,
            digest,
            manifest,
            store,
        })
    }

    /// What it was asked for by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The digest of its manifest.
    pub fn digest(&self) -> &ArtifactDigest {
        &self.digest
    }

    /// What is signed of it: its manifest.
    pub fn artifact(&self) -> Artifact {
        Artifact::Bytes(self.manifest.to_vec())
    }

    /// The signatures and attestations that are attached to it, none of them verified: Sigstore
    /// bundles that refer to it, and what cosign before version 3 keeps under tags of its own.
    ///
    /// # Errors
    /// [`OciError`] when they cannot be had, or are too many.
    pub async fn attached(&self) -> Result<Vec<Attached>, OciError> {
        find_attached(&self.store, &self.name, &self.digest).await
    }
}
