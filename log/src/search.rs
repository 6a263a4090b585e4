//! Finding entries by what they name.
//!
//! The index yields candidates; each is read and checked before it is believed. Hits come in one
//! order of time over all trees that are searched, and in each tree in the order of indexes, a page
//! at a time: a page ends when it is full, or when it has cost enough, and says where in each tree
//! the next one starts.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::ops::Range;

use ledgerstone_entry::Claim;
use ledgerstone_entry::IndexKeys;
use ledgerstone_entry::SearchKey;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::leaf_hash;
use tracing::warn;

use crate::error::ReadError;
use crate::positions::Positions;
use crate::submission::stored_key;
use crate::tree::Tree;
use crate::tree::entry::LoggedEntry;

/// The most keys of one search.
pub const MAX_SEARCH_KEYS: usize = 16;

/// How many candidates one page examines at most, whatever the number of its hits: a rare pair of
/// common keys must not keep a thread busy.
const MAX_CANDIDATES: usize = 4_096;

/// How many indexes are read for one key at a time.
const KEY_PAGE: usize = 256;

/// What to look for.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// What entries name; at most [`MAX_SEARCH_KEYS`]. Nothing matches when there is none.
    pub keys: Vec<SearchKey>,
    /// How several keys combine.
    pub operator: SearchOperator,
    /// The times to look at, in Unix seconds.
    pub times: Range<i64>,
}

/// How several keys combine.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SearchOperator {
    /// An entry names one of them at least.
    #[default]
    Or,
    /// An entry names all of them.
    And,
}

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

/// What shows that an entry names a key: the best evidence first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// The body, which anybody can read and hash.
    Body,
    /// What was submitted with the entry, and verified then, but is not in its body: the subjects
    /// of an in-toto statement, and the materials of its provenance (rekor-v1, section 4). Only
    /// kinds with such a payload have it, and only for digests.
    Submission,
}

impl SearchQuery {
    /// A search over all times.
    pub fn new(keys: Vec<SearchKey>, operator: SearchOperator) -> Self {
        Self {
            keys,
            operator,
            times: i64::MIN..i64::MAX,
        }
    }

    /// What shows that `body` answers the query, or `None` when nothing does.
    fn evidence_in(&self, body: &[u8]) -> Option<Evidence> {
        // The body alone: what else is kept is no evidence for those who have the body only.
        let Ok(named) = IndexKeys::of(body, |_| Ok::<_, Infallible>(None));
        let claims = self.keys.iter().map(|key| {
            let key = stored_key(key);
            match named.claim(key.kind, key.hash) {
                Claim::Shown => Some(Evidence::Body),
                Claim::Submitted => Some(Evidence::Submission),
                Claim::Unreadable | Claim::False => None,
            }
        });
        match self.operator {
            // The best that there is for one of them, or the worst for all of them.
            SearchOperator::Or => claims.flatten().min(),
            SearchOperator::And => claims.collect::<Option<Vec<_>>>()?.into_iter().max(),
        }
    }
}

/// A page of at most `limit` entries of `trees` that answer `query`, from the positions `from` on
/// and before the positions `end`, and of at most `max_bytes` of bodies but at least one entry. A
/// tree that `from` does not name is searched from its start, one that `end` does not name to its
/// head.
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
        // The first of those with the same time: trees are in an order of their own.
        let found = searches
            .iter_mut()
            .filter(|search| search.found.is_some())
            .min_by_key(|search| search.found.as_ref().map(|hit| hit.entry.integrated_time));
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
    for search in &searches {
        next.set(search.tree.tree_id(), search.position());
    }
    Ok(SearchPage {
        hits,
        next,
        complete,
    })
}

/// The search of one tree, one hit ahead.
struct TreeSearch<'t> {
    tree: &'t Tree,
    range: Range<u64>,
    /// The end of what was asked for: where a later search goes on.
    end: u64,
    cursors: Vec<Cursor>,
    found: Option<SearchHit>,
    exhausted: bool,
}

impl<'t> TreeSearch<'t> {
    async fn new(
        tree: &'t Tree,
        query: &SearchQuery,
        from: &Positions,
        end: &Positions,
    ) -> Result<Self, ReadError> {
        let size = tree.head().size().get();
        let start = from.of(tree.tree_id()).unwrap_or(0).min(size);
        let end = end.of(tree.tree_id()).unwrap_or(size).min(size).max(start);
        Ok(Self {
            tree,
            range: within_times(tree, query, start..end).await?,
            end,
            cursors: query.keys.iter().map(Cursor::new).collect(),
            found: None,
            exhausted: false,
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
            let next = self.range.start;
            if next >= self.range.end {
                self.exhausted = true;
                return Ok(());
            }
            match candidate(&mut self.cursors, query.operator, self.tree, next).await? {
                None => self.exhausted = true,
                Some(Candidate::Later(index)) => self.range.start = index,
                Some(Candidate::Here(index)) if index >= self.range.end => self.exhausted = true,
                Some(Candidate::Here(index)) => {
                    self.found = hit(self.tree, query, LeafIndex::new(index)).await?;
                    self.range.start = match self.found {
                        Some(_) => index,
                        None => index + 1,
                    };
                }
            }
        }
        Ok(())
    }

    /// Whether nobody knows yet if there is a hit.
    fn is_undecided(&self) -> bool {
        self.found.is_none() && !self.exhausted
    }

    fn take(&mut self) -> Option<SearchHit> {
        let hit = self.found.take();
        self.range.start += u64::from(hit.is_some());
        hit
    }

    /// Where the search of this tree goes on.
    fn position(&self) -> u64 {
        if self.exhausted {
            self.end
        } else {
            self.range.start
        }
    }
}

/// Checks a candidate against the entry itself.
async fn hit(
    tree: &Tree,
    query: &SearchQuery,
    index: LeafIndex,
) -> Result<Option<SearchHit>, ReadError> {
    let entry = tree
        .entry(index)
        .await?
        .ok_or(ReadError::MissingEntry(index))?;
    if !query.times.contains(&entry.integrated_time) {
        return Ok(None);
    }
    let Some(evidence) = query.evidence_in(&entry.body) else {
        // The answer is right without it. What put it there is for the operator to find out.
        warn!(
            tree = tree.tree_id(),
            index = index.get(),
            "the search index names an entry that does not name the key; rebuild it with \
             `ledgerstone reindex`"
        );
        return Ok(None);
    };
    Ok(Some(SearchHit {
        tree_id: tree.tree_id(),
        virtual_index: tree.virtual_index(index),
        index,
        leaf_hash: leaf_hash(&entry.body),
        entry,
        evidence,
    }))
}

/// The part of `range` whose times the query asks about, where entries lie in the order of their
/// times.
async fn within_times(
    tree: &Tree,
    query: &SearchQuery,
    mut range: Range<u64>,
) -> Result<Range<u64>, ReadError> {
    if tree.is_in_order_of_time() {
        if query.times.start > i64::MIN {
            range.start = first_not_before(tree, query.times.start, range.clone()).await?;
        }
        if query.times.end < i64::MAX {
            range.end = first_not_before(tree, query.times.end, range.clone()).await?;
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

/// Where the next hit may be.
enum Candidate {
    Here(u64),
    /// Not before this index: the keys do not agree on an entry yet.
    Later(u64),
}

/// The next candidate from `from` on; `None` when the index has no more.
async fn candidate(
    cursors: &mut [Cursor],
    operator: SearchOperator,
    tree: &Tree,
    from: u64,
) -> Result<Option<Candidate>, ReadError> {
    let mut next = Vec::with_capacity(cursors.len());
    for cursor in cursors {
        next.push(cursor.seek(tree, from).await?);
    }
    Ok(match operator {
        SearchOperator::Or => next.into_iter().flatten().min().map(Candidate::Here),
        SearchOperator::And => {
            // A key without further entries ends the search.
            let Some(next) = next.into_iter().collect::<Option<Vec<u64>>>() else {
                return Ok(None);
            };
            let (least, most) = (next.iter().min(), next.iter().max());
            most.map(|most| {
                if least == Some(most) {
                    Candidate::Here(*most)
                } else {
                    Candidate::Later(*most)
                }
            })
        }
    })
}

/// The indexes that are stored under one key, read a page at a time.
struct Cursor {
    key: ledgerstone_storage::StoredSearchKey,
    page: VecDeque<u64>,
    /// Whether the index has nothing behind the page.
    is_last_page: bool,
}

impl Cursor {
    fn new(key: &SearchKey) -> Self {
        Self {
            key: stored_key(key),
            page: VecDeque::new(),
            is_last_page: false,
        }
    }

    /// The first index from `from` on. Calls have to ask for the same or later ones.
    async fn seek(&mut self, tree: &Tree, from: u64) -> Result<Option<u64>, ReadError> {
        while self.page.front().is_some_and(|index| *index < from) {
            self.page.pop_front();
        }
        if self.page.is_empty() && !self.is_last_page {
            let page = tree
                .reader()
                .search(&self.key, LeafIndex::new(from), KEY_PAGE)
                .await?;
            self.is_last_page = page.len() < KEY_PAGE;
            self.page = page.into_iter().map(LeafIndex::get).collect();
        }
        Ok(self.page.front().copied())
    }
}
