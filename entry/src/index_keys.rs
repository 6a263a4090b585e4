//! What the search index may say about an entry, told from the log.

use ledgerstone_merkle::Hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::facts::collected::Facts;
use crate::facts::statement::REMOVED;
use crate::facts::statement::is_statement;
use crate::known::Known;
use crate::known::KnownStatement;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

/// What a logged entry is found by, as far as the log itself can tell.
///
/// Most keys follow from the body. Those of an in-toto statement came with the submission: the body
/// holds the hash of the statement only. They follow from the statement where that is kept as an
/// attestation, and from what the log noted of it; elsewhere nobody can tell a key that the
/// statement named from one that it did not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndexKeys {
    named: Vec<SearchKey>,
    names: Vec<(SearchKeyKind, String)>,
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
    /// What a statement may name.
    Stated,
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
        let known = Known::of_body(body);
        // A certificate that cannot be read names nobody, but a kind that is not known may name
        // anything.
        if !known.is_of_known_kind && known.kind.is_some() {
            return Ok(Self::new(&known.facts, Others::Unreadable));
        }
        let kept = match known.wanted_statement() {
            Some(hash) => {
                let kept = attestation(&hash)?;
                kept.filter(|document| Sha256::digest(document)[..] == hash.as_bytes()[..])
            }
            None => None,
        };
        let KnownStatement::Unseen {
            is_typed,
            is_submitted: true,
            ..
        } = known.statement
        else {
            return Ok(Self::new(&known.facts, Others::None));
        };
        let Some(document) = kept else {
            return Ok(Self::new(&known.facts, Others::Stated));
        };
        // The oldest kind does not say what its payload is. A document that calls itself a
        // statement is one; of another it depends on what the envelope said.
        if is_typed || is_statement(&document) {
            let mut facts = known.facts;
            facts.add_statement(&document);
            return Ok(Self::new(&facts, Others::None));
        }
        let mut stated = Facts::default();
        stated.add_statement(&document);
        Ok(Self::new(&known.facts, Others::Some(stated.search_keys())))
    }

    /// With what the log noted of the statement that came with the entry
    /// ([`read_part`](crate::facts::read_part)): that is all that the entry can be found by
    /// besides.
    pub fn with_parts(self, parts: &[bytes::Bytes]) -> Self {
        match self.others == Others::Stated {
            true => self.with_attached(parts),
            false => self,
        }
    }

    /// With what a statement names that was handed in after the entry, in such parts.
    pub fn with_attached(self, parts: &[bytes::Bytes]) -> Self {
        if self.others == Others::Unreadable || parts.is_empty() {
            return self;
        }
        let parts = parts
            .iter()
            .filter_map(|part| crate::facts::read_part(part));
        let mut stated = Facts::default();
        stated.extend(parts.flatten());
        let mut names = self.names;
        names.extend(names_of(&stated));
        Self {
            named: self.named,
            names,
            others: Others::Some(stated.search_keys()),
        }
    }

    /// Without what the log had of a statement: its operator removed that. `self` has to be made
    /// without an attestation.
    pub fn with_removed(self) -> Self {
        let removed = SearchKey::of(SearchKeyKind::Statement, REMOVED);
        match self.others {
            Others::Unreadable => self,
            _ => Self {
                others: Others::Some(vec![removed]),
                ..self
            },
        }
    }

    /// Whether the log may have noted what a statement named.
    pub fn wants_parts(&self) -> bool {
        self.others == Others::Stated
    }

    fn new(facts: &Facts, others: Others) -> Self {
        Self {
            named: facts.search_keys(),
            names: names_of(facts).collect(),
            others,
        }
    }

    /// What the entry names, each key once and in order.
    pub fn named(&self) -> &[SearchKey] {
        &self.named
    }

    /// What it was submitted with, as far as that was noted.
    pub fn submitted(&self) -> &[SearchKey] {
        match &self.others {
            Others::Some(keys) => keys,
            _ => &[],
        }
    }

    /// The texts behind those keys that can be asked for by patterns.
    pub fn names(&self) -> &[(SearchKeyKind, String)] {
        &self.names
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
            Others::Some(keys) if keys.binary_search(&key).is_ok() => Claim::Submitted,
            Others::Some(_) => Claim::False,
            Others::Stated if kind.is_stated() => Claim::Submitted,
            Others::Stated => Claim::False,
            Others::Unreadable => Claim::Unreadable,
        }
    }
}

fn names_of(facts: &Facts) -> impl Iterator<Item = (SearchKeyKind, String)> {
    let named = facts.iter().filter(|fact| fact.kind.is_named());
    named.map(|fact| (fact.kind, fact.text.clone()))
}
