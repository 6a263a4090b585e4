//! The Rekor v2 face: `dev.sigstore.rekor.v2.Rekor` over gRPC, and the same under `/api/v2/` over
//! HTTP.
//!
//! Codes, bodies and literal messages are those of rekor-tiles (rekor-v2, section 1.5), and reads
//! work in both forms, under `/` too: see [`crate::tiles`].

mod grpc;
mod http;
pub(crate) mod settings;

/// What the paths of the face start with.
pub(crate) const PREFIX: &str = "/api/v2/";

pub(crate) use self::grpc::Face;
pub(crate) use self::grpc::service;
pub(crate) use self::http::routes;
