//! Trusted roots from TUF repositories: fetched, verified from a root that is known, and kept.

pub(crate) mod cache;
pub(crate) mod error;
pub(crate) mod instance;
pub(crate) mod repository;
