//! Requests to one log: time-outs, limits on what is read, and retries that are safe because a log
//! answers a repeated submission with the entry it already has.

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use ledgerstone_proto::json::from_slice;
use reqwest::Method;
use reqwest::StatusCode;
use reqwest::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;

use crate::transport::base_url::parse_base;
use crate::transport::error::TransportError;
use crate::transport::options::TransportOptions;
use crate::transport::reply::Reply;
use crate::transport::reply::is_passing;
use crate::transport::reply::retry_after;

/// The longest JSON reply that is read, in bytes: a page of entries of the largest kind fits.
pub const MAX_JSON_BYTES: usize = 32 << 20;

/// The longest entry bundle that is read, in bytes: 256 entries of 65,535 bytes with their length
/// prefixes.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + 65_535);

const USER_AGENT: &str = concat!("ledgerstone/", env!("CARGO_PKG_VERSION"));

/// A connection pool to the log at one base URL.
#[derive(Clone, Debug)]
pub struct Transport {
    client: reqwest::Client,
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
        let base = parse_base(url)?;
        let client = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            .redirect(reqwest::redirect::Policy::limited(3))
            .build()
            .map_err(TransportError::Client)?;
        Ok(Self {
            client,
            base,
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

    /// The JSON document at `path`, or `None` when the server answers 404.
    ///
    /// # Errors
    /// As for [`fetch`](Self::fetch), and [`TransportError::Reply`] when the body is not such a
    /// document.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        path: &str,
    ) -> Result<Option<T>, TransportError> {
        let Some(body) = self.fetch(path, MAX_JSON_BYTES).await? else {
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

    async fn send_once(
        &self,
        method: Method,
        path: &str,
        body: Option<Bytes>,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        let url = self.full_url(path);
        let mut request = self.client.request(method, &url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| network_error(&url, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let body = read_limited(response, &url, limit).await?;
        Ok(Reply {
            url,
            status,
            headers,
            body,
        })
    }

    fn full_url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }
}

fn network_error(url: &str, error: reqwest::Error) -> TransportError {
    if error.is_timeout() {
        return TransportError::TimedOut {
            url: url.to_owned(),
        };
    }
    TransportError::Unreachable {
        url: url.to_owned(),
        source: error.without_url(),
    }
}

async fn read_limited(
    mut response: reqwest::Response,
    url: &str,
    limit: usize,
) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|error| network_error(url, error))?
    {
        if body.len() + chunk.len() > limit {
            return Err(TransportError::TooLong {
                url: url.to_owned(),
                limit,
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

/// `None` when the outcome is final; otherwise the wait that the server asked for, if it did.
fn retry_wish(outcome: &Result<Reply, TransportError>) -> Option<Option<Duration>> {
    match outcome {
        Ok(reply) if is_passing(reply.status) => Some(retry_after(&reply.headers)),
        Err(TransportError::Unreachable { .. } | TransportError::TimedOut { .. }) => Some(None),
        _ => None,
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
