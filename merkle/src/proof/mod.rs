//! Inclusion and consistency proofs (RFC 6962, section 2.1), made from tiles and verified.
//!
//! All four kinds are verified by one walk. It starts at a subtree whose root is known and goes up
//! to the root of the whole tree, so that a leaf is a subtree of one leaf, and an older tree is the
//! subtree that starts at 0.

pub(crate) mod consistency;
pub(crate) mod error;
pub(crate) mod inclusion;
pub(crate) mod subtree;
mod walk;
