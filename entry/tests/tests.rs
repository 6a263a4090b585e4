//! The crate from outside: published vectors, real bundles, every algorithm, every rule.

#![allow(
    clippy::unwrap_used,
    reason = "a test fails by panicking, also in its helpers"
)]

mod algorithms;
mod attached;
mod bodies;
mod bundles;
mod certificates;
mod dsse;
mod index_keys;
mod keys;
mod properties;
mod query;
mod rules;
mod search;
mod support;
mod v1_kinds;
#[cfg(feature = "pgp")]
mod v1_pgp;
mod v1_rekord;
mod v1_rules;
mod v1_support;
mod v1_vectors;
mod vectors;
mod view;
