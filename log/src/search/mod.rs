//! Finding entries by what they name.
//!
//! The index yields candidates; each is read and checked before it is believed. Hits come in one
//! order of time over all trees that are searched, and in each tree in the order of indexes, a page
//! at a time: a page ends when it is full, or when it has cost enough, and says where in each tree
//! the next one starts.

mod coverage;
mod cursor;
mod plan;
mod query;
mod range;

use std::ops::Range;

use ledgerstone_entry::Known;
use ledgerstone_entry::query::Verdict;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use tracing::warn;

use crate::error::ReadError;
use crate::positions::Positions;
use crate::search::cursor::Union;
use crate::search::range::asked_range;
use crate::search::range::narrowed;
use crate::submission::stored_key;
use crate::tree::Tree;
use crate::tree::entry::LoggedEntry;

pub use coverage::MAX_COUNTED;
pub use coverage::TreeCoverage;
pub use coverage::coverage;
pub use query::Evidence;
pub use query::MAX_SEARCH_KEYS;
pub use query::SearchOperator;
pub use query::SearchOrder;
pub use query::SearchQuery;

/// How many candidates one page examines at most, whatever the number of its hits: a rare pair of
/// common keys must not keep a thread busy.
const MAX_CANDIDATES: usize = 4_096;

/// A page of hits.
#[derive(Clone, Debug, Default)]
pub struct SearchPage {
    /// In the order of their times.
    pub hits: Vec<SearchHit>,
    /// Where the next page starts, and a later search for what is new by then.
    pub next: Positions,
    /// Whether there is nothing more for now. A page may have no hits, and there may be more all
    /// the same.
    pub complete: bool,
    /// How many entries were looked at of which nothing that the log holds tells whether they are
    /// hits.
    pub unknown: u64,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The number of its tree.
    pub tree_id: u64,
    /// Its index in its tree.
    pub index: LeafIndex,
    /// Its index among those that Rekor v1 counts; of no meaning in other trees.
    pub virtual_index: u64,
    /// Its leaf hash.
    pub leaf_hash: Hash,
    /// The entry.
    pub entry: LoggedEntry,
    /// What shows that the entry names the keys.
    pub evidence: Evidence,
}

/// A page of at most `limit` entries of `trees` that answer `query`, from the positions `from` on
/// and before the positions `end`, and of at most `max_bytes` of bodies but at least one entry. A
/// tree that `from` does not name is searched from its start, one that `end` does not name to its
/// head. Where the newest come first, a tree is searched from before its position in `from`, or
/// from its head, back to its position in `end`, or to its start.
///
/// # Errors
/// [`ReadError`] when the store fails, or lacks what the head covers.
pub async fn search<'t>(
    trees: impl IntoIterator<Item = &'t Tree>,
    query: &SearchQuery,
    from: &Positions,
    end: &Positions,
    limit: usize,
    max_bytes: usize,
) -> Result<SearchPage, ReadError> {
    let mut candidates_left = MAX_CANDIDATES;
    let mut searches = Vec::new();
    for tree in trees {
        searches.push(TreeSearch::new(tree, query, from, end).await?);
    }
    let (limit, mut bytes_left) = (limit.max(1), max_bytes);
    let mut hits: Vec<SearchHit> = Vec::new();
    let mut complete = false;
    while hits.len() < limit {
        for search in &mut searches {
            search.advance(query, &mut candidates_left).await?;
        }
        if searches.iter().any(TreeSearch::is_undecided) {
            // What that tree has next may be the earliest of all.
            break;
        }
        // The first of those with the same time, or backwards the last: trees are in an order of
        // their own.
        let found = searches.iter_mut().filter(|search| search.found.is_some());
        let time = |search: &&mut TreeSearch<'_>| {
            search.found.as_ref().map(|hit| hit.entry.integrated_time)
        };
        let found = match query.order {
            SearchOrder::OldestFirst => found.min_by_key(time),
            SearchOrder::NewestFirst => found.max_by_key(time),
        };
        let Some(search) = found else {
            complete = true;
            break;
        };
        let length = search.found.as_ref().map_or(0, |hit| hit.entry.body.len());
        if length > bytes_left && !hits.is_empty() {
            break;
        }
        bytes_left = bytes_left.saturating_sub(length);
        hits.extend(search.take());
    }
    let mut next = from.clone();
    let mut unknown = 0;
    for search in &searches {
        next.set(search.tree.tree_id(), search.position());
        unknown += search.unknown;
    }
    Ok(SearchPage {
        hits,
        next,
        complete,
        unknown,
    })
}

/// The search of one tree, one hit ahead.
struct TreeSearch<'t> {
    tree: &'t Tree,
    /// What is left to be searched, but for what was found and not taken.
    range: Range<u64>,
    order: SearchOrder,
    /// The end of what was asked for: where a later search goes on.
    end: u64,
    unions: Vec<Union>,
    found: Option<SearchHit>,
    exhausted: bool,
    unknown: u64,
}

impl<'t> TreeSearch<'t> {
    async fn new(
        tree: &'t Tree,
        query: &SearchQuery,
        from: &Positions,
        end: &Positions,
    ) -> Result<Self, ReadError> {
        let asked = asked_range(tree, query.order, from, end);
        let clauses = plan::clauses(tree, &query.expression).await?;
        Ok(Self {
            tree,
            range: narrowed(tree, query, asked.clone()).await?,
            order: query.order,
            end: match query.order {
                SearchOrder::OldestFirst => asked.end,
                SearchOrder::NewestFirst => asked.start,
            },
            unions: clauses.into_iter().map(Union::new).collect(),
            found: None,
            exhausted: false,
            unknown: 0,
        })
    }

    /// Looks for the next hit, as far as there are candidates left.
    async fn advance(
        &mut self,
        query: &SearchQuery,
        candidates_left: &mut usize,
    ) -> Result<(), ReadError> {
        while self.found.is_none() && !self.exhausted && *candidates_left > 0 {
            *candidates_left -= 1;
            match self.candidate().await? {
                None => self.exhausted = true,
                Some(Candidate::Beyond(index)) => self.skip_to(index),
                Some(Candidate::Here(index)) => {
                    self.skip_to(index);
                    match decide(self.tree, query, LeafIndex::new(index)).await? {
                        Decided::Hit(hit) => self.found = Some(*hit),
                        Decided::Unknown => {
                            self.unknown += 1;
                            self.leave();
                        }
                        Decided::No => self.leave(),
                    }
                }
            }
        }
        Ok(())
    }

    /// The next candidate; `None` when there are no more.
    async fn candidate(&mut self) -> Result<Option<Candidate>, ReadError> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let mut nexts = Vec::with_capacity(self.unions.len());
        for union in &mut self.unions {
            let next = match self.order {
                SearchOrder::OldestFirst => union.first(self.tree, self.range.start).await?,
                SearchOrder::NewestFirst => union.last(self.tree, &self.range).await?,
            };
            // A part without further entries ends the search.
            let Some(next) = next.filter(|next| self.range.contains(next)) else {
                return Ok(None);
            };
            nexts.push(next);
        }
        let (least, most) = (nexts.iter().min().copied(), nexts.iter().max().copied());
        let (nearest, farthest) = match self.order {
            SearchOrder::OldestFirst => (least, most.unwrap_or(self.range.start)),
            SearchOrder::NewestFirst => (most, least.unwrap_or(self.range.end - 1)),
        };
        Ok(Some(
            match nearest.is_none_or(|nearest| nearest == farthest) {
                true => Candidate::Here(farthest),
                false => Candidate::Beyond(farthest),
            },
        ))
    }

    /// Leaves out what is before the candidate at `index`.
    fn skip_to(&mut self, index: u64) {
        match self.order {
            SearchOrder::OldestFirst => self.range.start = index,
            SearchOrder::NewestFirst => self.range.end = index + 1,
        }
    }

    /// Leaves out the candidate too.
    fn leave(&mut self) {
        match self.order {
            SearchOrder::OldestFirst => self.range.start += 1,
            SearchOrder::NewestFirst => self.range.end -= 1,
        }
    }

    /// Whether nobody knows yet if there is a hit.
    fn is_undecided(&self) -> bool {
        self.found.is_none() && !self.exhausted
    }

    fn take(&mut self) -> Option<SearchHit> {
        let hit = self.found.take();
        if hit.is_some() {
            self.leave();
        }
        hit
    }

    /// Where the search of this tree goes on.
    fn position(&self) -> u64 {
        match self.order {
            _ if self.exhausted => self.end,
            SearchOrder::OldestFirst => self.range.start,
            SearchOrder::NewestFirst => self.range.end,
        }
    }
}

/// What became of a candidate.
enum Decided {
    Hit(Box<SearchHit>),
    No,
    /// Nothing that the log holds tells.
    Unknown,
}

/// Checks a candidate against the entry itself.
async fn decide(tree: &Tree, query: &SearchQuery, index: LeafIndex) -> Result<Decided, ReadError> {
    let entry = tree
        .entry(index)
        .await?
        .ok_or(ReadError::MissingEntry(index))?;
    if !query.times.contains(&entry.integrated_time) {
        return Ok(Decided::No);
    }
    let known = match query.asks_statements() {
        true => tree.known(index, &entry).await?,
        false => tree.known_by_body(index, &entry),
    };
    let source = match verdict(tree, query, index, &known).await? {
        Verdict::Yes(source) => source,
        Verdict::Unknown => return Ok(Decided::Unknown),
        Verdict::No => {
            if query.is_by_keys() {
                warn_of_lie(tree, index);
            }
            return Ok(Decided::No);
        }
    };
    Ok(Decided::Hit(Box::new(SearchHit {
        tree_id: tree.tree_id(),
        virtual_index: tree.virtual_index(index),
        index,
        leaf_hash: leaf_hash(&entry.body),
        entry,
        evidence: source.into(),
    })))
}

/// The answer is right without it. What put it there is for the operator to find out.
fn warn_of_lie(tree: &Tree, index: LeafIndex) {
    warn!(
        tree = tree.tree_id(),
        index = index.get(),
        "the search index names an entry that does not name the key; rebuild it with \
         `ledgerstone reindex`"
    );
}

/// Where nothing else tells, what the index says: an earlier version noted no more.
async fn verdict(
    tree: &Tree,
    query: &SearchQuery,
    index: LeafIndex,
    known: &Known,
) -> Result<Verdict, ReadError> {
    let verdict = query.verdict(known, &[]);
    let keys = query.stated_keys();
    if verdict != Verdict::Unknown || !known.wants_parts() || keys.is_empty() {
        return Ok(verdict);
    }
    let stored: Vec<_> = keys.iter().map(stored_key).collect();
    let found = tree.reader().is_found_by(index, &stored).await?;
    let noted: Vec<_> = keys
        .into_iter()
        .zip(found)
        .filter_map(|(key, found)| found.then_some(key))
        .collect();
    Ok(query.verdict(known, &noted))
}

/// Where the next hit may be.
enum Candidate {
    Here(u64),
    /// Not before this index: the parts do not agree on an entry yet.
    Beyond(u64),
}
