//! What the search index may say about an entry, told from the log.

use ledgerstone_merkle::Hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::body_error::BodyError;
use crate::describe::describe;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;
use crate::v1::statement::is_statement;
use crate::v1::statement::search_keys_of_statement;

/// What a logged entry is found by, as far as the log itself can tell.
///
/// Most keys follow from the body. Those of an in-toto statement came with the submission: the body
/// holds the hash of the statement only. They follow from the statement where that is kept as an
/// attestation; elsewhere nobody can tell a key that the statement named from one that it did not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndexKeys {
    named: Vec<SearchKey>,
    others: Others,
}

/// What an index says when it leads from a key to an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Claim {
    /// The entry names the key: its body says so, or the attestation that its body has the hash of.
    Shown,
    /// The entry may have been submitted with a statement that names the key. Nothing in the log
    /// tells.
    Submitted,
    /// This version cannot read the entry, or does not know such keys. A later one may.
    Unreadable,
    /// The entry does not name the key.
    False,
}

/// What an entry may be found by besides the keys that are known.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Others {
    None,
    /// These, which it was perhaps submitted with.
    Some(Vec<SearchKey>),
    /// Digests of artifacts: a statement names nothing else.
    Digests,
    /// Anything.
    Unreadable,
}

impl IndexKeys {
    /// What the entry with this body is found by. `attestation` yields the document that is kept
    /// beside entries under the SHA-256 hash of it that an entry has, if there is one; a document
    /// with another hash is not believed.
    ///
    /// # Errors
    /// Those of `attestation`. A body that cannot be read is no error.
    pub fn of<E>(
        body: &[u8],
        attestation: impl FnOnce(&Hash) -> Result<Option<bytes::Bytes>, E>,
    ) -> Result<Self, E> {
        let description = match describe(body) {
            Ok(description) => description,
            // No entry of Sigstore's: it names nothing, now and later.
            Err(BodyError::Json(_) | BodyError::TooLarge(_)) => {
                return Ok(Self::new([], Others::None));
            }
            Err(_) => return Ok(Self::new([], Others::Unreadable)),
        };
        let named = description.search_keys();
        let Some(content) = description.any_content() else {
            return Ok(Self::new(named, Others::Unreadable));
        };
        let Some(statement) = content.statement() else {
            return Ok(Self::new(named, Others::None));
        };
        let kept = match statement.hash {
            Some(hash) => {
                let kept = attestation(&hash)?;
                kept.filter(|document| Sha256::digest(document)[..] == hash.as_bytes()[..])
            }
            None => None,
        };
        let Some(Ok(of_statement)) = kept.as_deref().map(search_keys_of_statement) else {
            return Ok(Self::new(named, Others::Digests));
        };
        // The oldest kind does not say what its payload is. A document that calls itself a
        // statement is one; of another it depends on what the envelope said.
        if statement.is_typed || kept.is_some_and(|document| is_statement(&document)) {
            let named = named.into_iter().chain(of_statement);
            return Ok(Self::new(named, Others::None));
        }
        Ok(Self::new(named, Others::Some(of_statement)))
    }

    fn new(named: impl IntoIterator<Item = SearchKey>, others: Others) -> Self {
        let mut named: Vec<SearchKey> = named.into_iter().collect();
        named.sort_unstable();
        named.dedup();
        Self { named, others }
    }

    /// What the entry names, each key once and in order: all that an index can be rebuilt with.
    pub fn named(&self) -> &[SearchKey] {
        &self.named
    }

    /// What it means that an index leads from the key with this stored kind and hash to the entry.
    pub fn claim(&self, kind: u8, hash: Hash) -> Claim {
        let Some(kind) = SearchKeyKind::from_number(kind) else {
            return Claim::Unreadable;
        };
        let key = SearchKey { kind, hash };
        if self.named.binary_search(&key).is_ok() {
            return Claim::Shown;
        }
        match &self.others {
            Others::None => Claim::False,
            Others::Some(keys) if keys.contains(&key) => Claim::Submitted,
            Others::Some(_) => Claim::False,
            Others::Digests if kind == SearchKeyKind::ArtifactDigest => Claim::Submitted,
            Others::Digests => Claim::False,
            Others::Unreadable => Claim::Unreadable,
        }
    }
}
