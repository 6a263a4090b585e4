//! Entries as Rekor v2 takes them: kinds with DER keys, and no document beside the entry.

pub(crate) mod kind;
pub(crate) mod limits;
pub(crate) mod policy;
pub(crate) mod prepare;
pub(crate) mod reject;
pub(crate) mod rule;
pub(crate) mod verifier;
