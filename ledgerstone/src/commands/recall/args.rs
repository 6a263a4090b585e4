//! The arguments of `recall`.

use std::path::PathBuf;

use anyhow::bail;
use clap::ArgGroup;
use clap::Args;

use crate::connection::LogArguments;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("job").required(true).args(["out", "check"]))]
pub(crate) struct RecallArguments {
    /// What to look for: a TOML file with rules, as `monitor` has it.
    #[arg(long, value_name = "FILE", requires = "out")]
    pub(crate) rules: Option<PathBuf>,

    /// Write the report into this directory: signed heads, each hit with its proof, what was looked
    /// through, a table and a page. Where there is one already, it says what is new since.
    #[arg(long, value_name = "DIR", requires = "rules")]
    pub(crate) out: Option<PathBuf>,

    /// Check the report in this directory, offline.
    #[arg(long, value_name = "DIR")]
    pub(crate) check: Option<PathBuf>,

    /// Read all entries of the signed trees, hash them and match them here, so that for what bodies
    /// say nobody has to take the word of the log.
    #[arg(long, requires = "out")]
    pub(crate) scan: bool,

    /// Trust the trusted root in the directory, if its SHA-256 hash is this: hexadecimal, as
    /// whoever made the report told it by another way than with the report.
    #[arg(
        long,
        value_name = "HEX",
        requires = "check",
        conflicts_with_all = ["trusted_root", "log_key"]
    )]
    pub(crate) trust_hash: Option<String>,

    /// The hash of the report, as whoever made it told it by another way than with the report: then
    /// what it says of what was looked through is theirs too.
    #[arg(long, value_name = "HEX", requires = "check")]
    pub(crate) report_hash: Option<String>,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

/// What is to be done.
pub(crate) enum Job {
    Make { rules: PathBuf, directory: PathBuf },
    Check { directory: PathBuf },
}

impl RecallArguments {
    pub(crate) fn job(&self) -> anyhow::Result<Job> {
        match (&self.rules, &self.out, &self.check) {
            (Some(rules), Some(directory), None) => Ok(Job::Make {
                rules: rules.clone(),
                directory: directory.clone(),
            }),
            (_, None, Some(directory)) => Ok(Job::Check {
                directory: directory.clone(),
            }),
            _ => bail!("give --rules and --out, or --check"),
        }
    }
}
