//! Checking a data directory without a server.

use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use ledgerstone_instance::CheckedTree;
use ledgerstone_instance::Instance;
use ledgerstone_instance::StoreCheck;
use ledgerstone_log::Finding;
use ledgerstone_log::Protocols;
use ledgerstone_storage::ShardId;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;

use crate::output;
use crate::output::OutputError;

/// The arguments of `fsck`.
#[derive(Args, Debug)]
pub(crate) struct Fsck {
    /// Directory of the log
    #[arg(
        long,
        env = "LEDGERSTONE_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    data_dir: PathBuf,
    /// Directory of the log's keys [default: keys in the data directory]
    #[arg(long, env = "LEDGERSTONE_KEY_DIR", value_name = "DIR")]
    key_dir: Option<PathBuf>,
    /// When the store is sound and only the checkpoint outside it is missing or unreadable: accept
    /// the store as the newest, and sign its head
    #[arg(long)]
    accept_head: bool,
}

/// The store is damaged: the findings have been printed.
#[derive(Debug, Error)]
#[error("the store is damaged")]
pub(crate) struct Damaged {
    /// Whether everything is printed that is to be, so that only the exit code is left.
    pub(crate) is_printed: bool,
}

/// Checks every tree of the store.
pub(crate) fn run(arguments: &Fsck, json: bool) -> anyhow::Result<()> {
    let instance = Instance::new(&arguments.data_dir, arguments.key_dir.clone());
    let check = instance.check(Protocols::default(), arguments.accept_head)?;
    let (mut sound, mut printed) = (true, Vec::new());
    for shard in check.shards() {
        let tree = check_tree(&check, *shard)?;
        sound &= tree.is_sound();
        if json {
            printed.push(tree_json(&tree));
        } else {
            print(&tree_text(&tree), sound)?;
        }
    }
    if json {
        let report = json!({ "sound": sound, "shards": printed }).to_string();
        print(&report, sound)?;
    }
    match sound {
        true => Ok(()),
        false => Err(Damaged { is_printed: json }.into()),
    }
}

fn check_tree(check: &StoreCheck, shard: ShardId) -> anyhow::Result<CheckedTree> {
    // Drawn on stderr, and only where that is a terminal.
    let bar = ProgressBar::new(0);
    let template = "{bar:30} {pos} of {len} entries, {per_sec}, {eta} left";
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let checked = check.check(shard, &mut |checked, size| {
        bar.set_length(size.get());
        bar.set_position(checked.get());
    });
    bar.finish_and_clear();
    Ok(checked?)
}

/// Prints what was found. When nobody reads it the code still tells of the damage.
fn print(text: &str, sound: bool) -> anyhow::Result<()> {
    match output::line(text) {
        Err(OutputError::Closed) if !sound => Ok(()),
        other => Ok(other?),
    }
}

fn origin(tree: &CheckedTree) -> &str {
    let identity = tree.identity.as_ref();
    identity.map_or("", |identity| identity.origin.as_str())
}

fn tree_json(tree: &CheckedTree) -> Value {
    let report = &tree.report;
    let findings: Vec<String> = report.findings.iter().map(Finding::to_string).collect();
    let tree_id = tree
        .identity
        .as_ref()
        .map(|identity| identity.tree_id.to_string());
    json!({
        "shard": tree.shard.get(),
        "origin": origin(tree),
        "treeId": tree_id,
        "size": report.size.get().to_string(),
        "rootHash": report.root.to_string(),
        "bytes": report.bytes.to_string(),
        "tiles": report.tiles.to_string(),
        "checkpointSignatureVerified": tree.unverified.is_none(),
        "findings": findings,
        "headAccepted": tree.is_accepted,
    })
}

fn tree_text(tree: &CheckedTree) -> String {
    let (report, shard) = (&tree.report, tree.shard);
    let mut lines = vec![
        format!("log        {} (shard {shard})", origin(tree)),
        format!("size       {}", report.size),
        format!("root       {}", report.root),
        format!(
            "checked    {} bytes of entries, {} full tiles",
            report.bytes, report.tiles
        ),
    ];
    if let Some(reason) = &tree.unverified {
        lines.push(format!(
            "note       the signature of the checkpoint is not verified: {reason}"
        ));
    }
    for finding in &report.findings {
        lines.push(format!("found      {finding}"));
    }
    let result = match (report.findings.is_empty(), tree.is_accepted) {
        (true, _) => "sound",
        (false, true) => "the entries are sound; the head is accepted and its checkpoint is kept",
        (false, false) => "damaged",
    };
    lines.push(format!("result     {result}"));
    lines.join("\n")
}
