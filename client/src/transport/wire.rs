//! One request with its reply, and what it means when there is none.

use std::sync::Arc;

use bytes::Bytes;
use bytes::BytesMut;
use reqwest::Client;
use reqwest::ClientBuilder;
use reqwest::Method;
use reqwest::RequestBuilder;
use reqwest::Response;
use reqwest::StatusCode;
use reqwest::Url;
use reqwest::header::CONTENT_TYPE;
use reqwest::header::HeaderMap;
use reqwest::redirect::Policy;

use crate::transport::error::TransportError;
use crate::transport::network_fault::NetworkFault;
use crate::transport::network_fault::at_scheme;
use crate::transport::network_fault::is_no_tls;
use crate::transport::network_fault::tls_cause;
use crate::transport::options::TransportOptions;
use crate::transport::reply::Reply;
use crate::transport::resolver::SystemResolver;

const USER_AGENT: &str = concat!("ledgerstone/", env!("CARGO_PKG_VERSION"));

/// An HTTP client that follows no redirect and repeats nothing.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    client: Client,
    options: TransportOptions,
}

impl Wire {
    /// The client that `builder` makes, with the time-outs of `options`.
    pub(crate) fn new(
        builder: ClientBuilder,
        options: &TransportOptions,
    ) -> Result<Self, TransportError> {
        let client = builder
            .user_agent(USER_AGENT)
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            .redirect(Policy::none())
            .dns_resolver(Arc::new(SystemResolver))
            .build()
            .map_err(TransportError::Client)?;
        Ok(Self {
            client,
            options: *options,
        })
    }

    /// Sends one request, with `body` as JSON if there is one. A reply has at most `limit` bytes.
    pub(crate) async fn exchange(
        &self,
        method: &Method,
        url: &Url,
        body: Option<Bytes>,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        let mut request = self.client.request(method.clone(), url.clone());
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        let reply = self.reply_to(request, url, limit).await?;
        // Some servers answer plain HTTP at their TLS port, with 400. So does no log: its errors
        // are JSON.
        let is_odd = reply.status == StatusCode::BAD_REQUEST && !reply.is_json_error();
        if is_odd && self.speaks_tls(url).await {
            return Err(unreachable(url, NetworkFault::tls_only(url)));
        }
        Ok(reply)
    }

    /// Reads what is at `url`, with these headers in the request. A reply has at most `limit`
    /// bytes.
    pub(crate) async fn get(
        &self,
        url: &Url,
        headers: HeaderMap,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        let request = self.client.get(url.clone()).headers(headers);
        self.reply_to(request, url, limit).await
    }

    async fn reply_to(
        &self,
        request: RequestBuilder,
        url: &Url,
        limit: usize,
    ) -> Result<Reply, TransportError> {
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(self.no_reply(url, error).await),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Reply {
            url: url.to_string(),
            status,
            headers,
            body: self.read_limited(response, url, limit).await?,
        })
    }

    /// What `error` means, which came of a request to `url`.
    async fn no_reply(&self, url: &Url, error: reqwest::Error) -> TransportError {
        if error.is_timeout() && !error.is_connect() {
            return TransportError::TimedOut {
                url: url.to_string(),
                limit: self.options.request_timeout,
            };
        }
        let is_connected = !error.is_connect();
        let fault = if is_connected && self.speaks_tls(url).await {
            NetworkFault::tls_only(url)
        } else {
            NetworkFault::of(url, error, self.options.connect_timeout)
        };
        unreachable(url, fault)
    }

    /// Whether the server at `url`, which is in the clear, answers a TLS greeting with TLS.
    async fn speaks_tls(&self, url: &Url) -> bool {
        if url.scheme() != "http" {
            return false;
        }
        let greeting = self.client.head(at_scheme(url, "https"));
        match greeting.timeout(self.options.connect_timeout).send().await {
            Ok(_) => true,
            Err(error) => tls_cause(&error).is_some_and(|cause| !is_no_tls(cause)),
        }
    }

    async fn read_limited(
        &self,
        mut response: Response,
        url: &Url,
        limit: usize,
    ) -> Result<Bytes, TransportError> {
        let too_long = || TransportError::TooLong {
            url: url.to_string(),
            limit,
        };
        // None where the body comes in chunks or compressed.
        let announced = response.content_length().unwrap_or(0);
        let announced = usize::try_from(announced).unwrap_or(usize::MAX);
        if announced > limit {
            return Err(too_long());
        }
        let mut body = BytesMut::with_capacity(announced);
        loop {
            let chunk = match response.chunk().await {
                Ok(Some(chunk)) => chunk,
                Ok(None) => return Ok(body.freeze()),
                Err(error) => return Err(self.no_reply(url, error).await),
            };
            if body.len() + chunk.len() > limit {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
    }
}

fn unreachable(url: &Url, fault: NetworkFault) -> TransportError {
    TransportError::Unreachable {
        url: url.to_string(),
        fault: Box::new(fault),
    }
}
