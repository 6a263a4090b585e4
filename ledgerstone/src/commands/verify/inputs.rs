//! The artifacts and bundles that a command line names.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleEntry;
use ledgerstone_client::Error;
use ledgerstone_client::MAX_SIGSTORE_BUNDLE_BYTES;
use ledgerstone_client::MAX_TIMESTAMP_BYTES;

use crate::commands::verify::args::VerifyArguments;
use crate::files::beside;
use crate::files::read_limited;
use crate::files::read_text;

/// An artifact, with what may be its bundles.
pub(crate) struct Input {
    /// What people call it.
    pub(crate) name: String,
    pub(crate) artifact: Artifact,
    /// The numbers of its bundles.
    pub(crate) bundles: Vec<usize>,
}

/// A bundle, and where it was.
pub(crate) struct NamedBundle {
    pub(crate) name: String,
    pub(crate) bundle: Bundle,
}

/// All artifacts, and all bundles. Where bundles are named, each may be of each artifact.
pub(crate) fn inputs(
    arguments: &VerifyArguments,
) -> anyhow::Result<(Vec<Input>, Vec<NamedBundle>)> {
    let artifacts = artifacts(arguments)?;
    let named = named_bundles(arguments)?;
    if !named.is_empty() {
        let all = || (0..named.len()).collect();
        let inputs = artifacts.into_iter().map(|(name, artifact)| Input {
            name,
            artifact,
            bundles: all(),
        });
        return Ok((inputs.collect(), named));
    }
    let (mut inputs, mut bundles) = (Vec::new(), Vec::new());
    for (name, artifact) in artifacts {
        let path = beside(Path::new(&name), ".sigstore.json");
        inputs.push(Input {
            name,
            artifact,
            bundles: vec![bundles.len()],
        });
        bundles.push(read_bundle(&path)?);
    }
    Ok((inputs, bundles))
}

fn artifacts(arguments: &VerifyArguments) -> anyhow::Result<Vec<(String, Artifact)>> {
    if let Some(digest) = &arguments.digest {
        let parsed = ArtifactDigest::parse(digest).map_err(Error::from)?;
        return Ok(vec![(digest.clone(), Artifact::Digest(parsed))]);
    }
    let files = arguments.files.iter();
    Ok(files
        .map(|path| (path.display().to_string(), Artifact::File(path.clone())))
        .collect())
}

fn named_bundles(arguments: &VerifyArguments) -> anyhow::Result<Vec<NamedBundle>> {
    let Some(path) = &arguments.signature else {
        return arguments
            .bundle
            .iter()
            .map(|path| read_bundle(path))
            .collect();
    };
    let certificate = arguments.certificate.as_ref().map(|path| read_text(path));
    let timestamps = arguments.timestamp.iter();
    let timestamps = timestamps
        .map(|path: &PathBuf| anyhow::Ok(read_limited(path, MAX_TIMESTAMP_BYTES)?.into()));
    let timestamps = timestamps.collect::<anyhow::Result<Vec<_>>>()?;
    let bundle = Bundle::detached(
        &read_limited(path, MAX_SIGSTORE_BUNDLE_BYTES)?,
        certificate.transpose()?.as_deref(),
        timestamps,
    );
    let entries = arguments.entry.iter().map(|path| read_entry(path));
    Ok(vec![NamedBundle {
        name: path.display().to_string(),
        bundle: Bundle {
            entries: entries.collect::<anyhow::Result<_>>()?,
            ..bundle.map_err(Error::from)?
        },
    }])
}

fn read_entry(path: &Path) -> anyhow::Result<BundleEntry> {
    let entry = BundleEntry::parse_rekor_v1(&read_limited(path, MAX_SIGSTORE_BUNDLE_BYTES)?);
    let entry = entry.map_err(Error::from);
    entry.with_context(|| format!("{} does not verify", path.display()))
}

fn read_bundle(path: &Path) -> anyhow::Result<NamedBundle> {
    let json = read_limited(path, MAX_SIGSTORE_BUNDLE_BYTES)?;
    let bundle = match Bundle::is_cosign(&json) {
        true => Bundle::parse_cosign(&json),
        false => Bundle::parse(&json),
    };
    Ok(NamedBundle {
        name: path.display().to_string(),
        bundle: bundle
            .map_err(Error::from)
            .with_context(|| format!("{} does not verify", path.display()))?,
    })
}
