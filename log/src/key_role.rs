use std::fmt;

/// What a key is for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum KeyRole {
    /// Signs the checkpoints of the tree with this id that readers of tiles see, and clients of
    /// Rekor v2.
    Checkpoint {
        /// The tree.
        tree_id: u64,
    },
    /// Signs entry timestamps and checkpoints for clients of Rekor v1, whichever of the log's trees
    /// they are of.
    RekorV1,
}

impl fmt::Display for KeyRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint { tree_id } => write!(f, "checkpoints of tree {tree_id}"),
            Self::RekorV1 => f.write_str("entry timestamps of Rekor v1"),
        }
    }
}
