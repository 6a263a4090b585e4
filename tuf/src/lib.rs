//! The Update Framework (TUF, specification 1.0): from a root that somebody handed over, to files
//! that its keys vouch for today.
//!
//! Functions of bytes and a time: nothing here does I/O or reads a clock. Who fetches gives the
//! bytes to a [`TrustedMetadata`] in the order of the specification (section 5), and gets back what
//! they say, or the rule that they break. Both who reads a repository and who publishes one use the
//! same types.
//!
//! Delegations of targets are followed, by paths and by hashes of paths. Succinct ones (TAP 15),
//! which the specification does not have, are not.

pub mod canonical;

mod delegation;
mod error;
mod key;
mod limits;
mod metadata;
mod pattern;
mod search;
mod signed;
mod target;
mod trusted;

pub use delegation::DelegatedRole;
pub use delegation::Delegations;
pub use error::Role;
pub use error::TufError;
pub use key::Key;
pub use key::KeyValue;
pub use limits::MAX_DELEGATED_NAME_BYTES;
pub use limits::MAX_DELEGATED_ROLES;
pub use limits::MAX_ROOT_BYTES;
pub use limits::MAX_ROOT_STEPS;
pub use limits::MAX_SNAPSHOT_BYTES;
pub use limits::MAX_TARGETS_BYTES;
pub use limits::MAX_TIMESTAMP_BYTES;
pub use metadata::FileMeta;
pub use metadata::Head;
pub use metadata::RoleKeys;
pub use metadata::Root;
pub use metadata::Snapshot;
pub use metadata::Targets;
pub use metadata::Timestamp;
pub use search::DelegatedName;
pub use search::Found;
pub use target::Target;
pub use trusted::TrustedMetadata;
