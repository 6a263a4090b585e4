//! Reading all of a signed tree: what no entry can be left out of, whatever the log says.

use futures::StreamExt;
use futures::stream;
use futures::stream::BoxStream;
use ledgerstone_merkle::Checkpoint;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::Tile;
use ledgerstone_proto::log::v1 as proto;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::audit::growing_tree::GrowingTree;
use crate::audit::leaves::BUNDLE_ENTRIES;

/// How many pages are fetched at the same time.
const PARALLEL_PAGES: usize = 4;

/// All entries of the tree that a log signed, a page at a time. They are hashed as they come, and
/// the last page comes only if they are the entries of that tree.
pub struct TreeScan {
    pages: BoxStream<'static, Result<Vec<proto::Entry>, ApiError>>,
    head: Checkpoint,
    tree: GrowingTree,
}

impl TreeScan {
    /// Reads what `head` covers of the tree that `api` reads.
    pub fn new(api: &LogApi, head: &Checkpoint) -> Self {
        let size = head.size.get();
        let api = api.clone();
        let pages = stream::iter(0..size.div_ceil(BUNDLE_ENTRIES)).map(move |number| {
            let first = number * BUNDLE_ENTRIES;
            let end = (first + BUNDLE_ENTRIES).min(size);
            let api = api.clone();
            async move { page(&api, first, end).await }
        });
        Self {
            pages: pages.buffered(PARALLEL_PAGES).boxed(),
            head: head.clone(),
            tree: GrowingTree::new(),
        }
    }

    /// The next entries, at most 256, in the order of their indexes; `None` after the last.
    ///
    /// # Errors
    /// When the log cannot be asked, and [`ApiError::OtherEntries`] when what it gave is not the
    /// tree that it signed.
    pub async fn next_page(&mut self) -> Result<Option<Vec<proto::Entry>>, ApiError> {
        let Some(page) = self.pages.next().await.transpose()? else {
            return self.check_root().map(|()| None);
        };
        let leaves = page
            .iter()
            .filter_map(|one| Hash::from_slice(&one.leaf_hash));
        let leaves: Vec<Hash> = leaves.collect();
        if let Ok(tile) = Tile::from_hashes(&leaves) {
            self.tree.append(tile);
        }
        if self.tree.size() >= self.head.size {
            self.check_root()?;
        }
        Ok(Some(page))
    }

    /// How many entries were read.
    pub fn entries(&self) -> u64 {
        self.tree.size().get()
    }

    fn check_root(&self) -> Result<(), ApiError> {
        let computed = self.tree.root();
        if self.tree.size() == self.head.size && computed == self.head.root {
            return Ok(());
        }
        Err(ApiError::OtherEntries {
            size: self.head.size,
            signed: self.head.root,
            computed,
        })
    }
}

/// The entries from `first` up to `end`. A log may give fewer at a time than are asked for.
async fn page(api: &LogApi, first: u64, end: u64) -> Result<Vec<proto::Entry>, ApiError> {
    let mut page: Vec<proto::Entry> = Vec::new();
    while first + (page.len() as u64) < end {
        let next = LeafIndex::new(first + page.len() as u64);
        let left = (end - next.get()) as usize;
        let mut more = api.entries(next, left).await?;
        more.truncate(left);
        if more.is_empty() {
            return Err(ApiError::NoSuchEntry(EntryLookup::Index(next)));
        }
        page.append(&mut more);
    }
    Ok(page)
}
