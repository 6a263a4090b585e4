use std::io;
use std::path::Path;
use std::path::PathBuf;

use thiserror::Error;

/// The fewest bytes of a secret.
pub(super) const MIN_SECRET_BYTES: usize = 24;

/// Why webhooks cannot be set up.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// The URL at this place in the settings, from 1, cannot be posted to. It may hold a secret,
    /// and is not told.
    #[error("number {0} of webhook-urls is not an http or https URL")]
    Url(u64),
    /// The URL at this place in the settings, from 1, stands there twice: one receiver would get
    /// each entry twice, and one cursor would be moved by two.
    #[error("number {0} of webhook-urls is there before")]
    Repeated(u64),
    /// The file of the secret, or of a cursor, cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The secret has another form.
    #[error(
        "{}: the secret has to be base64 of at least {MIN_SECRET_BYTES} bytes, perhaps after \
         whsec_",
        path.display()
    )]
    Secret {
        /// The file.
        path: PathBuf,
    },
    /// The filter cannot be used.
    #[error("{}: {reason}", path.display())]
    Filter {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A cursor is damaged.
    #[error(
        "{}: {reason}; remove it to go on with entries that are new from then on",
        path.display()
    )]
    Cursor {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("the HTTP client cannot be set up: {0}")]
    Client(#[source] reqwest::Error),
}

pub(super) fn io_error(path: &Path, source: io::Error) -> WebhookError {
    WebhookError::Io {
        path: path.to_owned(),
        source,
    }
}
