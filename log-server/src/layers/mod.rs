//! What every answer of every face goes through.

pub(crate) mod deadline;
pub(crate) mod host;
pub(crate) mod leftover;
pub(crate) mod request_id;
