//! Webhooks: each new entry is sent to the configured URLs as a CloudEvent (rekor-v1, section 6),
//! in order, at least once.
//!
//! ```text
//! POST <url>
//! content-type: application/cloudevents+json
//! webhook-id: <id of the event, the same each time it is sent>
//! webhook-timestamp: <Unix seconds>
//! webhook-signature: v1,<base64 of HMAC-SHA256 of "<id>.<timestamp>.<body>">
//! ```
//!
//! Each URL has a task and a cursor of its own. The cursor is a file in the data directory; it
//! moves only after the receiver took an event with a 2xx, so that a crash repeats events and never
//! loses one. A receiver that refuses an event holds up those behind it, and nothing else. Where
//! there is a filter, entries that it does not take are passed over.
//!
//! A URL may hold secrets in its user, path and query, so that log lines, metrics and errors name
//! its origin alone: scheme, host and port.

mod cursor;
mod error;
mod event;
pub(crate) mod filter;
mod secret;
pub(crate) mod settings;

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use ledgerstone_log::FollowedEntry;
use ledgerstone_log::Log;
use ledgerstone_log::Positions;
use ledgerstone_log::ReadError;
use ledgerstone_log::Tree;
use ledgerstone_log::read_on;
use sha2::Digest;
use sha2::Sha256;
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::metrics::Metrics;
use crate::metrics::WebhookCounters;
use crate::metrics::WebhookOutcome;
use crate::webhooks::cursor::Cursor;
use crate::webhooks::event::EVENT_TYPE;
use crate::webhooks::event::Event;
use crate::webhooks::filter::WebhookRules;

pub use self::error::WebhookError;
pub(crate) use self::secret::Secret;

/// How long a receiver may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after the first failure. It doubles with each further one up to [`MAX_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

const MAX_BACKOFF: Duration = Duration::from_secs(300);

/// The most entries, and bytes of bodies, that are read at a time. After so many events the cursor
/// is saved.
const PAGE_ENTRIES: usize = 64;
const PAGE_BYTES: usize = 1 << 20;

/// Where events go, and what they are signed with.
pub(crate) struct Webhooks {
    /// With their places in the settings, from 1.
    urls: Vec<(u64, reqwest::Url)>,
    secret: Secret,
    /// Which entries are sent.
    filter: WebhookRules,
}

impl Webhooks {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`WebhookError::Url`] and [`WebhookError::Repeated`].
    pub(crate) fn new(
        urls: &[String],
        secret: Secret,
        filter: WebhookRules,
    ) -> Result<Self, WebhookError> {
        let mut parsed: Vec<(u64, reqwest::Url)> = Vec::new();
        for (number, url) in (1..).zip(urls) {
            let url = reqwest::Url::parse(url).ok();
            let url = url.filter(|url| matches!(url.scheme(), "http" | "https"));
            let url = url.ok_or(WebhookError::Url(number))?;
            if parsed.iter().any(|(_, other)| *other == url) {
                return Err(WebhookError::Repeated(number));
            }
            parsed.push((number, url));
        }
        Ok(Self {
            urls: parsed,
            secret,
            filter,
        })
    }

    /// One courier for each URL. Their cursors are in `directory`.
    ///
    /// # Errors
    /// [`WebhookError::Cursor`] and [`WebhookError::Io`] when a cursor cannot be used.
    pub(crate) fn couriers(
        self,
        log: &Log,
        directory: &Path,
        metrics: &Metrics,
    ) -> Result<Vec<Courier>, WebhookError> {
        let (secret, filter) = (self.secret, self.filter);
        let couriers = self.urls.into_iter().map(|url| {
            let courier = Courier::new(log, url, secret.clone(), directory, metrics)?;
            Ok(Courier {
                filter: filter.clone(),
                ..courier
            })
        });
        couriers.collect()
    }
}

/// Carries the entries of one log to one URL.
pub(crate) struct Courier {
    log: Log,
    url: reqwest::Url,
    secret: Secret,
    filter: WebhookRules,
    client: reqwest::Client,
    cursor_path: PathBuf,
    /// In each tree, the first entry that the receiver has not taken.
    positions: Positions,
    first_backoff: Duration,
    /// What may be told of the URL.
    endpoint: String,
    metrics: Metrics,
    counters: WebhookCounters,
}

/// Why an event was not taken.
struct Refusal {
    outcome: WebhookOutcome,
    reason: String,
}

impl Courier {
    /// Goes on where the cursor in `directory` says, or else with what is logged from now on.
    fn new(
        log: &Log,
        (number, url): (u64, reqwest::Url),
        secret: Secret,
        directory: &Path,
        metrics: &Metrics,
    ) -> Result<Self, WebhookError> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ledgerstone/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(WebhookError::Client)?;
        let digest = hex::encode(Sha256::digest(url.as_str()));
        let cursor_path = directory.join(format!("webhook-{}.json", &digest[..16]));
        let trees = log.trees();
        let positions = match Cursor::load(&cursor_path)? {
            Some(cursor) => cursor.positions(&trees, &cursor_path)?,
            None => trees
                .own()
                .map(|tree| (tree.tree_id(), tree.head().size().get()))
                .collect(),
        };
        let endpoint = url.origin().ascii_serialization();
        let behind = entries_behind(&followed(log), &positions);
        let courier = Self {
            log: log.clone(),
            secret,
            filter: WebhookRules::default(),
            client,
            cursor_path,
            positions,
            first_backoff: FIRST_BACKOFF,
            counters: metrics.webhook(&endpoint, number, behind),
            metrics: metrics.clone(),
            endpoint,
            url,
        };
        // From now on nothing is forgotten, whatever happens before the first event is taken.
        courier.save()?;
        Ok(courier)
    }

    /// Sends what is there and what comes, until the server drains.
    pub(crate) async fn run(mut self, draining: CancellationToken) {
        info!(
            endpoint = self.endpoint,
            positions = %self.positions,
            "sending webhooks"
        );
        draining.run_until_cancelled(self.follow()).await;
        if let Err(error) = self.save() {
            error!(%error, "the cursor of a webhook cannot be saved; some events will be repeated");
        }
    }

    /// Goes on until the log is closed. A read that fails holds up the events behind it, and is
    /// tried again: the next one may succeed.
    async fn follow(&mut self) {
        let mut rounds = self.log.rounds();
        let mut backoff = self.first_backoff;
        loop {
            rounds.borrow_and_update();
            match self.send_page().await {
                Ok(true) => backoff = self.first_backoff,
                Ok(false) if rounds.changed().await.is_err() => return,
                Ok(false) => {}
                Err(error) => {
                    self.count(WebhookOutcome::Unreadable);
                    let endpoint = &self.endpoint;
                    error!(endpoint, %error, "the log cannot be read for a webhook; trying again");
                    tokio::time::sleep(backoff).await;
                    backoff = (backoff * 2).min(MAX_BACKOFF);
                }
            }
        }
    }

    /// Sends what comes next, and tells whether there was anything.
    async fn send_page(&mut self) -> Result<bool, ReadError> {
        let trees = Arc::new(followed(&self.log));
        let (read_from, mut next) = (Arc::clone(&trees), self.positions.clone());
        let filter = self.filter.rules();
        // Whether an entry passes is found out where it may take its time, as the read.
        let entries = self.log.run(async move {
            let entries = read_on(read_from.iter(), &mut next, PAGE_ENTRIES, PAGE_BYTES);
            let mut examined = Vec::new();
            for one in entries.await? {
                let passes = match &filter {
                    None => true,
                    Some(filter) => one.passes(&read_from, filter).await?,
                };
                examined.push((one, passes));
            }
            Ok::<_, ReadError>(examined)
        });
        let entries = entries.await?;
        let is_any = !entries.is_empty();
        for (one, passes) in entries {
            let (tree_id, index) = (one.tree_id, one.index.get());
            let tree = trees.iter().find(|tree| tree.tree_id() == tree_id);
            if let Some(tree) = tree.filter(|_| passes) {
                self.send(tree, one).await?;
            }
            self.positions.set(tree_id, index + 1);
            let behind = entries_behind(&trees, &self.positions);
            self.counters.delivered(index, behind);
        }
        if is_any && let Err(error) = self.save() {
            warn!(%error, "the cursor of a webhook cannot be saved; a crash would repeat events");
        }
        Ok(is_any)
    }

    /// Sends one event until the receiver takes it.
    async fn send(&self, tree: &Tree, one: FollowedEntry) -> Result<(), ReadError> {
        let (tree, index) = (tree.clone(), one.index);
        let made = async move { Event::new(&tree, one.index, &one.entry).await };
        let event = self.log.run(made).await?;
        let mut backoff = self.first_backoff;
        while let Err(Refusal { outcome, reason }) = self.post(&event).await {
            self.count(outcome);
            let endpoint = &self.endpoint;
            warn!(
                endpoint,
                index = index.get(),
                reason,
                "a webhook was not taken; trying again"
            );
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
        self.count(WebhookOutcome::Delivered);
        Ok(())
    }

    fn count(&self, outcome: WebhookOutcome) {
        self.counters.attempted(outcome);
        let taken = outcome == WebhookOutcome::Delivered;
        self.metrics.rekor_event(EVENT_TYPE, taken);
    }

    async fn post(&self, event: &Event) -> Result<(), Refusal> {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = since_epoch.unwrap_or_default().as_secs();
        let request = self
            .client
            .post(self.url.clone())
            .header("content-type", "application/cloudevents+json")
            .header("webhook-id", &event.id)
            .header("webhook-timestamp", timestamp)
            .header(
                "webhook-signature",
                self.secret.sign(&event.id, timestamp, &event.body),
            )
            .body(event.body.clone());
        let response = request.send().await.map_err(Refusal::failed)?;
        match response.status() {
            status if status.is_success() => Ok(()),
            status => Err(Refusal {
                outcome: WebhookOutcome::Refused,
                reason: format!("the receiver answered {status}"),
            }),
        }
    }

    fn save(&self) -> Result<(), WebhookError> {
        let cursor = Cursor::new(&self.endpoint, &self.positions);
        cursor.save(&self.cursor_path)
    }
}

impl Refusal {
    /// No answer came. The error says why, and its causes say more; none of them may say the URL.
    fn failed(error: reqwest::Error) -> Self {
        let outcome = match error.is_timeout() {
            true => WebhookOutcome::Timeout,
            false => WebhookOutcome::Unreachable,
        };
        let error = error.without_url();
        let mut reason = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            reason.push_str(": ");
            reason.push_str(&error.to_string());
            cause = error.source();
        }
        Self { outcome, reason }
    }
}

/// The trees whose entries are told: those that took them here.
fn followed(log: &Log) -> Vec<Tree> {
    let trees = log.trees();
    let own = trees.own().filter(|tree| tree.import().is_none());
    own.cloned().collect()
}

/// How many entries of `trees` lie before `positions`.
fn entries_behind(trees: &[Tree], positions: &Positions) -> u64 {
    let behind = trees
        .iter()
        .map(|tree| positions.of(tree.tree_id()).unwrap_or(0));
    behind.sum()
}

#[cfg(test)]
mod tests;
