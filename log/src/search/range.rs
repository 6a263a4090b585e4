//! Which indexes of a tree a search looks at.

use std::ops::Range;

use ledgerstone_entry::query::Term;
use ledgerstone_merkle::LeafIndex;

use crate::error::ReadError;
use crate::positions::Positions;
use crate::search::query::SearchOrder;
use crate::search::query::SearchQuery;
use crate::tree::Tree;

/// The indexes that a search of `tree` looks at.
pub(super) async fn range_of(
    tree: &Tree,
    query: &SearchQuery,
    from: &Positions,
    end: &Positions,
) -> Result<Range<u64>, ReadError> {
    let asked = asked_range(tree, query.order, from, end);
    narrowed(tree, query, asked).await
}

/// The indexes that were asked for.
pub(super) fn asked_range(
    tree: &Tree,
    order: SearchOrder,
    from: &Positions,
    end: &Positions,
) -> Range<u64> {
    let size = tree.head().size().get();
    let (from, end) = (from.of(tree.tree_id()), end.of(tree.tree_id()));
    let (start, end) = match order {
        SearchOrder::OldestFirst => (from, end),
        SearchOrder::NewestFirst => (end, from),
    };
    let start = start.unwrap_or(0).min(size);
    start..end.unwrap_or(size).min(size).max(start)
}

/// The part of `range` in which hits can be, by the indexes and times that the query asks for.
pub(super) async fn narrowed(
    tree: &Tree,
    query: &SearchQuery,
    mut range: Range<u64>,
) -> Result<Range<u64>, ReadError> {
    let mut times = query.times.clone();
    for term in query.expression.required() {
        match term {
            Term::From(index) => range.start = range.start.max(*index),
            Term::Before(index) => range.end = range.end.min(*index),
            Term::Since(time) => times.start = times.start.max(*time),
            Term::Until(time) => times.end = times.end.min(*time),
            _ => {}
        }
    }
    range.end = range.end.max(range.start);
    within_times(tree, &times, range).await
}

/// The part of `range` whose times are asked for, where entries lie in the order of their
/// times.
async fn within_times(
    tree: &Tree,
    times: &Range<i64>,
    mut range: Range<u64>,
) -> Result<Range<u64>, ReadError> {
    if tree.is_in_order_of_time() {
        if times.start > i64::MIN {
            range.start = first_not_before(tree, times.start, range.clone()).await?;
        }
        if times.end < i64::MAX {
            range.end = first_not_before(tree, times.end, range.clone()).await?;
        }
    }
    Ok(range)
}

/// The first index of `range` whose entry was not taken before `time`.
async fn first_not_before(tree: &Tree, time: i64, range: Range<u64>) -> Result<u64, ReadError> {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let index = LeafIndex::new(middle);
        let entry = tree
            .entry(index)
            .await?
            .ok_or(ReadError::MissingEntry(index))?;
        if entry.integrated_time < time {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}
