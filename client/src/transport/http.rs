//! Requests to one log: time-outs, limits on what is read, and retries that are safe because a log
//! answers a repeated submission with the entry it already has.

use std::time::Duration;

use bytes::Bytes;
use ledgerstone_proto::json::from_slice;
use reqwest::Certificate;
use reqwest::ClientBuilder;
use reqwest::Method;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::LOCATION;
use serde::de::DeserializeOwned;

use crate::transport::base_url::parse_base;
use crate::transport::error::TransportError;
use crate::transport::options::TransportOptions;
use crate::transport::reply::Reply;
use crate::transport::reply::is_passing;
use crate::transport::reply::retry_after;
use crate::transport::url_fault::UrlFault;
use crate::transport::wire::Wire;

/// The longest JSON reply with entries that is read, in bytes: a page of entries of the largest
/// kind fits.
pub const MAX_JSON_BYTES: usize = 32 << 20;

/// The longest JSON reply without entries that is read, in bytes: a head, a proof, or a list of
/// trees with their checkpoints.
pub const MAX_SHORT_JSON_BYTES: usize = 4 << 20;

/// The longest entry bundle that is read, in bytes: 256 entries of 65,535 bytes with their length
/// prefixes.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + 65_535);

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// A connection pool to the log at one base URL.
#[derive(Clone, Debug)]
pub struct Transport {
    wire: Wire,
    /// Without a slash at the end.
    base: String,
    options: TransportOptions,
}

impl Transport {
    /// A transport to the log at `url`: `http` or `https`, a host, perhaps a port and a path.
    ///
    /// # Errors
    /// [`TransportError::Url`] when `url` is not of that form, [`TransportError::Client`] when TLS
    /// cannot be set up.
    pub fn new(url: &str, options: TransportOptions) -> Result<Self, TransportError> {
        Self::build(url, options, ClientBuilder::new())
    }

    /// As [`new`](Self::new), but servers are verified with the authorities whose certificates are
    /// in `pem` alone, and not with those of the system.
    ///
    /// # Errors
    /// As there, and [`TransportError::Authorities`] when `pem` cannot be read.
    pub fn with_authorities(
        url: &str,
        options: TransportOptions,
        pem: &[u8],
    ) -> Result<Self, TransportError> {
        let authorities = Certificate::from_pem_bundle(pem).map_err(TransportError::Authorities)?;
        Self::build(
            url,
            options,
            ClientBuilder::new().tls_certs_only(authorities),
        )
    }

    fn build(
        url: &str,
        options: TransportOptions,
        client: ClientBuilder,
    ) -> Result<Self, TransportError> {
        Ok(Self {
            base: parse_base(url)?,
            wire: Wire::new(client, &options)?,
            options,
        })
    }

    /// The same, with `path`, which starts with a slash, added to the base URL.
    pub(crate) fn below(&self, path: &str) -> Self {
        Self {
            base: self.full_url(path),
            ..self.clone()
        }
    }

    /// The base URL, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.base
    }

    /// The body at `path` (which starts with a slash), or `None` when the server answers 404.
    ///
    /// # Errors
    /// Any other status than 200 and 404, a body over `limit` bytes, and failures that retrying did
    /// not cure.
    pub async fn fetch(&self, path: &str, limit: usize) -> Result<Option<Bytes>, TransportError> {
        let reply = self.send(Method::GET, path, None, limit).await?;
        match reply.status {
            StatusCode::OK => Ok(Some(reply.body)),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(reply.into_error()),
        }
    }

    /// The JSON document without entries at `path`, at most [`MAX_SHORT_JSON_BYTES`], or `None`
    /// when the server answers 404.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch), and [`TransportError::Reply`] when the body is not such a
    /// document.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, TransportError> {
        let Some(body) = self.fetch(path, MAX_SHORT_JSON_BYTES).await? else {
            return Ok(None);
        };
        let parsed = from_slice(&body);
        parsed
            .map(Some)
            .map_err(|error| self.bad_reply(path, error.to_string()))
    }

    /// Sends a JSON document and gives back whatever the server answers in the end.
    ///
    /// # Errors
    /// A reply over `limit` bytes, and failures to get a reply that retrying did not cure.
    pub(crate) async fn post_json(
        &self,
        path: &str,
        body: Bytes,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        self.send(Method::POST, path, Some(body), limit).await
    }

    /// The error for a reply to `path` that breaks a rule of its format.
    pub(crate) fn bad_reply(&self, path: &str, reason: String) -> TransportError {
        TransportError::Reply {
            url: self.full_url(path),
            reason,
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        let mut attempt = 1;
        loop {
            let outcome = self
                .send_once(method.clone(), path, body.clone(), limit)
                .await;
            let Some(asked) = retry_wish(&outcome) else {
                return outcome;
            };
            match self.options.pause_after(attempt, asked, random_fraction()) {
                Some(pause) => tokio::time::sleep(pause).await,
                None => return outcome,
            }
            attempt += 1;
        }
    }

    /// One attempt, redirects included.
    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        let first = self.full_url(path);
        let mut url = Url::parse(&first).map_err(|error| TransportError::Url {
            url: first.clone(),
            fault: UrlFault::Malformed(error.to_string()),
        })?;
        for _ in 0..=MAX_REDIRECTS {
            let sent = self.wire.exchange(&method, &url, body.clone(), limit);
            let reply = sent.await?;
            match redirect_target(&reply, &url) {
                None => return Ok(reply),
                Some(to) if method == Method::GET || keeps_method(reply.status) => url = to,
                Some(to) => return Err(redirect(reply.url, &to, path)),
            }
        }
        Err(redirect(first, &url, path))
    }

    fn full_url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

/// Where `reply` from `url` sends its reader, if it does.
fn redirect_target(reply: &Reply, url: &Url) -> Option<Url> {
    if !matches!(reply.status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let location = reply.headers.get(LOCATION)?.to_str().ok()?;
    url.join(location).ok()
}

/// Whether the same request is to be sent to where a redirect leads (RFC 9110, section 15.4).
/// Others make a reading request of a submission.
fn keeps_method(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT
    )
}

/// The error for a redirect from `url` to `to` that is not followed. Where `to` ends with the same
/// path, the address before it is what the caller can give.
fn redirect(url: String, to: &Url, path: &str) -> TransportError {
    let to = to.as_str();
    TransportError::Redirect {
        url,
        to: to.strip_suffix(path).unwrap_or(to).to_owned(),
    }
}

/// `None` when the outcome is final; otherwise the wait that the server asked for, if it did.
fn retry_wish(outcome: &Result<Reply, TransportError>) -> Option<Option<Duration>> {
    match outcome {
        Ok(reply) => is_passing(reply.status).then(|| retry_after(&reply.headers)),
        Err(TransportError::Unreachable { fault, .. }) => fault.is_passing().then_some(None),
        Err(TransportError::TimedOut { .. }) => Some(None),
        Err(
            TransportError::Url { .. }
            | TransportError::Authorities(_)
            | TransportError::Client(_)
            | TransportError::Redirect { .. }
            | TransportError::Status { .. }
            | TransportError::TooLong { .. }
            | TransportError::Reply { .. },
        ) => None,
    }
}

fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        // Only the spread of retries depends on it.
        Err(_) => 1.0,
    }
}
