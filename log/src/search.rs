//! Finding entries by what they name.
//!
//! The index yields candidates; each is read and checked before it is believed. Candidates come in the order of their virtual
//! index, a page at a time: a page ends when it is full, or when it has cost enough, and says where the next one starts.

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
use crate::reader::LoggedEntry;
use crate::shard::Shard;
use crate::shards::Shards;

/// The most keys of one search.
pub const MAX_SEARCH_KEYS: usize = 16;

/// How many candidates one page examines at most, whatever the number of its hits: a rare pair of common keys must not keep a
/// thread busy.
const MAX_CANDIDATES: usize = 4_096;

/// How many indexes are read for one key at a time.
const KEY_PAGE: usize = 256;

/// What to look for, and where.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// What entries name; at most [`MAX_SEARCH_KEYS`]. Nothing matches when there is none.
    pub keys: Vec<SearchKey>,
    /// How several keys combine.
    pub operator: SearchOperator,
    /// The virtual indexes to look at.
    pub indexes: Range<u64>,
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
    /// In the order of their virtual indexes.
    pub hits: Vec<SearchHit>,
    /// The virtual index where the next page starts; `None` when there is nothing more. A page may have no hits, and a next one
    /// all the same.
    pub next: Option<u64>,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// The number of its tree.
    pub tree_id: u64,
    /// Its index over all trees.
    pub virtual_index: u64,
    /// Its index in its tree.
    pub index: LeafIndex,
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
    /// What was submitted with the entry, and verified then, but is not in its body: the subjects of an in-toto statement, and
    /// the materials of its provenance (rekor-v1, section 4). Only kinds with such a payload have it, and only for digests.
    Submission,
}

impl SearchQuery {
    /// A search over the whole log.
    pub fn new(keys: Vec<SearchKey>, operator: SearchOperator) -> Self {
        Self {
            keys,
            operator,
            indexes: 0..u64::MAX,
            times: i64::MIN..i64::MAX,
        }
    }

    /// What shows that `body` answers the query, or `None` when nothing does.
    fn evidence_in(&self, body: &[u8]) -> Option<Evidence> {
        // The body alone: what else is kept is no evidence for those who have the body only.
        let Ok(named) = IndexKeys::of(body, |_| Ok::<_, Infallible>(None));
        let claims = self.keys.iter().map(|key| {
            let key = crate::queue::stored_key(key);
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

impl Shards {
    /// A page of at most `limit` entries of the log's trees that answer `query`, and of at most `max_bytes` of bodies but at
    /// least one entry.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails, or lacks what the head covers. Blocks on the disk.
    pub fn search(
        &self,
        query: &SearchQuery,
        limit: usize,
        max_bytes: usize,
    ) -> Result<SearchPage, ReadError> {
        search(self.all(), query, limit, max_bytes)
    }
}

impl Shard {
    /// The same in this tree alone. The virtual indexes are those of the log that it belongs to.
    ///
    /// # Errors
    /// As for [`Shards::search`].
    pub fn search(
        &self,
        query: &SearchQuery,
        limit: usize,
        max_bytes: usize,
    ) -> Result<SearchPage, ReadError> {
        search(std::slice::from_ref(self), query, limit, max_bytes)
    }
}

fn search(
    shards: &[Shard],
    query: &SearchQuery,
    limit: usize,
    max_bytes: usize,
) -> Result<SearchPage, ReadError> {
    let mut page = Page {
        query,
        limit: limit.max(1),
        bytes_left: max_bytes,
        candidates_left: MAX_CANDIDATES,
        hits: Vec::new(),
    };
    for shard in shards {
        if let Some(next) = page.fill(shard)? {
            return Ok(SearchPage {
                hits: page.hits,
                next: Some(next),
            });
        }
    }
    Ok(SearchPage {
        hits: page.hits,
        next: None,
    })
}

/// A page as it fills up, and what is left of its limits.
struct Page<'a> {
    query: &'a SearchQuery,
    limit: usize,
    bytes_left: usize,
    candidates_left: usize,
    hits: Vec<SearchHit>,
}

impl Page<'_> {
    /// Adds the hits in `shard`. Yields the virtual index to go on from when the page ends before the shard does.
    fn fill(&mut self, shard: &Shard) -> Result<Option<u64>, ReadError> {
        let size = shard.head().size().get();
        let range = local_range(self.query, shard, size)?;
        let mut next = range.start;
        let mut cursors: Vec<Cursor> = self.query.keys.iter().map(Cursor::new).collect();
        while next < range.end {
            if self.candidates_left == 0 || self.hits.len() == self.limit {
                return Ok(Some(shard.virtual_index(LeafIndex::new(next))));
            }
            self.candidates_left -= 1;
            match candidate(&mut cursors, self.query.operator, shard, next)? {
                None => return Ok(None),
                Some(Candidate::Later(index)) => next = index,
                Some(Candidate::Here(index)) if index >= range.end => return Ok(None),
                Some(Candidate::Here(index)) => {
                    if !self.take(shard, LeafIndex::new(index))? {
                        return Ok(Some(shard.virtual_index(LeafIndex::new(index))));
                    }
                    next = index + 1;
                }
            }
        }
        Ok(None)
    }

    /// Checks a candidate and adds it when it is a hit. `false` when it has no room on this page.
    fn take(&mut self, shard: &Shard, index: LeafIndex) -> Result<bool, ReadError> {
        let entry = shard.entry(index)?.ok_or(ReadError::MissingEntry(index))?;
        if !self.query.times.contains(&entry.integrated_time) {
            return Ok(true);
        }
        let Some(evidence) = self.query.evidence_in(&entry.body) else {
            // The answer is right without it. What put it there is for the operator to find out.
            warn!(
                tree = shard.tree_id(),
                index = index.get(),
                "the search index names an entry that does not name the key; rebuild it with `ledgerstone reindex`"
            );
            return Ok(true);
        };
        if entry.body.len() > self.bytes_left && !self.hits.is_empty() {
            return Ok(false);
        }
        self.bytes_left = self.bytes_left.saturating_sub(entry.body.len());
        self.hits.push(SearchHit {
            tree_id: shard.tree_id(),
            virtual_index: shard.virtual_index(index),
            index,
            leaf_hash: leaf_hash(&entry.body),
            entry,
            evidence,
        });
        Ok(true)
    }
}

/// The part of `shard` that the query asks about.
fn local_range(query: &SearchQuery, shard: &Shard, size: u64) -> Result<Range<u64>, ReadError> {
    let local = |index: u64| index.saturating_sub(shard.start()).min(size);
    let mut range = local(query.indexes.start)..local(query.indexes.end);
    if shard.is_in_order_of_time() {
        if query.times.start > i64::MIN {
            range.start = first_not_before(shard, query.times.start, range.clone())?;
        }
        if query.times.end < i64::MAX {
            range.end = first_not_before(shard, query.times.end, range.clone())?;
        }
    }
    Ok(range)
}

/// The first index of `range` whose entry was not taken before `time`.
fn first_not_before(shard: &Shard, time: i64, range: Range<u64>) -> Result<u64, ReadError> {
    let (mut low, mut high) = (range.start, range.end);
    while low < high {
        let middle = low + (high - low) / 2;
        let index = LeafIndex::new(middle);
        let entry = shard.entry(index)?.ok_or(ReadError::MissingEntry(index))?;
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
fn candidate(
    cursors: &mut [Cursor],
    operator: SearchOperator,
    shard: &Shard,
    from: u64,
) -> Result<Option<Candidate>, ReadError> {
    let mut next = Vec::with_capacity(cursors.len());
    for cursor in cursors {
        next.push(cursor.seek(shard, from)?);
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
    key: ledgerstone_storage::SearchKey,
    page: VecDeque<u64>,
    /// Whether the index has nothing behind the page.
    is_last_page: bool,
}

impl Cursor {
    fn new(key: &SearchKey) -> Self {
        Self {
            key: crate::queue::stored_key(key),
            page: VecDeque::new(),
            is_last_page: false,
        }
    }

    /// The first index from `from` on. Calls have to ask for the same or later ones.
    fn seek(&mut self, shard: &Shard, from: u64) -> Result<Option<u64>, ReadError> {
        while self.page.front().is_some_and(|index| *index < from) {
            self.page.pop_front();
        }
        if self.page.is_empty() && !self.is_last_page {
            let page = shard
                .reader()
                .search(&self.key, LeafIndex::new(from), KEY_PAGE)?;
            self.is_last_page = page.len() < KEY_PAGE;
            self.page = page.into_iter().map(LeafIndex::get).collect();
        }
        Ok(self.page.front().copied())
    }
}
