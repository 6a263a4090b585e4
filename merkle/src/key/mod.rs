//! Note keys: their names, ids, algorithms and vkey text (C2SP signed-note).

pub(crate) mod algorithm;
pub(crate) mod error;
pub(crate) mod id;
pub(crate) mod name;
pub(crate) mod public;
pub(crate) mod verifier;
