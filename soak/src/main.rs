//! Tries a log with everything that can go wrong, in rounds: honest clients at work, one fault
//! under them, and a check of everything that the log ever promised.
//!
//! It runs the real `ledgerstone` and talks to it over the loopback interface, with addresses of
//! its own for honest and for hostile clients. It knows nothing of the store. What was acknowledged
//! and signed is remembered beside the log, over all rounds of a run.

mod attacks;
mod caller;
mod clients;
mod faults;
mod filling;
mod keys;
mod model;
mod program;
mod record;
mod round;
mod run;
mod scene;
mod server;
mod site;
mod table;
mod told;
mod trial;
mod verify;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use clap::Parser;
use clap::Subcommand;
use ledgerstone_tests::random::Random;
use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;
use tokio::signal::ctrl_c;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::program::Program;
use crate::run::Plan;
use crate::run::Run;
use crate::site::Site;
use crate::table::Table;
use crate::trial::Trial;

/// Tries Ledgerstone with everything that can go wrong.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Play rounds over one log.
    Run(RunArguments),
    /// Print the sum of all results as a table.
    Table {
        /// Directory with files of results.
        #[arg(long, value_name = "DIR", default_value = "docs/reliability")]
        results: PathBuf,
    },
}

#[derive(Args)]
struct RunArguments {
    /// Rounds to play, at most.
    #[arg(long, value_name = "COUNT")]
    rounds: Option<u64>,
    /// Minutes to play, at most; 10 where neither bound is given.
    #[arg(long, value_name = "COUNT")]
    minutes: Option<u64>,
    /// Seed of the faults; by default a new one, which is printed.
    #[arg(long)]
    seed: Option<u64>,
    /// The ledgerstone binary; by default the one beside this program.
    #[arg(long, value_name = "FILE")]
    bin: Option<PathBuf>,
    /// Directory of the run. A log in it is gone on with.
    #[arg(long, value_name = "DIR", default_value = "target/soak")]
    dir: PathBuf,
    /// Only these faults and attacks, by their names in results; `two` is any two faults in a row,
    /// and `proxy` any attack through a proxy.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    only: Vec<String>,
    /// Leave out what needs file systems of its own, as if this were not root.
    #[arg(long)]
    no_disks: bool,
    /// File that the result of each round is added to, as one JSON object a line.
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// The commit of the binary, for the results.
    #[arg(long, default_value = "unknown")]
    commit: String,
    /// Print the results as JSON.
    #[arg(long)]
    json: bool,
}

/// Minutes of a run that no argument bounds.
const DEFAULT_MINUTES: u64 = 10;

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Run(arguments) => run(arguments),
        Command::Table { results } => Table::of(&results).map(|table| print!("{table}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: RunArguments) -> anyhow::Result<()> {
    raise_descriptors()?;
    let program = Program::find(arguments.bin.as_deref())?;
    let site = Site::open(&arguments.dir, !arguments.no_disks)?;
    let left_out = site.why_no_disks().map_or_else(String::new, |reason| {
        format!("; power cuts and full disks are left out: {reason}")
    });
    let seed = arguments.seed.unwrap_or_else(Random::fresh_seed);
    eprintln!("seed {seed}, log in {}{left_out}", site.data().display());
    let minutes = match (arguments.rounds, arguments.minutes) {
        (None, None) => Some(DEFAULT_MINUTES),
        (_, minutes) => minutes,
    };
    let plan = Plan {
        rounds: arguments.rounds,
        time: minutes.map(|minutes| Duration::from_secs(60 * minutes)),
        seed,
        families: Trial::families(&arguments.only, site.why_no_disks().is_none()),
        commit: arguments.commit,
        results: arguments.results,
        json: arguments.json,
    };
    let run = Run::new(plan, program, site)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let sum = runtime.block_on(async {
        let mut terminated = signal(SignalKind::terminate())?;
        tokio::select! {
            sum = run.play() => sum,
            _ = ctrl_c() => bail!("interrupted"),
            _ = terminated.recv() => bail!("interrupted"),
        }
    })?;
    eprintln!(
        "{} rounds, {} entries acknowledged, {} bad rounds{left_out}",
        sum.rounds, sum.acknowledged, sum.bad
    );
    match sum.bad {
        0 => Ok(()),
        bad => bail!("something was lost, forked, wrong or not recovered in {bad} rounds"),
    }
}

/// Idle connections need descriptors on both sides.
fn raise_descriptors() -> anyhow::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    Ok(setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            ..limit
        },
    )?)
}
