//! Watching for entries that name somebody or something: an identity, a key, an artifact.
//!
//! A [`WatchList`] looks at a body alone, of this log or of another, so that a monitor which trusts
//! nobody finds by it what a server's stream finds by it.

pub(crate) mod pattern;
pub(crate) mod rule_error;
mod rules;
mod watch_list;
mod watch_rule;

pub use pattern::Pattern;
pub use rule_error::MAX_PATTERN_BYTES;
pub use rule_error::MAX_RULES;
pub use rule_error::RuleError;
pub use rules::WatchRules;
pub use rules::WatchRulesError;
pub use rules::WatchedIdentity;
pub use watch_list::Examined;
pub use watch_list::Match;
pub use watch_list::Question;
pub use watch_list::WatchList;
pub use watch_rule::WatchRule;

#[cfg(test)]
mod tests;
