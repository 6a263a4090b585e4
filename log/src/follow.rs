//! Reading several trees as one stream of entries.

use std::collections::VecDeque;

use ledgerstone_entry::matcher::WatchList;
use ledgerstone_merkle::LeafIndex;

use crate::error::ReadError;
use crate::positions::Positions;
use crate::tree::Tree;
use crate::tree::entry::LoggedEntry;

/// An entry of one of several trees.
#[derive(Clone, Debug)]
pub struct FollowedEntry {
    /// The number of its tree.
    pub tree_id: u64,
    /// Its index there.
    pub index: LeafIndex,
    /// The entry.
    pub entry: LoggedEntry,
}

impl FollowedEntry {
    /// Whether `rules` take the entry, which is of one of `trees`: by all that the log knows of it,
    /// statements too.
    ///
    /// # Errors
    /// [`ReadError`] when the store fails.
    pub async fn passes(&self, trees: &[Tree], rules: &WatchList) -> Result<bool, ReadError> {
        let tree = trees.iter().find(|tree| tree.tree_id() == self.tree_id);
        let Some(tree) = tree else { return Ok(false) };
        let known = tree.known(self.index, &self.entry).await?;
        Ok(rules.examine_known(&known).matches.is_some())
    }
}

/// Up to `limit` entries of `trees` behind `positions`, and no more than `max_bytes` of bodies but
/// at least one, in one order of time: in each tree by index, and of several trees first the one
/// whose next entry is older, or stands first in `trees`. Moves `positions` behind them. A tree
/// without a position is read from its start. Nothing when the heads have no more.
///
/// # Errors
/// [`ReadError`] when the store fails, or lacks what a head covers.
pub async fn read_on<'t>(
    trees: impl IntoIterator<Item = &'t Tree>,
    positions: &mut Positions,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<FollowedEntry>, ReadError> {
    let mut ahead = Vec::new();
    for tree in trees {
        ahead.push(Ahead::read(tree, positions, limit, max_bytes).await?);
    }
    let mut entries = Vec::new();
    let mut bytes = 0;
    // Where one is read to its last page and has more, nobody knows whose next entry is the older
    // one.
    while entries.len() < limit && !ahead.iter().any(Ahead::is_unread) {
        let first = ahead
            .iter_mut()
            .filter(|ahead| !ahead.page.is_empty())
            .min_by_key(|ahead| ahead.page.front().map(|(_, entry)| entry.integrated_time));
        let Some((tree_id, (index, entry))) =
            first.and_then(|ahead| Some((ahead.tree_id, ahead.page.pop_front()?)))
        else {
            break;
        };
        bytes += entry.body.len();
        if bytes > max_bytes && !entries.is_empty() {
            break;
        }
        positions.set(tree_id, index.get() + 1);
        entries.push(FollowedEntry {
            tree_id,
            index,
            entry,
        });
    }
    Ok(entries)
}

/// What was read of one tree and not yet given.
struct Ahead {
    tree_id: u64,
    page: VecDeque<(LeafIndex, LoggedEntry)>,
    /// Whether the tree has more behind the page.
    has_more: bool,
}

impl Ahead {
    async fn read(
        tree: &Tree,
        positions: &Positions,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Self, ReadError> {
        let (tree_id, size) = (tree.tree_id(), tree.head().size().get());
        let start = positions.of(tree_id).unwrap_or(0);
        let page = if start < size {
            tree.entries(LeafIndex::new(start), limit, max_bytes)
                .await?
        } else {
            Vec::new()
        };
        Ok(Self {
            tree_id,
            has_more: start.saturating_add(page.len() as u64) < size,
            page: page.into(),
        })
    }

    fn is_unread(&self) -> bool {
        self.page.is_empty() && self.has_more
    }
}
