//! `proof`: fetches a proof and verifies it.

use std::path::PathBuf;

use clap::ArgGroup;
use clap::Args;
use clap::Subcommand;
use ledgerstone_client::EntryLookup;
use ledgerstone_client::Error;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TlogProof;
use ledgerstone_merkle::TreeSize;

use crate::commands::leaf_hash::parse_hash;
use crate::connection::LogArguments;
use crate::connection::TreeArguments;
use crate::connection::transport;
use crate::connection::tree;
use crate::files::write;
use crate::output::Report;
use crate::trust;
use crate::trust::TrustedLogArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum ProofCommand {
    /// Prove that an entry is in the log.
    Inclusion(InclusionArguments),
    /// Prove that the log only grew between two sizes.
    Consistency(ConsistencyArguments),
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).args(["index", "leaf_hash"]))]
pub(crate) struct InclusionArguments {
    /// The position of the entry, from 0.
    #[arg(long, value_name = "N")]
    pub(crate) index: Option<u64>,

    /// The leaf hash of the entry, hexadecimal.
    #[arg(long, value_name = "HEX", value_parser = parse_hash)]
    pub(crate) leaf_hash: Option<ledgerstone_merkle::Hash>,

    /// The size of the tree to prove it in, instead of the current one.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) tree_size: Option<u64>,

    /// Keep the proof as a C2SP tlog-proof, in the current tree.
    #[arg(long, value_name = "PATH", conflicts_with = "tree_size")]
    pub(crate) tlog_proof: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

#[derive(Args, Debug)]
pub(crate) struct ConsistencyArguments {
    /// The size of the older tree.
    #[arg(long, value_name = "N")]
    pub(crate) old_size: u64,

    /// The size of the newer tree, instead of the current one.
    #[arg(long, value_name = "N")]
    pub(crate) new_size: Option<u64>,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

pub(crate) async fn inclusion(arguments: InclusionArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let logs =
        trust::named_or_fetched(&arguments.trust, &transport, arguments.tree.tree_id).await?;
    let lookup = match arguments.leaf_hash {
        Some(hash) => EntryLookup::LeafHash(hash),
        None => EntryLookup::Index(LeafIndex::new(arguments.index.unwrap_or_default())),
    };
    let size = arguments.tree_size.map(TreeSize::new);
    let proven = tree(transport, &arguments.tree)
        .inclusion(lookup, size, &logs)
        .await
        .map_err(Error::from)?;
    if let Some(path) = &arguments.tlog_proof {
        anyhow::ensure!(
            proven.extension.is_none(),
            "the log grew in between; try again"
        );
        let proof = TlogProof {
            extra: None,
            index: proven.proof.index,
            hashes: proven.proof.hashes.clone(),
            checkpoint: proven.signed.note.clone(),
        };
        write(path, &proof.to_string())?;
    }
    Ok(Report::new()
        .field("verified", "verified", true)
        .field("index", "index", proven.proof.index.get())
        .field("leaf hash", "leafHash", proven.leaf.to_string())
        .field("tree size", "treeSize", proven.proof.size.get())
        .field("root", "rootHash", proven.root.to_string())
        .field("proof", "hashes", texts(&proven.proof.hashes))
        .field("log", "origin", proven.signed.checkpoint.origin.clone())
        .optional("tree", "treeId", arguments.tree.text())
        .field(
            "signed size",
            "signedSize",
            proven.signed.checkpoint.size.get(),
        )
        .optional(
            "tlog-proof",
            "tlogProof",
            arguments.tlog_proof.map(|path| path.display().to_string()),
        ))
}

pub(crate) async fn consistency(arguments: ConsistencyArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let logs =
        trust::named_or_fetched(&arguments.trust, &transport, arguments.tree.tree_id).await?;
    let (old, new) = (
        TreeSize::new(arguments.old_size),
        arguments.new_size.map(TreeSize::new),
    );
    let proven = tree(transport, &arguments.tree)
        .consistency(old, new, &logs)
        .await
        .map_err(Error::from)?;
    Ok(Report::new()
        .field("verified", "verified", true)
        .field("old size", "oldSize", proven.proof.old.get())
        .field("old root", "oldRoot", proven.old_root.to_string())
        .field("new size", "newSize", proven.proof.new.get())
        .field("new root", "newRoot", proven.new_root.to_string())
        .field("proof", "hashes", texts(&proven.proof.hashes))
        .field("log", "origin", proven.signed.checkpoint.origin.clone())
        .optional("tree", "treeId", arguments.tree.text())
        .field(
            "signed size",
            "signedSize",
            proven.signed.checkpoint.size.get(),
        ))
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
