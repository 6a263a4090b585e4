//! Ledgerstone: a transparency log for signed software artifacts, and the tools of its signers, verifiers and auditors.

mod args;
mod commands;
mod exit;
mod output;
mod trust;

use std::process::ExitCode;

use crate::args::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse_or_exit();
    let json = arguments.json;
    match commands::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => exit::report(&error, json),
    }
}
