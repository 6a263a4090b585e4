//! What the tests of several crates share: about Rekor v1 proposals as clients make them, what
//! clients demand of an answer, and whether an answer is what the description of the API says;
//! signed documents; and numbers of a seed. It knows no server: some of these tests have one in
//! their own process, others the real binary.
//!
//! The whole-system tests themselves are in `tests/main.rs`.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

pub mod description;
pub mod documents;
pub mod entry_rules;
pub mod proposals;
pub mod random;
pub mod vectors;
