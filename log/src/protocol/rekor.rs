//! The two protocols of Rekor. Their trees hold bodies as they were submitted.

use ledgerstone_storage::TreeKind;

use crate::protocol::rules::Protocol;

/// Rekor v2: one Ed25519 key signs one checkpoint, whose origin is a bare host name (rekor-v2,
/// section 3).
#[derive(Clone, Copy, Debug)]
pub struct RekorV2;

impl Protocol for RekorV2 {
    fn kind(&self) -> TreeKind {
        TreeKind::REKOR_V2
    }

    fn name(&self) -> &'static str {
        "rekor-v2"
    }

    fn origin(&self, log: &str, _tree_id: u64) -> String {
        log.to_owned()
    }
}

/// Rekor v1: its clients read checkpoints and entry timestamps of the ECDSA key. Over the same
/// heads, an Ed25519 key of the tree's own signs checkpoints for those who read it by tiles; no
/// client of Rekor is told of that key.
#[derive(Clone, Copy, Debug)]
pub struct RekorV1;

impl Protocol for RekorV1 {
    fn kind(&self) -> TreeKind {
        TreeKind::REKOR_V1
    }

    fn name(&self) -> &'static str {
        "rekor-v1"
    }

    fn origin(&self, log: &str, tree_id: u64) -> String {
        format!("{log}/trees/{tree_id}")
    }

    fn signs_entry_timestamps(&self) -> bool {
        true
    }
}

/// Both in one tree, as version 0.1 had them. Such a tree is read, and no longer grows: entries of
/// the one protocol blind the monitors of the other.
#[derive(Clone, Copy, Debug)]
pub struct RekorMixed;

impl Protocol for RekorMixed {
    fn kind(&self) -> TreeKind {
        TreeKind::MIXED
    }

    fn name(&self) -> &'static str {
        "rekor-mixed"
    }

    fn origin(&self, log: &str, _tree_id: u64) -> String {
        log.to_owned()
    }

    fn signs_entry_timestamps(&self) -> bool {
        true
    }
}
