//! The artifacts and bundles that a command line names.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::Attached;
use ledgerstone_client::Bundle;
use ledgerstone_client::BundleEntry;
use ledgerstone_client::Error;
use ledgerstone_client::Image;
use ledgerstone_client::MAX_SIGSTORE_BUNDLE_BYTES;
use ledgerstone_client::MAX_TIMESTAMP_BYTES;

use crate::commands::verify::args::VerifyArguments;
use crate::commands::verify::images::NamedImage;
use crate::files::beside;
use crate::files::check_file;
use crate::files::read;
use crate::files::read_limited;
use crate::files::read_text;
use crate::kind::FileKind;

/// An artifact, with what may be its bundles.
pub(crate) struct Input {
    /// What people call it.
    pub(crate) name: String,
    pub(crate) artifact: Artifact,
    /// The numbers of its bundles.
    pub(crate) bundles: Vec<usize>,
    /// What of it is no bundle: where it is, and why not.
    pub(crate) unusable: Vec<(String, String)>,
    /// Of an image: the digest that its name means now.
    pub(crate) digest: Option<String>,
}

impl Input {
    fn new(name: String, artifact: Artifact) -> Self {
        Self {
            name,
            artifact,
            bundles: Vec::new(),
            unusable: Vec::new(),
            digest: None,
        }
    }
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
    let mut bundles = named_bundles(arguments)?;
    let are_named = !bundles.is_empty();
    let mut inputs = artifacts(arguments, are_named, &mut bundles)?;
    if are_named {
        for input in &mut inputs {
            input.bundles = (0..bundles.len()).collect();
        }
    }
    Ok((inputs, bundles))
}

/// All artifacts. Where no bundles are named, those of each are added to `bundles`.
fn artifacts(
    arguments: &VerifyArguments,
    are_named: bool,
    bundles: &mut Vec<NamedBundle>,
) -> anyhow::Result<Vec<Input>> {
    if let Some(digest) = &arguments.digest {
        let parsed = ArtifactDigest::parse(digest).map_err(Error::from)?;
        return Ok(vec![Input::new(digest.clone(), Artifact::Digest(parsed))]);
    }
    let mut inputs = Vec::new();
    for path in &arguments.files {
        let image = NamedImage::parse(path).map_err(Error::from)?;
        if let Some(image) = image {
            let (image, attached) = image.fetch(path, !are_named, arguments.trust.offline)?;
            inputs.push(image_input(&image, attached, are_named, bundles));
            continue;
        }
        check_file(path)?;
        let mut input = Input::new(path.display().to_string(), Artifact::File(path.clone()));
        if !are_named {
            input.bundles.push(bundles.len());
            bundles.push(read_bundle(&beside(path, ".sigstore.json"))?);
        }
        inputs.push(input);
    }
    Ok(inputs)
}

fn image_input(
    image: &Image,
    attached: Vec<Attached>,
    are_named: bool,
    bundles: &mut Vec<NamedBundle>,
) -> Input {
    let mut input = Input::new(image.name().to_owned(), image.artifact());
    input.digest = Some(image.digest().to_string());
    if attached.is_empty() && !are_named {
        let name = image.name().to_owned();
        let reason = "no signature is attached to the image".to_owned();
        input.unusable.push((name, reason));
    }
    for Attached { name, bundle } in attached {
        match bundle {
            Ok(bundle) => {
                input.bundles.push(bundles.len());
                bundles.push(NamedBundle { name, bundle });
            }
            Err(error) => input.unusable.push((name, error.to_string())),
        }
    }
    input
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
    let json = read_limited(path, MAX_SIGSTORE_BUNDLE_BYTES);
    let json = json.map_err(|error| with_mix_up(path, error))?;
    let bundle = match Bundle::is_cosign(&json) {
        true => Bundle::parse_cosign(&json),
        false => Bundle::parse(&json),
    };
    Ok(NamedBundle {
        name: path.display().to_string(),
        bundle: bundle
            .map_err(Error::from)
            .with_context(|| match FileKind::of(&json) {
                FileKind::Bundle => format!("{} does not verify", path.display()),
                kind => kind.instead_of(path, "a Sigstore bundle is needed"),
            })?,
    })
}

/// `error`, and where the bundle of a bundle was looked for, what to write instead.
fn with_mix_up(path: &Path, error: anyhow::Error) -> anyhow::Error {
    // The name of the file that is verified, whose bundle is looked for beside it.
    let file = path.with_extension("").with_extension("");
    match read(&file).map(|content| FileKind::of(&content)) {
        Ok(FileKind::Bundle) => error.context(format!(
            "{} is a Sigstore bundle: name the file that was signed, and this one with --bundle",
            file.display()
        )),
        _ => error,
    }
}
