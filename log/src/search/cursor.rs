//! Where the index leads from one key, read a page at a time, in either direction.

use std::collections::VecDeque;
use std::ops::Range;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_storage::StoredSearchKey;

use crate::error::ReadError;
use crate::search::plan::Clause;
use crate::tree::Tree;

/// How many indexes are read for one key at a time.
const KEY_PAGE: usize = 256;

/// The indexes that are stored under one key.
struct Cursor {
    key: StoredSearchKey,
    page: VecDeque<u64>,
    /// Whether the index has nothing beyond the page.
    is_last_page: bool,
    /// Backwards: what lies below this was not read.
    unread: Option<u64>,
    /// Backwards: the width of what is read next.
    width: u64,
}

/// The places of which a hit has one.
pub(super) struct Union {
    cursors: Vec<Cursor>,
    /// In order.
    indexes: Vec<u64>,
}

impl Union {
    pub(super) fn new(clause: Clause) -> Self {
        let mut indexes = clause.indexes;
        indexes.sort_unstable();
        Self {
            cursors: clause.keys.into_iter().map(Cursor::new).collect(),
            indexes,
        }
    }

    /// The first place from `from` on. Calls have to ask for the same or later ones.
    pub(super) async fn first(&mut self, tree: &Tree, from: u64) -> Result<Option<u64>, ReadError> {
        let at = self.indexes.partition_point(|index| *index < from);
        let mut first = self.indexes.get(at).copied();
        for cursor in &mut self.cursors {
            let next = cursor.seek(tree, from).await?;
            first = [first, next].into_iter().flatten().min();
        }
        Ok(first)
    }

    /// The last place of `range`. Calls have to ask for the same end or earlier ones.
    pub(super) async fn last(
        &mut self,
        tree: &Tree,
        range: &Range<u64>,
    ) -> Result<Option<u64>, ReadError> {
        let before = self.indexes.partition_point(|index| *index < range.end);
        let mut last = before.checked_sub(1).map(|at| self.indexes[at]);
        last = last.filter(|index| range.contains(index));
        for cursor in &mut self.cursors {
            let next = cursor.seek_back(tree, range).await?;
            last = [last, next].into_iter().flatten().max();
        }
        Ok(last)
    }
}

impl Cursor {
    fn new(key: StoredSearchKey) -> Self {
        Self {
            key,
            page: VecDeque::new(),
            is_last_page: false,
            unread: None,
            width: KEY_PAGE as u64,
        }
    }

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

    /// An engine reads forwards only: what lies before the end is read in stretches, which grow
    /// where there is nothing, and hold no more than a page where there is much.
    async fn seek_back(
        &mut self,
        tree: &Tree,
        range: &Range<u64>,
    ) -> Result<Option<u64>, ReadError> {
        while self.page.back().is_some_and(|index| *index >= range.end) {
            self.page.pop_back();
        }
        let mut end = self.unread.unwrap_or(range.end).min(range.end);
        while self.page.is_empty() && end > range.start {
            let start = end.saturating_sub(self.width).max(range.start);
            let reader = tree.reader();
            let page = reader
                .search_before(&self.key, start..end, KEY_PAGE)
                .await?;
            if page.len() == KEY_PAGE && self.width > KEY_PAGE as u64 {
                self.width = KEY_PAGE as u64;
                continue;
            }
            self.width = match page.is_empty() {
                true => self.width.saturating_mul(4),
                false => self.width,
            };
            self.page = page.into_iter().map(LeafIndex::get).collect();
            end = start;
            self.unread = Some(end);
        }
        Ok(self
            .page
            .back()
            .copied()
            .filter(|index| *index >= range.start))
    }
}
