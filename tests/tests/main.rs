//! Whole-system tests: each starts the real binary and does to it what clients, operators and accidents do.
//!
//! `cargo build -p ledgerstone` first, or name a binary in `LEDGERSTONE_BIN`.

mod admin;
mod client;
mod crash;
mod drain;
mod log_grpc;
mod log_http;
mod monitor;
mod rekor_v2_errors;
mod rekor_v2_grpc;
mod rekor_v2_reply;
mod requests;
mod search;
mod server;
mod tiles;
