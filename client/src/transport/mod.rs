//! HTTP to a log: what every other part of this crate asks a server with.

pub(crate) mod base_url;
pub(crate) mod error;
pub(crate) mod http;
pub(crate) mod network_fault;
pub(crate) mod options;
pub(crate) mod reply;
pub(crate) mod resolver;
pub(crate) mod share;
pub(crate) mod url_fault;
pub(crate) mod wire;
