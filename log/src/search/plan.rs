//! Which entries may be hits, by the index of a tree.
//!
//! A plan never leaves out a hit. Where the index cannot narrow a question down, every entry is
//! looked at.

use ledgerstone_entry::query::Expression;
use ledgerstone_entry::query::Term;
use ledgerstone_storage::StoredSearchKey;

use crate::error::ReadError;
use crate::submission::stored_key;
use crate::tree::Tree;

/// The most keys that one part of a plan follows at a time. A pattern that more texts match narrows
/// nothing down.
const MAX_KEYS: usize = 2_048;

/// How many texts are looked through for one pattern. They need not match: `*@example.com` has no
/// beginning to look for.
const MAX_TEXTS: usize = 65_536;

/// How many texts are read at a time.
const PAGE_TEXTS: usize = 1_024;

/// Places of which a hit has one.
#[derive(Clone, Debug, Default)]
pub(super) struct Clause {
    /// Where the index leads from these.
    pub(super) keys: Vec<StoredSearchKey>,
    /// At these indexes.
    pub(super) indexes: Vec<u64>,
}

/// The clauses all of which hold of each hit; none where every entry may be one.
pub(super) async fn clauses(
    tree: &Tree,
    expression: &Expression,
) -> Result<Vec<Clause>, ReadError> {
    let mut terms = Vec::new();
    expression.visit(&mut |term| terms.push(term));
    let mut found = Vec::with_capacity(terms.len());
    for term in terms {
        found.push(of_term(tree, term).await?);
    }
    Ok(combine(expression, &mut found.into_iter()))
}

/// The clauses of an expression, whose terms have these in their order.
fn combine(
    expression: &Expression,
    of_terms: &mut impl Iterator<Item = Option<Clause>>,
) -> Vec<Clause> {
    match expression {
        Expression::All(parts) => {
            let parts = parts.iter().map(|part| combine(part, of_terms));
            parts.collect::<Vec<_>>().concat()
        }
        Expression::Any(parts) => {
            let parts = parts.iter().map(|part| combine(part, of_terms));
            any(parts.collect())
        }
        Expression::Signer(part) | Expression::SignedBy(part) => combine(part, of_terms),
        Expression::Not(part) => {
            combine(part, of_terms);
            Vec::new()
        }
        Expression::Term(_) => of_terms.next().flatten().into_iter().collect(),
    }
}

/// One clause for parts of which one has to hold, unless one of them is not narrowed down.
fn any(parts: Vec<Vec<Clause>>) -> Vec<Clause> {
    let mut any = Clause::default();
    for clauses in parts {
        // The part is narrowed down by each of its clauses: one is enough.
        let Some(least) = clauses.into_iter().min_by_key(Clause::len) else {
            return Vec::new();
        };
        any.keys.extend(least.keys);
        any.indexes.extend(least.indexes);
    }
    match any.keys.len() > MAX_KEYS {
        true => Vec::new(),
        false => vec![any],
    }
}

impl Clause {
    fn len(&self) -> usize {
        self.keys.len() + self.indexes.len()
    }
}

async fn of_term(tree: &Tree, term: &Term) -> Result<Option<Clause>, ReadError> {
    let of_keys = |keys| Clause {
        keys,
        indexes: Vec::new(),
    };
    if let Some(key) = term.search_key() {
        return Ok(Some(of_keys(vec![stored_key(&key)])));
    }
    match term {
        Term::Like { .. } => Ok(like(tree, term).await?.map(of_keys)),
        Term::Leaf(hash) => {
            let index = tree.index_of(hash).await?;
            let indexes = index.iter().map(|index| index.get()).collect();
            let keys = Vec::new();
            Ok(Some(Clause { keys, indexes }))
        }
        _ => Ok(None),
    }
}

/// The keys of the texts that are like the pattern; `None` where they are too many to follow, or to
/// look for.
async fn like(tree: &Tree, term: &Term) -> Result<Option<Vec<StoredSearchKey>>, ReadError> {
    let Term::Like { kind, pattern, .. } = term else {
        return Ok(None);
    };
    let mut keys = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_TEXTS / PAGE_TEXTS {
        let reader = tree.reader();
        let texts = reader
            .names(kind.number(), pattern.start(), after.as_deref(), PAGE_TEXTS)
            .await?;
        let is_last = texts.len() < PAGE_TEXTS;
        for text in &texts {
            if pattern.matches(text) {
                keys.push(stored_key(&ledgerstone_entry::SearchKey::of(*kind, text)));
            }
        }
        if keys.len() > MAX_KEYS {
            return Ok(None);
        }
        if is_last {
            return Ok(Some(keys));
        }
        after = texts.into_iter().last();
    }
    Ok(None)
}
