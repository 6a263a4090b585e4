//! Images that a command line names, and what is attached to them.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::Attached;
use ledgerstone_client::Error;
use ledgerstone_client::Image;
use ledgerstone_client::ImageLayout;
use ledgerstone_client::ImageReference;
use ledgerstone_client::MAX_CREDENTIALS_BYTES;
use ledgerstone_client::OciError;
use ledgerstone_client::RegistryCredentials;
use ledgerstone_client::TransportOptions;
use tokio::runtime::Runtime;

use crate::files::read_limited;

/// What says that an argument is the name of an image in a registry.
const REGISTRY: &str = "oci://";

/// What says that an argument is a folder with images.
const LAYOUT: &str = "oci-layout:";

/// An image that a command line names.
pub(crate) enum NamedImage {
    Registry(ImageReference),
    Layout(ImageLayout),
}

impl NamedImage {
    /// The image that `argument` names; `None` where that is a file.
    pub(crate) fn parse(argument: &Path) -> Result<Option<Self>, OciError> {
        let Some(text) = argument.to_str() else {
            return Ok(None);
        };
        if let Some(layout) = text.strip_prefix(LAYOUT) {
            return Ok(Some(Self::Layout(ImageLayout::parse(layout)?)));
        }
        let reference = match text.strip_prefix(REGISTRY) {
            Some(reference) => reference,
            None if !argument.exists() && ImageReference::is_likely(text) => text,
            None => return Ok(None),
        };
        Ok(Some(Self::Registry(ImageReference::parse(reference)?)))
    }

    /// The image, and all that is attached to it where that is wanted.
    pub(crate) fn fetch(
        self,
        argument: &Path,
        with_attached: bool,
        is_offline: bool,
    ) -> anyhow::Result<(Image, Vec<Attached>)> {
        let runtime = Runtime::new().context("the async runtime cannot be started")?;
        runtime.block_on(self.fetched(argument, with_attached, is_offline))
    }

    /// The same for those who wait already.
    pub(crate) async fn fetched(
        self,
        argument: &Path,
        with_attached: bool,
        is_offline: bool,
    ) -> anyhow::Result<(Image, Vec<Attached>)> {
        let image = match self {
            Self::Registry(_) if is_offline => anyhow::bail!(
                "{} is in a registry, which --offline does not ask: give an oci-layout:DIR",
                argument.display()
            ),
            Self::Registry(reference) => {
                let credentials = credentials(reference.registry())?;
                let options = TransportOptions::default();
                Image::in_registry(reference, credentials, options).await
            }
            Self::Layout(layout) => Image::in_layout(&argument.display().to_string(), layout).await,
        };
        let image = image.map_err(Error::from)?;
        let attached = match with_attached {
            true => image.attached().await.map_err(Error::from)?,
            false => Vec::new(),
        };
        Ok((image, attached))
    }
}

/// The credentials for `registry` in the first file of docker or podman that has some.
fn credentials(registry: &str) -> anyhow::Result<Option<RegistryCredentials>> {
    for path in credential_files() {
        if !path.is_file() {
            continue;
        }
        let json = read_limited(&path, MAX_CREDENTIALS_BYTES)?;
        let found = RegistryCredentials::find(&json, registry).map_err(Error::from);
        let found = found.with_context(|| path.display().to_string())?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Where docker and podman keep credentials.
fn credential_files() -> Vec<PathBuf> {
    let folder = |name: &str, rest: &str| {
        let value = std::env::var_os(name).filter(|value| !value.is_empty());
        value.map(|value| PathBuf::from(value).join(rest))
    };
    let docker = folder("DOCKER_CONFIG", "config.json");
    let files = [
        folder("REGISTRY_AUTH_FILE", ""),
        folder("XDG_RUNTIME_DIR", "containers/auth.json"),
        docker.or_else(|| folder("HOME", ".docker/config.json")),
    ];
    files.into_iter().flatten().collect()
}
