//! The settings of the sockets, and the limits that hold for every face.

use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use crate::settings::section::SettingsError;
use crate::settings::section::section;

section! {
    /// Where the server listens, and its limits.
    pub struct ServerSettings from ServerOverrides {
        /// Address of all protocols; port 0 picks a free one
        [ADDRESS] listen: SocketAddr = SocketAddr::from(([127, 0, 0, 1], 3000));
        /// Certificate chain (PEM): serve TLS
        [FILE] tls_certificate: Option<PathBuf> = None;
        /// Private key (PEM) of the TLS certificate
        [FILE] tls_key: Option<PathBuf> = None;
        /// Longest request body, in bytes
        [BYTES] max_request_bytes: usize = 4 << 20, in 1 << 16..=1 << 30;
        /// Most connections at a time; more wait to be accepted
        [COUNT] max_connections: usize = 4_096, in 1..=1_000_000;
        /// Most streams (entry ranges, watches, streamed appends) at a time
        [COUNT] max_streams: usize = 256, in 1..=1_000_000;
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

    /// The longest time of a drain.
    pub(crate) fn shutdown_timeout(&self) -> Duration {
        Duration::from_secs(self.shutdown_timeout)
    }

    /// # Errors
    /// [`SettingsError::Value`] when half of what TLS needs is there.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if self.tls_certificate.is_some() == self.tls_key.is_some() {
            return Ok(());
        }
        let reason = "needs tls-key too, and the other way round";
        Err(SettingsError::value("tls-certificate", reason))
    }
}
