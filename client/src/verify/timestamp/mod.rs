//! Time stamps of RFC 3161 over signatures.

pub(crate) mod check;
pub(crate) mod fault;
pub(crate) mod info;
pub(crate) mod reader;
pub(crate) mod signed_data;
pub(crate) mod signer_info;
