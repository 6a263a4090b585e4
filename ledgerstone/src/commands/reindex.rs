//! Rebuilding the search index.

use std::path::Path;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use indicatif::ProgressBar;
use ledgerstone_client::AdminPort;
use ledgerstone_client::Error;
use ledgerstone_client::ReindexCounts;
use ledgerstone_client::ReindexPhase;
use ledgerstone_client::ReindexReport;
use ledgerstone_instance::Instance;
use thiserror::Error;
use tokio::runtime::Runtime;

use crate::log_place::LogPlace;
use crate::log_place::unlocked;
use crate::output;
use crate::output::Report;
use crate::progress::entries_bar;
use crate::progress::show;

/// How often a server is asked how far it is.
const POLL: Duration = Duration::from_millis(500);

/// How often a line tells how far the rebuild is, where no bar can be drawn.
const LINE: Duration = Duration::from_secs(10);

/// The arguments of `reindex`.
#[derive(Args, Debug)]
pub(crate) struct Reindex {
    #[command(flatten)]
    place: LogPlace,
}

/// The server could not rebuild its index.
#[derive(Debug, Error)]
pub(crate) enum Unfinished {
    /// It ended by an error of the server's.
    #[error("the server could not rebuild the search index: {0}")]
    Failed(String),
    /// The server is ending.
    #[error("the server is shutting down: the rebuild goes on when it is started again")]
    Interrupted,
}

/// Rebuilds the search index of a data directory, or has a server do it.
pub(crate) fn run(arguments: &Reindex) -> anyhow::Result<Report> {
    let progress = match arguments.place.admin_port()? {
        None => offline(&arguments.place.data_dir)?,
        Some(port) => {
            let runtime = Runtime::new().context("the async runtime cannot be started")?;
            runtime.block_on(online(&port))?
        }
    };
    let ReindexCounts {
        shards,
        entries,
        rows,
        added,
        removed,
        kept,
        resumed,
        ..
    } = progress;
    Ok(Report::new()
        .field("search index", "searchIndex", "complete")
        .field("shards", "shards", shards)
        .field("entries", "entries", entries.to_string())
        .field("rows checked", "rows", rows.to_string())
        .field("rows added", "added", added.to_string())
        .field("rows removed", "removed", removed.to_string())
        .field("not checkable", "kept", kept.to_string())
        .field("resumed", "resumed", resumed))
}

fn offline(data_dir: &Path) -> anyhow::Result<ReindexCounts> {
    let mut display = ProgressDisplay::new();
    let rebuilt = Instance::new(data_dir, None).reindex(&mut |done| display.show(&progress(done)));
    let rebuilt = unlocked(rebuilt, "rebuilds the index")?;
    display.end();
    Ok(progress(&rebuilt))
}

/// How far the rebuild is, as a server would say it.
fn progress(done: &ledgerstone_log::ReindexProgress) -> ReindexCounts {
    ReindexCounts {
        shards: done.shards as u64,
        entries: done.entries,
        of_entries: done.of_entries,
        rows: done.rows,
        added: done.added,
        removed: done.removed,
        kept: done.kept,
        resumed: done.resumed,
    }
}

async fn online(port: &AdminPort) -> anyhow::Result<ReindexCounts> {
    let mut report = port.start_reindex().await.map_err(Error::from)?;
    let mut known = None;
    let mut display = ProgressDisplay::new();
    loop {
        let ReindexReport {
            state,
            error,
            progress,
        } = report;
        if let Some(progress) = progress {
            display.show(&progress);
            known = Some(progress);
        }
        match state {
            ReindexPhase::Running => {}
            // After it was restarted, a server that has nothing to go on with had come to the end.
            ReindexPhase::Complete | ReindexPhase::Idle => {
                display.end();
                return known.context("the server does not say how far it is");
            }
            ReindexPhase::Failed => {
                return Err(Unfinished::Failed(error.unwrap_or_default()).into());
            }
            ReindexPhase::Interrupted => return Err(Unfinished::Interrupted.into()),
        }
        tokio::time::sleep(POLL).await;
        report = port.reindex().await.map_err(Error::from)?;
    }
}

/// Shows on standard error how far the rebuild is: with a bar on a terminal, with a line now and
/// then elsewhere.
struct ProgressDisplay {
    bar: ProgressBar,
    last_line: Instant,
}

impl ProgressDisplay {
    fn new() -> Self {
        Self {
            bar: entries_bar(0),
            last_line: Instant::now(),
        }
    }

    fn show(&mut self, progress: &ReindexCounts) {
        let ReindexCounts {
            entries,
            of_entries,
            rows,
            ..
        } = progress;
        self.bar.set_length(*of_entries);
        show(&self.bar, *entries);
        if self.bar.is_hidden() && self.last_line.elapsed() >= LINE {
            self.last_line = Instant::now();
            output::note(&format!(
                "{entries} of {of_entries} entries, {rows} rows of the index"
            ));
        }
    }

    fn end(&self) {
        self.bar.finish_and_clear();
    }
}
