//! `audit`: checks a log against what it showed before.

use std::path::PathBuf;

use clap::Args;
use ledgerstone_client::AuditState;
use ledgerstone_client::Auditor;
use ledgerstone_client::Error;
use ledgerstone_client::FullReport;
use ledgerstone_client::SignedCheckpoint;

use crate::connection::LogArguments;
use crate::connection::TreeArguments;
use crate::connection::tiled_tree;
use crate::connection::transport;
use crate::output::Report;
use crate::progress::entries_bar;
use crate::progress::show;
use crate::trust;
use crate::trust::TrustedLogArguments;

#[derive(Args, Debug)]
pub(crate) struct AuditArguments {
    /// The file that remembers the last head that was verified.
    #[arg(long, value_name = "FILE", default_value = "ledgerstone-audit.json")]
    pub(crate) state: PathBuf,

    /// Download every entry and tile, hash them again and rebuild the root. Goes on where an
    /// interrupted run was.
    #[arg(long)]
    pub(crate) full: bool,

    #[command(flatten)]
    pub(crate) tree: TreeArguments,

    #[command(flatten)]
    pub(crate) log: LogArguments,

    #[command(flatten)]
    pub(crate) trust: TrustedLogArguments,
}

pub(crate) async fn run(arguments: AuditArguments) -> anyhow::Result<Report> {
    let transport = transport(&arguments.log)?;
    let state = AuditState::load(&arguments.state).map_err(|error| Error::Audit(error.into()))?;
    let kept = state.and_then(|state| state.key);
    let logs =
        trust::named_or_kept_or_fetched(&arguments.trust, kept, &transport, arguments.tree.tree_id)
            .await?;
    let log = tiled_tree(&arguments.log, &arguments.tree)?;
    let auditor = Auditor::new(log, logs, &arguments.state);
    let head = auditor.audit_head().await.map_err(Error::from)?;
    let full = match arguments.full {
        true => Some(audit_all(&auditor, &head.head).await?),
        false => None,
    };
    let checkpoint = &head.head.checkpoint;
    let previous = head.previous.map_or_else(
        || "nothing: this is the first head".to_owned(),
        |old| format!("size {}", old.size),
    );
    Ok(Report::new()
        .field("verified", "verified", true)
        .field("log", "origin", checkpoint.origin.clone())
        .optional("tree", "treeId", arguments.tree.text())
        .field("size", "treeSize", checkpoint.size.get())
        .field("root", "rootHash", checkpoint.root.to_string())
        .field("extends", "extends", previous)
        .optional(
            "rebuilt from",
            "rebuiltFrom",
            full.map(|full| full.resumed_at),
        )
        .optional(
            "entries rehashed",
            "entriesRehashed",
            full.map(|full| full.entries),
        )
        .optional(
            "bytes rehashed",
            "bytesRehashed",
            full.map(|full| full.bytes),
        )
        .field("state", "state", arguments.state.display().to_string()))
}

async fn audit_all(auditor: &Auditor, head: &SignedCheckpoint) -> Result<FullReport, Error> {
    let bar = entries_bar(head.checkpoint.size.get());
    let report = auditor
        .audit_all(head, |progress| show(&bar, progress.entries))
        .await;
    bar.finish_and_clear();
    Ok(report?)
}
