//! Published vectors, real logs and properties of the whole crate.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot read its vectors has failed"
)]

mod cosignatures;
mod fixtures;
mod keys;
mod notes;
mod probes;
mod properties;
mod reference_tree;
mod tiles_log;
mod tlog_proofs;
mod tree;
