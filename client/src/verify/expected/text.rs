//! Texts that are expected: to the letter, or by a pattern.

use std::fmt;

use regex::Regex;
use regex::RegexBuilder;

/// The most memory that a pattern may take, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// A text that is expected.
#[derive(Clone, Debug)]
pub enum ExpectedText {
    /// This one, to the letter.
    Exactly(String),
    /// One in which the pattern is found, wherever: `^` and `$` bind it to the ends.
    Pattern(Regex),
}

impl ExpectedText {
    /// The text `text`.
    pub fn exactly(text: impl Into<String>) -> Self {
        Self::Exactly(text.into())
    }

    /// Any text that `pattern` is found in: a regular expression as in cosign, without
    /// back-references.
    ///
    /// # Errors
    /// [`PatternError`] when it is none, or takes too much memory.
    pub fn pattern(pattern: &str) -> Result<Self, PatternError> {
        let built = RegexBuilder::new(pattern)
            .size_limit(MAX_PATTERN_BYTES)
            .build();
        built.map(Self::Pattern).map_err(|reason| PatternError {
            pattern: pattern.to_owned(),
            reason: reason.to_string(),
        })
    }

    /// Whether `text` is as expected.
    pub fn is(&self, text: &str) -> bool {
        match self {
            Self::Exactly(expected) => expected == text,
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

impl fmt::Display for ExpectedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(text) => write!(f, "{text:?}"),
            Self::Pattern(pattern) => write!(f, "the pattern {:?}", pattern.as_str()),
        }
    }
}

impl Eq for ExpectedText {}

impl PartialEq for ExpectedText {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(one), Self::Exactly(other)) => one == other,
            (Self::Pattern(one), Self::Pattern(other)) => one.as_str() == other.as_str(),
            _ => false,
        }
    }
}

/// A text that is no regular expression.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{pattern:?} is not a regular expression that can be used: {reason}")]
pub struct PatternError {
    /// What was given.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
}
