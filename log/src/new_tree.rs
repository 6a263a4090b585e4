use std::sync::Arc;

use ledgerstone_storage::ShardId;
use ledgerstone_storage::TreeKind;

use crate::error::KeyError;
use crate::protocol::rules::Protocol;
use crate::protocol::table::Protocols;

/// A tree that is to be made.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewTree {
    /// Where in the store it goes.
    pub shard: ShardId,
    /// The protocol whose entries it takes.
    pub kind: TreeKind,
    /// The name of the log that it is of: a bare host name.
    pub name: String,
    /// Its number towards clients, 1 to 2^63 - 1. Rekor v1 puts it into checkpoints and ids.
    pub tree_id: u64,
}

impl NewTree {
    /// A tree with a number picked at random.
    pub fn new(shard: ShardId, kind: TreeKind, name: &str) -> Self {
        Self {
            shard,
            kind,
            name: name.to_owned(),
            tree_id: new_tree_id(),
        }
    }

    /// The two trees of a log that begins: Rekor v2's, and then Rekor v1's.
    pub fn of_log(name: &str) -> Vec<Self> {
        vec![
            Self::new(ShardId::new(0), TreeKind::REKOR_V2, name),
            Self::new(ShardId::new(1), TreeKind::REKOR_V1, name),
        ]
    }

    pub(crate) fn protocol<'p>(
        &self,
        protocols: &'p Protocols,
    ) -> Result<&'p Arc<dyn Protocol>, KeyError> {
        protocols.of(self.kind).ok_or(KeyError::Kind(self.kind))
    }
}

fn new_tree_id() -> u64 {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    // Positive as a signed integer, and never 0, which means "none" on the wire (rekor-v1, section
    // 0).
    (u64::from_be_bytes(bytes) >> 1).max(1)
}
