//! Listeners, connections, and the end of them.
//!
//! Whoever calls owns the log and decides when to stop: [`Sockets::open`] opens the sockets, so
//! that port 0 works and the addresses are known, and [`Server::run`] serves until its shutdown
//! future resolves or the log fails.

mod admit;
mod greeting;
mod health;
pub(crate) mod reading;
pub(crate) mod routes;
pub(crate) mod settings;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io;
use std::io::BufReader;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ledgerstone_log::CloseError;
use ledgerstone_log::Fatal;
use ledgerstone_log::Log;
use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;
use tokio::io::AsyncRead;
use tokio::io::AsyncWrite;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::time::interval;
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::admin;
use crate::admission::connections::Connections;
use crate::admission::descriptors;
use crate::admission::peer::Peer;
use crate::admission::proxies::Proxies;
use crate::admission::service::ConnectionService;
use crate::metrics::Metrics;
use crate::server::greeting::Greeting;
pub use crate::server::reading::Reading;
use crate::server::settings::TlsFiles;
use crate::settings::Settings;
use crate::settings::SettingsError;
use crate::space::Space;
use crate::state::State;
use crate::webhooks::Secret;
use crate::webhooks::WebhookError;
use crate::webhooks::Webhooks;
use crate::webhooks::filter;

/// How long a client may take to send its first bytes, to send the head of a request, or to finish
/// a TLS handshake.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

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

/// The most requests at a time on one HTTP/2 connection.
const MAX_CONCURRENT_STREAMS: u32 = 256;

/// The longest head of a request, in bytes.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// The most connections of the admin port at a time.
const ADMIN_CONNECTIONS: usize = 64;

/// The pause after a failed accept: out of file descriptors, most likely.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The sockets of a server, open, and where it will send what.
pub struct Sockets {
    listener: TcpListener,
    admin: TcpListener,
    tls: Option<TlsAcceptor>,
    webhooks: Option<Webhooks>,
}

/// A server, which serves once it runs.
pub struct Server {
    log: Log,
    settings: Settings,
    sockets: Sockets,
    metrics: Metrics,
    /// Why it only reads, where it does.
    reading: Option<Reading>,
}

/// Why a server could not start, or ended badly.
#[derive(Debug, Error)]
pub enum ServerError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}, as --listen or --admin-listen says: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("TLS: {0}")]
    Tls(String),
    /// The settings do not fit together.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// New entries cannot be sent where they should be.
    #[error("webhooks: {0}")]
    Webhook(#[from] WebhookError),
    /// The log failed, and took the server with it.
    #[error("the log failed: {0}")]
    Log(Arc<Fatal>),
    /// The log failed while it drained.
    #[error("the log failed while it drained: {0}")]
    Close(#[from] CloseError),
}

impl Sockets {
    /// Opens the sockets, so that a taken address, a broken certificate or a webhook that cannot be
    /// is known before there is a log to serve.
    ///
    /// # Errors
    /// [`ServerError::Listen`] when an address is taken, [`ServerError::Tls`] when the certificate
    /// does not work, [`ServerError::Webhook`] and [`ServerError::Settings`] when webhooks cannot
    /// be sent as the settings say.
    pub async fn open(settings: &Settings) -> Result<Self, ServerError> {
        let listen = |address| async move {
            TcpListener::bind(address)
                .await
                .map_err(|source| ServerError::Listen { address, source })
        };
        Ok(Self {
            tls: settings.server.tls().map(tls_acceptor).transpose()?,
            webhooks: webhooks(settings)?,
            listener: listen(settings.server.listen).await?,
            admin: listen(settings.admin.admin_listen).await?,
        })
    }
}

impl Server {
    /// A server for `log`. Give the log `metrics` as its observer to have its rounds counted.
    pub fn new(sockets: Sockets, log: Log, settings: Settings, metrics: Metrics) -> Self {
        Self {
            log,
            settings,
            sockets,
            metrics,
            reading: None,
        }
    }

    /// Says why the log is only read.
    #[must_use]
    pub fn reading(self, why: Option<Reading>) -> Self {
        if let Some(why) = &why {
            self.metrics.read_only(why.cause());
        }
        Self {
            reading: why,
            ..self
        }
    }

    /// The address of all protocols.
    ///
    /// # Errors
    /// What the system says when the socket has none.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.sockets.listener.local_addr()
    }

    /// The address of metrics and health.
    ///
    /// # Errors
    /// What the system says when the socket has none.
    pub fn admin_address(&self) -> io::Result<SocketAddr> {
        self.sockets.admin.local_addr()
    }

    /// Serves until `shutdown` resolves, then drains: no new connections, requests under way are
    /// answered, what waits is logged. Ends at once when the log fails.
    ///
    /// # Errors
    /// [`ServerError::Log`] when the log failed: the process should end with an error, and only a
    /// verified open lets it back.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), ServerError> {
        let draining = CancellationToken::new();
        let state = State::new(
            self.log.clone(),
            self.settings.clone(),
            self.metrics.clone(),
            draining.clone(),
        )?;
        let couriers = match self.sockets.webhooks {
            // Their cursors are written, and there are no new entries.
            Some(_) if self.log.is_read_only() => Vec::new(),
            Some(webhooks) => {
                webhooks.couriers(state.log(), &self.settings.store.data_dir, &self.metrics)?
            }
            None => Vec::new(),
        };
        // What an earlier process began and did not end. A log without a whole index serves all the
        // same.
        let log = state.log().clone();
        let resumed = tokio::task::spawn_blocking(move || log.resume_reindex()).await;
        if let Ok(Err(error)) = resumed {
            error!(%error, "the search index cannot be rebuilt");
        }
        let service = routes::router(state.clone());
        let admin = admin::router(state, self.reading);
        let mut space = Space::new(
            self.log.clone(),
            self.settings.store.data_dir.clone(),
            self.settings.store.min_free_space,
            self.metrics.clone(),
        );
        // Before the first entry is taken.
        space.look();
        let space = tokio::spawn(space.run(draining.clone()));

        let stop = CancellationToken::new();
        let limits = &self.settings.server;
        let room = descriptors::connections(limits.max_connections);
        let room = Connections::new(room, limits.max_caller_connections);
        let main = Acceptor {
            metrics: Some(self.metrics.clone()),
            ..Acceptor::new(self.sockets.listener, service, room, &self.settings)?
        };
        let main = Acceptor {
            tls: self.sockets.tls,
            ..main
        };
        let main = tokio::spawn(main.run(draining.clone()));
        let room = Connections::new(ADMIN_CONNECTIONS, ADMIN_CONNECTIONS);
        let admin = Acceptor::new(self.sockets.admin, admin, room, &self.settings)?;
        let admin = tokio::spawn(admin.run(stop.clone()));

        let couriers = couriers
            .into_iter()
            .map(|courier| tokio::spawn(courier.run(draining.clone())));
        let couriers: Vec<_> = couriers.collect();

        let failure = tokio::select! {
            () = shutdown => None,
            fatal = self.log.failed() => Some(fatal),
        };
        if failure.is_none() {
            info!("draining");
        }
        draining.cancel();
        // The acceptors bound their own end; a panic in one is already logged.
        let _ = main.await;
        stop.cancel();
        let _ = admin.await;
        let _ = space.await;
        for courier in couriers {
            let _ = courier.await;
        }
        if let Some(fatal) = failure {
            return Err(ServerError::Log(fatal));
        }
        self.log.close().await?;
        info!("drained");
        Ok(())
    }
}

/// All faces over `log` as one service without a socket, as [`Server::run`] has them behind its
/// main port.
///
/// # Errors
/// [`SettingsError::Value`] when the settings do not fit together.
pub fn router(log: Log, settings: Settings, metrics: Metrics) -> Result<Router, SettingsError> {
    let state = State::new(log, settings, metrics, CancellationToken::new())?;
    Ok(routes::router(state))
}

/// Where new entries are sent, if anywhere.
fn webhooks(settings: &Settings) -> Result<Option<Webhooks>, ServerError> {
    let settings = &settings.webhooks;
    let urls = &settings.webhook_urls;
    match &settings.webhook_secret_file {
        Some(secret) => {
            let filter = settings.webhook_filter_file.as_deref();
            let filter = filter.map(filter::read).transpose()?;
            Ok(Some(Webhooks::new(urls, Secret::read(secret)?, filter)?))
        }
        None if urls.is_empty() => Ok(None),
        None => {
            let reason = "needs webhook-secret-file too";
            Err(SettingsError::value("webhook-urls", reason).into())
        }
    }
}

/// Accepts connections of one socket and serves each on a task of its own.
struct Acceptor {
    listener: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    connections: Arc<Connections>,
    proxies: Arc<Proxies>,
    metrics: Option<Metrics>,
    drain: Duration,
}

impl Acceptor {
    fn new(
        listener: TcpListener,
        router: Router,
        connections: Arc<Connections>,
        settings: &Settings,
    ) -> Result<Self, SettingsError> {
        let settings = &settings.server;
        Ok(Self {
            listener,
            router,
            tls: None,
            connections,
            proxies: Arc::new(settings.proxies()?),
            metrics: None,
            drain: settings.shutdown_timeout(),
        })
    }

    async fn run(self, stop: CancellationToken) {
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
                    service: self.router.clone(),
                    address,
                    proxies: Arc::clone(&self.proxies),
                    activity: place.activity(),
                },
                tls: self.tls.clone(),
            };
            let (watcher, metrics) = (graceful.watcher(), self.metrics.clone());
            tokio::spawn(async move {
                tokio::select! {
                    ended = connection.serve(stream, watcher) => {
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
struct Connection {
    service: ConnectionService<Router>,
    tls: Option<TlsAcceptor>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Connection {
    async fn serve(
        self,
        stream: TcpStream,
        watcher: hyper_util::server::graceful::Watcher,
    ) -> Result<(), BoxError> {
        // An answer is one write: waiting for more would only delay it.
        stream.set_nodelay(true)?;
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let stream = Box::pin(stream);
        match &self.tls {
            Some(tls) => {
                let stream = timeout(HEAD_TIMEOUT, tls.accept(stream)).await??;
                self.serve_stream(stream, watcher).await
            }
            None => self.serve_stream(stream, watcher).await,
        }
    }

    async fn serve_stream<S>(
        self,
        stream: S,
        watcher: hyper_util::server::graceful::Watcher,
    ) -> Result<(), BoxError>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let mut builder = auto::Builder::new(TokioExecutor::new());
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
            .max_header_list_size(MAX_HEAD_BYTES as u32);
        let service = TowerToHyperService::new(self.service);
        let stream = Greeting::new(stream, HEAD_TIMEOUT);
        let connection = builder
            .serve_connection_with_upgrades(TokioIo::new(stream), service)
            .into_owned();
        watcher.watch(connection).await
    }
}

fn tls_acceptor(files: TlsFiles<'_>) -> Result<TlsAcceptor, ServerError> {
    let failed = |what: &std::path::Path, error: &dyn std::fmt::Display| {
        ServerError::Tls(format!("{}: {error}", what.display()))
    };
    let certificates: Vec<CertificateDer<'static>> = {
        let file =
            File::open(files.certificate).map_err(|error| failed(files.certificate, &error))?;
        CertificateDer::pem_reader_iter(BufReader::new(file))
            .collect::<Result<_, _>>()
            .map_err(|error| failed(files.certificate, &error))?
    };
    let key = PrivateKeyDer::from_pem_file(files.key).map_err(|error| failed(files.key, &error))?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| ServerError::Tls(error.to_string()))?;
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| ServerError::Tls(error.to_string()))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
