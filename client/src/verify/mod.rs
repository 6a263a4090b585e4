//! Offline verification: bundles, the log entries in them, and what both have to show.

pub(crate) mod bundle;
pub(crate) mod bundle_entry;
pub(crate) mod bundle_error;
pub(crate) mod bundle_parts;
pub(crate) mod check;
pub(crate) mod envelope;
pub(crate) mod error;
pub(crate) mod log_entry;
pub(crate) mod log_entry_error;
pub(crate) mod promise;
pub(crate) mod request;
pub(crate) mod signer;
pub(crate) mod subject;
pub(crate) mod unchecked;
pub(crate) mod v1_body;
