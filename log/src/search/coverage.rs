//! What a search could see, and what it could not.

use std::ops::Range;

use ledgerstone_entry::SearchKey;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_entry::find_kind;
use ledgerstone_storage::INDEX_GENERATION;

use crate::error::ReadError;
use crate::positions::Positions;
use crate::search::query::SearchQuery;
use crate::search::range::range_of;
use crate::submission::stored_key;
use crate::tree::Tree;

/// The most entries of one sort that are counted for an answer: counting on would cost more than
/// the search.
pub const MAX_COUNTED: usize = 16_384;

/// What a search could see of one tree, by the word of the log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TreeCoverage {
    /// The number of the tree.
    pub tree_id: u64,
    /// The indexes that were searched.
    pub range: Range<u64>,
    /// Whether something was asked for that a statement may name.
    pub asks_statements: bool,
    /// How many of the entries the log saw a statement of; `None` where they are too many to be
    /// counted.
    pub with_statement: Option<u64>,
    /// Of how many of the entries the operator removed the statement, up to [`MAX_COUNTED`].
    pub removed: u64,
    /// How many of the entries are of kinds, or have certificates, that this version cannot read;
    /// `None` where they are too many to be counted.
    pub unreadable: Option<u64>,
    /// Whether the tree says when its entries were taken.
    pub has_times: bool,
    /// How many entries are not found by everything yet, up to [`MAX_COUNTED`].
    pub unindexed: u64,
    /// Whether the index has all rows that this version finds entries by.
    pub is_index_complete: bool,
}

impl TreeCoverage {
    /// How many of the entries the log saw no statement of, if it is known.
    pub fn without_statement(&self) -> Option<u64> {
        let entries = self.range.end - self.range.start;
        Some(entries.saturating_sub(self.with_statement?))
    }

    /// Whether nothing was out of sight that might be a hit.
    pub fn is_everything(&self) -> bool {
        let sees_statements = !self.asks_statements || self.without_statement() == Some(0);
        sees_statements
            && self.unreadable == Some(0)
            && self.unindexed == 0
            && self.is_index_complete
    }
}

/// What a search of `trees` sees, from and to these positions.
///
/// # Errors
/// [`ReadError`] when the store fails.
pub async fn coverage<'t>(
    trees: impl IntoIterator<Item = &'t Tree>,
    query: &SearchQuery,
    from: &Positions,
    end: &Positions,
) -> Result<Vec<TreeCoverage>, ReadError> {
    let mut covered = Vec::new();
    for tree in trees {
        let range = range_of(tree, query, from, end).await?;
        covered.push(of_tree(tree, query, range).await?);
    }
    Ok(covered)
}

async fn of_tree(
    tree: &Tree,
    query: &SearchQuery,
    range: Range<u64>,
) -> Result<TreeCoverage, ReadError> {
    let asks_statements = query.asks_statements();
    let seen = SearchKey::of(SearchKeyKind::Statement, "seen");
    let with_statement = match asks_statements {
        true => count(tree, &seen, &range).await?,
        false => None,
    };
    let removed = SearchKey::of(SearchKeyKind::Statement, "removed");
    let removed = match asks_statements {
        true => count(tree, &removed, &range).await?,
        false => Some(0),
    };
    Ok(TreeCoverage {
        removed: removed.unwrap_or(MAX_COUNTED as u64),
        tree_id: tree.tree_id(),
        unreadable: unreadable(tree, &range).await?,
        has_times: tree.import().is_none() || has_time(tree, &range).await?,
        unindexed: tree.reader().unindexed(MAX_COUNTED).await? as u64,
        is_index_complete: tree.reader().index_generation().await? >= INDEX_GENERATION,
        asks_statements,
        with_statement,
        range,
    })
}

/// How many entries of `range` the index leads to from `key`; `None` for too many.
async fn count(tree: &Tree, key: &SearchKey, range: &Range<u64>) -> Result<Option<u64>, ReadError> {
    let (reader, key) = (tree.reader(), stored_key(key));
    let found = reader.search_before(&key, range.clone(), MAX_COUNTED);
    let found = found.await?.len();
    Ok((found < MAX_COUNTED).then_some(found as u64))
}

async fn unreadable(tree: &Tree, range: &Range<u64>) -> Result<Option<u64>, ReadError> {
    let kind = SearchKeyKind::EntryKind;
    let names = tree.reader().names(kind.number(), "", None, MAX_COUNTED);
    let unread = SearchKey::of(SearchKeyKind::Unread, "certificate");
    let Some(mut unreadable) = count(tree, &unread, range).await? else {
        return Ok(None);
    };
    for name in names.await? {
        let (kind_name, version) = name.split_once(' ').unwrap_or_default();
        if find_kind(kind_name, version).is_some() {
            continue;
        }
        match count(tree, &SearchKey::of(kind, &name), range).await? {
            Some(found) => unreadable += found,
            None => return Ok(None),
        }
    }
    Ok(Some(unreadable))
}

/// Whether the first entry has a time: of a copied tree all have one, or none.
async fn has_time(tree: &Tree, range: &Range<u64>) -> Result<bool, ReadError> {
    let first = ledgerstone_merkle::LeafIndex::new(range.start);
    let entry = tree.entry(first).await?;
    Ok(entry.is_none_or(|entry| entry.integrated_time > 0))
}
