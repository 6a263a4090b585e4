//! Whole-system tests: each starts the real binary and does to it what clients, operators and
//! accidents do.
//!
//! `cargo build -p ledgerstone` first, or name a binary in `LEDGERSTONE_BIN`.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

mod admin;
mod attach;
mod client;
mod commands;
mod crash;
mod crowds;
mod differential;
mod drain;
mod faces;
mod flips;
mod foreign;
mod house;
mod imported;
mod json;
mod limits;
mod log_grpc;
mod log_http;
mod mistakes;
mod monitor;
mod page;
mod read_only;
mod recall_page;
mod recall_report;
mod receiver;
mod reindex;
mod rekor_metrics;
mod rekor_v1;
mod rekor_v1_certificates;
mod rekor_v1_create;
mod rekor_v1_hostile;
mod rekor_v1_index;
mod rekor_v1_inputs;
mod rekor_v1_members;
mod rekor_v1_memory;
mod rekor_v1_reads;
mod rekor_v1_restart;
mod rekor_v1_retrieve;
mod rekor_v1_transport;
mod rekor_v1_vectors;
mod rekor_v2_errors;
mod rekor_v2_grpc;
mod rekor_v2_reply;
mod requests;
mod search;
mod server;
mod settings;
mod slow_clients;
mod terminal;
mod tiles;
mod tls;
mod trees;
mod trouble;
mod upgrade;
mod verify;
mod verify_formats;
mod webhooks;
