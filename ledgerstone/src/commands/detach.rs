//! `detach`: removes what a log has of the statement of an entry.

use anyhow::Context;
use clap::Args;
use ledgerstone_client::AdminPort;
use ledgerstone_client::Error;
use ledgerstone_instance::Instance;
use ledgerstone_instance::TreeState;
use ledgerstone_log::Protocols;
use ledgerstone_merkle::LeafIndex;
use tokio::runtime::Runtime;

use crate::log_place::LogPlace;
use crate::log_place::unlocked;
use crate::output::Report;

#[derive(Args, Debug)]
pub(crate) struct DetachArguments {
    /// The index of the entry in its tree.
    #[arg(long, value_name = "N")]
    index: u64,

    /// The number of the tree [default: the one that takes entries of Rekor v2, or else of Rekor
    /// v1].
    #[arg(long, value_name = "N")]
    tree_id: Option<u64>,

    #[command(flatten)]
    place: LogPlace,
}

/// Removes the statement in a data directory, or has a server do it.
pub(crate) fn run(arguments: &DetachArguments) -> anyhow::Result<Report> {
    let (tree_id, entries) = match arguments.place.admin_port()? {
        None => offline(arguments)?,
        Some(port) => {
            let runtime = Runtime::new().context("the async runtime cannot be started")?;
            runtime.block_on(online(&port, arguments))?
        }
    };
    Ok(Report::new()
        .field("statement", "statement", "removed")
        .field("tree", "treeId", tree_id.to_string())
        .field("index", "index", arguments.index)
        .field("of entries", "entries", entries))
}

fn offline(arguments: &DetachArguments) -> anyhow::Result<(u64, u64)> {
    let instance = Instance::new(&arguments.place.data_dir, None);
    let tree_id = match arguments.tree_id {
        Some(tree_id) => tree_id,
        None => shown_tree(&instance)?,
    };
    let entries = instance.detach(tree_id, LeafIndex::new(arguments.index));
    let entries = unlocked(entries, "removes the statement")?;
    Ok((tree_id, entries as u64))
}

/// The tree that is meant where none is named.
fn shown_tree(instance: &Instance) -> anyhow::Result<u64> {
    let trees = instance.trees(&Protocols::default())?;
    let of = |name: &str| {
        let mut growing = trees
            .iter()
            .filter(|tree| matches!(tree.state, TreeState::Growing));
        growing.find(|tree| tree.protocol == Some(name))
    };
    let shown = of("rekor-v2").or_else(|| of("rekor-v1"));
    let shown = shown.context("the log has no tree that grows: name one with --tree-id")?;
    Ok(shown.identity.tree_id)
}

async fn online(port: &AdminPort, arguments: &DetachArguments) -> anyhow::Result<(u64, u64)> {
    let removed = port.remove_statement(arguments.tree_id.unwrap_or(0), arguments.index);
    let removed = removed.await.map_err(Error::from)?;
    Ok((removed.tree_id, removed.entries))
}
