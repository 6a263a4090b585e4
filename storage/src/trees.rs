//! Trees that are frozen, created, and become others, in one write.

use ledgerstone_merkle::MAX_NOTE_BYTES;

use crate::error::StorageError;
use crate::round::must_differ;
use crate::shard::ShardIdentity;
use crate::shard::StoredHead;
use crate::shard::TreeKind;
use crate::shard_id::ShardId;

/// The version of the schema that this program writes. It reads and writes stores of the version
/// before too, until [`Schema::change_trees`](crate::Schema::change_trees) raises it: that one
/// knows neither kinds of trees nor frozen ones.
pub const SCHEMA_VERSION: u32 = 2;

/// The version of stores without kinds of trees and frozen ones.
pub const OLD_SCHEMA_VERSION: u32 = 1;

/// How a tree ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frozen {
    /// The last checkpoint, byte for byte: at most [`MAX_NOTE_BYTES`].
    pub checkpoint: String,
    /// When the tree was frozen, in Unix seconds.
    pub at: i64,
}

/// A tree to create.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct NewShard {
    /// Its ordinal.
    pub id: ShardId,
    /// What it is.
    pub identity: ShardIdentity,
    /// The head of an empty tree.
    pub head: StoredHead,
}

/// What changes about trees in one write. No shard is named twice. A change of nothing raises the
/// version of the schema alone.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TreeChange {
    /// Trees that take no entry from now on.
    pub freeze: Vec<(ShardId, Frozen)>,
    /// Trees that start.
    pub create: Vec<NewShard>,
    /// New identities of trees that are empty and not frozen.
    pub replace: Vec<(ShardId, ShardIdentity)>,
}

/// What is stored of a tree that a change names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StoredTree {
    /// The head; `None` when there is no such tree.
    pub(crate) head: Option<StoredHead>,
    pub(crate) is_frozen: bool,
}

impl TreeChange {
    /// The shards that it names.
    pub(crate) fn shards(&self) -> impl Iterator<Item = ShardId> {
        let freeze = self.freeze.iter().map(|(shard, _)| *shard);
        let replace = self.replace.iter().map(|(shard, _)| *shard);
        let create = self.create.iter().map(|new| new.id);
        freeze.chain(replace).chain(create)
    }

    /// Refuses a change that breaks a rule; `stored` says what is stored of a tree.
    pub(crate) fn must_fit(
        &self,
        stored: impl Fn(ShardId) -> StoredTree,
    ) -> Result<(), StorageError> {
        must_differ(self.shards())?;
        for (shard, frozen) in &self.freeze {
            must_be_keepable(&frozen.checkpoint)?;
            stored(*shard).must_grow(*shard)?;
        }
        for (shard, identity) in &self.replace {
            identity.must_keep_rules()?;
            let head = stored(*shard).must_grow(*shard)?;
            must_be_empty(*shard, &head)?;
        }
        for new in &self.create {
            new.must_keep_rules()?;
            if stored(new.id).head.is_some() {
                return Err(StorageError::ShardExists { shard: new.id });
            }
        }
        Ok(())
    }
}

impl NewShard {
    fn must_keep_rules(&self) -> Result<(), StorageError> {
        must_start_empty(&self.identity, &self.head)
    }
}

impl StoredTree {
    /// The head, if the tree takes entries.
    pub(crate) fn must_grow(self, shard: ShardId) -> Result<StoredHead, StorageError> {
        match self.head {
            None => Err(StorageError::NoShard { shard }),
            Some(_) if self.is_frozen => Err(StorageError::Frozen { shard }),
            Some(head) => Ok(head),
        }
    }
}

/// Refuses a tree that breaks a rule for new ones.
pub(crate) fn must_start_empty(
    identity: &ShardIdentity,
    head: &StoredHead,
) -> Result<(), StorageError> {
    identity.must_keep_rules()?;
    if !head.size.is_empty() {
        return Err(StorageError::NotEmptyTree { size: head.size });
    }
    Ok(())
}

/// Refuses a tree of a kind that a store of schema version `found` does not know.
pub(crate) fn must_be_known(found: u32, identity: &ShardIdentity) -> Result<(), StorageError> {
    if found == OLD_SCHEMA_VERSION && identity.kind != TreeKind::MIXED {
        let what = "kinds of trees";
        return Err(StorageError::OldSchema { found, what });
    }
    Ok(())
}

/// Refuses a checkpoint that would be refused when it is read.
pub(crate) fn must_be_keepable(checkpoint: &str) -> Result<(), StorageError> {
    if checkpoint.len() > MAX_NOTE_BYTES {
        return Err(StorageError::CheckpointLength {
            length: checkpoint.len(),
            limit: MAX_NOTE_BYTES,
        });
    }
    Ok(())
}

fn must_be_empty(shard: ShardId, head: &StoredHead) -> Result<(), StorageError> {
    if head.size.is_empty() {
        return Ok(());
    }
    let size = head.size;
    Err(StorageError::ShardNotEmpty { shard, size })
}
