//! What a verifier expects: of whom, of the statement, and how much has to show it.

pub(crate) mod expectation;
pub(crate) mod identity;
pub(crate) mod statement;
pub(crate) mod text;
pub(crate) mod thresholds;
