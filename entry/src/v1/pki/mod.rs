//! The formats of keys and signatures that come with a document, one module each.

pub(crate) mod artifact;
pub(crate) mod format;
pub(crate) mod formats;
mod minisign;
#[cfg(feature = "pgp")]
mod pgp;
mod ssh;
mod x509;
