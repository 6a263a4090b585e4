use std::fs;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use ledgerstone_client::Artifact;
use ledgerstone_client::Bundle;
use ledgerstone_client::Expectation;
use ledgerstone_client::ExpectedSigner;
use ledgerstone_client::Instance;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::verify;

use crate::machine::Machine;
use crate::machine::time_of;
use crate::report::Column;
use crate::report::Report;

/// The arguments of `verify`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// A bundle with a certificate. May be given more than once.
    #[arg(long, value_name = "PATH", required = true)]
    bundle: Vec<PathBuf>,

    /// The artifact of all of them.
    #[arg(long, value_name = "FILE")]
    artifact: PathBuf,

    /// The trusted root of all of them [default: that of Sigstore's public instance, as shipped]
    #[arg(long, value_name = "FILE")]
    trusted_root: Option<PathBuf>,
}

/// Windows of calls, each timed as a whole. The figure is the median window's.
const WINDOWS: usize = 21;
const CALLS: usize = 50;

/// Measures what a bundle costs from its JSON to the verdict, on one thread, in processor time. The
/// trusted root was read before.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let mut report = Report::new("verify", Machine::look());
    let trust = match &arguments.trusted_root {
        Some(path) => TrustedRoot::parse(&fs::read(path)?)?,
        None => Instance::named("sigstore")
            .context("the public instance is not known")?
            .shipped()?,
    };
    let artifact = Artifact::Bytes(fs::read(&arguments.artifact)?);
    let expected = Expectation::of(ExpectedSigner::AnyCertified);
    for path in &arguments.bundle {
        let json = fs::read(path)?;
        let check = || -> anyhow::Result<()> {
            verify(&Bundle::parse(&json)?, &artifact, &expected, &trust)?;
            Ok(())
        };
        check().with_context(|| format!("{} does not verify", path.display()))?;
        let nanos = time_of(WINDOWS, CALLS, |_| {
            assert!(check().is_ok(), "a good bundle is refused");
        });
        report.push(Column::new(path.display().to_string()).figure(
            "bundle read and verified, ms",
            "verifyMs",
            nanos / 1e6,
            3,
        ));
    }
    Ok(report)
}
