//! Statements that are handed in after their entries: what is kept of them, and how it goes.
//!
//! The document lies in pieces beside the entry, and so does what it names, in the parts that the
//! index is written of ([`late`](crate::late)). One row says of an entry whether its statement is
//! kept, has expired, or was removed; it is written last, with the row that says which part is next
//! for the index. Until then nothing counts that was written before it.

pub(crate) mod detach;
pub(crate) mod error;
pub(crate) mod expire;
pub(crate) mod find;
pub(crate) mod keep;
pub(crate) mod read;
pub(crate) mod record;
pub(crate) mod remove;
pub(crate) mod rows;
pub(crate) mod totals;

pub use detach::detach;
pub use error::AttachError;
pub use error::DetachError;
pub use find::Attached;
pub use find::MAX_ATTACHED_ENTRIES;
pub use keep::StatementLimits;
pub use read::KeptStatement;
pub use totals::StatementTotals;
