//! Statements that are handed in after the entries that vouch for them.
//!
//! An entry holds hashes and signatures, and not what was signed. Who has that can hand it in: it
//! is taken for the entries whose hash, and whose signature, is over it.

pub(crate) mod answer;
pub(crate) mod named;
pub(crate) mod parse;
pub(crate) mod statement;

pub use parse::NoStatement;
pub use statement::AttachedStatement;
