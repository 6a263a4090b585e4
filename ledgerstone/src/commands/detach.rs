//! `detach`: removes what a log has of the statement of an entry.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use ledgerstone_client::AdminPort;
use ledgerstone_client::Error;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_instance::Instance;
use ledgerstone_instance::InstanceError;
use ledgerstone_instance::TreeState;
use ledgerstone_log::Protocols;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::StorageError;
use tokio::runtime::Runtime;

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

    /// Directory of the log, which no server may use meanwhile
    #[arg(
        long,
        env = "LEDGERSTONE_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    data_dir: PathBuf,

    /// Instead of a directory, the admin port of the server that runs on the log.
    #[arg(long, value_name = "URL")]
    admin_url: Option<String>,

    /// How long a request to the admin port may take, in seconds.
    #[arg(
        long,
        default_value_t = 30,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    timeout: u64,
}

/// Removes the statement in a data directory, or has a server do it.
pub(crate) fn run(arguments: &DetachArguments) -> anyhow::Result<Report> {
    let (tree_id, entries) = match &arguments.admin_url {
        None => offline(&arguments.data_dir, arguments)?,
        Some(url) => {
            let runtime = Runtime::new().context("the async runtime cannot be started")?;
            runtime.block_on(online(url, arguments))?
        }
    };
    Ok(Report::new()
        .field("statement", "statement", "removed")
        .field("tree", "treeId", tree_id.to_string())
        .field("index", "index", arguments.index)
        .field("of entries", "entries", entries))
}

fn offline(data_dir: &Path, arguments: &DetachArguments) -> anyhow::Result<(u64, u64)> {
    let instance = Instance::new(data_dir, None);
    let tree_id = match arguments.tree_id {
        Some(tree_id) => tree_id,
        None => shown_tree(&instance)?,
    };
    match instance.detach(tree_id, LeafIndex::new(arguments.index)) {
        Err(InstanceError::Storage(locked @ StorageError::Engine(EngineError::Locked { .. }))) => {
            Err(locked).context(
                "a server runs on this log: name its admin port with --admin-url, and it removes \
                 the statement itself",
            )
        }
        other => Ok((tree_id, other? as u64)),
    }
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

async fn online(url: &str, arguments: &DetachArguments) -> anyhow::Result<(u64, u64)> {
    let options = TransportOptions {
        request_timeout: Duration::from_secs(arguments.timeout),
        ..TransportOptions::default()
    };
    let transport = Transport::new(url, options).map_err(Error::from)?;
    let port = AdminPort::new(transport);
    let removed = port.remove_statement(arguments.tree_id.unwrap_or(0), arguments.index);
    let removed = removed.await.map_err(Error::from)?;
    Ok((removed.tree_id, removed.entries))
}
