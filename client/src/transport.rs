//! HTTP to one log: time-outs, limits on what is read, and retries that are safe because a log answers a repeated
//! submission with the entry it already has.

use std::time::Duration;

use bytes::Bytes;
use bytes::BytesMut;
use ledgerstone_proto::json::from_slice;
use reqwest::Method;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::header::RETRY_AFTER;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The longest JSON reply that is read, in bytes: a page of entries of the largest kind fits.
pub const MAX_JSON_BYTES: usize = 32 << 20;

/// The longest entry bundle that is read, in bytes: 256 entries of 65,535 bytes with their length prefixes.
pub const MAX_BUNDLE_BYTES: usize = 256 * (2 + 65_535);

/// The longest `Retry-After` that is waited for; a log that asks for more is reported instead.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// The longest error text of a server that is passed on, in characters.
const MAX_MESSAGE_CHARS: usize = 500;

const USER_AGENT: &str = concat!("ledgerstone/", env!("CARGO_PKG_VERSION"));

/// How long to wait for a log, and how often to ask again.
#[derive(Clone, Copy, Debug)]
pub struct TransportOptions {
    /// The longest time that connecting may take.
    pub connect_timeout: Duration,
    /// The longest time that one request with its reply may take. Rekor v2 servers may take 20 s to answer.
    pub request_timeout: Duration,
    /// How often a request is sent at most; at least once.
    pub attempts: u32,
    /// The upper bound of the random wait before the second attempt; it doubles with each further one.
    pub first_backoff: Duration,
    /// The longest wait between two attempts that the log did not ask for.
    pub max_backoff: Duration,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            attempts: 5,
            first_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(8),
        }
    }
}

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
    /// [`TransportError::Url`] when `url` is not of that form, [`TransportError::Client`] when TLS cannot be set up.
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
    /// Any other status than 200 and 404, a body over `limit` bytes, and failures that retrying did not cure.
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
    /// As for [`fetch`](Self::fetch), and [`TransportError::Reply`] when the body is not such a document.
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

impl TransportOptions {
    /// How long to wait after the failed attempt number `attempt` (from 1), or `None` to give up.
    ///
    /// `asked` is the server's `Retry-After`; without one the wait is `fraction` (0 to 1) of the backoff, so that clients
    /// that failed together do not come back together.
    fn pause_after(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        fraction: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        match asked {
            Some(asked) => (asked <= MAX_RETRY_AFTER).then_some(asked),
            None => {
                let doubled = self
                    .first_backoff
                    .saturating_mul(1 << (attempt - 1).min(16));
                Some(doubled.min(self.max_backoff).mul_f64(fraction))
            }
        }
    }
}

/// What a server answered, whatever the status.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) url: String,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn into_error(self) -> TransportError {
        TransportError::Status {
            message: server_message(&self.body),
            retry_after: retry_after(&self.headers),
            status: self.status.as_u16(),
            url: self.url,
        }
    }
}

/// Why a log could not be asked, or what it answered instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// The base URL cannot be used.
    #[error("{url:?} is not the URL of a log: {reason}")]
    Url {
        /// What was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Client(#[source] reqwest::Error),
    /// No connection, or one that broke.
    #[error("{url} cannot be reached; check the address and that the log is running")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// The reason.
        #[source]
        source: reqwest::Error,
    },
    /// No reply in time.
    #[error("no reply from {url} in time")]
    TimedOut {
        /// What was asked for.
        url: String,
    },
    /// A status that the request does not go on with.
    #[error("{url} answered {status}: {message}{}", retry_hint(*retry_after))]
    Status {
        /// What was asked for.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The server's own words.
        message: String,
        /// When the server would like to be asked again.
        retry_after: Option<Duration>,
    },
    /// A body over the limit for its kind.
    #[error("the reply of {url} is longer than {limit} bytes")]
    TooLong {
        /// What was asked for.
        url: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// A body that breaks its format.
    #[error("the reply of {url} is not what it should be: {reason}")]
    Reply {
        /// What was asked for.
        url: String,
        /// Which rule it breaks.
        reason: String,
    },
}

fn parse_base(url: &str) -> Result<String, TransportError> {
    let refuse = |reason: &str| TransportError::Url {
        url: url.to_owned(),
        reason: reason.to_owned(),
    };
    let parsed = Url::parse(url).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(refuse("it must begin with http:// or https://"));
    }
    if parsed.query().is_some() || parsed.fragment().is_some() {
        return Err(refuse("it must end with the host or a path"));
    }
    Ok(parsed.as_str().trim_end_matches('/').to_owned())
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

/// Whether the same request may fare better later.
fn is_passing(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504)
}

/// `Retry-After` in either of its forms (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let wait = date.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO))
}

fn retry_hint(retry_after: Option<Duration>) -> String {
    retry_after
        .map(|wait| format!("; try again in {} s", wait.as_secs()))
        .unwrap_or_default()
}

/// The `message` of an error body, or its first line.
fn server_message(body: &[u8]) -> String {
    #[derive(Deserialize)]
    struct ErrorBody {
        message: String,
    }
    let text = match serde_json::from_slice::<ErrorBody>(body) {
        Ok(error) => error.message,
        Err(_) => String::from_utf8_lossy(body)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned(),
    };
    text.chars()
        .filter(|character| !character.is_control())
        .take(MAX_MESSAGE_CHARS)
        .collect()
}

fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    match getrandom::fill(&mut bytes) {
        Ok(()) => f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX),
        // Only the spread of retries depends on it.
        Err(_) => 1.0,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    const OPTIONS: TransportOptions = TransportOptions {
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(1),
        attempts: 4,
        first_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_millis(300),
    };

    #[test]
    fn backoff_doubles_up_to_its_limit_and_ends() {
        let pauses: Vec<_> = (1..=4)
            .map(|attempt| OPTIONS.pause_after(attempt, None, 1.0))
            .collect();
        let expected =
            [100, 200, 300].map(|milliseconds| Some(Duration::from_millis(milliseconds)));
        assert_eq!(pauses[..3], expected);
        assert_eq!(pauses[3], None);
        assert_eq!(
            OPTIONS.pause_after(1, None, 0.5),
            Some(Duration::from_millis(50))
        );
    }

    #[test]
    fn the_wait_that_the_server_asks_for_is_kept_or_refused() {
        let seconds = Duration::from_secs;
        assert_eq!(
            OPTIONS.pause_after(1, Some(seconds(7)), 0.0),
            Some(seconds(7))
        );
        assert_eq!(OPTIONS.pause_after(1, Some(seconds(61)), 0.0), None);
        assert_eq!(OPTIONS.pause_after(4, Some(seconds(1)), 0.0), None);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let parse = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_static(text));
            retry_after(&headers)
        };
        assert_eq!(parse("3"), Some(Duration::from_secs(3)));
        assert_eq!(parse("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
        assert!(parse("Fri, 31 Dec 2100 23:59:59 GMT") > Some(MAX_RETRY_AFTER));
        assert_eq!(parse("soon"), None);
    }

    #[test]
    fn base_urls_are_checked() {
        assert_eq!(
            parse_base("http://127.0.0.1:3000/").unwrap(),
            "http://127.0.0.1:3000"
        );
        assert_eq!(
            parse_base("https://log.example/api/v2/").unwrap(),
            "https://log.example/api/v2"
        );
        for bad in [
            "127.0.0.1:3000",
            "ftp://log.example",
            "http://",
            "https://log.example/?a=b",
            "https://log.example/#x",
            "",
        ] {
            assert!(
                matches!(parse_base(bad), Err(TransportError::Url { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn server_messages_are_cut_and_cleaned() {
        assert_eq!(
            server_message(br#"{"code":3,"message":"invalid entry","details":[]}"#),
            "invalid entry"
        );
        assert_eq!(server_message(b"frozen\nmore"), "frozen");
        assert_eq!(server_message(b"a\x1b[31mb"), "a[31mb");
        assert_eq!(server_message(&[b'x'; 4000]).len(), MAX_MESSAGE_CHARS);
    }
}
