//! Measures what the log reaches, on this machine and beside what it is measured against in the
//! same run.
//!
//! Every command is bounded in time and count, stays on the loopback interface, works in a
//! temporary directory that it removes, and prints the facts that its figures depend on: processor,
//! cores, load, latency of a disk sync.

mod append;
mod certificate;
mod check;
mod connection;
mod grow;
mod hash;
mod load;
mod machine;
mod metrics;
mod multiplexed;
mod overload;
mod report;
mod requests;
mod server;
mod statistics;
mod submit;
mod units;
mod verify;

use std::process::ExitCode;

use clap::Parser;
use clap::Subcommand;

/// Load generator and benchmarks of Ledgerstone.
///
/// Build and run with the release profile, beside a release build of the server:
///
///   cargo build --release -p ledgerstone -p ledgerstone-benches
///   target/release/ledgerstone-bench submit
///
/// Figures are for the machine that they were measured on. Ratios and multiples compare two
/// measurements of one run.
#[derive(Parser)]
#[command(version, verbatim_doc_comment)]
struct Arguments {
    /// Print one JSON object instead of a table.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Submit signed entries to a fresh server over HTTP/1.1, and check what it answers.
    Submit(submit::Arguments),
    /// Submit more than a server can take, by clients that do not wait for each other.
    Overload(overload::Arguments),
    /// Append through the library, and compare with synced batches of a plain RocksDB.
    Append(append::Arguments),
    /// Hash nodes and leaves, and compare with one digest at a time.
    Hash(hash::Arguments),
    /// Fill a log, then measure its size on disk, its start and its memory.
    Grow(grow::Arguments),
    /// Measure single signatures and verifications, and the disk sync.
    VerifyUnit(units::Arguments),
    /// Verify bundles with certificates, as `ledgerstone verify` does.
    Verify(verify::Arguments),
}

fn main() -> ExitCode {
    if cfg!(debug_assertions) {
        eprintln!("error: figures of a debug build say nothing; add --release");
        return ExitCode::FAILURE;
    }
    let arguments = Arguments::parse();
    let report = match arguments.command {
        Command::Submit(arguments) => submit::run(&arguments),
        Command::Overload(arguments) => overload::run(&arguments),
        Command::Append(arguments) => append::run(&arguments),
        Command::Hash(arguments) => hash::run(&arguments),
        Command::Grow(arguments) => grow::run(&arguments),
        Command::VerifyUnit(arguments) => units::run(&arguments),
        Command::Verify(arguments) => verify::run(&arguments),
    };
    match report {
        Ok(report) if arguments.json => println!("{:#}", report.to_json()),
        Ok(report) => print!("{report}"),
        Err(error) => {
            eprintln!("error: {error:#}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
