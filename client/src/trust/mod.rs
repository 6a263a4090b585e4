//! Which logs are trusted: names and keys, from verifier keys, PEM files and Sigstore trusted
//! roots; the checkpoints that they sign; and the trust files of a log for other clients.

pub(crate) mod authority;
pub(crate) mod checkpoint;
pub(crate) mod ct_log;
pub(crate) mod description;
pub(crate) mod error;
pub(crate) mod file_error;
pub(crate) mod file_options;
pub(crate) mod files;
pub(crate) mod log;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod origin;
pub(crate) mod root;
pub(crate) mod root_file;
pub(crate) mod signing_config;
#[cfg(test)]
mod tests;
pub(crate) mod trusted_root;
pub(crate) mod window;
