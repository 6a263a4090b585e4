//! `recall`: all that some rules are about, as a report that others check offline.

mod args;
mod check;
mod make;

use args::Job;
pub(crate) use args::RecallArguments;

/// Makes a report, or checks one.
pub(crate) async fn run(arguments: RecallArguments, json: bool) -> anyhow::Result<()> {
    match arguments.job()? {
        Job::Make { rules, directory } => make::run(&arguments, &rules, directory, json).await,
        Job::Check { directory } => check::run(&arguments, directory, json),
    }
}
