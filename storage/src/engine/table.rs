/// The tables of a store. An engine may lay each out for what it holds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Table {
    /// Entries: keys only grow, values are bodies, which repeat each other.
    Entries,
    /// Full tiles: values of 8 KiB that do not compress.
    Tiles,
    /// Where leaf hashes lead: random keys, mostly looked up in vain.
    Leaves,
    /// Where search keys lead: no values, scanned by prefix.
    Search,
    /// What is kept beside entries.
    Attestations,
    /// A few small rows about the trees and the store.
    Meta,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 6] = [
        Self::Entries,
        Self::Tiles,
        Self::Leaves,
        Self::Search,
        Self::Attestations,
        Self::Meta,
    ];

    /// The name under which the table is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Tiles => "tiles",
            Self::Leaves => "leaves",
            Self::Search => "search",
            Self::Attestations => "attestations",
            Self::Meta => "meta",
        }
    }

    /// The length in bytes of the beginning of a key that most scans share with all keys that they
    /// want, where there is one.
    pub const fn scanned_prefix(self) -> Option<usize> {
        match self {
            // Tree, kind and hash of a search key.
            Self::Search => Some(4 + 1 + 32),
            Self::Entries | Self::Tiles | Self::Leaves | Self::Attestations | Self::Meta => None,
        }
    }
}
