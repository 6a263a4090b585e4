use ledgerstone_client::EntryLookup;
use ledgerstone_client::Error;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::TlogProof;
use ledgerstone_merkle::TreeSize;

use crate::args::ConsistencyArguments;
use crate::args::InclusionArguments;
use crate::commands::transport;
use crate::commands::tree;
use crate::commands::write;
use crate::output::Report;
use crate::trust;

pub(super) async fn inclusion(arguments: InclusionArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;
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

pub(super) async fn consistency(arguments: ConsistencyArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let logs = trust::named_or_fetched(&arguments.trust, &transport).await?;
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
        .field(
            "signed size",
            "signedSize",
            proven.signed.checkpoint.size.get(),
        ))
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(ToString::to_string).collect()
}
