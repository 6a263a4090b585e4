//! A query as a tree of terms.

use std::fmt;

use ledgerstone_merkle::Hash;

use crate::matcher::pattern::Pattern;
use crate::search_key::SearchKey;
use crate::search_key::SearchKeyKind;

/// What is asked of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Expression {
    /// One of them at least.
    Any(Vec<Self>),
    /// All of them.
    All(Vec<Self>),
    /// That it is not so.
    Not(Box<Self>),
    /// That it is so of what belongs to one signer.
    Signer(Box<Self>),
    /// That it is so of one signer, by what the body says of that signer alone: statements, which
    /// anybody may write, count for nothing.
    SignedBy(Box<Self>),
    /// One thing.
    Term(Term),
}

/// One thing that is asked of an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Term {
    /// It names this.
    Is {
        /// The kind of thing.
        kind: SearchKeyKind,
        /// The thing, as facts have it.
        text: String,
    },
    /// It names something like this.
    Like {
        /// The kind of thing.
        kind: SearchKeyKind,
        /// The pattern, as facts have their texts.
        text: String,
        /// The same, to match with.
        pattern: Pattern,
    },
    /// It names what has this key in an index.
    Key(SearchKey),
    /// It has this leaf hash.
    Leaf(Hash),
    /// The log took it then, in Unix seconds, or later.
    Since(i64),
    /// The log took it before this, in Unix seconds.
    Until(i64),
    /// It is at this index of its tree, or behind it.
    From(u64),
    /// It is before this index of its tree.
    Before(u64),
}

impl Expression {
    /// Entries that name something of this kind.
    pub fn is(kind: SearchKeyKind, text: impl Into<String>) -> Self {
        let text = text.into();
        Self::Term(Term::Is { kind, text })
    }

    /// Calls `visit` with each term.
    pub fn visit<'e>(&'e self, visit: &mut dyn FnMut(&'e Term)) {
        match self {
            Self::Any(parts) | Self::All(parts) => {
                parts.iter().for_each(|part| part.visit(visit));
            }
            Self::Not(part) | Self::Signer(part) | Self::SignedBy(part) => part.visit(visit),
            Self::Term(term) => visit(term),
        }
    }

    /// Whether something is asked for that a statement may name.
    pub fn asks_statements(&self) -> bool {
        match self {
            Self::Any(parts) | Self::All(parts) => parts.iter().any(Self::asks_statements),
            Self::Not(part) | Self::Signer(part) => part.asks_statements(),
            Self::SignedBy(_) => false,
            Self::Term(term) => term.kind().is_some_and(SearchKeyKind::is_stated),
        }
    }

    /// Whether it is asked which authorities are trusted: only those can answer who have a trusted
    /// root.
    pub fn asks_trust(&self) -> bool {
        let mut asks = false;
        self.visit(&mut |term| asks |= term.asks_trust());
        asks
    }

    /// What holds of all entries of which this may hold, for those who do not know which
    /// authorities are trusted; `None` where that is every entry.
    pub fn without_trust(&self) -> Option<Self> {
        match self {
            Self::All(parts) => {
                let parts: Vec<Self> = parts.iter().filter_map(Self::without_trust).collect();
                (!parts.is_empty()).then_some(Self::All(parts))
            }
            Self::Any(parts) => {
                let parts: Option<Vec<Self>> = parts.iter().map(Self::without_trust).collect();
                parts.map(Self::Any)
            }
            Self::Signer(part) => Some(Self::Signer(Box::new(part.without_trust()?))),
            Self::SignedBy(part) => Some(Self::SignedBy(Box::new(part.without_trust()?))),
            Self::Not(_) | Self::Term(_) => (!self.asks_trust()).then(|| self.clone()),
        }
    }

    /// The terms that have to hold of every entry that is found.
    pub fn required(&self) -> Vec<&Term> {
        match self {
            Self::All(parts) => parts.iter().flat_map(Self::required).collect(),
            Self::Signer(part) | Self::SignedBy(part) => part.required(),
            Self::Any(parts) if parts.len() == 1 => parts[0].required(),
            Self::Term(term) => vec![term],
            Self::Any(_) | Self::Not(_) => Vec::new(),
        }
    }
}

/// The package that is asked for in any version: without one, and with each.
fn any_version(parts: &[Expression]) -> Option<&str> {
    let [
        Expression::Term(Term::Is { kind, text }),
        Expression::Term(Term::Like { text: like, .. }),
    ] = parts
    else {
        return None;
    };
    let is_package = *kind == SearchKeyKind::Package;
    let of_any_version = like.strip_suffix("@*") == Some(text);
    (is_package && of_any_version).then_some(text)
}

/// What `authority:` asks for where it asks whether an authority is trusted.
pub(crate) const TRUSTED: &str = "trusted";

/// The same of any other authority.
pub(crate) const UNTRUSTED: &str = "untrusted";

impl Term {
    /// Whether it asks which authorities are trusted.
    pub(crate) fn asks_trust(&self) -> bool {
        let text = match self {
            Self::Is { kind, text } if *kind == SearchKeyKind::Authority => text,
            _ => return false,
        };
        matches!(text.as_str(), TRUSTED | UNTRUSTED)
    }

    /// The key that leads to the entries of which the term holds, where there is one.
    pub fn search_key(&self) -> Option<SearchKey> {
        match self {
            Self::Is { kind, text } => Some(SearchKey::of(*kind, text)),
            Self::Key(key) => Some(*key),
            _ => None,
        }
    }

    /// The kind of thing that it is about, where it is one that entries name.
    pub fn kind(&self) -> Option<SearchKeyKind> {
        match self {
            Self::Is { kind, .. } | Self::Like { kind, .. } => Some(*kind),
            Self::Key(key) => Some(key.kind),
            _ => None,
        }
    }
}

/// The query as text, which reads back as the same one but for terms that are a bare key.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, name: &str, parts: &[Self]| {
            write!(f, "{name}(")?;
            for (number, part) in parts.iter().enumerate() {
                write!(f, "{}{part}", if number == 0 { "" } else { " " })?;
            }
            f.write_str(")")
        };
        match self {
            Self::Any(parts) if any_version(parts).is_some() => parts[0].fmt(f),
            Self::Any(parts) => list(f, "any", parts),
            Self::All(parts) => list(f, "all", parts),
            Self::Not(part) => write!(f, "not {part}"),
            Self::Signer(part) => write!(f, "signer({part})"),
            Self::SignedBy(part) => write!(f, "signed-by({part})"),
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is { kind, text } | Self::Like { kind, text, .. } => {
                write!(f, "{}:{}", kind.name(), Quoted(text))
            }
            Self::Key(key) => write!(f, "{}:{}", key.kind.name(), key.hash),
            Self::Leaf(hash) => write!(f, "leaf:{hash}"),
            Self::Since(time) => write!(f, "since:{}", Time(*time)),
            Self::Until(time) => write!(f, "until:{}", Time(*time)),
            Self::From(index) => write!(f, "index:{index}.."),
            Self::Before(index) => write!(f, "index:..{index}"),
        }
    }
}

/// A value in quotation marks.
struct Quoted<'t>(&'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escaped = self.0.replace('\\', r"\\").replace('"', r#"\""#);
        write!(f, "\"{escaped}\"")
    }
}

struct Time(i64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_second(self.0).unwrap_or_default();
        write!(f, "{time}")
    }
}
