//! Reading a Ledgerstone log over its own interface, `/log/v1/`: entries, proofs, keys and search.
//! Whatever can be verified is verified before it is given out.

pub(crate) mod admin;
pub(crate) mod entries;
pub(crate) mod error;
pub(crate) mod log_api;
pub(crate) mod lookup;
pub(crate) mod proofs;
pub(crate) mod search;
pub(crate) mod search_query;
pub(crate) mod statements;
pub(crate) mod trees;
