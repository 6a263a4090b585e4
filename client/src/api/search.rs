//! Searching a Ledgerstone log: what it finds is checked against the bodies, and proven to be in
//! the log.

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteError;
use ledgerstone_proto::log::v1 as proto;

use crate::api::entries::check_entry;
use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::api::proofs::ProvenInclusion;
use crate::api::search_query::SearchTerms;
use crate::trust::checkpoint::CheckpointFault;
use crate::trust::logs::TrustedLogs;

/// How many hits of a page are proven at the same time.
const PARALLEL_PROOFS: usize = 8;

/// A page of what was found.
#[derive(Clone, Debug)]
pub struct FoundPage {
    /// In the order of their indexes; perhaps none, on a page that is not the last.
    pub hits: Vec<FoundEntry>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<u64>,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// Its index over all trees of the log.
    pub index: u64,
    /// The number of its tree.
    pub tree_id: u64,
    /// The entry, with its index in its tree.
    pub entry: proto::Entry,
    /// Whether the body shows that the entry answers the query. Otherwise the log says so by what
    /// was submitted with the entry and is not in its body, such as the subjects of an in-toto
    /// statement.
    pub shown_by_body: bool,
    /// The proof that the entry is in its tree. `None` when that is signed by a log that is not
    /// trusted: an older tree, or the copy of another log.
    pub inclusion: Option<ProvenInclusion>,
}

impl LogApi {
    /// A page of at most `limit` entries that answer `query`, from the index `start` on, counted
    /// over all trees. Each is proven to be in a tree that one of `logs` signed, except where
    /// another signs.
    ///
    /// That there are no others is the log's word alone.
    ///
    /// # Errors
    /// When the log cannot be asked, or gives an entry that does not answer the query or is not in
    /// the tree.
    pub async fn search(
        &self,
        query: &SearchTerms,
        start: u64,
        limit: usize,
        logs: &TrustedLogs,
    ) -> Result<FoundPage, ApiError> {
        let page: proto::SearchResponse = self
            .fetch(&query.path(start, limit))
            .await?
            .ok_or_else(|| self.not_this_api())?;
        // The tree that grows has to be signed by the log that is asked.
        let whole_log = Self::new(self.transport().clone());
        let current = whole_log.tree_head().await?.tree_id;
        let hits = page
            .hits
            .into_iter()
            .map(|hit| self.check_hit(query, hit, current, logs));
        let hits = stream::iter(hits).buffered(PARALLEL_PROOFS);
        Ok(FoundPage {
            hits: hits.try_collect().await?,
            next: (!page.complete).then_some(page.next),
        })
    }

    async fn check_hit(
        &self,
        query: &SearchTerms,
        hit: proto::SearchHit,
        current_tree: u64,
        logs: &TrustedLogs,
    ) -> Result<FoundEntry, ApiError> {
        let unasked = ApiError::UnaskedHit { index: hit.index };
        let entry = hit.entry.unwrap_or_default();
        let leaf = check_entry(&entry)?;
        let shown_by_body = query.is_answered_by(&entry.body);
        if !shown_by_body && hit.evidence != proto::SearchEvidence::Submission as i32 {
            return Err(unasked);
        }
        let lookup = EntryLookup::Index(LeafIndex::new(entry.index));
        let in_its_tree = self.tree(hit.tree_id);
        let is_current = hit.tree_id == current_tree;
        let place = if is_current { self } else { &in_its_tree };
        let proven = place.inclusion(lookup, None, logs).await;
        let inclusion = match proven {
            Ok(proven) if proven.leaf == leaf => Some(proven),
            Ok(_) => return Err(ApiError::OtherEntry(lookup)),
            // Another log's word, which the caller has no key for.
            Err(ApiError::Checkpoint(CheckpointFault::Note(NoteError::NoKnownKey)))
                if !is_current =>
            {
                None
            }
            Err(error) => return Err(error),
        };
        Ok(FoundEntry {
            index: hit.index,
            tree_id: hit.tree_id,
            entry,
            shown_by_body,
            inclusion,
        })
    }
}
