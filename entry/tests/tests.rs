//! The crate from outside: published vectors, real bundles, every algorithm, every rule.

mod algorithms;
mod bodies;
mod bundles;
mod dsse;
mod keys;
mod properties;
mod rules;
mod search;
mod support;
mod vectors;
