//! Searching a Ledgerstone log: what it finds is checked against the bodies, and proven to be in
//! its tree.

use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::facts::FactSource;
use ledgerstone_entry::query::Verdict;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::log::v1 as proto;
use serde::Deserialize;
use serde::Serialize;

use crate::api::error::ApiError;
use crate::api::log_api::LogApi;
use crate::api::lookup::EntryLookup;
use crate::api::proofs::ProvenInclusion;
use crate::api::search_query::SearchTerms;
use crate::trust::logs::TrustedLogs;

/// How many hits of a page are proven at the same time.
const PARALLEL_PROOFS: usize = 8;

/// A page of what was found.
#[derive(Clone, Debug)]
pub struct FoundPage {
    /// In one order of time over all trees; perhaps none, on a page that is not the last.
    pub hits: Vec<FoundEntry>,
    /// Where the next page starts in each tree: `<tree id>:<index>` with commas between. `None`
    /// after the last page.
    pub next: Option<String>,
    /// How many entries were looked at for this page of which nothing that the log holds tells
    /// whether they answer the query.
    pub unknown: u64,
    /// What the search could see of each tree, by the word of the log. On the first page only.
    pub coverage: Vec<SearchCoverage>,
}

/// What a search could see of one tree, by the word of the log.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SearchCoverage {
    /// The number of the tree, decimal.
    pub tree_id: String,
    /// The first index that was searched.
    pub first: u64,
    /// The index behind the last one.
    pub end: u64,
    /// Whether something was asked for that a statement may say.
    pub asks_statements: bool,
    /// How many of the entries the log saw no statement of; `None` where it did not count them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without_statement: Option<u64>,
    /// Of how many of these its operator removed the statement.
    #[serde(default)]
    pub removed_statements: u64,
    /// How many of the entries are of kinds that the log cannot read; `None` where it did not count
    /// them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<u64>,
    /// Whether the tree says when its entries were taken.
    pub has_times: bool,
    /// How many entries are not found by everything yet.
    pub unindexed: u64,
    /// False while the index is being rebuilt after a change of version.
    pub index_complete: bool,
    /// Whether nothing was out of sight that might answer the query.
    pub everything: bool,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub struct FoundEntry {
    /// Its index among all that Rekor v1 counts, where the log says that it is one of them.
    pub virtual_index: Option<u64>,
    /// The entry, with its tree and its index there.
    pub entry: proto::Entry,
    /// Whether the body shows that the entry answers the query. Otherwise the log says so by what
    /// was submitted with the entry and is not in its body, such as the subjects of an in-toto
    /// statement.
    pub shown_by_body: bool,
    /// The proof that the entry is in its tree. `None` when none of the logs that are trusted signs
    /// that: the key is another, or it is the copy of another log.
    pub inclusion: Option<ProvenInclusion>,
}

impl LogApi {
    /// A page of at most `limit` entries that answer `query`: of all trees of the log, or of the
    /// one that is read. It begins where the text `from` says for each tree: with nothing at their
    /// starts, otherwise with the [`next`](FoundPage::next) of an earlier page. Each is proven to
    /// be in a tree that one of `logs` signed, except where another signs.
    ///
    /// That there are no others is the log's word alone.
    ///
    /// # Errors
    /// When the log cannot be asked, when none of `logs` signs any of its trees, or when it gives
    /// an entry that does not answer the query or is not in its tree.
    pub async fn search(
        &self,
        query: &SearchTerms,
        from: &str,
        limit: usize,
        logs: &TrustedLogs,
    ) -> Result<FoundPage, ApiError> {
        let page = self.candidates(query, from, limit).await?;
        self.check_signed(logs).await?;
        let hits = page.hits.into_iter();
        let hits = hits.map(|hit| self.prove(hit, logs));
        let hits = stream::iter(hits.collect::<Vec<_>>()).buffered(PARALLEL_PROOFS);
        Ok(FoundPage {
            hits: hits.try_collect().await?,
            next: page.next,
            unknown: page.unknown,
            coverage: page.coverage,
        })
    }

    /// As [`search`](Self::search), without proofs.
    pub(crate) async fn candidates(
        &self,
        query: &SearchTerms,
        from: &str,
        limit: usize,
    ) -> Result<FoundPage, ApiError> {
        let path = query.path(from, limit);
        let page: SearchReply = self
            .fetch_entries(&path)
            .await?
            .ok_or_else(|| self.not_this_api())?;
        let mut hits = Vec::with_capacity(page.hits.len());
        let mut unknown = page.unknown;
        for hit in &page.hits {
            match self.check_hit(&path, query, hit)? {
                Checked::Hit(found) => hits.push(*found),
                Checked::Unknown => unknown += 1,
                Checked::NoHit => {}
            }
        }
        Ok(FoundPage {
            hits,
            next: (!page.complete).then_some(page.next),
            unknown,
            coverage: page.coverage,
        })
    }

    /// One of the trees at least has to be signed by one of `logs`: others may have keys that the
    /// caller does not know, but not all of them.
    async fn check_signed(&self, logs: &TrustedLogs) -> Result<(), ApiError> {
        let mut fault = None;
        for tree in self.trees().await? {
            let head = tree.head.unwrap_or_default();
            match self.tree(head.tree_id).head(logs).await {
                Ok(_) => return Ok(()),
                Err(error) => fault = fault.or(Some(error)),
            }
        }
        Err(fault.unwrap_or_else(|| self.not_this_api()))
    }

    /// Whether what the log found answers the query. Where the caller knows more than the log, as
    /// which authorities are trusted, it need not.
    fn check_hit(
        &self,
        path: &str,
        query: &SearchTerms,
        hit: &HitReply,
    ) -> Result<Checked, ApiError> {
        let entry = self.read_entry(path, &hit.entry)?;
        let (tree_id, index) = (entry.tree_id, entry.index);
        let (verdict, is_in_body) = query.verdict_on(&entry.body, index, entry.integrated_time);
        if !is_in_body && hit.shown_by_body {
            return Err(ApiError::UnaskedHit { tree_id, index });
        }
        let shown_by_body = verdict == Verdict::Yes(FactSource::Body);
        match verdict {
            Verdict::No if is_in_body || query.asks_trust() => return Ok(Checked::NoHit),
            Verdict::Unknown if is_in_body => return Ok(Checked::Unknown),
            Verdict::Yes(_) | Verdict::No | Verdict::Unknown => {}
        }
        Ok(Checked::Hit(Box::new(FoundEntry {
            virtual_index: hit.virtual_index,
            entry,
            shown_by_body,
            inclusion: None,
        })))
    }

    /// The same hit with the proof that it is in its tree, where one of `logs` signs that.
    async fn prove(&self, hit: FoundEntry, logs: &TrustedLogs) -> Result<FoundEntry, ApiError> {
        let lookup = EntryLookup::Index(LeafIndex::new(hit.entry.index));
        let tree = self.tree(hit.entry.tree_id);
        let inclusion = match tree.inclusion(lookup, None, logs).await {
            Ok(proven) if hit.entry.leaf_hash == proven.leaf.as_bytes()[..] => Some(proven),
            Ok(_) => return Err(ApiError::OtherEntry(lookup)),
            // The caller has no key for this tree.
            Err(error) if error.is_unknown_key() => None,
            Err(error) => return Err(error),
        };
        Ok(FoundEntry { inclusion, ..hit })
    }

    /// The entry, found by the caller's own reading, with the proof that it is in its tree.
    ///
    /// # Errors
    /// When the log cannot be asked, or its proof does not hold.
    pub async fn proven_hit(
        &self,
        entry: proto::Entry,
        logs: &TrustedLogs,
    ) -> Result<FoundEntry, ApiError> {
        let hit = FoundEntry {
            virtual_index: None,
            entry,
            shown_by_body: true,
            inclusion: None,
        };
        self.prove(hit, logs).await
    }
}

/// What became of what the log found.
enum Checked {
    Hit(Box<FoundEntry>),
    NoHit,
    Unknown,
}

/// A page of a search as the log answers it.
#[derive(Deserialize)]
struct SearchReply {
    hits: Vec<HitReply>,
    next: String,
    complete: bool,
    #[serde(default)]
    unknown: u64,
    #[serde(default)]
    coverage: Vec<SearchCoverage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HitReply {
    virtual_index: Option<u64>,
    shown_by_body: bool,
    entry: EntryView,
}
