//! Ledgerstone: a transparency log for signed software artifacts, and the tools of its signers,
//! verifiers and auditors.

mod cli;
mod commands;
mod connection;
mod exit;
mod files;
mod kind;
#[cfg(feature = "server")]
mod log_place;
mod output;
mod progress;
mod run;
mod shell;
mod trust;

use std::process::ExitCode;

use crate::cli::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse_or_exit();
    let json = arguments.json;
    match run::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error, json),
    }
}
