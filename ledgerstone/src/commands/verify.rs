//! `verify`: checks a file with its bundle, offline.

use std::path::PathBuf;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Artifact;
use ledgerstone_client::ArtifactDigest;
use ledgerstone_client::Bundle;
use ledgerstone_client::Error;
use ledgerstone_client::read_verifier_pem;
use ledgerstone_client::verify;

use crate::files::beside;
use crate::files::read;
use crate::files::read_text;
use crate::output::Report;
use crate::output::time;
use crate::trust;
use crate::trust::TrustedLogArguments;

pub(crate) const VERIFY_HELP: &str = "What is verified:
  Bundles of version 0.1 to 0.3 with entries of Rekor v2 (hashedrekord 0.0.2, dsse 0.0.2) and of
  Rekor v1 (hashedrekord 0.0.1, dsse 0.0.1, intoto 0.0.1 and 0.0.2). The signature has to be
  over the file, the entry about this signature, key and file, and the log has to hold it:
  'inclusion proven' by an inclusion proof and the checkpoint that the log signed. A Rekor v1
  also promises, with a time ('promised at'); the promise is verified wherever there is one, and
  its time has to lie in that of the log's key. Bundles of version 0.1 may have the promise
  alone: then inclusion is 'promised', and so it says. Names what it did not verify as 'not
  checked': of a certificate, only that its key made the signature.";

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("trusted").required(true).args(["trusted_root", "log_key"]))]
#[command(group = ArgGroup::new("subject").required(true).args(["file", "digest"]))]
pub(crate) struct VerifyArguments {
    /// The file that was signed.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,

    /// The digest of what was signed, where the file is not at hand: sha256:HEX, sha384:HEX or
    /// sha512:HEX.
    #[arg(long, value_name = "DIGEST", requires = "bundle")]
    pub(crate) digest: Option<String>,

    /// The bundle, instead of FILE.sigstore.json.
    #[arg(long, value_name = "PATH")]
    pub(crate) bundle: Option<PathBuf>,

    /// The signer's public key or certificate as PEM. A bundle made with a key needs it.
    #[arg(long, value_name = "PEM")]
    pub(crate) key: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

pub(crate) fn run(arguments: VerifyArguments) -> anyhow::Result<Report> {
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
