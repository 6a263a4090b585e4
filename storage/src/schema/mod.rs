//! What is stored and how it is checked: entries, tiles, index rows, identities and heads of trees,
//! over any [`Engine`](crate::engine::Engine).
//!
//! The schema believes nothing that it can check: a round must continue its tree exactly, and a
//! value that does not decode is damage, never absence. It does not hash; whether an entry is what
//! its leaf hash says is for the reader of the entry to check.

mod access;
mod check;
mod entries;
mod identity;
mod index;
pub(crate) mod keys;
#[cfg(any(test, feature = "testing"))]
mod names;
mod open;
mod reread;
mod rows;
mod store;
mod trees;
mod wait;
mod write;

pub use entries::EntryPage;
pub use entries::PageLimit;
#[cfg(any(test, feature = "testing"))]
pub use names::RowName;
#[cfg(any(test, feature = "testing"))]
pub use names::frozen_value;
#[cfg(any(test, feature = "testing"))]
pub use names::head_of_value;
#[cfg(any(test, feature = "testing"))]
pub use names::head_value;
#[cfg(any(test, feature = "testing"))]
pub use names::leaf_value;
pub use open::first_rows;
pub use reread::RereadRows;
pub use reread::RowsPart;
pub use reread::behind_damage;
#[cfg(any(test, feature = "testing"))]
pub use rows::planted_schema_version;
#[cfg(any(test, feature = "testing"))]
pub use rows::planted_search_row;
pub use store::BLOCKING_WORKERS;
pub use store::Schema;
pub(crate) use wait::block_on;
