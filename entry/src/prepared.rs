//! A verified entry, and the document that may be kept beside it.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::leaf_hash;

use crate::entry_kind::ApiVersion;
use crate::entry_kind::EntryKind;
use crate::facts::collected::Facts;
use crate::facts::fact::Fact;
use crate::facts::record;
use crate::facts::record::MAX_PART_FACTS;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

/// The most facts of a statement that an entry is found by at once. An entry with more is found by
/// the others a little later, so that none holds up a round.
pub const MAX_FACTS_AT_ONCE: usize = 4 * MAX_PART_FACTS;

/// A verified entry, ready to be appended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PreparedEntry {
    /// The kind of entry, which tells the API version whose tree it goes to.
    pub kind: EntryKind,
    /// The canonical body: what is logged and hashed, at most
    /// [`MAX_BODY_LENGTH`](crate::MAX_BODY_LENGTH) bytes.
    pub body: Bytes,
    /// The hash of the body as a leaf (RFC 6962, section 2.1).
    pub leaf_hash: Hash,
    /// What the entry is found by at once, each key once and in order.
    /// [`search_keys_of_body`](crate::search_keys_of_body) gives the same for the body, but for
    /// those of the statement that came with it.
    pub search_keys: Vec<SearchKey>,
    /// The texts that stand behind some of these keys, for an index that can be asked by patterns.
    pub names: Vec<(SearchKeyKind, String)>,
    /// What the statement names that came with the entry, as it is kept beside the entry
    /// ([`read_part`](crate::facts::read_part)). Empty where none came.
    pub stated: Vec<Bytes>,
    /// How many of these parts are in `search_keys`. What the others name is found later.
    pub stated_now: usize,
    /// What is kept beside the entry. Only the intoto kind of Rekor v1 has one.
    pub attestation: Option<Attestation>,
}

impl PreparedEntry {
    pub(crate) fn new(kind: EntryKind, body: Bytes, mut facts: Facts) -> Self {
        facts.add(SearchKeyKind::EntryKind, &kind.to_string());
        let (mut now, stated) = facts.into_parts();
        let stated_now = stated.len().min(MAX_FACTS_AT_ONCE);
        let parts = record::parts(&stated);
        now.extend(stated.into_iter().take(stated_now));
        let mut search_keys: Vec<SearchKey> = now.iter().map(Fact::search_key).collect();
        search_keys.sort_unstable();
        search_keys.dedup();
        let named = now.into_iter().filter(|fact| fact.kind.is_named());
        Self {
            kind,
            leaf_hash: leaf_hash(&body),
            body,
            search_keys,
            names: named.map(|fact| (fact.kind, fact.text)).collect(),
            stated_now: parts.len().min(MAX_FACTS_AT_ONCE / MAX_PART_FACTS),
            stated: parts,
            attestation: None,
        }
    }

    /// The API version whose growing tree the entry goes to.
    pub fn api_version(&self) -> ApiVersion {
        self.kind.api_version()
    }

    /// The entry with the document that it vouches for, unless that is larger than `limit`, in
    /// bytes, or none is kept at all.
    pub(crate) fn with_attestation(
        self,
        document: Vec<u8>,
        hash: [u8; Hash::LENGTH],
        limit: Option<usize>,
    ) -> Self {
        let is_kept = limit.is_some_and(|limit| document.len() <= limit);
        Self {
            attestation: is_kept.then(|| Attestation {
                key: Hash::new(hash),
                data: document.into(),
            }),
            ..self
        }
    }
}

/// A document that an entry vouches for by its hash, and that the log keeps beside the entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Attestation {
    /// SHA-256 of the document, under which it is kept.
    pub key: Hash,
    /// The document.
    pub data: Bytes,
}
