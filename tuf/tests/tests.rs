//! Metadata of small repositories with keys of their own.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

mod delegations;
mod repository;
