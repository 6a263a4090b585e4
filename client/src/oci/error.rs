//! Why an image, or what is attached to it, cannot be had; and the limits of both.

use std::io;
use std::path::PathBuf;

use crate::transport::error::TransportError;

/// The longest manifest or index that is read, in bytes: what every registry has to take
/// (distribution-spec).
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

/// The most signatures and attestations of an image that are looked at.
pub const MAX_ATTACHED: usize = 64;

/// The most bytes that all signatures and attestations of an image may have together.
pub const MAX_ATTACHED_BYTES: usize = 128 << 20;

/// The most pages of a list of referrers that are read.
pub const MAX_REFERRER_PAGES: usize = 16;

/// Why an image, or what is attached to it, cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// Not the name of an image.
    #[error(
        "{text:?} is not the name of an image, such as ghcr.io/acme/app:1.2 or \
         ghcr.io/acme/app@sha256:<hex>: {reason}"
    )]
    Reference {
        /// What was given.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Talking to the registry.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The registry lets nobody in, or not with these credentials.
    #[error(
        "{registry} wants to know who asks, and does not take what it was told: log in with docker \
         or podman, which keep that in a file (credential helpers are not asked)"
    )]
    Unauthorized {
        /// Host, and perhaps a port.
        registry: String,
    },
    /// The registry demands to be asked for credentials where they would not be safe.
    #[error("{registry} sends those who want to log in to {realm}, which is not safe")]
    Realm {
        /// Host, and perhaps a port.
        registry: String,
        /// Where it sends them.
        realm: String,
    },
    /// The file with credentials cannot be read.
    #[error("the credentials for registries cannot be read: {0}")]
    Credentials(String),
    /// There is no such image.
    #[error("there is no image {0}")]
    NoImage(String),
    /// The layout has several.
    #[error("{} has {count} images: name one, as in oci-layout:DIR:TAG", path.display())]
    WhichImage {
        /// The folder.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A file of a layout cannot be read.
    #[error("{} cannot be read", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A manifest, index or descriptor that is none.
    #[error("{name} is not what it should be: {reason}")]
    Malformed {
        /// Where it is from.
        name: String,
        /// Which rule it breaks.
        reason: String,
    },
    /// Something else than was named by its digest.
    #[error("{0} holds something else than its digest says")]
    OtherContent(String),
    /// More than is looked at.
    #[error(
        "more than {MAX_ATTACHED} signatures and attestations, or {MAX_ATTACHED_BYTES} bytes of \
         them, are attached to {0}: fetch the one that counts, and name it with --bundle"
    )]
    TooMany(String),
}
