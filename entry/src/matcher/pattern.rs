//! Texts with `*` in them.

use crate::matcher::rule_error::MAX_PATTERN_BYTES;
use crate::matcher::rule_error::RuleError;

/// A text in which `*` stands for any characters, also none.
///
/// Upper and lower case are the same: a monitor that is told too much is better than one that
/// misses what another spelling hides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pattern {
    /// Before the first `*`, in lower case. All of the text where there is none.
    start: String,
    /// After each `*`, in lower case.
    rest: Vec<String>,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`RuleError`] for an empty one, and for one over [`MAX_PATTERN_BYTES`].
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        if text.is_empty() {
            return Err(RuleError::EmptyPattern);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(RuleError::PatternLength(text.len()));
        }
        let lower = text.to_lowercase();
        let mut parts = lower.split('*').map(str::to_owned);
        Ok(Self {
            start: parts.next().unwrap_or_default(),
            rest: parts.collect(),
        })
    }

    /// The text before the first `*`, in lower case.
    pub fn start(&self) -> &str {
        &self.start
    }

    /// Whether all of `text` is like this.
    pub fn matches(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let Some(mut text) = text.strip_prefix(&self.start) else {
            return false;
        };
        let Some((end, middle)) = self.rest.split_last() else {
            return text.is_empty();
        };
        // Taking the first place for each part leaves the most for the next.
        for part in middle {
            match text.find(part.as_str()) {
                Some(position) => text = &text[position + part.len()..],
                None => return false,
            }
        }
        text.ends_with(end)
    }
}
