//! What a tree is, and what is stored of it.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::TreeSize;

use crate::error::StorageError;

/// The longest origin, in bytes. A checkpoint repeats it in every signature line.
pub const MAX_ORIGIN_BYTES: usize = 1_024;

/// The most keys that sign one shard's heads.
pub const MAX_LOG_KEYS: usize = 16;

/// Which entries a tree takes. What a number means is the log's business: the store keeps it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct TreeKind(u8);

impl TreeKind {
    /// Entries of both Rekor APIs: what every tree was before trees had kinds.
    pub const MIXED: Self = Self(0);

    /// Entries of Rekor v1.
    pub const REKOR_V1: Self = Self(1);

    /// Entries of Rekor v2.
    pub const REKOR_V2: Self = Self(2);

    /// The kind with number `number`.
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// What a shard is, once and for all: written when it is created, compared with the configuration
/// at every start.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ShardIdentity {
    /// The tree's number towards Rekor clients: 1 to `i64::MAX`.
    pub tree_id: u64,
    /// The log's name, the first line of its checkpoints: 1 to [`MAX_ORIGIN_BYTES`] bytes without
    /// control characters.
    pub origin: String,
    /// The log ids (SHA-256 of the public key as SPKI) of the keys that sign this shard's heads, at
    /// most [`MAX_LOG_KEYS`].
    pub keys: Vec<[u8; 32]>,
    /// When the shard was created, in Unix seconds.
    pub created: i64,
    /// Where its entries come from, when they were imported and not appended here.
    pub import: Option<ImportOrigin>,
    /// Which entries it takes.
    pub kind: TreeKind,
}

/// What an imported tree is to the log whose store it is in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ImportOrigin {
    /// What it is for.
    pub role: ImportRole,
    /// The virtual index that its first entry had where it comes from: what signed entry timestamps
    /// from there cover. 0 where nobody counts over several trees.
    pub start: u64,
}

/// What an imported tree is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ImportRole {
    /// An earlier tree of this log: virtual indexes count its entries, before those of later trees.
    Predecessor,
    /// A copy of a log of its own.
    Copy,
}

impl ShardIdentity {
    /// Refuses an identity that breaks the rule of one of its fields.
    pub(crate) fn must_keep_rules(&self) -> Result<(), StorageError> {
        if self.tree_id == 0 || i64::try_from(self.tree_id).is_err() {
            return Err(StorageError::Identity {
                field: "tree_id",
                rule: "1 to 2^63 - 1",
            });
        }
        if self.origin.is_empty()
            || self.origin.len() > MAX_ORIGIN_BYTES
            || self.origin.chars().any(char::is_control)
        {
            return Err(StorageError::Identity {
                field: "origin",
                rule: "1 to 1024 bytes without control characters",
            });
        }
        if self.keys.len() > MAX_LOG_KEYS {
            return Err(StorageError::Identity {
                field: "keys",
                rule: "at most 16",
            });
        }
        Ok(())
    }
}

/// A tree head as it is stored with every round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StoredHead {
    /// The number of leaves.
    pub size: TreeSize,
    /// The root over them.
    pub root: Hash,
    /// When the last round was made, in Unix seconds. It never runs backwards.
    pub time: i64,
}

/// An entry as it is stored.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StoredEntry {
    /// When the entry was taken into the log, in Unix seconds.
    pub integrated_time: i64,
    /// The canonical bytes that the leaf hash is over.
    pub body: Bytes,
}

/// What entries can be found by. The store knows bytes only; what a kind means, and what the hash
/// is over, the entry says.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StoredSearchKey {
    /// Which kind of key: an artifact digest, an identity, and so on.
    pub kind: u8,
    /// The hash of the key itself.
    pub hash: Hash,
}

/// A text that entries can be found by, with the kind of search key that stands for it. An index of
/// texts is what patterns are looked up in; it does not say which entries have them.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct StoredName {
    /// The kind of key, below [`StoredName::MAX_KIND`].
    pub kind: u8,
    /// The text.
    pub text: String,
}

impl StoredName {
    /// Kinds of keys with texts are below this.
    pub const MAX_KIND: u8 = 0x7f;

    /// The bytes of its row: shard, kind, and the text.
    pub fn row_bytes(&self) -> usize {
        4 + 1 + self.text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> ShardIdentity {
        ShardIdentity {
            tree_id: 1_193_050_959_916_656_506,
            origin: "log.example.org".to_owned(),
            keys: vec![[0xab; 32], [0xcd; 32]],
            created: 1_700_000_000,
            import: None,
            kind: TreeKind::REKOR_V2,
        }
    }

    #[test]
    fn each_rule_is_kept() {
        let broken = [
            (
                "tree_id",
                ShardIdentity {
                    tree_id: 0,
                    ..identity()
                },
            ),
            (
                "tree_id",
                ShardIdentity {
                    tree_id: 1 << 63,
                    ..identity()
                },
            ),
            (
                "origin",
                ShardIdentity {
                    origin: String::new(),
                    ..identity()
                },
            ),
            (
                "origin",
                ShardIdentity {
                    origin: "a\nb".to_owned(),
                    ..identity()
                },
            ),
            (
                "origin",
                ShardIdentity {
                    origin: "a".repeat(MAX_ORIGIN_BYTES + 1),
                    ..identity()
                },
            ),
            (
                "keys",
                ShardIdentity {
                    keys: vec![[0; 32]; MAX_LOG_KEYS + 1],
                    ..identity()
                },
            ),
        ];
        for (expected, identity) in broken {
            match identity.must_keep_rules() {
                Err(StorageError::Identity { field, .. }) => assert_eq!(field, expected),
                other => panic!("{other:?} for {identity:?}"),
            }
        }
    }
}
