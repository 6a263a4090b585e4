//! Signed notes: a text with signatures under it (C2SP signed-note).

pub(crate) mod error;
pub(crate) mod signature;
pub(crate) mod signed;
pub(crate) mod signer;
