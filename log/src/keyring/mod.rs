//! Who signs what: one row for each signer, by its role and its tree.
//!
//! One raw key signs for one role and one origin: witnesses refuse a policy in which a key occurs
//! twice, and an entry under the key of one tree must not pass for one of another. The one
//! exception is the key of Rekor v1, which serves all trees of Rekor v1 that a log has in its life.

pub(crate) mod directory;
mod disk;
pub(crate) mod foreign;
pub(crate) mod ring;
pub(crate) mod without_tree;

pub use directory::KeyDirectory;
pub use foreign::ForeignKey;
pub use foreign::check_shard_signer;
pub use foreign::load_foreign_key;
pub use foreign::save_foreign_key;
pub use foreign::save_shard_signer;
pub use ring::Keyring;

#[cfg(test)]
mod tests;
