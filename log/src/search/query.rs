//! What to look for, and in which order.

use std::ops::Range;

use ledgerstone_entry::Known;
use ledgerstone_entry::SearchKey;
use ledgerstone_entry::facts::FactSource;
use ledgerstone_entry::query::Expression;
use ledgerstone_entry::query::Term;
use ledgerstone_entry::query::Verdict;

/// The most keys of one search by keys.
pub const MAX_SEARCH_KEYS: usize = 16;

/// What to look for.
#[derive(Clone, Debug)]
pub struct SearchQuery {
    /// What has to hold of the entries.
    pub expression: Expression,
    /// The times to look at, in Unix seconds.
    pub times: Range<i64>,
    /// In which order they are found.
    pub order: SearchOrder,
}

/// In which order entries are found.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SearchOrder {
    /// Those that were logged first come first. Positions say where a search begins.
    #[default]
    OldestFirst,
    /// Those that were logged last come first. Positions say before which index a search begins.
    NewestFirst,
}

/// How several keys combine.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SearchOperator {
    /// An entry names one of them at least.
    #[default]
    Or,
    /// An entry names all of them.
    And,
}

/// What shows that an entry names a key: the best evidence first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// The body, which anybody can read and hash.
    Body,
    /// What was submitted with the entry, and verified then, but is not in its body: what an
    /// in-toto statement names (rekor-v1, section 4).
    Submission,
}

impl SearchQuery {
    /// A search by keys over all times; at most [`MAX_SEARCH_KEYS`]. Nothing matches when there is
    /// none.
    pub fn new(keys: Vec<SearchKey>, operator: SearchOperator) -> Self {
        let terms = keys.into_iter().map(|key| Expression::Term(Term::Key(key)));
        let terms: Vec<Expression> = terms.collect();
        Self::of(match operator {
            SearchOperator::And if !terms.is_empty() => Expression::All(terms),
            _ => Expression::Any(terms),
        })
    }

    /// A search for what an expression holds of, over all times.
    pub fn of(expression: Expression) -> Self {
        Self {
            expression,
            times: i64::MIN..i64::MAX,
            order: SearchOrder::OldestFirst,
        }
    }

    /// Whether something that a statement may name is asked for: then entries whose statement the
    /// log never saw may be hits that nobody can know of.
    pub fn asks_statements(&self) -> bool {
        self.expression.asks_statements()
    }

    /// Whether nothing but the keys that lead to an entry decides: then an entry that they lead to
    /// and that is no hit shows that the index is wrong.
    pub(super) fn is_by_keys(&self) -> bool {
        match &self.expression {
            Expression::Any(parts) | Expression::All(parts) => parts
                .iter()
                .all(|part| matches!(part, Expression::Term(term) if term.search_key().is_some())),
            Expression::Term(term) => term.search_key().is_some(),
            _ => false,
        }
    }

    /// The terms that an index may say more about than the entry does.
    pub(super) fn stated_keys(&self) -> Vec<SearchKey> {
        let mut keys = Vec::new();
        self.expression.visit(&mut |term| {
            let key = term.search_key();
            keys.extend(key.filter(|key| key.kind.is_stated()));
        });
        keys
    }

    /// What is decided of an entry, where an index leads to it from `noted`.
    pub(super) fn verdict(&self, known: &Known, noted: &[SearchKey]) -> Verdict {
        let is_noted = |term: &Term| {
            let key = term.search_key();
            key.is_some_and(|key| noted.contains(&key))
        };
        self.expression.verdict(known, &is_noted)
    }
}

impl From<FactSource> for Evidence {
    fn from(source: FactSource) -> Self {
        match source {
            FactSource::Body => Self::Body,
            FactSource::Statement => Self::Submission,
        }
    }
}
