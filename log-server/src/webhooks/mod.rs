//! Webhooks: each new entry is sent to the configured URLs as a CloudEvent (rekor-v1, section 6), in order, at least once.
//!
//! ```text
//! POST <url>
//! content-type: application/cloudevents+json
//! webhook-id: <id of the event, the same each time it is sent>
//! webhook-timestamp: <Unix seconds>
//! webhook-signature: v1,<base64 of HMAC-SHA256 of "<id>.<timestamp>.<body>">
//! ```
//!
//! Each URL has a task and a cursor of its own. The cursor is a file in the data directory; it moves only after the receiver
//! took an event with a 2xx, so that a crash repeats events and never loses one. A receiver that refuses an event holds up
//! those behind it, and nothing else.

mod event;

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ledgerstone_log::Log;
use ledgerstone_log::LoggedEntry;
use ledgerstone_log::ReadError;
use ledgerstone_merkle::LeafIndex;
use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::webhooks::event::Event;

/// The fewest bytes of a secret.
const MIN_SECRET_BYTES: usize = 24;

/// How long a receiver may take to answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The pause after the first failure. It doubles with each further one up to [`MAX_BACKOFF`].
const FIRST_BACKOFF: Duration = Duration::from_secs(1);

const MAX_BACKOFF: Duration = Duration::from_secs(300);

/// The most entries, and bytes of bodies, that are read at a time. After so many events the cursor is saved.
const PAGE_ENTRIES: usize = 64;
const PAGE_BYTES: usize = 1 << 20;

/// Why webhooks cannot be set up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Not a URL that can be posted to.
    #[error("{0:?} is not an http or https URL")]
    Url(String),
    /// The file of the secret, or of a cursor, cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The secret has another form.
    #[error("{}: the secret has to be base64 of at least {MIN_SECRET_BYTES} bytes, perhaps after whsec_", path.display())]
    Secret {
        /// The file.
        path: PathBuf,
    },
    /// A cursor is damaged.
    #[error("{}: {reason}; remove it to go on with entries that are new from then on", path.display())]
    Cursor {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[source] reqwest::Error),
}

/// What the events are signed with.
#[derive(Clone)]
pub(crate) struct Secret(hmac::Key);

impl Secret {
    /// Reads the file `path`: base64, perhaps after `whsec_`.
    pub(crate) fn read(path: &Path) -> Result<Self, WebhookError> {
        let text = fs::read_to_string(path).map_err(|source| io_error(path, source))?;
        let text = text.trim();
        let bytes = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text));
        match bytes {
            Ok(bytes) if bytes.len() >= MIN_SECRET_BYTES => {
                Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
            }
            _ => Err(WebhookError::Secret {
                path: path.to_owned(),
            }),
        }
    }

    fn sign(&self, id: &str, timestamp: u64, body: &[u8]) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(format!("{id}.{timestamp}.").as_bytes());
        context.update(body);
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

/// Carries the entries of one log to one URL.
pub(crate) struct Courier {
    log: Log,
    url: reqwest::Url,
    secret: Secret,
    client: reqwest::Client,
    cursor_path: PathBuf,
    /// The first entry that the receiver has not taken.
    next: u64,
    first_backoff: Duration,
}

impl Courier {
    /// Goes on where the cursor in `directory` says, or else with what is logged from now on.
    pub(crate) fn new(
        log: Log,
        url: &str,
        secret: Secret,
        directory: &Path,
    ) -> Result<Self, WebhookError> {
        let parsed = reqwest::Url::parse(url).ok();
        let parsed = parsed.filter(|url| matches!(url.scheme(), "http" | "https"));
        let url = parsed.ok_or_else(|| WebhookError::Url(url.to_owned()))?;
        let client = reqwest::Client::builder()
            .timeout(ANSWER_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("ledgerstone/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(WebhookError::Client)?;
        let digest = hex::encode(Sha256::digest(url.as_str()));
        let cursor_path = directory.join(format!("webhook-{}.json", &digest[..16]));
        let tree_id = log.identity().tree_id;
        let next = match Cursor::load(&cursor_path)? {
            Some(cursor) if cursor.tree_id == tree_id => cursor.next,
            // The log has gone on in another tree.
            Some(_) => 0,
            None => log.head().size().get(),
        };
        let courier = Self {
            log,
            url,
            secret,
            client,
            cursor_path,
            next,
            first_backoff: FIRST_BACKOFF,
        };
        // From now on nothing is forgotten, whatever happens before the first event is taken.
        courier.save()?;
        Ok(courier)
    }

    /// Sends what is there and what comes, until the server drains.
    pub(crate) async fn run(mut self, draining: CancellationToken) {
        info!(url = %self.url, next = self.next, "sending webhooks");
        let outcome = draining.run_until_cancelled(self.follow()).await;
        if let Some(Err(error)) = outcome {
            error!(url = %self.url, %error, "webhooks end: the log cannot be read");
        }
        if let Err(error) = self.save() {
            error!(%error, "the cursor of a webhook cannot be saved; some events will be repeated");
        }
    }

    async fn follow(&mut self) -> Result<(), ReadError> {
        let mut heads = self.log.watch();
        loop {
            let size = heads.borrow_and_update().size().get();
            while self.next < size {
                self.send_page().await?;
            }
            if heads.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn send_page(&mut self) -> Result<(), ReadError> {
        let (log, start) = (self.log.clone(), LeafIndex::new(self.next));
        let entries = blocking(move || log.entries(start, PAGE_ENTRIES, PAGE_BYTES)).await?;
        for (index, entry) in entries {
            self.send(index, entry).await?;
            self.next = index.get() + 1;
        }
        if let Err(error) = self.save() {
            warn!(%error, "the cursor of a webhook cannot be saved; a crash would repeat events");
        }
        Ok(())
    }

    /// Sends one event until the receiver takes it.
    async fn send(&self, index: LeafIndex, entry: LoggedEntry) -> Result<(), ReadError> {
        let log = self.log.clone();
        let event = blocking(move || Event::new(&log, index, &entry)).await?;
        let mut backoff = self.first_backoff;
        while let Err(reason) = self.post(&event).await {
            warn!(url = %self.url, index = index.get(), reason, "a webhook was not taken; trying again");
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(MAX_BACKOFF);
        }
        Ok(())
    }

    async fn post(&self, event: &Event) -> Result<(), String> {
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
        let response = request.send().await.map_err(|error| error.to_string())?;
        match response.status().is_success() {
            true => Ok(()),
            false => Err(format!("the receiver answered {}", response.status())),
        }
    }

    fn save(&self) -> Result<(), WebhookError> {
        let cursor = Cursor {
            url: self.url.to_string(),
            tree_id: self.log.identity().tree_id,
            next: self.next,
        };
        cursor.save(&self.cursor_path)
    }
}

/// What a cursor file holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Cursor {
    /// For people: the name of the file is a hash of it.
    url: String,
    tree_id: u64,
    next: u64,
}

impl Cursor {
    fn load(path: &Path) -> Result<Option<Self>, WebhookError> {
        let json = match fs::read(path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error(path, source)),
        };
        let cursor = serde_json::from_slice(&json).map_err(|error| WebhookError::Cursor {
            path: path.to_owned(),
            reason: error.to_string(),
        });
        cursor.map(Some)
    }

    fn save(&self, path: &Path) -> Result<(), WebhookError> {
        let json = serde_json::to_vec(self).expect("a cursor has string keys");
        let beside = path.with_extension("new");
        let replace = || {
            let mut file = File::create(&beside)?;
            file.write_all(&json)?;
            // The rename must not become durable before the content is.
            file.sync_all()?;
            fs::rename(&beside, path)
        };
        replace().map_err(|source| io_error(path, source))
    }
}

fn io_error(path: &Path, source: io::Error) -> WebhookError {
    WebhookError::Io {
        path: path.to_owned(),
        source,
    }
}

/// Runs a read of the log where it may wait for the disk.
async fn blocking<T: Send + 'static>(
    read: impl FnOnce() -> Result<T, ReadError> + Send + 'static,
) -> Result<T, ReadError> {
    match tokio::task::spawn_blocking(read).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is going away, and with it whoever waits here.
            Err(_) => std::future::pending().await,
        },
    }
}

#[cfg(test)]
mod tests;
