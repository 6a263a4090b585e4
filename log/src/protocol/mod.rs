//! What differs between the trees of different protocols, in one place for each: how a leaf is
//! made, how a repeated submission is told, what is kept beside the hashed bytes, and how bundles
//! and checkpoints look.
//!
//! A tree that grows is of one protocol for good: its number stands in the tree's identity. Adding
//! a protocol takes one implementation of [`Protocol`] and a row in [`Protocols`].

pub(crate) mod rekor;
pub(crate) mod rules;
pub(crate) mod table;

pub use rekor::RekorMixed;
pub use rekor::RekorV1;
pub use rekor::RekorV2;
pub use rules::BundleEntry;
pub use rules::Leaf;
pub use rules::Protocol;
pub use table::Protocols;
