//! `sign`: signs a file, and keeps the proof that the signature was logged.

pub(crate) mod args;
pub(crate) mod find;
pub(crate) mod key;
pub(crate) mod outputs;
pub(crate) mod pending;
pub(crate) mod run;
pub(crate) mod signed;

#[cfg(test)]
mod tests;
