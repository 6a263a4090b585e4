//! An instance: one data directory with the keys that belong to it, and all that an operator does
//! to it.
//!
//! Commands are thin around this: they parse arguments and print. Here is what has to be done in
//! the right order: keys before the trees that they sign for, a key before the copy that needs it,
//! and no tree where there is any trace of an older one.
//!
//! ```no_run
//! use ledgerstone_instance::Instance;
//! use ledgerstone_instance::OpenSettings;
//!
//! # fn open() -> Result<(), ledgerstone_instance::InstanceError> {
//! let instance = Instance::new("./data", None);
//! let log = instance.open_or_create(&OpenSettings::of_log("log.example.com"))?;
//! # Ok(())
//! # }
//! ```

mod detach;
mod dropped_end;
mod engine;
mod error;
mod import;
mod instance;
mod new_trees;
mod open;
mod read_only;
mod reindex;
mod store_check;
mod tree_list;
mod upgrade;

pub use dropped_end::ComparedTree;
pub use dropped_end::DroppedEnd;
pub use dropped_end::ShortenedTree;
pub use error::InstanceError;
pub use import::ImportRequest;
pub use import::StartedImport;
pub use instance::Instance;
pub use open::OpenSettings;
pub use read_only::ReadingCause;
pub use store_check::CheckedTree;
pub use store_check::StoreCheck;
pub use store_check::StoreMark;
pub use tree_list::TreeState;
pub use tree_list::TreeSummary;
