//! What the server counts, in the OpenMetrics text that Prometheus reads.

mod rekor;
mod store;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::Method;
use ledgerstone_log::Log;
use ledgerstone_log::Observer;
use ledgerstone_log::RoundReport;
use ledgerstone_log::ScrubReport;
use ledgerstone_log::StatementTotals;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use prometheus_client::registry::Unit;

use self::rekor::RekorMetrics;
use self::store::StoreMetrics;
pub(crate) use self::webhooks::Outcome as WebhookOutcome;
pub(crate) use self::webhooks::WebhookCounters;
use self::webhooks::WebhookMetrics;
use crate::admission::Numbers;
use crate::telemetry;

/// The counters of one server. Clones share them.
#[derive(Clone)]
pub struct Metrics {
    shared: Arc<Shared>,
}

struct Shared {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    latency: Family<RouteLabels, Histogram, fn() -> Histogram>,
    rejects: Family<RejectLabels, Counter>,
    entries: Family<EntryLabels, Counter>,
    rounds: Counter,
    round_entries: Histogram,
    commit: Histogram,
    round: Histogram,
    wait: Histogram,
    duplicates: Counter,
    unchecked: Counter,
    clock_refused: Counter,
    bytes: Counter,
    size: Family<TreeLabels, Gauge<u64, AtomicU64>>,
    queue: Gauge<u64, AtomicU64>,
    unindexed: Gauge<u64, AtomicU64>,
    statements: Gauge<u64, AtomicU64>,
    statement_bytes: Gauge<u64, AtomicU64>,
    connections: Gauge,
    refused_connections: Counter,
    evicted_connections: Counter,
    dropped_lines: Counter,
    streams: Gauge,
    refused_requests: Family<RejectLabels, Counter>,
    request_memory: Gauge<u64, AtomicU64>,
    waiting_requests: Gauge<u64, AtomicU64>,
    rekor: RekorMetrics,
    store: StoreMetrics,
    webhooks: WebhookMetrics,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RequestLabels {
    route: String,
    method: &'static str,
    code: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RejectLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct TreeLabels {
    tree: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EntryLabels {
    kind: &'static str,
    version: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        let rekor = RekorMetrics::register(&mut registry);
        let own = registry.sub_registry_with_prefix("ledgerstone");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        own.register("build", "The program that runs", build);
        let store = StoreMetrics::register(own);
        let webhooks = WebhookMetrics::register(own);
        let mut shared = Shared {
            registry,
            requests: Family::default(),
            latency: Family::new_with_constructor(latency_histogram as fn() -> Histogram),
            rejects: Family::default(),
            entries: Family::default(),
            rounds: Counter::default(),
            round_entries: Histogram::new((0..14).map(|power| f64::from(1 << power))),
            commit: latency_histogram(),
            round: latency_histogram(),
            wait: latency_histogram(),
            duplicates: Counter::default(),
            unchecked: Counter::default(),
            clock_refused: Counter::default(),
            bytes: Counter::default(),
            size: Family::default(),
            queue: Gauge::default(),
            unindexed: Gauge::default(),
            statements: Gauge::default(),
            statement_bytes: Gauge::default(),
            connections: Gauge::default(),
            refused_connections: Counter::default(),
            evicted_connections: Counter::default(),
            dropped_lines: Counter::default(),
            streams: Gauge::default(),
            refused_requests: Family::default(),
            request_memory: Gauge::default(),
            waiting_requests: Gauge::default(),
            rekor,
            store,
            webhooks,
        };
        shared.register();
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl Shared {
    fn tree_size(&self, tree_id: u64, size: u64) {
        let labels = TreeLabels {
            tree: tree_id.to_string(),
        };
        self.size.get_or_create(&labels).set(size);
    }

    fn register(&mut self) {
        let r = self.registry.sub_registry_with_prefix("ledgerstone");
        r.register("requests", "Requests answered", self.requests.clone());
        let help = "From the head of a request to the head of its answer";
        r.register_with_unit(
            "request_duration",
            help,
            Unit::Seconds,
            self.latency.clone(),
        );
        r.register(
            "rejected_entries",
            "Entries refused as invalid",
            self.rejects.clone(),
        );
        r.register(
            "accepted_entries",
            "Entries answered with a proof",
            self.entries.clone(),
        );
        r.register("rounds", "Rounds of the sequencer", self.rounds.clone());
        r.register(
            "round_entries",
            "New entries of a round",
            self.round_entries.clone(),
        );
        let help = "The atomic batch of a round with its sync";
        r.register_with_unit(
            "round_commit_duration",
            help,
            Unit::Seconds,
            self.commit.clone(),
        );
        r.register_with_unit(
            "round_duration",
            "A whole round",
            Unit::Seconds,
            self.round.clone(),
        );
        let help = "The longest wait of an entry before its round began";
        r.register_with_unit("queue_wait", help, Unit::Seconds, self.wait.clone());
        r.register(
            "duplicate_entries",
            "Submissions of an entry that the log held",
            self.duplicates.clone(),
        );
        r.register(
            "unchecked_entries",
            "Submissions refused because what the log holds of them could not be read",
            self.unchecked.clone(),
        );
        r.register(
            "refused_clock_readings",
            "Rounds that were refused because the clock was too far ahead to be believed",
            self.clock_refused.clone(),
        );
        r.register_with_unit(
            "logged",
            "Bodies made durable",
            Unit::Bytes,
            self.bytes.clone(),
        );
        r.register(
            "tree_size",
            "Leaves under the published tree head",
            self.size.clone(),
        );
        r.register(
            "queue_entries",
            "Entries that wait for the sequencer",
            self.queue.clone(),
        );
        r.register(
            "unindexed_entries",
            "Entries that are not found yet by all that their statements name",
            self.unindexed.clone(),
        );
        r.register(
            "statements",
            "Statements kept that were handed in after their entries",
            self.statements.clone(),
        );
        r.register_with_unit(
            "statements",
            "How long they are together",
            Unit::Bytes,
            self.statement_bytes.clone(),
        );
        r.register("connections", "Connections open", self.connections.clone());
        r.register(
            "connections_refused",
            "Connections refused: no room, and none idle that could end for them",
            self.refused_connections.clone(),
        );
        r.register(
            "connections_evicted",
            "Idle connections ended to make room for others",
            self.evicted_connections.clone(),
        );
        r.register(
            "log_lines_dropped",
            "Log lines dropped, since nobody read those before them",
            self.dropped_lines.clone(),
        );
        r.register(
            "streams",
            "Streams open: ranges, watches, streamed appends",
            self.streams.clone(),
        );
        r.register(
            "refused_requests",
            "Requests turned away because they, or those of their caller, were too many",
            self.refused_requests.clone(),
        );
        r.register_with_unit(
            "request_memory",
            "Memory that requests take",
            Unit::Bytes,
            self.request_memory.clone(),
        );
        r.register(
            "waiting_requests",
            "Requests that wait for their turn",
            self.waiting_requests.clone(),
        );
    }
}

impl Metrics {
    /// Everything, as OpenMetrics text.
    pub(crate) fn render(&self, log: &Log, admission: &Numbers) -> String {
        self.shared.request_memory.set(admission.memory as u64);
        self.shared.waiting_requests.set(admission.waiting as u64);
        for (reason, count) in admission.refused {
            let refused = self
                .shared
                .refused_requests
                .get_or_create(&RejectLabels { reason });
            refused.inner().store(count, Ordering::Relaxed);
        }
        self.shared.queue.set(log.queue_len() as u64);
        let trees = log.trees();
        let own = trees.own().filter(|tree| tree.import().is_none());
        let mut entries = 0;
        for tree in own {
            let size = tree.head().size().get();
            entries += size;
            self.shared.tree_size(tree.tree_id(), size);
        }
        self.shared.webhooks.refresh(entries);
        let dropped = self.shared.dropped_lines.inner();
        dropped.store(telemetry::dropped_lines(), Ordering::Relaxed);
        let mut text = String::new();
        // Writing into a string cannot fail.
        let _ = encode(&mut text, &self.shared.registry);
        text
    }

    pub(crate) fn request(&self, route: &str, method: &Method, code: u16, took: Duration) {
        let (route, method, code) = (route.to_owned(), method_label(method), code.to_string());
        self.shared
            .latency
            .get_or_create(&RouteLabels {
                route: route.clone(),
            })
            .observe(took.as_secs_f64());
        self.shared
            .requests
            .get_or_create(&RequestLabels {
                route,
                method,
                code,
            })
            .inc();
    }

    /// Counts a request to Rekor v1 once more, as upstream counts it. `path` is the template of a
    /// route.
    pub(crate) fn rekor_request(&self, path: &str, method: &Method, code: u16, took: Duration) {
        let method = method_label(method);
        self.shared.rekor.request(path, method, code, took);
    }

    /// Counts an attempt to deliver an event of the type `event`, as upstream counts it.
    pub(crate) fn rekor_event(&self, event: &'static str, taken: bool) {
        self.shared.rekor.event(event, taken);
    }

    /// Counters for the webhook that is `number`th in the settings, from 1, and whose receiver
    /// waits for the entry `next`.
    pub(crate) fn webhook(&self, endpoint: &str, number: u64, next: u64) -> WebhookCounters {
        self.shared.webhooks.counters(endpoint, number, next)
    }

    /// Counts an entry that is refused for `reason`, one of few.
    pub(crate) fn rejected(&self, reason: &'static str) {
        self.shared
            .rejects
            .get_or_create(&RejectLabels { reason })
            .inc();
    }

    pub(crate) fn accepted(&self, kind: &'static str, version: &'static str) {
        self.shared
            .entries
            .get_or_create(&EntryLabels { kind, version })
            .inc();
    }

    /// Counts a connection until the guard is dropped.
    pub(crate) fn connection(&self) -> OpenGuard {
        OpenGuard::new(&self.shared.connections)
    }

    /// Counts a connection for which there was no room.
    pub(crate) fn connection_refused(&self) {
        self.shared.refused_connections.inc();
    }

    /// Counts an idle connection that made room for another.
    pub(crate) fn connection_evicted(&self) {
        self.shared.evicted_connections.inc();
    }

    /// The log is only read, for a cause in one word.
    pub(crate) fn read_only(&self, cause: &'static str) {
        self.shared.store.set_read_only(cause);
    }

    /// The room on the disk, in bytes, and whether that is too little to take entries.
    pub(crate) fn disk(&self, free: u64, is_full: bool) {
        self.shared.store.set_free(free, is_full);
    }

    /// How many statements are kept, and how many entries are not found by everything yet.
    pub(crate) fn statements(&self, totals: StatementTotals, unindexed: u64) {
        self.shared.unindexed.set(unindexed);
        self.shared.statements.set(totals.statements);
        self.shared.statement_bytes.set(totals.bytes);
    }

    /// Counts a stream until the guard is dropped.
    pub(crate) fn stream(&self) -> OpenGuard {
        OpenGuard::new(&self.shared.streams)
    }
}

impl Observer for Metrics {
    fn round(&self, report: &RoundReport) {
        let shared = &self.shared;
        shared.rounds.inc();
        shared.duplicates.inc_by(report.duplicates as u64);
        shared.unchecked.inc_by(report.unchecked as u64);
        shared.wait.observe(report.waited.as_secs_f64());
        shared.round.observe(report.total.as_secs_f64());
        if report.entries > 0 {
            shared.rekor.new_entries(report.entries as u64);
            shared.bytes.inc_by(report.bytes as u64);
            shared.round_entries.observe(report.entries as f64);
            shared.commit.observe(report.commit.as_secs_f64());
        }
        for (tree_id, size) in &report.sizes {
            shared.tree_size(*tree_id, size.get());
        }
    }

    fn scrubbed(&self, report: &ScrubReport) {
        self.shared.store.scrubbed(report);
    }

    fn clock_refused(&self) {
        self.shared.clock_refused.inc();
    }

    fn unchecked(&self) {
        self.shared.unchecked.inc();
    }
}

/// Holds a gauge one higher while it lives.
pub(crate) struct OpenGuard {
    gauge: Gauge,
}

impl OpenGuard {
    fn new(gauge: &Gauge) -> Self {
        gauge.inc();
        Self {
            gauge: gauge.clone(),
        }
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}

/// The methods that a face may know. Callers can make up any number of others, which must not
/// become labels.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        Method::POST => "POST",
        _ => "other",
    }
}

/// From 0.1 ms, below one sync of a fast disk, to 26 s, about the request timeout.
fn latency_histogram() -> Histogram {
    Histogram::new((0..19).map(|power| 0.0001 * f64::from(1 << power)))
}
