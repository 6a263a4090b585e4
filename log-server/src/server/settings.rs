//! The settings of the sockets, and the limits that hold for every face.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::admission::proxies::Network;
use crate::admission::proxies::Proxies;
use crate::settings::address::ListenAddress;
use crate::settings::section::SettingsError;
use crate::settings::section::section;

section! {
    /// Where the server listens, and its limits.
    pub struct ServerSettings from ServerOverrides {
        /// Address of all protocols; port 0 picks a free one
        [ADDRESS] listen: ListenAddress = ListenAddress::loopback(3000);
        /// Certificate chain (PEM): serve TLS
        [FILE] tls_certificate: Option<PathBuf> = None;
        /// Private key (PEM) of the TLS certificate
        [FILE] tls_key: Option<PathBuf> = None;
        /// Longest request body, in bytes
        [BYTES] max_request_bytes: usize = 4 << 20, in 1 << 16..=1 << 30;
        /// Memory that all requests may take, from their bodies to their answers, in bytes; a
        /// caller gets a quarter
        [BYTES] max_request_memory: usize = 384 << 20, in 1 << 24..=1 << 40;
        /// Most requests of one caller a second (of one /48 of IPv6: four times as many); 0: no
        /// limit
        [COUNT] max_caller_rate: usize = 0, in 0..=1_000_000;
        /// Longest time that a request may wait for its turn, in milliseconds; who would wait
        /// longer is answered 503 at once
        [MILLISECONDS] max_wait: u64 = 500, in 10..=60_000;
        /// Most connections at a time; for more, idle ones of whoever has the most are ended
        [COUNT] max_connections: usize = 4_096, in 1..=1_000_000;
        /// Most connections of one caller at a time (of IPv6, of one /64, and four times as many of
        /// one /48); a quarter of all where it is not below them
        [COUNT] max_caller_connections: usize = 1_024, in 1..=1_000_000;
        /// Most streams (entry ranges, watches, streamed appends) at a time
        [COUNT] max_streams: usize = 256, in 1..=1_000_000;
        /// Most streams of one caller at a time; a quarter of all where it is not below them
        [COUNT] max_caller_streams: usize = 64, in 1..=1_000_000;
        /// Addresses or networks of proxies, comma-separated: their x-forwarded-for names the
        /// caller, and they have no limit of their own
        [LIST] trusted_proxies: Vec<String> = Vec::new(), shown "none";
        /// Longest time to read a request and to answer it, in seconds
        [SECONDS] request_timeout: u64 = 30, in 1..=3_600;
        /// Longest time to drain connections and the queue at the end, in seconds
        [SECONDS] shutdown_timeout: u64 = 30, in 0..=3_600;
    }
}

/// Where the TLS certificate and its key are.
#[derive(Clone, Copy, Debug)]
pub struct TlsFiles<'a> {
    /// Certificate chain, PEM.
    pub certificate: &'a Path,
    /// Private key, PEM.
    pub key: &'a Path,
}

impl ServerSettings {
    /// Where the TLS certificate and its key are; `None` where clear text is served.
    pub fn tls(&self) -> Option<TlsFiles<'_>> {
        Some(TlsFiles {
            certificate: self.tls_certificate.as_deref()?,
            key: self.tls_key.as_deref()?,
        })
    }

    /// The longest time of a request.
    pub(crate) fn request_timeout(&self) -> Duration {
        Duration::from_secs(self.request_timeout)
    }

    /// The longest wait for a turn.
    pub(crate) fn max_wait(&self) -> Duration {
        Duration::from_millis(self.max_wait)
    }

    /// The longest time of a drain.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout)
    }

    /// The proxies that name their callers.
    ///
    /// # Errors
    /// [`SettingsError::Value`] when one is no address and no network.
    pub(crate) fn proxies(&self) -> Result<Proxies, SettingsError> {
        let networks = self.trusted_proxies.iter().map(|network| {
            let parsed = network.trim().parse::<Network>();
            parsed.map_err(|error| SettingsError::value("trusted-proxies", error.to_string()))
        });
        Ok(Proxies::new(networks.collect::<Result<_, _>>()?))
    }

    /// # Errors
    /// [`SettingsError::Value`] when half of what TLS needs is there, or a proxy is no address.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        self.proxies()?;
        if self.tls_certificate.is_some() == self.tls_key.is_some() {
            return Ok(());
        }
        let reason = "needs tls-key too, and the other way round";
        Err(SettingsError::value("tls-certificate", reason))
    }
}
