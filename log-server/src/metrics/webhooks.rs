//! What happens to webhooks, by endpoint. An endpoint is told by scheme, host and port alone:
//! whatever else its URL holds, a user, a path or a query, may be a secret between operator and
//! receiver.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// One of the webhooks in the settings. As many labels as there are of those.
#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct EndpointLabels {
    endpoint: String,
    /// Its place in the settings, from 1: several may lead to one host.
    webhook: u64,
}

#[derive(Clone, Debug, EncodeLabelSet, Eq, Hash, PartialEq)]
struct DeliveryLabels {
    endpoint: String,
    webhook: u64,
    outcome: &'static str,
}

/// What became of one attempt to deliver.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// The receiver took the event.
    Delivered,
    /// It answered with another status than 2xx.
    Refused,
    /// It did not answer in time.
    Timeout,
    /// There was no connection, or it ended early.
    Unreachable,
    /// The log could not be read, so that there was no event.
    Unreadable,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::Unreadable => "unreadable",
        }
    }
}

pub(super) struct WebhookMetrics {
    deliveries: Family<DeliveryLabels, Counter>,
    lag: Family<EndpointLabels, Gauge<u64, AtomicU64>>,
    last: Family<EndpointLabels, Gauge<u64, AtomicU64>>,
    /// Where each courier is: the first entry that its receiver has not taken.
    positions: Mutex<Vec<(EndpointLabels, Arc<AtomicU64>)>>,
}

/// Counts what one courier does.
#[derive(Clone)]
pub(crate) struct WebhookCounters {
    labels: EndpointLabels,
    deliveries: Family<DeliveryLabels, Counter>,
    last: Family<EndpointLabels, Gauge<u64, AtomicU64>>,
    position: Arc<AtomicU64>,
}

impl WebhookMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            deliveries: Family::default(),
            lag: Family::default(),
            last: Family::default(),
            positions: Mutex::default(),
        };
        let registry = registry.sub_registry_with_prefix("webhook");
        let help = "Attempts to deliver an event";
        registry.register("deliveries", help, metrics.deliveries.clone());
        let help = "Entries that the receiver has not taken yet";
        registry.register("lag_entries", help, metrics.lag.clone());
        let help = "The index of the newest entry that the receiver took since the start";
        registry.register("last_delivered_index", help, metrics.last.clone());
        metrics
    }

    /// The counters of the webhook that is `number`th in the settings, and whose receiver has
    /// `behind` entries behind it.
    pub(super) fn counters(&self, endpoint: &str, number: u64, behind: u64) -> WebhookCounters {
        let labels = EndpointLabels {
            endpoint: endpoint.to_owned(),
            webhook: number,
        };
        let position = Arc::new(AtomicU64::new(behind));
        let mut positions = self.positions.lock();
        positions.push((labels.clone(), Arc::clone(&position)));
        WebhookCounters {
            labels,
            deliveries: self.deliveries.clone(),
            last: self.last.clone(),
            position,
        }
    }

    /// Sets what depends on the entries of the log, of all trees together.
    pub(super) fn refresh(&self, entries: u64) {
        for (labels, position) in self.positions.lock().iter() {
            let lag = entries.saturating_sub(position.load(Ordering::Relaxed));
            self.lag.get_or_create(labels).set(lag);
        }
    }
}

impl WebhookCounters {
    pub(crate) fn attempted(&self, outcome: Outcome) {
        let labels = DeliveryLabels {
            endpoint: self.labels.endpoint.clone(),
            webhook: self.labels.webhook,
            outcome: outcome.name(),
        };
        self.deliveries.get_or_create(&labels).inc();
    }

    /// The receiver took the entry at `index` of its tree, or is not to have it: it has `behind`
    /// entries of all trees behind it now.
    pub(crate) fn delivered(&self, index: u64, behind: u64) {
        self.last.get_or_create(&self.labels).set(index);
        self.position.store(behind, Ordering::Relaxed);
    }
}
