//! The trees of a data directory: listing them, and upgrading the one of version 0.1.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use ledgerstone_instance::Instance;
use ledgerstone_instance::TreeState;
use ledgerstone_instance::TreeSummary;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::Protocols;
use ledgerstone_log::Upgrade;
use ledgerstone_log_server::is_origin;
use ledgerstone_storage::ImportRole;
use serde_json::Value;
use serde_json::json;

use crate::output;

/// What can be done to the trees of a directory.
#[derive(Debug, Subcommand)]
pub(crate) enum TreeCommand {
    /// Print the trees that a data directory holds. No server may run on it.
    List(ListArguments),
    /// Go on from version 0.1, which kept entries of Rekor v1 and v2 in one tree: that tree is
    /// frozen with its last checkpoint, and a tree for each protocol begins. No server may run on
    /// the directory; version 0.1 refuses it from then on.
    #[command(after_long_help = UPGRADE_HELP)]
    Upgrade(UpgradeArguments),
}

const UPGRADE_HELP: &str = "What changes for clients:
  Rekor v2 begins a new log with a new key, under the name that is given with --v2-origin: a new
  tree under the old name would be a fork. Rekor v1 keeps its name and its key; it gets a new tree
  id, and its indexes go on behind the frozen tree. Clients need new trust files, which
  `ledgerstone trust` writes once the server runs. The frozen tree keeps its name, its key and its
  last checkpoint, and is read at /trees/<tree id>/.

Interruption:
  The last step is one write. Before it the directory is as version 0.1 left it, and the command can
  be given again.";

/// The arguments of `tree list`.
#[derive(Args, Debug)]
pub(crate) struct ListArguments {
    #[command(flatten)]
    directory: DirectoryArguments,
}

/// The arguments of `tree upgrade`.
#[derive(Args, Debug)]
pub(crate) struct UpgradeArguments {
    /// Name of the new log of Rekor v2, a bare host name: one under which this server is reached,
    /// and which no log had before.
    #[arg(long, value_name = "NAME")]
    v2_origin: String,

    /// Check everything, print what would be done, and change nothing.
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    directory: DirectoryArguments,
}

#[derive(Args, Debug)]
struct DirectoryArguments {
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
}

impl DirectoryArguments {
    fn instance(&self) -> Instance {
        Instance::new(&self.data_dir, self.key_dir.clone())
    }
}

/// Does what the command line says.
pub(crate) fn run(command: &TreeCommand, json: bool) -> anyhow::Result<()> {
    match command {
        TreeCommand::List(arguments) => list(arguments, json),
        TreeCommand::Upgrade(arguments) => upgrade(arguments, json),
    }
}

fn list(arguments: &ListArguments, json: bool) -> anyhow::Result<()> {
    let trees = arguments
        .directory
        .instance()
        .trees(&Protocols::default())?;
    if json {
        let trees: Vec<_> = trees.iter().map(summary_json).collect();
        return Ok(output::json(&json!({ "trees": trees }))?);
    }
    let lines: Vec<_> = trees.iter().map(summary_text).collect();
    Ok(output::line(&lines.join("\n\n"))?)
}

fn state(tree: &TreeSummary) -> &'static str {
    match tree.state {
        TreeState::Growing => "growing",
        TreeState::Frozen(_) => "frozen",
        TreeState::Imported(ImportRole::Predecessor) => "predecessor",
        TreeState::Imported(ImportRole::Copy) => "copy",
    }
}

/// The protocol whose entries a tree holds. An imported tree does not say.
fn protocol(tree: &TreeSummary) -> Option<&'static str> {
    match tree.state {
        TreeState::Growing | TreeState::Frozen(_) => tree.protocol,
        TreeState::Imported(_) => None,
    }
}

fn frozen_at(tree: &TreeSummary) -> Option<String> {
    let TreeState::Frozen(at) = tree.state else {
        return None;
    };
    let time = jiff::Timestamp::from_second(at);
    time.ok().map(|time| time.to_string())
}

fn summary_json(tree: &TreeSummary) -> Value {
    json!({
        "shard": tree.shard.get(),
        "treeId": tree.identity.tree_id.to_string(),
        "role": state(tree),
        "protocol": protocol(tree),
        "name": tree.identity.origin,
        "origin": tree.origin,
        "size": tree.size.get().to_string(),
        "frozenAt": frozen_at(tree),
        "key": tree.key.as_ref().map(ToString::to_string),
    })
}

fn summary_text(tree: &TreeSummary) -> String {
    let mut lines = vec![
        format!("tree     {} (shard {})", tree.identity.tree_id, tree.shard),
        format!("origin   {}", tree.origin),
    ];
    let kind = protocol(tree).map(|protocol| format!("{protocol}, "));
    let since = frozen_at(tree).map(|at| format!(" since {at}"));
    lines.push(format!(
        "state    {}{}{}",
        kind.unwrap_or_default(),
        state(tree),
        since.unwrap_or_default()
    ));
    lines.push(format!("entries  {}", tree.size));
    let key = tree.key.as_ref().map(ToString::to_string);
    lines.push(format!(
        "key      {}",
        key.as_deref().unwrap_or("not in the key directory")
    ));
    lines.join("\n")
}

fn upgrade(arguments: &UpgradeArguments, json: bool) -> anyhow::Result<()> {
    let UpgradeArguments {
        v2_origin,
        dry_run,
        directory,
    } = arguments;
    anyhow::ensure!(
        is_origin(v2_origin),
        "--v2-origin has to be a bare host name in lower case, such as log.example.com, without \
         scheme, port or path"
    );
    let (instance, options) = (directory.instance(), LogOptions::default());
    let upgrade = match dry_run {
        true => instance.plan_upgrade(v2_origin, &options)?,
        false => instance.upgrade(v2_origin, &options)?,
    };
    if json {
        return Ok(output::json(&upgrade_json(upgrade.as_ref(), *dry_run))?);
    }
    let text = match &upgrade {
        None => "no tree of version 0.1 takes entries here: there is nothing to upgrade".to_owned(),
        Some(upgrade) => upgrade_text(upgrade, *dry_run),
    };
    Ok(output::line(&text)?)
}

/// The trees behind the upgrade that take entries. Tree ids that a dry run would pick are not those
/// that are picked in the end.
fn upgrade_json(upgrade: Option<&Upgrade>, dry_run: bool) -> Value {
    let Some(upgrade) = upgrade else {
        return json!({ "upgraded": false, "dryRun": dry_run, "frozen": null, "trees": [] });
    };
    let created = upgrade.create.iter().map(|tree| {
        json!({
            "protocol": protocol_name(tree),
            "name": tree.name,
            "treeId": (!dry_run).then(|| tree.tree_id.to_string()),
        })
    });
    let old = json!({
        "treeId": upgrade.identity.tree_id.to_string(),
        "origin": upgrade.identity.origin,
        "size": upgrade.entries.to_string(),
    });
    json!({
        "upgraded": !dry_run,
        "dryRun": dry_run,
        "frozen": (upgrade.entries > 0).then(|| old.clone()),
        "becomesRekorV2": (upgrade.entries == 0).then_some(old),
        "trees": created.collect::<Vec<_>>(),
    })
}

fn protocol_name(tree: &NewTree) -> Option<&'static str> {
    let protocols = Protocols::default();
    protocols.of(tree.kind).map(|protocol| protocol.name())
}

fn upgrade_text(upgrade: &Upgrade, dry_run: bool) -> String {
    let old = &upgrade.identity;
    let mut lines = Vec::new();
    if dry_run {
        lines.push("dry run: nothing was changed; this is what would be done".to_owned());
    }
    if upgrade.entries > 0 {
        lines.push(format!(
            "frozen    tree {} of {} with {} entries; it stays at /trees/{}/",
            old.tree_id, old.origin, upgrade.entries, old.tree_id
        ));
    } else {
        lines.push(format!(
            "kept      tree {} of {}, which has no entries, for Rekor v2, under its name",
            old.tree_id, old.origin
        ));
    }
    lines.extend(
        upgrade
            .create
            .iter()
            .map(|tree| new_tree_line(tree, dry_run)),
    );
    if upgrade.entries > 0 {
        lines.push(String::new());
        lines.extend(next_steps(upgrade));
    }
    lines.join("\n")
}

fn new_tree_line(tree: &NewTree, dry_run: bool) -> String {
    let id = match dry_run {
        true => "a tree".to_owned(),
        false => format!("tree {}", tree.tree_id),
    };
    let protocol = protocol_name(tree).unwrap_or("unknown");
    format!("begun     {id} of {} for {protocol}", tree.name)
}

/// What is left to do once the trees are there.
fn next_steps(upgrade: &Upgrade) -> Vec<String> {
    let v2 = upgrade.create.first().map_or("", |tree| tree.name.as_str());
    let old = &upgrade.identity.origin;
    vec![
        "Next:".to_owned(),
        format!("  let {v2} lead to this server, beside {old}"),
        "  start it with `ledgerstone serve`, with either name as --origin, or none".to_owned(),
        "  write new trust files with `ledgerstone trust` and give them to all clients:".to_owned(),
        "  the log of Rekor v2 has a new name and a new key, that of Rekor v1 keeps both"
            .to_owned(),
    ]
}
