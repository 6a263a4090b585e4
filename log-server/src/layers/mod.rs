//! What requests and answers of every face go through.

pub(crate) mod body;
pub(crate) mod cors;
pub(crate) mod deadline;
pub(crate) mod encoding;
pub(crate) mod host;
pub(crate) mod leftover;
pub(crate) mod metered;
pub(crate) mod request_id;
