mod audit;
pub(crate) mod fsck;
mod get;
pub(crate) mod import;
mod monitor;
mod proof;
pub(crate) mod reindex;
mod search;
pub(crate) mod serve;
mod sign;
mod submit;
pub(crate) mod tree;
mod trust;
mod verify;

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::Submitted;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use tokio::runtime::Runtime;

use crate::args::Arguments;
use crate::args::Command;
use crate::args::LogArguments;
use crate::args::ProofCommand;
use crate::args::TreeArguments;
use crate::output::Report;

/// Does what the command line says.
pub(crate) fn run(arguments: Arguments) -> anyhow::Result<()> {
    let json = arguments.json;
    let runtime = || Runtime::new().context("the async runtime cannot be started");
    let report = match arguments.command {
        Command::Serve(arguments) => return serve::run(*arguments, json),
        Command::Fsck(arguments) => return fsck::run(&arguments, json),
        Command::Reindex(arguments) => reindex::run(&arguments),
        Command::Sign(arguments) => runtime()?.block_on(sign::run(arguments)),
        Command::Submit(arguments) => runtime()?.block_on(submit::run(arguments)),
        Command::Verify(arguments) => verify::run(arguments),
        Command::Get(arguments) => return runtime()?.block_on(get::run(arguments, json)),
        Command::Proof(ProofCommand::Inclusion(arguments)) => {
            runtime()?.block_on(proof::inclusion(arguments))
        }
        Command::Proof(ProofCommand::Consistency(arguments)) => {
            runtime()?.block_on(proof::consistency(arguments))
        }
        Command::Audit(arguments) => runtime()?.block_on(audit::run(arguments)),
        Command::Import(arguments) => runtime()?.block_on(import::run(arguments)),
        Command::Monitor(arguments) => return runtime()?.block_on(monitor::run(arguments, json)),
        Command::Search(arguments) => return runtime()?.block_on(search::run(arguments, json)),
        Command::Tree(command) => return tree::run(&command, json),
        Command::Trust(arguments) => runtime()?.block_on(trust::run(arguments)),
    };
    Ok(report?.print(json)?)
}

const PROGRESS: &str = "{bar:30} {human_pos} of {human_len} entries, {per_sec}, {eta} left";

/// How far in a log a command is. Draws on standard error, and only where that is a terminal.
fn entries_bar(entries: u64) -> ProgressBar {
    let bar = ProgressBar::new(entries);
    if let Ok(style) = ProgressStyle::with_template(PROGRESS) {
        bar.set_style(style);
    }
    bar
}

fn transport(arguments: &LogArguments) -> Result<Transport, Error> {
    let request_timeout = Duration::from_secs(arguments.timeout);
    let options = TransportOptions {
        request_timeout,
        ..TransportOptions::default()
    };
    Ok(Transport::new(&arguments.url, options)?)
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
}

/// The tree that was asked for, or the one that grows.
fn tree(transport: Transport, tree: &TreeArguments) -> LogApi {
    let api = LogApi::new(transport);
    match tree.tree_id {
        Some(tree_id) => api.tree(tree_id),
        None => api,
    }
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))
}

fn write(path: &Path, content: &str) -> anyhow::Result<()> {
    fs::write(path, content).with_context(|| format!("{} cannot be written", path.display()))
}

/// `path` with `.suffix` after its whole name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// What `sign` and `submit` tell about a logged entry.
fn report_submitted(submitted: &Submitted, url: &str) -> Report {
    let entry = &submitted.entry;
    Report::new()
        .field("log", "origin", entry.checkpoint().origin.clone())
        .field("index", "index", entry.index().get())
        .field("leaf hash", "leafHash", entry.leaf_hash().to_string())
        .field(
            "kind",
            "kind",
            format!("{} {}", entry.kind(), entry.version()),
        )
        .field("tree size", "treeSize", entry.proof().size.get())
        .field("duplicate", "duplicate", submitted.duplicate)
        .field("url", "url", url)
}
