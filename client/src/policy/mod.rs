//! Policies: named rules about who has to have signed an artifact, in a file or from a command
//! line.

pub(crate) mod error;
pub(crate) mod evaluate;
pub(crate) mod file;
pub(crate) mod rule_text;
pub(crate) mod rules;
