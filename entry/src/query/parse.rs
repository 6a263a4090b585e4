//! Reads a query.

use crate::query::error::QueryError;
use crate::query::expression::Expression;
use crate::query::limits::MAX_QUERY_BYTES;
use crate::query::limits::MAX_QUERY_DEPTH;
use crate::query::limits::MAX_QUERY_TERMS;
use crate::query::term;
use crate::query::words::Word;
use crate::query::words::words;

/// Reads a query. `now`, in Unix seconds, is what times like `7d` count from.
///
/// # Errors
/// [`QueryError`] with what is wrong and what would be right.
pub fn parse(text: &str, now: i64) -> Result<Expression, QueryError> {
    if text.len() > MAX_QUERY_BYTES {
        return Err(QueryError::Length);
    }
    let mut reader = Reader {
        words: words(text)?.into_iter().peekable(),
        now,
        terms: 0,
    };
    let expression = reader.any(0)?;
    match reader.words.next() {
        Some(_) => Err(QueryError::Unbalanced(')')),
        None => Ok(expression),
    }
}

struct Reader {
    words: std::iter::Peekable<std::vec::IntoIter<Word>>,
    now: i64,
    terms: usize,
}

impl Reader {
    /// Parts with `or` between them.
    fn any(&mut self, depth: usize) -> Result<Expression, QueryError> {
        let mut parts = vec![self.all(depth)?];
        while self.take("or") {
            parts.push(self.all(depth)?);
        }
        Ok(one_or(parts, Expression::Any))
    }

    /// Parts side by side, or with `and` between them.
    fn all(&mut self, depth: usize) -> Result<Expression, QueryError> {
        let mut parts = Vec::new();
        while !self.is_at_end() {
            if parts.is_empty() || !self.take("and") || !self.is_at_end() {
                parts.push(self.part(depth)?);
            } else {
                return Err(QueryError::Missing("and".to_owned()));
            }
        }
        match parts.is_empty() {
            true => Err(QueryError::Empty),
            false => Ok(one_or(parts, Expression::All)),
        }
    }

    fn part(&mut self, depth: usize) -> Result<Expression, QueryError> {
        if depth > MAX_QUERY_DEPTH {
            return Err(QueryError::Depth);
        }
        match self.words.next() {
            None | Some(Word::Close) => Err(QueryError::Empty),
            Some(Word::Open) => self.closed(Self::any, depth),
            Some(Word::Text { text, quoted: None }) if text.eq_ignore_ascii_case("not") => {
                if self.is_at_end() {
                    return Err(QueryError::Missing(text));
                }
                Ok(Expression::Not(Box::new(self.part(depth + 1)?)))
            }
            Some(Word::Call(name)) => match name.to_ascii_lowercase().as_str() {
                "any" => self.closed(|reader, depth| reader.list(depth, Expression::Any), depth),
                "all" => self.closed(|reader, depth| reader.list(depth, Expression::All), depth),
                "signer" => {
                    let inside = self.closed(Self::any, depth)?;
                    Ok(Expression::Signer(Box::new(inside)))
                }
                "signed-by" => {
                    let inside = self.closed(Self::any, depth)?;
                    Ok(Expression::SignedBy(Box::new(inside)))
                }
                _ => Err(QueryError::Word(name)),
            },
            Some(Word::Text { text, quoted }) => {
                self.terms += 1;
                if self.terms > MAX_QUERY_TERMS {
                    return Err(QueryError::Terms);
                }
                term::read(&text, quoted.as_deref(), self.now)
            }
        }
    }

    /// The parts of `any(...)` and `all(...)`, each on its own.
    fn list(
        &mut self,
        depth: usize,
        combine: fn(Vec<Expression>) -> Expression,
    ) -> Result<Expression, QueryError> {
        let mut parts = Vec::new();
        while !matches!(self.words.peek(), None | Some(Word::Close)) {
            parts.push(self.part(depth)?);
        }
        match parts.is_empty() {
            true => Err(QueryError::Empty),
            false => Ok(combine(parts)),
        }
    }

    /// What `read` reads, up to the parenthesis that closes.
    fn closed(
        &mut self,
        read: impl FnOnce(&mut Self, usize) -> Result<Expression, QueryError>,
        depth: usize,
    ) -> Result<Expression, QueryError> {
        let inside = read(self, depth + 1)?;
        match self.words.next() {
            Some(Word::Close) => Ok(inside),
            _ => Err(QueryError::Unbalanced('(')),
        }
    }

    fn is_at_end(&mut self) -> bool {
        match self.words.peek() {
            None | Some(Word::Close) => true,
            Some(word) => is(word, "or"),
        }
    }

    fn take(&mut self, name: &str) -> bool {
        self.words.next_if(|word| is(word, name)).is_some()
    }
}

fn is(word: &Word, name: &str) -> bool {
    matches!(word, Word::Text { text, quoted: None } if text.eq_ignore_ascii_case(name))
}

fn one_or(mut parts: Vec<Expression>, combine: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.len() {
        1 => parts.remove(0),
        _ => combine(parts),
    }
}
