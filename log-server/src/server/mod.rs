//! Listeners, connections, and the end of them.
//!
//! Whoever calls owns the log and decides when to stop: [`Sockets::open`] opens the sockets, so
//! that port 0 works and the addresses are known, and [`Server::run`] serves until its shutdown
//! future resolves or the log fails.

mod acceptor;
mod admit;
mod gate;
mod greeting;
mod health;
mod lanes;
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

use axum::Router;
use ledgerstone_log::CloseError;
use ledgerstone_log::Fatal;
use ledgerstone_log::Log;
use rustls::ServerConfig;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tracing::error;
use tracing::info;

use crate::admin;
use crate::admission::connections::Connections;
use crate::admission::descriptors;
use crate::metrics::Metrics;
use crate::server::acceptor::Acceptor;
use crate::server::gate::Gate;
use crate::server::lanes::Lanes;
pub use crate::server::reading::Reading;
use crate::server::settings::TlsFiles;
use crate::settings::Settings;
use crate::settings::SettingsError;
use crate::space::Space;
use crate::state::State;
use crate::webhooks::Secret;
use crate::webhooks::WebhookError;
use crate::webhooks::Webhooks;
use crate::webhooks::filter::WebhookRules;

/// The most connections of the admin port at a time.
const ADMIN_CONNECTIONS: usize = 64;

/// The sockets of a server, open, and where it will send what.
pub struct Sockets {
    listener: TcpListener,
    admin: TcpListener,
    tls: Option<TlsAcceptor>,
    webhooks: Option<Webhooks>,
    rules: WebhookRules,
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
    /// The system gives no threads.
    #[error("cannot start threads: {0}")]
    Lanes(io::Error),
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
        let filter = settings.webhooks.webhook_filter_file.as_deref();
        let rules = WebhookRules::open(filter)?;
        Ok(Self {
            tls: settings.server.tls().map(tls_acceptor).transpose()?,
            webhooks: webhooks(settings, rules.clone())?,
            rules,
            listener: listen(settings.server.listen.0).await?,
            admin: listen(settings.admin.admin_listen.0).await?,
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

    /// The rules of its webhooks.
    pub fn rules(&self) -> WebhookRules {
        self.sockets.rules.clone()
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
        let lanes = Lanes::open().map_err(ServerError::Lanes)?;
        let service = Gate::new(state.clone(), routes::router(state.clone()));
        let admin = admin::router(state, self.reading, self.sockets.rules);
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
        let mut main = Acceptor::new(self.sockets.listener, service, room, &self.settings)?;
        main.metrics = Some(self.metrics.clone());
        main.tls = self.sockets.tls;
        main.crowd = lanes.crowd();
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
        drop(lanes);
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
fn webhooks(settings: &Settings, filter: WebhookRules) -> Result<Option<Webhooks>, ServerError> {
    let settings = &settings.webhooks;
    let urls = &settings.webhook_urls;
    match &settings.webhook_secret_file {
        Some(secret) => Ok(Some(Webhooks::new(urls, Secret::read(secret)?, filter)?)),
        None if urls.is_empty() => Ok(None),
        None => {
            let reason = "needs webhook-secret-file too";
            Err(SettingsError::value("webhook-urls", reason).into())
        }
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
