use std::fmt;

/// The ordinal of a tree in this store: 0 for the oldest. It is not the tree id that Rekor clients
/// see.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ShardId(u32);

impl ShardId {
    /// The shard with ordinal `ordinal`.
    pub const fn new(ordinal: u32) -> Self {
        Self(ordinal)
    }

    /// The ordinal.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for ShardId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
