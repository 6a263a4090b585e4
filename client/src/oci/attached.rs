//! The signatures and attestations of an image. Which of them are looked at is not what makes them
//! true: each names the image itself, under its signature.

use bytes::Bytes;

use crate::artifact::ArtifactDigest;
use crate::oci::error::MAX_ATTACHED;
use crate::oci::error::MAX_ATTACHED_BYTES;
use crate::oci::error::OciError;
use crate::oci::manifest::Descriptor;
use crate::oci::manifest::Manifest;
use crate::oci::manifest::referrers_tag;
use crate::oci::reference::ManifestName;
use crate::oci::store::Store;
use crate::verify::bundle::Bundle;
use crate::verify::bundle_error::BundleError;
use crate::verify::bundle_error::MAX_SIGSTORE_BUNDLE_BYTES;
use crate::verify::bundle_parts::BundleContent;
use ledgerstone_proto::json;

/// How the types of Sigstore bundles begin.
const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle";

/// The ends of cosign's tags.
const TAG_ENDS: [&str; 2] = [".sig", ".att"];

/// Something that is attached to an image and may be a signature of it.
#[derive(Debug)]
pub struct Attached {
    /// Where it is.
    pub name: String,
    /// What it is, or why it is no signature that can be verified.
    pub bundle: Result<Bundle, BundleError>,
}

impl Attached {
    /// The statement in it, as a log takes it after its entries; `None` for a signature over an
    /// artifact, and for what is no signature.
    pub fn statement(&self) -> Option<Bytes> {
        match &self.bundle.as_ref().ok()?.content {
            BundleContent::Dsse(envelope) => json::to_vec(envelope).ok().map(Bytes::from),
            BundleContent::SimpleSigning { payload, .. } => Some(payload.clone()),
            BundleContent::Message { .. } => None,
        }
    }
}

/// All that is attached to the image with `digest`.
pub(crate) async fn find_attached(
    store: &Store,
    image: &str,
    digest: &ArtifactDigest,
) -> Result<Vec<Attached>, OciError> {
    let mut search = Search {
        store,
        image,
        found: Vec::new(),
        manifests: 0,
        bytes: 0,
    };
    for referrer in store.referrers(digest).await? {
        if may_be_bundle(&referrer) {
            let name = ManifestName::Digest(referrer.read_digest()?);
            search.read_bundles(&name, digest).await?;
        }
    }
    for end in TAG_ENDS {
        let tag = format!("{}{end}", referrers_tag(digest));
        search.read_signatures(&ManifestName::Tag(tag)).await?;
    }
    if let Store::Layout(layout) = store {
        for saved in layout.saved()? {
            let name = ManifestName::Digest(saved.read_digest()?);
            search.read_signatures(&name).await?;
        }
    }
    Ok(search.found)
}

/// Whether a referrer is a bundle, or does not say: some registries lose it.
fn may_be_bundle(referrer: &Descriptor) -> bool {
    let said = referrer.artifact_type.as_deref().unwrap_or_default();
    said.is_empty() || said.starts_with(BUNDLE_TYPE)
}

struct Search<'s> {
    store: &'s Store,
    image: &'s str,
    found: Vec<Attached>,
    manifests: usize,
    bytes: usize,
}

impl Search<'_> {
    /// Takes the bundles in the manifest called `name`, if it refers to the image with `digest`.
    async fn read_bundles(
        &mut self,
        name: &ManifestName,
        digest: &ArtifactDigest,
    ) -> Result<(), OciError> {
        let Some(manifest) = self.manifest(name).await? else {
            return Ok(());
        };
        let subject = manifest.subject.as_ref();
        if subject.is_none_or(|subject| subject.digest != digest.to_string()) {
            return Ok(());
        }
        let is_bundle = |layer: &&Descriptor| layer.media_type.starts_with(BUNDLE_TYPE);
        for layer in manifest.layers.iter().filter(is_bundle) {
            let json = self.layer(layer).await?;
            self.found.push(Attached {
                name: format!("bundle {} of {}", layer.digest, self.image),
                bundle: json.and_then(|json| Bundle::parse(&json)),
            });
        }
        Ok(())
    }

    /// Takes what the manifest called `name` has of cosign's before version 3, if there is one.
    async fn read_signatures(&mut self, name: &ManifestName) -> Result<(), OciError> {
        let Some(manifest) = self.manifest(name).await? else {
            return Ok(());
        };
        for layer in &manifest.layers {
            let payload = self.layer(layer).await?;
            let bundle = payload.and_then(|payload| {
                Bundle::of_cosign_layer(&layer.media_type, payload, &layer.annotations)
            });
            self.found.push(Attached {
                name: format!("signature {} in {name} of {}", layer.digest, self.image),
                bundle,
            });
        }
        Ok(())
    }

    async fn manifest(&mut self, name: &ManifestName) -> Result<Option<Manifest>, OciError> {
        self.manifests += 1;
        if self.manifests > MAX_ATTACHED + TAG_ENDS.len() {
            return Err(OciError::TooMany(self.image.to_owned()));
        }
        let json = self.store.manifest(name).await?;
        let read = json.map(|json| Manifest::parse(&name.to_string(), &json));
        read.transpose()
    }

    /// What is in a layer. One that is too long for a bundle is not fetched: whoever attached it
    /// must not keep others from being found.
    async fn layer(&mut self, layer: &Descriptor) -> Result<Result<Bytes, BundleError>, OciError> {
        let size = usize::try_from(layer.size).unwrap_or(usize::MAX);
        if self.found.len() == MAX_ATTACHED {
            return Err(OciError::TooMany(self.image.to_owned()));
        }
        if size > MAX_SIGSTORE_BUNDLE_BYTES {
            return Ok(Err(BundleError::TooLong));
        }
        let left = MAX_ATTACHED_BYTES - self.bytes;
        if size > left {
            return Err(OciError::TooMany(self.image.to_owned()));
        }
        let limit = left.min(MAX_SIGSTORE_BUNDLE_BYTES);
        let bytes = self.store.blob(layer, limit).await?;
        self.bytes += bytes.len();
        Ok(Ok(bytes))
    }
}
