//! What an attacker has at hand.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use h2::client::Builder;
use h2::client::SendRequest;
use http::Method;
use http::Request;
use ledgerstone_tests::proposals::Signer;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::caller::Caller;

/// Whom an attacker attacks, and with what.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) server: SocketAddr,
    pub(crate) caller: Caller,
    /// The signer of the honest clients, who has many entries.
    pub(crate) signer: Arc<Signer>,
    /// Submissions of Rekor v2 that the log holds.
    pub(crate) submissions: Arc<Vec<Bytes>>,
    /// No other round has this name.
    pub(crate) name: String,
}

/// A connection of HTTP/2, which ends when this is dropped.
pub(crate) struct Http2 {
    pub(crate) requests: SendRequest<Bytes>,
    connection: JoinHandle<()>,
}

impl Ground {
    /// A connection on which `begin` was sent; `None` where the server does not take it.
    pub(crate) async fn begin(&self, begin: &[u8]) -> Option<TcpStream> {
        let mut stream = self.caller.connect(self.server).await.ok()?;
        stream.write_all(begin).await.ok()?;
        Some(stream)
    }

    /// A connection of HTTP/2; `None` where the server does not take it.
    pub(crate) async fn http2(&self, builder: &Builder) -> Option<Http2> {
        let stream = self.caller.connect(self.server).await.ok()?;
        let (requests, connection) = builder.handshake(stream).await.ok()?;
        // Answers pings, and ends when the server ends it.
        let connection = tokio::spawn(async move { drop(connection.await) });
        Some(Http2 {
            requests,
            connection,
        })
    }

    /// A request of HTTP/2.
    pub(crate) fn request(&self, method: Method, path: &str) -> Request<()> {
        let mut request = Request::new(());
        *request.method_mut() = method;
        let uri = format!("http://{}{path}", self.server);
        *request.uri_mut() = uri.parse().unwrap_or_default();
        *request.headers_mut() = self.caller.headers();
        let json = http::HeaderValue::from_static("application/json");
        request
            .headers_mut()
            .insert(http::header::CONTENT_TYPE, json);
        request
    }
}

impl Http2 {
    /// Whether the server ended it.
    pub(crate) fn is_over(&self) -> bool {
        self.connection.is_finished()
    }
}

impl Drop for Http2 {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
