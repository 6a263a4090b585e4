//! Searching a Ledgerstone log: what it finds is checked against the bodies, and proven to be in the log.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use futures::StreamExt;
use futures::TryStreamExt;
use futures::stream;
use ledgerstone_entry::EntryView;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::search_keys_of_body;
use ledgerstone_entry::v1::PublicKeyFormat;
use ledgerstone_entry::v1::search_key_of_hash;
use ledgerstone_entry::v1::search_key_of_public_key;
use ledgerstone_entry::v1::search_key_of_subject;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::NoteError;
use ledgerstone_proto::log::v1 as proto;
use reqwest::Url;
use serde::Deserialize;

use crate::log_api::ApiError;
use crate::log_api::EntryLookup;
use crate::log_api::LogApi;
use crate::log_api::ProvenInclusion;
use crate::log_api::read_entry;
use crate::trusted_log::CheckpointFault;
use crate::trusted_log::TrustedLogs;

/// How many hits of a page are proven at the same time.
const PARALLEL_PROOFS: usize = 8;

/// What to search for, and where.
#[derive(Clone, Debug, Default)]
pub struct SearchQuery {
    /// In the form of the log's interface, by name.
    terms: Vec<(&'static str, String)>,
    /// What entries that answer the query are found by.
    keys: Vec<SearchKey>,
    /// Whether an entry has to name everything that is searched for, and not only one thing of it.
    pub all: bool,
    /// The first Unix second at which the log took an entry.
    pub from_time: Option<i64>,
    /// The Unix second before which the log took an entry.
    pub until_time: Option<i64>,
}

impl SearchQuery {
    /// Looks for entries about the artifact, payload, envelope or key with this hash: hexadecimal digits, with `sha256:`
    /// or another hash function's name before them.
    ///
    /// # Errors
    /// [`SearchTermError::Hash`] for a text of another form.
    pub fn hash(mut self, hash: &str) -> Result<Self, SearchTermError> {
        let key = search_key_of_hash(hash).ok_or_else(|| SearchTermError::Hash(hash.to_owned()))?;
        self.push("hash", hash.to_owned(), key);
        Ok(self)
    }

    /// Looks for entries with certificates for this e-mail address.
    pub fn email(mut self, email: &str) -> Self {
        self.push("email", email.to_owned(), search_key_of_subject(email));
        self
    }

    /// Looks for entries with certificates for this URI, DNS name, IP address or other name.
    pub fn subject(mut self, subject: &str) -> Self {
        let key = search_key_of_subject(subject);
        self.push("subject", subject.to_owned(), key);
        self
    }

    /// Looks for entries with this key or certificate, PEM.
    ///
    /// # Errors
    /// [`SearchTermError::Key`] when it is none.
    pub fn public_key(mut self, pem: &str) -> Result<Self, SearchTermError> {
        let key = search_key_of_public_key(PublicKeyFormat::X509, pem.as_bytes())
            .map_err(|reject| SearchTermError::Key(reject.to_string()))?;
        self.push("publicKey", URL_SAFE.encode(pem), key);
        Ok(self)
    }

    /// A term of each kind is sent once: a later one takes the place of an earlier one.
    fn push(&mut self, name: &'static str, value: String, key: SearchKey) {
        if let Some(at) = self.terms.iter().position(|(known, _)| *known == name) {
            self.terms.remove(at);
            self.keys.remove(at);
        }
        self.terms.push((name, value));
        self.keys.push(key);
    }

    fn path(&self, start: u64, limit: usize) -> String {
        let mut url = Url::parse("http://log/log/v1/search").expect("a constant URL");
        let mut pairs = url.query_pairs_mut();
        pairs.extend_pairs(&self.terms);
        if self.all {
            pairs.append_pair("operator", "and");
        }
        for (name, time) in [("fromTime", self.from_time), ("untilTime", self.until_time)] {
            if let Some(time) = time {
                pairs.append_pair(name, &time.to_string());
            }
        }
        pairs.append_pair("start", &start.to_string());
        pairs.append_pair("limit", &limit.to_string());
        drop(pairs);
        format!("{}?{}", url.path(), url.query().unwrap_or_default())
    }

    /// Whether the body shows that the entry answers the query.
    fn is_answered_by(&self, body: &[u8]) -> bool {
        let Ok(named) = search_keys_of_body(body) else {
            return false;
        };
        let mut keys = self.keys.iter();
        match self.all {
            true => keys.all(|key| named.contains(key)),
            false => keys.any(|key| named.contains(key)),
        }
    }
}

/// A page of what was found.
#[derive(Clone, Debug)]
pub struct SearchPage {
    /// In the order of their indexes; perhaps none, on a page that is not the last.
    pub hits: Vec<SearchHit>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<u64>,
}

/// An entry that was found.
#[derive(Clone, Debug)]
pub struct SearchHit {
    /// Its index over all trees of the log.
    pub index: u64,
    /// The number of its tree.
    pub tree_id: u64,
    /// The entry, with its index in its tree.
    pub entry: proto::Entry,
    /// Whether the body shows that the entry answers the query. Otherwise the log says so by what was submitted with the
    /// entry and is not in its body, such as the subjects of an in-toto statement.
    pub shown_by_body: bool,
    /// The proof that the entry is in its tree. `None` when that is signed by a log that is not trusted: an older tree, or the
    /// copy of another log.
    pub inclusion: Option<ProvenInclusion>,
}

/// Why something cannot be searched for.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchTermError {
    /// Not a hash.
    #[error("{0:?} is not a hash; write sha256: and 64 hexadecimal digits")]
    Hash(String),
    /// Not a key.
    #[error("the key cannot be searched for: {0}")]
    Key(String),
}

impl LogApi {
    /// A page of at most `limit` entries that answer `query`, from the index `start` on, counted over all trees. Each is
    /// proven to be in a tree that one of `logs` signed, except where another signs.
    ///
    /// That there are no others is the log's word alone.
    ///
    /// # Errors
    /// When the log cannot be asked, or gives an entry that does not answer the query or is not in the tree.
    pub async fn search(
        &self,
        query: &SearchQuery,
        start: u64,
        limit: usize,
        logs: &TrustedLogs,
    ) -> Result<SearchPage, ApiError> {
        let page: SearchReply = self
            .fetch_entries(&query.path(start, limit))
            .await?
            .ok_or_else(|| self.not_this_api())?;
        let next = page.next.parse().map_err(|_| self.not_this_api())?;
        // The tree that grows has to be signed by the log that is asked.
        let whole_log = Self::new(self.transport().clone());
        let current = whole_log.tree_head().await?.tree_id;
        let hits = page
            .hits
            .into_iter()
            .map(|hit| self.check_hit(query, hit, current, logs));
        let hits = stream::iter(hits).buffered(PARALLEL_PROOFS);
        Ok(SearchPage {
            hits: hits.try_collect().await?,
            next: (!page.complete).then_some(next),
        })
    }

    async fn check_hit(
        &self,
        query: &SearchQuery,
        hit: HitReply,
        current_tree: u64,
        logs: &TrustedLogs,
    ) -> Result<SearchHit, ApiError> {
        let unasked = ApiError::UnaskedHit {
            index: hit.virtual_index,
        };
        let entry = read_entry(&hit.entry)?;
        let tree_id = hit.entry.tree_id.as_deref();
        let tree_id = tree_id.and_then(|tree_id| tree_id.parse().ok());
        let tree_id = tree_id.ok_or_else(|| self.not_this_api())?;
        let shown_by_body = query.is_answered_by(&entry.body);
        if !shown_by_body && hit.shown_by_body {
            return Err(unasked);
        }
        let lookup = EntryLookup::Index(LeafIndex::new(entry.index));
        let in_its_tree = self.tree(tree_id);
        let is_current = tree_id == current_tree;
        let place = if is_current { self } else { &in_its_tree };
        let proven = place.inclusion(lookup, None, logs).await;
        let inclusion = match proven {
            Ok(proven) if entry.leaf_hash == proven.leaf.as_bytes()[..] => Some(proven),
            Ok(_) => return Err(ApiError::OtherEntry(lookup)),
            // Another log's word, which the caller has no key for.
            Err(ApiError::Checkpoint(CheckpointFault::Note(NoteError::NoKnownKey)))
                if !is_current =>
            {
                None
            }
            Err(error) => return Err(error),
        };
        Ok(SearchHit {
            index: hit.virtual_index,
            tree_id,
            entry,
            shown_by_body,
            inclusion,
        })
    }
}

/// A page of a search as the log answers it.
#[derive(Deserialize)]
struct SearchReply {
    hits: Vec<HitReply>,
    next: String,
    complete: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct HitReply {
    virtual_index: u64,
    shown_by_body: bool,
    entry: EntryView,
}
