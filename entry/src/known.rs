//! What is known of an entry: all that a question about it can be answered by.

use bytes::Bytes;
use ledgerstone_merkle::Hash;
use sha2::Digest as _;
use sha2::Sha256;

use crate::any_body::Named;
use crate::body_error::BodyError;
use crate::describe::describe;
use crate::facts::collected::Facts;
use crate::facts::fact::Fact;
use crate::facts::fact::FactSource;
use crate::facts::record::read_part;
use crate::facts::statement::REMOVED;
use crate::facts::statement::SEEN;
use crate::facts::statement::is_statement;
use crate::query::expression::TRUSTED;
use crate::query::expression::UNTRUSTED;
use crate::search_key::SearchKeyKind;

/// What is known of an entry.
#[derive(Clone, Debug)]
pub struct Known {
    /// All that it names.
    pub facts: Facts,
    /// The kind, where the body says one.
    pub kind: Option<(String, String)>,
    /// Whether all that the body names could be read. Where it could not, it may name more.
    pub is_read: bool,
    /// Whether it is known which authorities are trusted.
    pub(crate) is_trust_known: bool,
    /// Whether the body is a canonical one of a kind that this version knows.
    pub(crate) is_of_known_kind: bool,
    /// What is known of the statement behind it.
    pub statement: KnownStatement,
    /// Whether the log had the statement, and its operator removed it.
    pub is_removed: bool,
    /// When the log took the entry, in Unix seconds, where that is known.
    pub time: Option<i64>,
    /// Where it is in its tree.
    pub index: Option<u64>,
    /// The hash of the body as a leaf.
    pub leaf_hash: Hash,
}

/// What is known of the statement that an entry vouches for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum KnownStatement {
    /// There is none.
    None,
    /// All that it names is known.
    Seen,
    /// There may be one, of which nothing is known. Where it would be kept beside the entry:
    /// SHA-256 of it.
    Unseen {
        /// Of the statement, where the body says it.
        hash: Option<Hash>,
        /// Whether the body says that it is a statement.
        is_typed: bool,
        /// Whether the log saw it when the entry was submitted, if it is of this version.
        is_submitted: bool,
    },
}

impl Known {
    /// What the body alone tells.
    pub fn of_body(body: &[u8]) -> Self {
        let mut known = Self {
            facts: Facts::default(),
            kind: None,
            is_read: false,
            is_trust_known: false,
            is_of_known_kind: false,
            statement: KnownStatement::None,
            is_removed: false,
            time: None,
            index: None,
            leaf_hash: ledgerstone_merkle::leaf_hash(body),
        };
        match describe(body) {
            Ok(description) => {
                known.kind = Some((
                    description.kind().to_owned(),
                    description.version().to_owned(),
                ));
                known.facts = description.facts();
                if let Some(content) = description.any_content() {
                    known.is_of_known_kind = true;
                    known.is_read = known.facts.are_whole();
                    known.statement = match content.statement() {
                        Some(statement) => KnownStatement::Unseen {
                            hash: statement.hash,
                            is_typed: statement.is_typed,
                            is_submitted: true,
                        },
                        None => KnownStatement::behind(description.kind()),
                    };
                    return known;
                }
            }
            // It names nothing, now and later.
            Err(BodyError::TooLarge(_)) => return known,
            Err(_) => {}
        }
        if let Some(named) = Named::read(body) {
            known.is_read = named.complete;
            known.statement = KnownStatement::Unseen {
                hash: None,
                is_typed: false,
                is_submitted: false,
            };
            known.kind = Some((named.kind, named.version));
            known.facts = named.facts;
        }
        known
    }

    /// With when the log took the entry, in Unix seconds; 0 stands for a time that is not known.
    pub fn taken_at(self, time: i64) -> Self {
        Self {
            time: (time > 0).then_some(time),
            ..self
        }
    }

    /// With where the entry is in its tree.
    pub fn at(self, index: u64) -> Self {
        Self {
            index: Some(index),
            ..self
        }
    }

    /// With whether an authority that is trusted issued the certificate of each signer, in their
    /// order; `None` for a signer without one.
    pub fn with_trust(mut self, issued: &[Option<bool>]) -> Self {
        for (signer, is_trusted) in (1..).zip(issued) {
            let Some(is_trusted) = is_trusted else {
                continue;
            };
            let text = match is_trusted {
                true => TRUSTED,
                false => UNTRUSTED,
            };
            self.facts.extend([Fact {
                kind: SearchKeyKind::Authority,
                text: text.to_owned(),
                source: FactSource::Body,
                signer,
            }]);
        }
        self.is_trust_known = true;
        self
    }

    /// The hash of the statement that may be kept beside the entry and is not known yet.
    pub fn wanted_statement(&self) -> Option<Hash> {
        match &self.statement {
            KnownStatement::Unseen { hash, .. } => *hash,
            _ => None,
        }
    }

    /// Whether there may be a statement of which nothing is known yet.
    pub fn wants_statement(&self) -> bool {
        matches!(self.statement, KnownStatement::Unseen { .. })
    }

    /// Without what the log had of the statement: its operator removed that.
    pub fn with_removed(mut self) -> Self {
        let removed = Fact::found(SearchKeyKind::Statement, REMOVED, FactSource::Statement, 0);
        self.facts.extend(removed);
        self.is_removed = true;
        self.statement = KnownStatement::Unseen {
            hash: None,
            is_typed: false,
            is_submitted: false,
        };
        self
    }

    /// Whether the log may have kept what a statement named when the entry was submitted.
    pub fn wants_parts(&self) -> bool {
        matches!(
            self.statement,
            KnownStatement::Unseen {
                is_submitted: true,
                ..
            }
        )
    }

    /// With the document that is kept beside the entry. One that the body does not have the hash
    /// of, or that may not have been a statement, is not believed.
    pub fn with_kept(mut self, document: &[u8]) -> Self {
        let KnownStatement::Unseen { hash, is_typed, .. } = &self.statement else {
            return self;
        };
        let hash = hash.as_ref().map(Hash::as_bytes);
        let is_right = hash.is_some_and(|hash| Sha256::digest(document)[..] == hash[..]);
        if is_right && (*is_typed || is_statement(document)) {
            self.facts.add_statement(document);
            self.see();
        }
        self
    }

    /// With the parts that are kept beside the entry of what its statement named when it was
    /// submitted, or handed in.
    pub fn with_parts(mut self, parts: &[Bytes]) -> Self {
        let facts = parts.iter().filter_map(|part| read_part(part));
        self.facts.extend(facts.flatten());
        self.see();
        self
    }

    /// Facts that are not in the body.
    pub fn stated(&self) -> impl Iterator<Item = &Fact> {
        let facts = self.facts.iter();
        facts.filter(|fact| fact.source == FactSource::Statement)
    }

    /// The statement is known when a fact says so: it was read to its end.
    fn see(&mut self) {
        let mut facts = self.facts.iter();
        if facts.any(|fact| fact.kind == SearchKeyKind::Statement && fact.text == SEEN) {
            self.statement = KnownStatement::Seen;
        }
    }
}

impl KnownStatement {
    /// Clients log statements as hashes over their envelopes too, and the entry does not tell.
    fn behind(kind: &str) -> Self {
        match kind {
            "hashedrekord" => Self::Unseen {
                hash: None,
                is_typed: false,
                is_submitted: false,
            },
            _ => Self::None,
        }
    }
}
