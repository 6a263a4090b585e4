//! What upstream counts, by the names that it has there (rekor-v1, section 6), so that its
//! dashboards and alerts go on.
//!
//! | name | labels | what it counts here |
//! |---|---|---|
//! | `rekor_new_entries` | | new entries, by whichever face they came |
//! | `rekor_qps_by_api` | `code`, `method`, `path` | requests to Rekor v1 |
//! | `rekor_latency_by_api` | `method`, `path` | how long they took: a histogram in nanoseconds |
//! | `rekor_api_latency`, `rekor_api_latency_summary` | `code`, `path` | the same; no quantiles |
//! | `rekor_publish_events` | `content_type`, `event`, `status` | attempts to deliver a webhook |
//! | `rekor_build_info` | `version` | the program that runs |
//!
//! What upstream says of its Redis, MySQL and checkpoint publisher (`rekor_index_storage_*`,
//! `rekor_checkpoint_publish`) has nothing here to say it of, and neither have the labels
//! `revision`, `build_date` and `goversion`: for Prometheus a label that is empty is one that is
//! not there.
//!
//! Upstream's counters have no `_total` at their ends, which OpenMetrics demands of what it calls a
//! counter. They are exposed as metrics of unknown type: the name is then upstream's, and what
//! Prometheus makes of the numbers does not depend on the type. `path` is the template of a route;
//! all paths below `/api/v1/` that match none share one.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::MetricEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::histogram::exponential_buckets_range;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The bounds of the lowest and the highest bucket, in nanoseconds, and how many there are.
const LOWEST_BUCKET: f64 = 1e6;
const HIGHEST_BUCKET: f64 = 60e9;
const BUCKETS: u16 = 10;

/// What upstream's label says of the events that webhooks send.
const EVENT_CONTENT_TYPE: &str = "application/json";

/// The labels stand in the order of their names, as upstream's library writes them: its own tests
/// look for whole lines.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct RequestLabels {
    code: u16,
    method: &'static str,
    path: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct MethodLabels {
    method: &'static str,
    path: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct CodeLabels {
    code: u16,
    path: String,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EventLabels {
    content_type: &'static str,
    event: &'static str,
    status: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

pub(super) struct RekorMetrics {
    new_entries: BareCounter,
    requests: Family<RequestLabels, BareCounter>,
    latency_by_method: Histograms<MethodLabels>,
    latency_by_code: Histograms<CodeLabels>,
    summary_count: Family<CodeLabels, BareCounter>,
    summary_sum: Family<CodeLabels, BareCounter>,
    events: Family<EventLabels, BareCounter>,
}

impl RekorMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let histograms = histogram as fn() -> Histogram;
        let metrics = Self {
            new_entries: BareCounter::default(),
            requests: Family::default(),
            latency_by_method: Family::new_with_constructor(histograms),
            latency_by_code: Family::new_with_constructor(histograms),
            summary_count: Family::default(),
            summary_sum: Family::default(),
            events: Family::default(),
        };
        let registry = registry.sub_registry_with_prefix("rekor");
        let build = Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The program that runs", build);
        let help = "The total number of new log entries";
        registry.register("new_entries", help, metrics.new_entries.clone());
        let help = "Requests by path, method and code";
        registry.register("qps_by_api", help, metrics.requests.clone());
        let help = "Latency in ns by path and method";
        registry.register("latency_by_api", help, metrics.latency_by_method.clone());
        let help = "Latency in ns by path and code";
        registry.register("api_latency", help, metrics.latency_by_code.clone());
        let help = "Requests by path and code";
        registry.register(
            "api_latency_summary_count",
            help,
            metrics.summary_count.clone(),
        );
        let help = "The sum of their latencies in ns";
        registry.register("api_latency_summary_sum", help, metrics.summary_sum.clone());
        let help = "Attempts to deliver an event";
        registry.register("publish_events", help, metrics.events.clone());
        metrics
    }

    pub(super) fn new_entries(&self, count: u64) {
        self.new_entries.add(count);
    }

    pub(super) fn request(&self, path: &str, method: &'static str, code: u16, took: Duration) {
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        let path = || path.to_owned();
        let by_method = MethodLabels {
            method,
            path: path(),
        };
        let by_code = CodeLabels { code, path: path() };
        let whole = RequestLabels {
            code,
            method,
            path: path(),
        };
        self.requests.get_or_create(&whole).add(1);
        let histogram = self.latency_by_method.get_or_create(&by_method);
        histogram.observe(nanoseconds as f64);
        let histogram = self.latency_by_code.get_or_create(&by_code);
        histogram.observe(nanoseconds as f64);
        self.summary_count.get_or_create(&by_code).add(1);
        self.summary_sum.get_or_create(&by_code).add(nanoseconds);
    }

    /// Counts an attempt to deliver an event of the type `event`.
    pub(super) fn event(&self, event: &'static str, taken: bool) {
        let labels = EventLabels {
            content_type: EVENT_CONTENT_TYPE,
            event,
            status: if taken { "SUCCESS" } else { "ERROR" },
        };
        self.events.get_or_create(&labels).add(1);
    }
}

fn histogram() -> Histogram {
    Histogram::new(exponential_buckets_range(
        LOWEST_BUCKET,
        HIGHEST_BUCKET,
        BUCKETS,
    ))
}

/// A number that only grows, under its own name: a counter of the library's would get `_total`
/// behind it.
#[derive(Clone, Debug, Default)]
struct BareCounter(Arc<AtomicU64>);

impl BareCounter {
    fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

impl EncodeMetric for BareCounter {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        encoder.encode_gauge(&self.0.load(Ordering::Relaxed))
    }

    fn metric_type(&self) -> MetricType {
        Self::TYPE
    }
}

impl TypedMetric for BareCounter {
    const TYPE: MetricType = MetricType::Unknown;
}
