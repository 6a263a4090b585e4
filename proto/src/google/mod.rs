//! Google's packages, as far as the others need them.

pub use crate::generated::google::api;

pub mod protobuf;
