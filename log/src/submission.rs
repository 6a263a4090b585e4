use bytes::Bytes;
use ledgerstone_entry::PreparedEntry;
use ledgerstone_entry::SearchKeyKind;
use ledgerstone_merkle::Hash;
use ledgerstone_merkle::MAX_ENTRY_BYTES;
use ledgerstone_merkle::leaf_hash;
use ledgerstone_storage::SEARCH_ROW_BYTES;
use ledgerstone_storage::StoredName;
use ledgerstone_storage::StoredSearchKey;

use crate::error::AppendError;

/// An entry as the log takes it: canonical and verified by whoever submits it.
#[derive(Clone, Debug)]
pub struct Submission {
    pub(crate) body: Bytes,
    pub(crate) leaf_hash: Hash,
    pub(crate) search_keys: Vec<StoredSearchKey>,
    /// The texts behind some of the search keys.
    pub(crate) names: Vec<StoredName>,
    /// What the statement named that came with the entry, in parts, as it is kept beside the entry.
    pub(crate) stated: Vec<Bytes>,
    /// How many of these parts are in `search_keys`.
    pub(crate) stated_now: usize,
    pub(crate) attestation: Option<(Vec<u8>, Bytes)>,
}

impl Submission {
    /// A body to log as it is, without search keys. Its length must be within [`MAX_ENTRY_BYTES`].
    ///
    /// # Errors
    /// [`AppendError::TooLarge`] when it is not.
    pub fn new(body: Bytes) -> Result<Self, AppendError> {
        if body.len() > MAX_ENTRY_BYTES {
            return Err(AppendError::TooLarge {
                bytes: body.len(),
                limit: MAX_ENTRY_BYTES,
            });
        }
        let leaf_hash = leaf_hash(&body);
        Ok(Self {
            body,
            leaf_hash,
            search_keys: Vec::new(),
            names: Vec::new(),
            stated: Vec::new(),
            stated_now: 0,
            attestation: None,
        })
    }

    /// The bytes that were submitted. What is hashed in the end is for the tree's
    /// [protocol](crate::Protocol) to say.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// The RFC 6962 leaf hash of the body as it was submitted.
    pub fn leaf_hash(&self) -> Hash {
        self.leaf_hash
    }

    /// The bytes that a round has to carry for it: an attestation, and the rows of the search index
    /// for a statement with thousands of subjects, can be much longer than the body.
    pub(crate) fn bytes(&self) -> usize {
        let attestation = self.attestation.as_ref();
        let attestation = attestation.map_or(0, |(key, data)| key.len() + data.len());
        let names = self.names.iter().map(StoredName::row_bytes).sum::<usize>();
        let stated = self.stated.iter().map(Bytes::len).sum::<usize>();
        let search = self.search_keys.len() * SEARCH_ROW_BYTES;
        self.body.len() + attestation + search + names + stated
    }
}

impl From<PreparedEntry> for Submission {
    fn from(entry: PreparedEntry) -> Self {
        let search_keys = entry.search_keys.iter();
        Self {
            body: entry.body,
            leaf_hash: entry.leaf_hash,
            search_keys: search_keys.map(stored_key).collect(),
            names: stored_names(entry.names).collect(),
            stated: entry.stated,
            stated_now: entry.stated_now,
            attestation: entry
                .attestation
                .map(|attestation| (attestation.key.as_ref().to_vec(), attestation.data)),
        }
    }
}

/// Texts as the store keeps them.
pub(crate) fn stored_names(
    names: impl IntoIterator<Item = (SearchKeyKind, String)>,
) -> impl Iterator<Item = StoredName> {
    names.into_iter().map(|(kind, text)| StoredName {
        kind: kind.number(),
        text,
    })
}

/// A search key as the store keeps it.
pub(crate) fn stored_key(key: &ledgerstone_entry::SearchKey) -> StoredSearchKey {
    StoredSearchKey {
        kind: key.kind.number(),
        hash: key.hash,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_round_carries_for_a_submission_counts() {
        let mut submission = Submission::new("body".into()).unwrap();
        assert_eq!(submission.bytes(), 4);
        submission.attestation = Some((vec![0; 32], vec![0; 100].into()));
        let key = StoredSearchKey {
            kind: 1,
            hash: Hash::default(),
        };
        submission.search_keys = vec![key; 4_096];
        assert_eq!(submission.bytes(), 4 + 132 + 4_096 * SEARCH_ROW_BYTES);
    }
}
