//! What is known of the store and its disk: whether it can be written, the room that is left, and
//! what reading it again has found.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use ledgerstone_log::ScrubReport;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

/// Why the log is only read.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CauseLabels {
    cause: &'static str,
}

/// The counters of a store.
#[derive(Default)]
pub(super) struct StoreMetrics {
    read_only: Family<CauseLabels, Gauge>,
    free_bytes: Gauge<u64, AtomicU64>,
    disk_full: Gauge,
    scrubbed_bytes: Counter,
    scrub_passes: Counter,
    scrub_progress: Gauge<f64, AtomicU64>,
    scrub_findings: Gauge<u64, AtomicU64>,
}

impl StoreMetrics {
    pub(super) fn register(r: &mut Registry) -> Self {
        let metrics = Self::default();
        r.register(
            "read_only",
            "1 where the log is only read, by the cause: the setting, damage, or a full disk",
            metrics.read_only.clone(),
        );
        let help = "Room on the disk of the data directory";
        r.register_with_unit("disk_free", help, Unit::Bytes, metrics.free_bytes.clone());
        r.register(
            "disk_full",
            "1 while entries are refused because the disk has less room than min-free-space",
            metrics.disk_full.clone(),
        );
        let help = "What was read again of the store to check it";
        r.register_with_unit(
            "scrubbed",
            help,
            Unit::Bytes,
            metrics.scrubbed_bytes.clone(),
        );
        r.register(
            "scrub_passes",
            "Times that all of the store was read again since the start",
            metrics.scrub_passes.clone(),
        );
        let help = "The share of the present pass that was read again";
        r.register_with_unit(
            "scrub_progress",
            help,
            Unit::Ratios,
            metrics.scrub_progress.clone(),
        );
        r.register(
            "scrub_findings",
            "Places of the store where reading it again found damage since the start",
            metrics.scrub_findings.clone(),
        );
        metrics
    }

    pub(super) fn set_read_only(&self, cause: &'static str) {
        self.read_only.get_or_create(&CauseLabels { cause }).set(1);
    }

    pub(super) fn set_free(&self, bytes: u64, is_full: bool) {
        self.free_bytes.set(bytes);
        self.disk_full.set(is_full.into());
    }

    pub(super) fn scrubbed(&self, report: &ScrubReport) {
        self.scrubbed_bytes.inc_by(report.bytes);
        let passes = self.scrub_passes.inner();
        passes.store(report.passes, Ordering::Relaxed);
        self.scrub_progress.set(report.progress);
        self.scrub_findings.set(report.findings);
    }
}
