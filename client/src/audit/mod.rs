//! Auditing a log by its tiles: every head extends the last one that was seen, and, on demand,
//! every entry is where the signed root says.

pub(crate) mod auditor;
pub(crate) mod bundles;
pub(crate) mod error;
pub(crate) mod growing_tree;
pub(crate) mod head_watch;
pub(crate) mod leaves;
pub(crate) mod state;
pub(crate) mod state_file;
