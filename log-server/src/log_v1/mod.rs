//! The log's own face: `ledgerstone.v1.Log` over gRPC, and its reads as JSON under `/log/v1/`.

pub(crate) mod grpc;
pub(crate) mod http;
mod search;
pub(crate) mod settings;
mod statements;
mod views;
