//! Published vectors, real logs and properties of the whole crate.

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
