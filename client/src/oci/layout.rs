//! A layout of images in a folder (image-spec, "image layout"), as skopeo, oras, buildkit and
//! `cosign save` write it.

use std::path::Path;
use std::path::PathBuf;

use bytes::Bytes;

use crate::artifact::ArtifactDigest;
use crate::files::read_file;
use crate::oci::error::MAX_MANIFEST_BYTES;
use crate::oci::error::OciError;
use crate::oci::manifest::Descriptor;
use crate::oci::manifest::Manifest;
use crate::oci::manifest::check_content;
use crate::oci::reference::ManifestName;
use crate::oci::reference::read_digest;

/// The name of a manifest, or its end: some tools put the repository before it.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// How `cosign save` marks what it writes.
const KIND: &str = "kind";

/// A folder with images.
#[derive(Clone, Debug)]
pub struct ImageLayout {
    folder: PathBuf,
    /// Which image, where it has several.
    name: Option<ManifestName>,
}

impl ImageLayout {
    /// The layout in `DIR`, `DIR:TAG` or `DIR@DIGEST`.
    ///
    /// # Errors
    /// When the digest is none.
    pub fn parse(text: &str) -> Result<Self, OciError> {
        if let Some((folder, digest)) = text.rsplit_once('@') {
            let digest = read_digest(digest).map_err(|reason| OciError::Reference {
                text: text.to_owned(),
                reason,
            })?;
            return Ok(Self::new(folder, Some(ManifestName::Digest(digest))));
        }
        let tagged = text.rsplit_once(':');
        let tagged = tagged.filter(|(_, tag)| !tag.is_empty() && !tag.contains('/'));
        Ok(match tagged {
            Some((folder, tag)) => Self::new(folder, Some(ManifestName::Tag(tag.to_owned()))),
            None => Self::new(text, None),
        })
    }

    fn new(folder: &str, name: Option<ManifestName>) -> Self {
        Self {
            folder: folder.into(),
            name,
        }
    }

    /// The digest of the image that is named, or of the only one.
    pub(crate) fn resolve(&self) -> Result<ArtifactDigest, OciError> {
        self.check_marker()?;
        let index = self.index()?;
        match &self.name {
            Some(ManifestName::Digest(digest)) => Ok(digest.clone()),
            Some(ManifestName::Tag(tag)) => {
                let found = index.manifests.iter().find(|one| is_called(one, tag));
                let name = || format!("{tag} in {}", self.folder.display());
                found
                    .ok_or_else(|| OciError::NoImage(name()))?
                    .read_digest()
            }
            None => {
                let images = index.manifests.iter().filter(|one| is_image(one));
                let images: Vec<_> = images.collect();
                match images[..] {
                    [image] => image.read_digest(),
                    _ => Err(OciError::WhichImage {
                        path: self.folder.clone(),
                        count: images.len(),
                    }),
                }
            }
        }
    }

    /// The manifest called `name`, if the layout has it.
    pub(crate) fn manifest(&self, name: &ManifestName) -> Result<Option<Bytes>, OciError> {
        let digest = match name {
            ManifestName::Digest(digest) => digest.clone(),
            ManifestName::Tag(tag) => {
                let index = self.index()?;
                let Some(found) = index.manifests.iter().find(|one| is_called(one, tag)) else {
                    return Ok(None);
                };
                found.read_digest()?
            }
        };
        match self.read_blob(&digest, MAX_MANIFEST_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(OciError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// What `descriptor` describes, which has at most `limit` bytes.
    pub(crate) fn blob(&self, descriptor: &Descriptor, limit: usize) -> Result<Bytes, OciError> {
        let bytes = self.read_blob(&descriptor.read_digest()?, limit)?;
        descriptor.check(&bytes)?;
        Ok(bytes)
    }

    /// All that may be attached to an image: what says that it is something, and what nobody named.
    pub(crate) fn referrers(&self) -> Result<Vec<Descriptor>, OciError> {
        let manifests = self.index()?.manifests.into_iter();
        let may_refer = |one: &Descriptor| {
            let is_named = [REF_NAME, KIND]
                .iter()
                .any(|name| one.annotations.contains_key(*name));
            one.artifact_type.is_some() || !is_named
        };
        Ok(manifests.filter(may_refer).collect())
    }

    /// What `cosign save` wrote beside an image: it has one image in a folder.
    pub(crate) fn saved(&self) -> Result<Vec<Descriptor>, OciError> {
        let manifests = self.index()?.manifests.into_iter();
        let is_attached = |one: &Descriptor| {
            let kind = one.annotations.get(KIND).map(String::as_str);
            matches!(
                kind,
                Some("dev.cosignproject.cosign/sigs" | "dev.cosignproject.cosign/atts")
            )
        };
        Ok(manifests.filter(is_attached).collect())
    }

    fn check_marker(&self) -> Result<(), OciError> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Marker {
            image_layout_version: String,
        }
        let path = self.folder.join("oci-layout");
        let json = read(&path, MAX_MANIFEST_BYTES)?;
        let malformed = |reason: String| OciError::Malformed {
            name: path.display().to_string(),
            reason,
        };
        let marker: Marker =
            serde_json::from_slice(&json).map_err(|error| malformed(error.to_string()))?;
        match marker.image_layout_version.starts_with("1.") {
            true => Ok(()),
            false => Err(malformed(format!(
                "it is of version {:?}",
                marker.image_layout_version
            ))),
        }
    }

    fn index(&self) -> Result<Manifest, OciError> {
        let path = self.folder.join("index.json");
        let json = read(&path, MAX_MANIFEST_BYTES)?;
        Manifest::parse(&path.display().to_string(), &json)
    }

    fn read_blob(&self, digest: &ArtifactDigest, limit: usize) -> Result<Bytes, OciError> {
        let text = digest.to_string();
        let (algorithm, digits) = text.split_once(':').unwrap_or_default();
        let path = self.folder.join("blobs").join(algorithm).join(digits);
        let bytes = read(&path, limit)?;
        check_content(digest, &bytes)?;
        Ok(bytes)
    }
}

fn read(path: &Path, limit: usize) -> Result<Bytes, OciError> {
    let read = read_file(path, limit).map_err(|source| OciError::Io {
        path: path.to_owned(),
        source,
    });
    read.map(Bytes::from)
}

fn is_called(manifest: &Descriptor, tag: &str) -> bool {
    let name = manifest.annotations.get(REF_NAME);
    name.is_some_and(|name| {
        let end = name.strip_suffix(tag);
        end.is_some_and(|before| before.is_empty() || before.ends_with(':'))
    })
}

/// Whether a manifest is an image, and nothing that is attached to one.
fn is_image(manifest: &Descriptor) -> bool {
    let kind = manifest.annotations.get(KIND);
    let is_other_kind =
        kind.is_some_and(|kind| !kind.starts_with("dev.cosignproject.cosign/image"));
    let name = manifest.annotations.get(REF_NAME);
    let tag = name.map(|name| name.rsplit(':').next().unwrap_or(name));
    let is_attached =
        tag.is_some_and(|tag| tag.starts_with("sha256-") || tag.starts_with("sha512-"));
    manifest.artifact_type.is_none() && !is_other_kind && !is_attached
}
