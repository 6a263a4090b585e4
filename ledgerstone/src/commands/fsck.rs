//! Checking a data directory without a server.

use std::path::PathBuf;

use clap::Args;
use ledgerstone_instance::CheckedTree;
use ledgerstone_instance::ComparedTree;
use ledgerstone_instance::Instance;
use ledgerstone_instance::InstanceError;
use ledgerstone_instance::StoreCheck;
use ledgerstone_instance::StoreMark;
use ledgerstone_log::Finding;
use ledgerstone_log::Protocols;
use ledgerstone_storage::Damage;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;

use crate::files::read_text;
use crate::output;
use crate::output::OutputError;
use crate::progress::entries_bar;
use crate::progress::show;

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
    /// Drop the end of the write-ahead log from its first damage on. Entries that are named may be
    /// lost with it, so that the log is not served before --compare-with
    #[arg(long, conflicts_with = "accept_head")]
    drop_torn_round: bool,
    /// After --drop-torn-round: prove that the log extends this checkpoint, which a witness, a
    /// mirror or somebody else kept, and let it be served again. Once for each tree that takes
    /// entries
    #[arg(long, value_name = "FILE", conflicts_with_all = ["accept_head", "drop_torn_round"])]
    compare_with: Vec<PathBuf>,
}

/// The store is damaged: the findings have been printed.
#[derive(Debug, Error)]
#[error("the store is damaged")]
pub(crate) struct Damaged {
    /// Whether everything is printed that is to be, so that only the exit code is left.
    pub(crate) is_printed: bool,
}

/// The store is too damaged to be checked.
#[derive(Debug, Error)]
#[error("the store is damaged: {damage}; {advice}")]
pub(crate) struct Unreadable {
    damage: Damage,
    advice: &'static str,
}

/// Checks every tree of the store.
pub(crate) fn run(arguments: &Fsck, json: bool) -> anyhow::Result<()> {
    let instance = Instance::new(&arguments.data_dir, arguments.key_dir.clone());
    if arguments.drop_torn_round {
        return drop_torn_round(&instance, json);
    }
    // Before the long check: a file that is not there is no reason to wait for it.
    let notes = arguments.compare_with.iter().map(|path| read_text(path));
    let notes: Vec<String> = notes.collect::<Result<_, _>>()?;
    let check = instance.check(Protocols::default(), arguments.accept_head);
    let check = check.map_err(|error| unchecked(error, arguments.accept_head))?;
    let trees = check
        .shards()
        .iter()
        .map(|shard| check_tree(&check, *shard));
    let mut trees = trees.collect::<Result<Vec<_>, _>>()?;
    check.accept(&mut trees)?;
    let sound = trees.iter().all(CheckedTree::is_sound);
    let mark = check.finish(sound)?;
    let printed: Vec<Value> = trees.iter().map(tree_json).collect();
    if !json {
        trees
            .iter()
            .try_for_each(|tree| print(&tree_text(tree), sound))?;
    }
    let compared = match sound && !notes.is_empty() {
        true => instance.compare_with(&Protocols::default(), &notes)?,
        false => Vec::new(),
    };
    if json {
        let compared: Vec<Value> = compared.iter().map(compared_json).collect();
        let verified = trees.iter().all(|tree| tree.unverified.is_none());
        let report = json!({
            "sound": sound,
            "signaturesVerified": verified,
            "shards": printed,
            "compared": compared,
            "mark": mark.map(|mark| json!({ "reason": mark.reason, "lifted": mark.is_lifted })),
        });
        print(&output::versioned(report).to_string(), sound)?;
    } else {
        compared
            .iter()
            .try_for_each(|tree| output::line(&compared_text(tree)))?;
        // What was compared takes the other mark away itself.
        if let Some(mark) = mark.filter(|_| compared.is_empty()) {
            print(&mark_text(&mark), sound)?;
        }
    }
    match sound {
        true => Ok(()),
        false => Err(Damaged { is_printed: json }.into()),
    }
}

/// Why a store could not be checked, with an advice that helps whoever has run `fsck` already.
fn unchecked(error: InstanceError, accepts_head: bool) -> anyhow::Error {
    let InstanceError::Storage(StorageError::Damaged(damage)) = error else {
        return error.into();
    };
    Unreadable {
        damage,
        advice: match accepts_head {
            true => {
                "no head of a damaged store is accepted: see with `ledgerstone fsck` alone what \
                     can be read"
            }
            false => "what it holds cannot be found out: restore it from a copy",
        },
    }
    .into()
}

fn mark_text(mark: &StoreMark) -> String {
    match mark.is_lifted {
        true => format!("lifted     {}", LIFTED),
        false => format!("note       {}", mark.reason),
    }
}

/// What is said where a sound store was marked.
const LIFTED: &str = "the store was found damaged while it ran, and all of it can be read now: it \
                      may be written again";

/// Drops a damaged end, and says what may be lost with it.
fn drop_torn_round(instance: &Instance, json: bool) -> anyhow::Result<()> {
    let dropped = instance.drop_torn_round(&Protocols::default())?;
    if json {
        let trees = dropped.iter().flat_map(|dropped| &dropped.trees);
        let trees = trees.map(|tree| {
            json!({
                "origin": tree.origin,
                "size": tree.size.get().to_string(),
                "seen": tree.seen.get().to_string(),
            })
        });
        let damage = dropped.as_ref().map(|dropped| dropped.damage.to_string());
        let report = json!({ "dropped": damage, "trees": trees.collect::<Vec<_>>() });
        return Ok(output::json(&report)?);
    }
    let Some(dropped) = dropped else {
        let text = "nothing is dropped: the write-ahead log has no damage that a start refuses";
        return Ok(output::line(text)?);
    };
    let mut lines = vec![format!("dropped    {}", dropped.damage)];
    lines.extend(dropped.trees.iter().map(|tree| {
        format!(
            "may lose   entries of {} from index {} on; what could be read of them ended at {}",
            tree.origin, tree.size, tree.seen
        )
    }));
    lines.push(
        "next       ledgerstone fsck --compare-with FILE, with a checkpoint of each tree that a \
         witness, a mirror or somebody else kept"
            .to_owned(),
    );
    Ok(output::line(&lines.join("\n"))?)
}

fn compared_json(tree: &ComparedTree) -> Value {
    json!({ "origin": tree.origin, "extends": tree.size.get().to_string() })
}

fn compared_text(tree: &ComparedTree) -> String {
    let ComparedTree { origin, size } = tree;
    format!("compared   {origin} extends the checkpoint over {size} leaves")
}

fn check_tree(check: &StoreCheck, shard: ShardId) -> anyhow::Result<CheckedTree> {
    let bar = entries_bar(0);
    let checked = check.check(shard, &mut |checked, size| {
        bar.set_length(size.get());
        show(&bar, checked.get());
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
        (true, _) if tree.unverified.is_some() => {
            "sound, but that nobody verified the signature of its checkpoint"
        }
        (true, _) => "sound",
        (false, true) => "the entries are sound; the head is accepted and its checkpoint is kept",
        (false, false) => "damaged",
    };
    lines.push(format!("result     {result}"));
    lines.join("\n")
}
