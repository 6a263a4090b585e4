//! Room on the disk: a log that has little of it left takes no entries, before its store would fail
//! for want of it. Reads go on.

use std::path::PathBuf;
use std::time::Duration;

use ledgerstone_log::Log;
use rustix::fs::statvfs;
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::metrics::Metrics;

/// How often the room is looked at. In between no disk takes more than the least room that is
/// sensible.
const INTERVAL: Duration = Duration::from_secs(1);

/// Watches the room on the disk of a log.
pub(crate) struct Space {
    pub(crate) log: Log,
    /// A path on that disk.
    pub(crate) path: PathBuf,
    /// The least room that entries are taken with, in bytes; 0 for any.
    pub(crate) least: u64,
    pub(crate) metrics: Metrics,
    is_full: bool,
    is_blind: bool,
}

impl Space {
    pub(crate) fn new(log: Log, path: PathBuf, least: u64, metrics: Metrics) -> Self {
        Self {
            log,
            path,
            least,
            metrics,
            is_full: false,
            is_blind: false,
        }
    }

    /// Looks at the room until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            self.look();
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(INTERVAL) => {}
            }
        }
    }

    /// Looks at the room, and lets the log take entries or not.
    pub(crate) fn look(&mut self) {
        let free = match statvfs(&self.path) {
            Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
            Err(error) => {
                if !std::mem::replace(&mut self.is_blind, true) {
                    warn!(%error, "the room on the disk cannot be found out");
                }
                return;
            }
        };
        self.is_blind = false;
        let is_full = free < self.least;
        let (free_bytes, least) = (free, self.least);
        match (self.is_full, is_full) {
            (false, true) => error!(
                free_bytes,
                least, "the disk has less room than min-free-space: no entry is taken until it has"
            ),
            (true, false) => info!(free_bytes, "the disk has room again: entries are taken"),
            _ => {}
        }
        self.is_full = is_full;
        self.log.set_disk_full(is_full);
        self.metrics.disk(free, is_full);
    }
}
