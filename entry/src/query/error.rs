//! Why a text is no query.

use crate::matcher::rule_error::RuleError;
use crate::query::limits::MAX_QUERY_BYTES;
use crate::query::limits::MAX_QUERY_DEPTH;
use crate::query::limits::MAX_QUERY_TERMS;

/// Why a text is no query.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// Nothing is asked for.
    #[error("the query asks for nothing")]
    Empty,
    /// More than [`MAX_QUERY_BYTES`].
    #[error("the query has more than {MAX_QUERY_BYTES} bytes")]
    Length,
    /// More than [`MAX_QUERY_TERMS`].
    #[error("the query has more than {MAX_QUERY_TERMS} terms")]
    Terms,
    /// More than [`MAX_QUERY_DEPTH`].
    #[error("the query has parentheses in more than {MAX_QUERY_DEPTH} others")]
    Depth,
    /// A parenthesis or a quotation mark without the other one.
    #[error("the query has a {0} without its other half")]
    Unbalanced(char),
    /// A combination of nothing.
    #[error("in the query something is missing behind {0:?}")]
    Missing(String),
    /// A field that nobody knows.
    #[error("{0:?} is no field of a query; see `ledgerstone search --help`")]
    Field(String),
    /// A value that names nothing of its kind.
    #[error("{value:?} is no {field}: {expected}")]
    Value {
        /// The field.
        field: String,
        /// The value.
        value: String,
        /// What would be one.
        expected: &'static str,
    },
    /// A word without a field that could be anything.
    #[error(
        "it is not clear what {0:?} is; write a field before it, such as subject:, digest: or name:"
    )]
    Word(String),
    /// A pattern that cannot be.
    #[error("{0}")]
    Pattern(#[from] RuleError),
}
