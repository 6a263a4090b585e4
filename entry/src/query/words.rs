//! The words of a query.

use crate::query::error::QueryError;

/// A word of a query.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Word {
    Open,
    Close,
    /// A term, or a word that combines terms; its value where that was in quotation marks.
    Text {
        text: String,
        quoted: Option<String>,
    },
    /// The name of what combines the terms in the parenthesis that it opens.
    Call(String),
}

/// Cuts a query into its words.
pub(super) fn words(text: &str) -> Result<Vec<Word>, QueryError> {
    let mut words = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(&next) = rest.peek() {
        match next {
            '(' => {
                rest.next();
                words.push(Word::Open);
            }
            ')' => {
                rest.next();
                words.push(Word::Close);
            }
            space if space.is_whitespace() => {
                rest.next();
            }
            _ => words.push(word(&mut rest)?),
        }
    }
    Ok(words)
}

type Characters<'t> = std::iter::Peekable<std::str::Chars<'t>>;

fn word(rest: &mut Characters<'_>) -> Result<Word, QueryError> {
    let mut text = String::new();
    while let Some(&next) = rest.peek() {
        match next {
            '"' if text.is_empty() || text.ends_with(':') => {
                rest.next();
                let quoted = Some(quoted(rest)?);
                return Ok(Word::Text { text, quoted });
            }
            '(' if !COMBINE.iter().any(|word| text.eq_ignore_ascii_case(word)) => {
                rest.next();
                return Ok(Word::Call(text));
            }
            '(' | ')' => break,
            space if space.is_whitespace() => break,
            other => {
                rest.next();
                text.push(other);
            }
        }
    }
    Ok(Word::Text { text, quoted: None })
}

/// The words that stand between parts, whatever follows.
const COMBINE: &[&str] = &["and", "or", "not"];

/// Reads to the closing quotation mark. A backslash takes the next character as it is.
fn quoted(rest: &mut Characters<'_>) -> Result<String, QueryError> {
    let mut text = String::new();
    while let Some(next) = rest.next() {
        match next {
            '"' => return Ok(text),
            '\\' => text.extend(rest.next()),
            other => text.push(other),
        }
    }
    Err(QueryError::Unbalanced('"'))
}
