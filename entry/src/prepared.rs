//! A verified entry, and the document that may be kept beside it.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::leaf_hash;

use crate::entry_kind::ApiVersion;
use crate::entry_kind::EntryKind;
use crate::search_key::SearchKey;

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
    /// What the entry is found by, each key once and in order.
    /// [`search_keys_of_body`](crate::search_keys_of_body) gives the same for the body, but for
    /// those of [`search_keys_of_statement`](crate::v1::search_keys_of_statement).
    pub search_keys: Vec<SearchKey>,
    /// What is kept beside the entry. Only the intoto kind of Rekor v1 has one.
    pub attestation: Option<Attestation>,
}

impl PreparedEntry {
    pub(crate) fn new(kind: EntryKind, body: Bytes, search_keys: Vec<SearchKey>) -> Self {
        Self {
            kind,
            leaf_hash: leaf_hash(&body),
            body,
            search_keys,
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
