//! Rebuilding the search index from what the log holds: the rebuild, how far it is, and one that
//! runs beside the log.

pub(crate) mod progress;
pub(crate) mod rebuild;
pub(crate) mod running;

pub use progress::ReindexPass;
pub use progress::ReindexProgress;
pub use rebuild::Reindex;
pub use rebuild::ReindexError;
pub use running::ReindexState;
pub use running::ReindexStatus;
