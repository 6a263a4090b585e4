use rocksdb::ColumnFamily;
use rocksdb::DB;

/// The column families of the schema.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Family {
    Entries,
    Tiles,
    Leaves,
    Search,
    Attestations,
    Meta,
}

impl Family {
    pub(super) const ALL: [Self; 6] = [
        Self::Entries,
        Self::Tiles,
        Self::Leaves,
        Self::Search,
        Self::Attestations,
        Self::Meta,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries",
            Self::Tiles => "tiles",
            Self::Leaves => "leaves",
            Self::Search => "search",
            Self::Attestations => "attestations",
            Self::Meta => "meta",
        }
    }

    /// The open column family.
    pub(super) fn handle(self, engine: &DB) -> &ColumnFamily {
        engine
            .cf_handle(self.name())
            .expect("a store is open with all column families of its schema")
    }
}
