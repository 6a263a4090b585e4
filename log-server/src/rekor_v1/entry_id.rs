//! The ids by which clients of Rekor v1 name entries: tree id and leaf hash.

use std::fmt;

use ledgerstone_merkle::Hash;

/// The digits of a leaf hash.
const LEAF_HASH_DIGITS: usize = 64;

/// The digits of a tree id before it.
const TREE_ID_DIGITS: usize = 16;

/// How a schema calls the form of an id.
pub(crate) const PATTERN: &str = "^([0-9a-fA-F]{64}|[0-9a-fA-F]{80})$";

/// How Rekor v1 names an entry: the hexadecimal tree id, 16 digits, and the leaf hash, 64 digits
/// (rekor-v1, section 0). Callers may leave out the tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct EntryId {
    pub(crate) tree_id: Option<u64>,
    pub(crate) leaf_hash: Hash,
}

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EntryIdError {
    /// It does not have the form of one.
    Pattern,
    /// No tree can have this number: they go from 1 to 2^63 - 1.
    Tree,
}

impl EntryId {
    pub(crate) fn parse(text: &str) -> Result<Self, EntryIdError> {
        let is_hex = text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hex || ![LEAF_HASH_DIGITS, LEAF_HASH_DIGITS + TREE_ID_DIGITS].contains(&text.len()) {
            return Err(EntryIdError::Pattern);
        }
        let (tree_id, leaf_hash) = text.split_at(text.len() - LEAF_HASH_DIGITS);
        let bytes = hex::decode(leaf_hash).map_err(|_| EntryIdError::Pattern)?;
        let leaf_hash = Hash::from_slice(&bytes).ok_or(EntryIdError::Pattern)?;
        if tree_id.is_empty() {
            return Ok(Self {
                tree_id: None,
                leaf_hash,
            });
        }
        let tree_id = u64::from_str_radix(tree_id, 16).map_err(|_| EntryIdError::Pattern)?;
        if tree_id == 0 || i64::try_from(tree_id).is_err() {
            return Err(EntryIdError::Tree);
        }
        Ok(Self {
            tree_id: Some(tree_id),
            leaf_hash,
        })
    }

    pub(crate) fn new(tree_id: u64, leaf_hash: Hash) -> Self {
        Self {
            tree_id: Some(tree_id),
            leaf_hash,
        }
    }
}

/// In lower case.
impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(tree_id) = self.tree_id {
            write!(f, "{tree_id:016x}")?;
        }
        self.leaf_hash.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_and_both_cases_are_read() {
        let long = format!("24296fb24b8ad77a{}", "aB".repeat(32));
        let id = EntryId::parse(&long).unwrap();
        assert_eq!(id.tree_id, Some(2_605_736_670_972_794_746));
        assert_eq!(id.to_string(), long.to_lowercase());
        let id = EntryId::parse(&long[16..]).unwrap();
        assert_eq!(id.tree_id, None);
        assert_eq!(id.to_string(), long[16..].to_lowercase());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "retrieve",
            &"a".repeat(63),
            &"a".repeat(81),
            &"g".repeat(64),
            &"a".repeat(72),
            &"é".repeat(32),
        ] {
            assert_eq!(EntryId::parse(text), Err(EntryIdError::Pattern), "{text}");
        }
        for tree in ["0000000000000000", "8000000000000000", "ffffffffffffffff"] {
            let text = format!("{tree}{}", "a".repeat(64));
            assert_eq!(EntryId::parse(&text), Err(EntryIdError::Tree));
        }
    }
}
