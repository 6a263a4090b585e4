//! One tree of a Rekor v1.

/// One tree of a Rekor v1, as it describes itself. Nothing about it has been verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct RekorV1Tree {
    pub(crate) tree_id: u64,
    /// The virtual index of its first entry: the log counts over all its trees, the oldest first.
    pub(crate) start: u64,
    pub(crate) checkpoint: String,
}
