//! Rebuilding the search index.

use std::path::Path;
use std::path::PathBuf;
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
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_instance::Instance;
use ledgerstone_instance::InstanceError;
use ledgerstone_storage::EngineError;
use ledgerstone_storage::StorageError;
use thiserror::Error;
use tokio::runtime::Runtime;

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
    /// Directory of the log, which no server may use meanwhile
    #[arg(
        long,
        env = "LEDGERSTONE_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    data_dir: PathBuf,

    /// Instead of a directory, the admin port of the server that runs on the log: the server does
    /// the work, beside its own, and this command follows it.
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
    let progress = match &arguments.admin_url {
        None => offline(&arguments.data_dir)?,
        Some(url) => {
            let runtime = Runtime::new().context("the async runtime cannot be started")?;
            runtime.block_on(online(url, arguments.timeout))?
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
    let rebuilt = match rebuilt {
        Err(InstanceError::Storage(locked @ StorageError::Engine(EngineError::Locked { .. }))) => {
            return Err(locked).context(
                "a server runs on this log: name its admin port with --admin-url, and it rebuilds \
                 the index itself",
            );
        }
        other => other?,
    };
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

async fn online(url: &str, timeout: u64) -> anyhow::Result<ReindexCounts> {
    let options = TransportOptions {
        request_timeout: Duration::from_secs(timeout),
        ..TransportOptions::default()
    };
    let transport = Transport::new(url, options).map_err(Error::from)?;
    let port = AdminPort::new(transport);
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
