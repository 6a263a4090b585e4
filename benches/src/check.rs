//! Whether what was measured is true: figures of a log that answers wrongly are worth nothing.

use std::collections::HashSet;
use std::path::Path;

use anyhow::Context;
use anyhow::ensure;
use ledgerstone_client::Auditor;
use ledgerstone_client::LogEntry;
use ledgerstone_client::TiledLog;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_entry::Policy;
use ledgerstone_entry::prepare;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::load::Outcome;
use crate::server::Server;

/// Checks the answers of `outcome`: no index was given twice, and each sample is the entry that was
/// submitted, proven to be in the tree of a checkpoint that the log signed. Yields the number of
/// samples.
pub(crate) fn check_answers(
    outcome: &Outcome,
    requests: &[CreateEntryRequest],
    server: &Server,
) -> anyhow::Result<u64> {
    let indexes: HashSet<u64> = outcome.answers.iter().map(|answer| answer.index).collect();
    ensure!(
        indexes.len() == outcome.answers.len(),
        "an index was given to two entries"
    );
    for (number, body) in &outcome.samples {
        check_sample(&requests[*number], body, server)
            .with_context(|| format!("the answer to entry {number}"))?;
    }
    Ok(outcome.samples.len() as u64)
}

/// Downloads the whole log, hashes it again and compares it with the signed head. Yields its size.
pub(crate) async fn audit(server: &Server, state: &Path) -> anyhow::Result<u64> {
    let transport = Transport::new(&server.url, TransportOptions::default())?;
    let auditor = Auditor::new(TiledLog::new(transport), server.logs.clone(), state);
    let head = auditor.audit_head().await.context("the head")?.head;
    let report = auditor.audit_all(&head, |_| ()).await;
    Ok(report.context("the audit of all entries")?.entries)
}

fn check_sample(request: &CreateEntryRequest, body: &[u8], server: &Server) -> anyhow::Result<()> {
    let submitted = prepare(request, &Policy::default()).context("it is not valid")?;
    let entry = LogEntry::new(json::from_slice(body)?)?;
    ensure!(*entry.body() == submitted.body, "is another entry");
    entry.verify(&server.logs)?;
    Ok(())
}
