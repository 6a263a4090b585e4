//! What can be asked about the entries of a log, and the one matcher that answers.
//!
//! A query is a text of terms, each a field, a colon and a value:
//!
//! ```text
//! subject:*@acme.example issuer:https://accounts.google.com since:7d
//! repository:https://github.com/acme/app not workflow:https://github.com/acme/app/*
//! package:pkg:npm/left-pad@1.3.0 or digest:sha512-3q2+7w==
//! signer(subject:ci@acme.example issuer:https://idp.example) kind:hashedrekord index:100..
//! ```
//!
//! Terms side by side all have to hold; `or`, `not`, parentheses, `any(...)` and `all(...)` combine
//! them otherwise, and `signer(...)` wants all that is in it of one signer. `signed-by(...)` wants
//! that too, by what the body says of the signer alone: a statement, which anybody may write,
//! counts for nothing. A value with spaces or parentheses stands in double quotes. `*` stands for
//! any characters. A word without a field is a digest, a package, an e-mail address or a URL.
//!
//! The fields are [`SearchKeyKind::name`](crate::SearchKeyKind::name), and besides: `email` (a
//! subject), `commit` (a digest), `leaf` (the hash of the entry), `since` and `until` (a date, a
//! time by RFC 3339, or how long ago: `90m`, `24h`, `7d`, `2w`), and `index` (`5`, `5..`, `..9`,
//! `5..9`). `authority:trusted` and `authority:untrusted` ask whether an authority of the trusted
//! root issued the certificate, which only those can tell who have one.

pub(crate) mod error;
pub(crate) mod evaluate;
pub(crate) mod expression;
pub(crate) mod limits;
pub(crate) mod parse;
mod term;
mod time;
mod words;

pub use error::QueryError;
pub use evaluate::Verdict;
pub use expression::Expression;
pub use expression::Term;
pub use limits::MAX_QUERY_BYTES;
pub use limits::MAX_QUERY_DEPTH;
pub use limits::MAX_QUERY_TERMS;
pub use parse::parse;
pub use time::read as parse_time;
