//! Connections: who may open one, and how it is served.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::interval;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service;
use tracing::debug;
use tracing::warn;

use crate::admission::connections::Connections;
use crate::admission::peer::Peer;
use crate::admission::proxies::Proxies;
use crate::admission::service::ConnectionService;
use crate::metrics::Metrics;
use crate::server::greeting::Greeting;
use crate::server::lanes::Lane;
use crate::settings::Settings;
use crate::settings::SettingsError;

/// How long a client may take to send its first bytes, to send the head of a request, or to finish
/// a TLS handshake.
pub(super) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may leave an answer unread before its connection is cut.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a client may leave the next part of an answer unread before its connection is cut,
/// where that is not seen by its socket: over HTTP/2 a client says how much of each answer it
/// takes.
const UNREAD_TIMEOUT: Duration = Duration::from_secs(60);

/// How often it is looked for such clients.
const SWEEP_INTERVAL: Duration = Duration::from_secs(10);

/// How often an idle HTTP/2 connection is asked whether it is still there, and how long the answer
/// may take.
const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(30);
const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(20);

/// The most requests at a time on one HTTP/2 connection. A client may give up all of them at once,
/// before any was looked at: it is cut off only when it goes on so.
const MAX_CONCURRENT_STREAMS: u32 = 100;

/// The longest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The pause after a failed accept: out of file descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Accepts connections of one socket and serves each on a task of its own.
pub(super) struct Acceptor<S> {
    listener: TcpListener,
    service: S,
    pub(super) tls: Option<TlsAcceptor>,
    connections: Arc<Connections>,
    proxies: Arc<Proxies>,
    pub(super) metrics: Option<Metrics>,
    /// Where the connections of callers run that have many; where everything else does for `None`.
    pub(super) crowd: Option<Handle>,
    drain: Duration,
}

impl<S> Acceptor<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    /// Serves what comes in by `listener` with `service`.
    pub(super) fn new(
        listener: TcpListener,
        service: S,
        connections: Arc<Connections>,
        settings: &Settings,
    ) -> Result<Self, SettingsError> {
        let settings = &settings.server;
        Ok(Self {
            listener,
            service,
            tls: None,
            connections,
            proxies: Arc::new(settings.proxies()?),
            metrics: None,
            crowd: None,
            drain: settings.shutdown_timeout(),
        })
    }

    /// Accepts until `stop`, and then waits until the connections have ended, or for as long as the
    /// settings say.
    pub(super) async fn run(self, stop: CancellationToken) {
        let graceful = GracefulShutdown::new();
        let mut sweeps = interval(SWEEP_INTERVAL);
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                _ = sweeps.tick() => {
                    self.connections.end_unread(UNREAD_TIMEOUT);
                    continue;
                }
                accepted = self.listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let address = peer.ip();
            let caller = (!self.proxies.contain(address)).then(|| Peer::of(address));
            let Some(place) = self.connections.admit(caller) else {
                debug!(%peer, "there is no room for a connection");
                if let Some(metrics) = &self.metrics {
                    metrics.connection_refused();
                }
                continue;
            };
            let open = self.metrics.as_ref().map(Metrics::connection);
            let connection = Connection {
                service: ConnectionService {
                    service: self.service.clone(),
                    address,
                    proxies: Arc::clone(&self.proxies),
                    activity: place.activity(),
                },
                tls: self.tls.clone(),
            };
            let crowd = self.crowd.as_ref();
            let lane = Lane::of(crowd, place.is_of_crowd(), place.activity());
            let (watcher, metrics) = (graceful.watcher(), self.metrics.clone());
            let Ok(stream) = stream.into_std() else {
                continue;
            };
            lane.clone().spawn(async move {
                let served = async {
                    // Its readiness is noticed where it is served.
                    let stream = TcpStream::from_std(stream)?;
                    connection.serve(stream, lane, watcher).await
                };
                tokio::select! {
                    ended = served => {
                        if let Err(error) = ended {
                            debug!(%peer, error = %error, "a connection ended early");
                        }
                    }
                    () = place.ended() => {
                        debug!(%peer, "a connection was ended that its client held up");
                        if let Some(metrics) = metrics {
                            metrics.connection_evicted();
                        }
                    }
                }
                drop((place, open));
            });
        }
        drop(self.listener);
        if timeout(self.drain, graceful.shutdown()).await.is_err() {
            warn!("connections were still open after the shutdown timeout");
        }
    }
}

/// What one connection needs.
struct Connection<S> {
    service: ConnectionService<S>,
    tls: Option<TlsAcceptor>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl<S> Connection<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    async fn serve(self, stream: TcpStream, lane: Lane, watcher: Watcher) -> Result<(), BoxError> {
        // An answer is one write: waiting for more would only delay it.
        stream.set_nodelay(true)?;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let stream = Box::pin(stream);
        match &self.tls {
            Some(tls) => {
                let stream = timeout(HEAD_TIMEOUT, tls.accept(stream)).await??;
                self.serve_stream(stream, lane, watcher).await
            }
            None => self.serve_stream(stream, lane, watcher).await,
        }
    }

    async fn serve_stream<T>(self, stream: T, lane: Lane, watcher: Watcher) -> Result<(), BoxError>
    where
        T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = auto::Builder::new(lane);
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIMEOUT)
            .max_buf_size(MAX_HEAD_BYTES)
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
            .max_pending_accept_reset_streams(MAX_CONCURRENT_STREAMS as usize)
            .max_header_list_size(MAX_HEAD_BYTES as u32);
        let service = TowerToHyperService::new(self.service);
        let stream = Greeting::new(stream, HEAD_TIMEOUT);
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        watcher.watch(connection).await
    }
}
