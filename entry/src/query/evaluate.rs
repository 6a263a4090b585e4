//! The matcher: whether a query holds of what is known of an entry.

use crate::facts::fact::Fact;
use crate::facts::fact::FactSource;
use crate::known::Known;
use crate::known::KnownStatement;
use crate::query::expression::Expression;
use crate::query::expression::Term;
use crate::search_key::SearchKeyKind;

/// Whether a query holds of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It does, by what stands there.
    Yes(FactSource),
    /// It does not.
    No,
    /// Nothing that is known tells: the entry may vouch for a statement that nobody saw, may hold
    /// what could not be read, or has no time.
    Unknown,
}

impl Expression {
    /// Whether the query holds of `known`. `noted` says of terms about which nothing is known
    /// whether an index leads from them to the entry; without an index, that there is nothing.
    pub fn verdict(&self, known: &Known, noted: &dyn Fn(&Term) -> bool) -> Verdict {
        let question = Question {
            known,
            noted,
            signer: None,
            is_strict: false,
        };
        question.of(self)
    }
}

impl Expression {
    /// Whether the query holds of `known` as far as the signer with this number goes, from 1.
    pub(crate) fn verdict_of(&self, known: &Known, signer: u16) -> Verdict {
        let question = Question {
            known,
            noted: &|_| false,
            signer: Some(signer),
            is_strict: false,
        };
        question.of(self)
    }
}

struct Question<'k> {
    known: &'k Known,
    noted: &'k dyn Fn(&Term) -> bool,
    /// The only signer whose facts count besides those of the entry.
    signer: Option<u16>,
    /// Whether only what the body says of the signer counts.
    is_strict: bool,
}

impl Question<'_> {
    fn of(&self, expression: &Expression) -> Verdict {
        match expression {
            Expression::Any(parts) => {
                let verdicts = parts.iter().map(|part| self.of(part));
                verdicts.fold(Verdict::No, Verdict::or)
            }
            Expression::All(parts) => {
                let verdicts = parts.iter().map(|part| self.of(part));
                verdicts.fold(Verdict::Yes(FactSource::Body), Verdict::and)
            }
            Expression::Not(part) => self.of(part).not(),
            Expression::Signer(part) => {
                let signers = (1..=self.known.facts.signers()).map(|signer| {
                    let of_one = Question {
                        signer: Some(signer),
                        ..*self
                    };
                    of_one.of(part)
                });
                signers.fold(Verdict::No, Verdict::or)
            }
            Expression::SignedBy(part) => self.signed_by(part),
            Expression::Term(term) => self.term(term),
        }
    }

    /// Whether the query holds of one signer, of that one where one is looked at already. Signers
    /// that could not be read may be anybody.
    fn signed_by(&self, part: &Expression) -> Verdict {
        let signers = match self.signer {
            Some(signer) => signer..=signer,
            None => 1..=self.known.facts.signers(),
        };
        let nobody = match self.known.is_read {
            true => Verdict::No,
            false => Verdict::Unknown,
        };
        let verdicts = signers.map(|signer| {
            let of_one = Question {
                signer: Some(signer),
                is_strict: true,
                ..*self
            };
            of_one.of(part)
        });
        verdicts.fold(nobody, Verdict::or)
    }

    fn term(&self, term: &Term) -> Verdict {
        let at_least = |value: Option<bool>| value.map_or(Verdict::Unknown, Verdict::of);
        match term {
            Term::Since(time) => at_least(self.known.time.map(|taken| taken >= *time)),
            Term::Until(time) => at_least(self.known.time.map(|taken| taken < *time)),
            Term::From(index) => at_least(self.known.index.map(|at| at >= *index)),
            Term::Before(index) => at_least(self.known.index.map(|at| at < *index)),
            Term::Leaf(hash) => Verdict::of(self.known.leaf_hash == *hash),
            Term::Is { kind, .. } | Term::Like { kind, .. } => self.named(*kind, term),
            Term::Key(key) => self.named(key.kind, term),
        }
    }

    /// Whether the entry names what `term`, of this kind, asks for.
    fn named(&self, kind: SearchKeyKind, term: &Term) -> Verdict {
        let facts = || {
            let facts = self.known.facts.iter();
            facts.filter(|fact| fact.kind == kind && self.counts(fact))
        };
        let found = facts().filter(|fact| term.takes(fact));
        if let Some(source) = found.map(|fact| fact.source).min() {
            return Verdict::Yes(source);
        }
        if term.asks_trust() && !self.known.is_trust_known {
            return Verdict::Unknown;
        }
        if self.is_strict {
            return match self.known.is_read {
                true => Verdict::No,
                false => Verdict::Unknown,
            };
        }
        if (self.noted)(term) {
            return Verdict::Yes(FactSource::Statement);
        }
        if kind == SearchKeyKind::EntryKind && self.known.kind.is_some() {
            return Verdict::No;
        }
        let is_told = self.is_told_elsewhere(kind, facts().next().is_some());
        match is_told || !self.known.is_read {
            true => Verdict::Unknown,
            false => Verdict::No,
        }
    }

    /// Whether a statement that nobody saw may name something of this kind. Where a certificate
    /// says which workflow signed, that is what is asked for; but any digest may be in a statement.
    fn is_told_elsewhere(&self, kind: SearchKeyKind, is_in_body: bool) -> bool {
        let is_unseen = matches!(self.known.statement, KnownStatement::Unseen { .. });
        let asks = kind == SearchKeyKind::ArtifactDigest || !is_in_body;
        is_unseen && kind.is_stated() && asks
    }

    fn counts(&self, fact: &Fact) -> bool {
        if self.is_strict {
            return fact.source == FactSource::Body && Some(fact.signer) == self.signer;
        }
        let signer = self.signer.filter(|_| fact.signer != 0);
        signer.is_none_or(|signer| signer == fact.signer)
    }
}

impl Term {
    /// Whether a fact of the kind that the term is about is what it asks for.
    pub fn takes(&self, fact: &Fact) -> bool {
        match self {
            Self::Is { kind, text } => fact.kind == *kind && fact.text == *text,
            Self::Like { kind, pattern, .. } => fact.kind == *kind && pattern.matches(&fact.text),
            Self::Key(key) => fact.kind == key.kind && fact.search_key() == *key,
            _ => false,
        }
    }
}

impl Verdict {
    fn of(holds: bool) -> Self {
        match holds {
            true => Self::Yes(FactSource::Body),
            false => Self::No,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes(_) => Self::No,
            Self::No => Self::Yes(FactSource::Body),
            Self::Unknown => Self::Unknown,
        }
    }

    /// The best that there is for one of them.
    fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes(one), Self::Yes(other)) => Self::Yes(one.min(other)),
            (Self::Yes(source), _) | (_, Self::Yes(source)) => Self::Yes(source),
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::No, Self::No) => Self::No,
        }
    }

    /// The worst that there is for all of them.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Yes(one), Self::Yes(other)) => Self::Yes(one.max(other)),
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }
}
