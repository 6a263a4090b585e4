//! Why a request of Rekor v2 is not logged.

use std::fmt;

use crate::entry_kind::EntryKind;
use crate::kind_set::KindSet;
use crate::kind_set::alternatives;
use crate::v2::rule::Rule;

/// Why a request is not logged.
///
/// Its text is the reason alone, for the caller to read. [`Self::prefix`] is the fixed text that
/// Rekor v2 answers with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Reject {
    /// The request names no kind of entry, or one that this log does not take.
    Type {
        /// What was submitted, if that could be told.
        submitted: Option<EntryKind>,
        /// The kinds that this log takes.
        taken: KindSet,
    },
    /// The request breaks a rule of its kind.
    Invalid {
        /// The kind of entry.
        kind: EntryKind,
        /// The rule.
        rule: Rule,
    },
}

impl Reject {
    /// The fixed text that Rekor v2 has for this group of rules. Some clients look for it.
    pub fn prefix(&self) -> String {
        match self {
            Self::Type { taken, .. } => match &taken.names()[..] {
                [one, other] => format!("invalid type, must be either {one} or {other}"),
                names => format!("invalid type, must be {}", alternatives(names)),
            },
            Self::Invalid {
                rule: Rule::BodyTooLarge(_),
                ..
            } => "invalid entry".to_owned(),
            Self::Invalid { kind, .. } => format!("invalid {} request", kind.name()),
        }
    }

    /// The rule that was broken, unless it is the choice of the kind.
    pub fn rule(&self) -> Option<&Rule> {
        match self {
            Self::Type { .. } => None,
            Self::Invalid { rule, .. } => Some(rule),
        }
    }

    /// A name for the rule that was broken, one of few: for counting.
    pub fn reason_label(&self) -> &'static str {
        match self {
            Self::Type { .. } => "type",
            Self::Invalid { rule, .. } => rule.label(),
        }
    }
}

impl std::error::Error for Reject {}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type {
                submitted: None, ..
            } => f.write_str("the request holds no entry of a known kind"),
            Self::Type {
                submitted: Some(kind),
                ..
            } => write!(f, "this log does not take {kind} entries"),
            Self::Invalid { rule, .. } => rule.fmt(f),
        }
    }
}
