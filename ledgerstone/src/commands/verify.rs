use anyhow::Context;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::Bundle;
use ledgerstone_client::Error;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify;

use crate::args::VerifyArguments;
use crate::commands::beside;
use crate::commands::get::time;
use crate::commands::read;
use crate::commands::read_text;
use crate::output::Report;
use crate::trust;

pub(super) fn run(arguments: VerifyArguments) -> anyhow::Result<Report> {
    let logs = trust::named(&arguments.trust)?.context("give --trusted-root or --log-key")?;
    let artifact = match (&arguments.file, &arguments.digest) {
        (Some(path), _) => Artifact::File(path.clone()),
        (None, Some(digest)) => {
            Artifact::Digest(ArtifactDigest::parse(digest).map_err(Error::from)?)
        }
        (None, None) => anyhow::bail!("give a file or --digest"),
    };
    let beside_file = || {
        arguments
            .file
            .as_ref()
            .map(|path| beside(path, ".sigstore.json"))
    };
    let bundle_path = arguments
        .bundle
        .clone()
        .or_else(beside_file)
        .context("give --bundle")?;
    let bundle = Bundle::parse(&read(&bundle_path)?).map_err(Error::from)?;
    let key = arguments.key.as_ref().map(|path| {
        let pem = read_text(path)?;
        read_verifier_pem(&pem)
            .map(|(key, _)| key)
            .with_context(|| format!("{} is not a public key or certificate", path.display()))
    });
    let verified =
        verify(&bundle, &artifact, key.transpose()?.as_ref(), &logs).map_err(Error::from)?;

    let mut report = Report::new()
        .field("verified", "verified", true)
        .field(
            "signed by",
            "signedBy",
            match verified.certified {
                true => format!(
                    "{} key in the bundle's certificate",
                    verified.key.key_type()
                ),
                false => format!("{} key that was given", verified.key.key_type()),
            },
        )
        .field("bundle", "bundle", bundle_path.display().to_string());
    for entry in &verified.entries {
        let (inclusion, promise) = (&entry.inclusion, &entry.promise);
        report = report
            .field("log", "origin", entry.origin.clone())
            .optional(
                "index",
                "index",
                inclusion.map(|inclusion| inclusion.index.get()),
            )
            // Of a Rekor v1: over all of its trees.
            .optional(
                "log index",
                "logIndex",
                promise.map(|promise| promise.index),
            )
            .field("kind", "kind", entry.kind.clone())
            .optional(
                "tree size",
                "treeSize",
                inclusion.map(|inclusion| inclusion.size.get()),
            )
            .field(
                "inclusion",
                "inclusion",
                match inclusion {
                    Some(_) => "proven",
                    None => "promised",
                },
            )
            .optional(
                "promised at",
                "integratedTime",
                promise.map(|promise| time(promise.time)),
            );
    }
    let not_checked: Vec<_> = verified
        .not_checked
        .iter()
        .map(ToString::to_string)
        .collect();
    Ok(report.field("not checked", "notChecked", not_checked))
}
