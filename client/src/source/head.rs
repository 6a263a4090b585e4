//! The head of a log that is copied.

use ledgerstone_merkle::TreeSize;

use crate::source::rekor_v1_tree::RekorV1Tree;
use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::origin::tree_id_in;

/// The head of a log that is copied.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceHead {
    /// What the log signed.
    pub signed: SignedCheckpoint,
    /// Where it is the tree of a Rekor v1.
    pub(crate) tree: Option<RekorV1Tree>,
}

impl SourceHead {
    /// The number of entries.
    pub fn size(&self) -> TreeSize {
        self.signed.checkpoint.size
    }

    /// The virtual index of the first entry: how many the older trees of a Rekor v1 have. 0 for
    /// other logs.
    pub fn start(&self) -> u64 {
        self.tree.as_ref().map_or(0, |tree| tree.start)
    }

    /// The number of the tree, which only a Rekor v1 has.
    pub fn tree_id(&self) -> Option<u64> {
        let named = self.tree.as_ref().map(|tree| tree.tree_id);
        // A log that is read by its tiles has it in the origin of its checkpoint, or nowhere.
        named.or_else(|| tree_id_in(&self.signed.checkpoint.origin, self.signed.key.name()))
    }
}
