//! What `sign` and `submit` tell about a logged entry.

use ledgerstone_client::Submitted;

use crate::output::Report;

/// What `sign` and `submit` tell about a logged entry.
pub(crate) fn report_submitted(submitted: &Submitted, url: &str) -> Report {
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
