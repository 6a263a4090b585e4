//! Reading a whole log that somebody runs: by its tiles, over HTTP or from a directory, or by the
//! API of Rekor v1.

pub(crate) mod entry;
pub(crate) mod error;
pub(crate) mod fetched_tiles;
pub(crate) mod head;
pub(crate) mod in_order;
pub(crate) mod log_source;
pub(crate) mod rekor_v1;
pub(crate) mod rekor_v1_entries;
pub(crate) mod rekor_v1_tree;
pub(crate) mod tiled;
pub(crate) mod tiled_log;
pub(crate) mod tiled_log_error;
