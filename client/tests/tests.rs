//! The client against published bundles, and against small logs that answer as they are told to.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

mod audit;
mod bundles;
mod certified;
mod conformance;
mod cosign_bundles;
mod log_api;
mod monitor;
mod oci;
mod policies;
mod private_sigstore;
mod search;
mod several_signatures;
mod source;
mod submit;
mod support;
mod transport;
mod trust_files;
mod tuf;
mod tuf_delegations;
mod v1_bundles;
