//! Why trust files could not be made.

use std::io;
use std::path::PathBuf;

use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_proto::json::JsonError;

use crate::trust::file_options::RekorApiVersion;

/// Why trust files could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TrustFilesError {
    /// No tree of the log takes the entries that clients would send.
    #[error(
        "the log takes no entries of Rekor v{}: name the other API version",
        version.number()
    )]
    NoTree {
        /// The interface that clients would be sent to.
        version: RekorApiVersion,
    },
    /// The certificates of an authority cannot be read.
    #[error("the certificates of {url} cannot be read: {reason}")]
    Certificates {
        /// The authority.
        url: String,
        /// What is wrong with them.
        #[source]
        reason: der::Error,
    },
    /// An authority has no certificate.
    #[error("the file with the certificates of {url} has none")]
    NoCertificate {
        /// The authority.
        url: String,
    },
    /// The key of the certificate transparency log cannot be read.
    #[error("the CT key cannot be read: {0}")]
    CtKey(#[from] PublicKeyError),
    /// A value has no JSON form.
    #[error("the files cannot be written as JSON: {0}")]
    Json(#[from] JsonError),
    /// A file cannot be written.
    #[error("{} cannot be written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}
