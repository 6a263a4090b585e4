//! Checkpoints: tree heads as the text of a note (C2SP tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::decimal::parse_decimal;
use crate::hash::Hash;
use crate::index::TreeSize;

/// A tree head as the text of a note (C2SP tlog-checkpoint):
///
/// ```text
/// <origin>
/// <size, decimal>
/// <base64 of the root>
/// <extension>                any number of lines
/// ```
///
/// Parsing and `Display` are each other's inverse, as long as origin and extensions are lines: not
/// empty, no line feed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Checkpoint {
    /// The log's name. Its signature line may have another: that of Rekor v1 is a part of the
    /// origin.
    pub origin: String,
    /// The number of leaves.
    pub size: TreeSize,
    /// The root of the tree.
    pub root: Hash,
    /// Further lines, which this crate reads and keeps but gives no meaning. A log should have
    /// none.
    pub extensions: Vec<String>,
}

impl Checkpoint {
    /// The checkpoint of this tree head, without extensions.
    ///
    /// # Errors
    /// When the origin is not a line.
    pub fn new(
        origin: impl Into<String>,
        size: TreeSize,
        root: Hash,
    ) -> Result<Self, CheckpointError> {
        let origin = origin.into();
        if origin.is_empty() || origin.contains(char::is_control) {
            return Err(CheckpointError::Origin);
        }
        Ok(Self {
            origin,
            size,
            root,
            extensions: Vec::new(),
        })
    }

    /// The checkpoint in `text`, the text of a note.
    ///
    /// # Errors
    /// When the text is not a checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text
            .strip_suffix('\n')
            .ok_or(CheckpointError::Lines)?
            .split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Lines);
        };
        let size = TreeSize::new(parse_decimal(size).ok_or(CheckpointError::Size)?);
        let root = STANDARD
            .decode(root)
            .ok()
            .and_then(|root| Hash::from_slice(&root))
            .ok_or(CheckpointError::Root)?;
        let mut checkpoint = Self::new(origin, size, root)?;
        checkpoint.extensions = lines.map(str::to_owned).collect();
        if checkpoint.extensions.iter().any(String::is_empty) {
            return Err(CheckpointError::Extension);
        }
        Ok(checkpoint)
    }

    /// The text of the note, which ends with a line feed. The same as `to_string`.
    pub fn to_text(&self) -> String {
        self.to_string()
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{}\n{}\n{}",
            self.origin,
            self.size,
            STANDARD.encode(self.root)
        )?;
        self.extensions
            .iter()
            .try_for_each(|line| writeln!(f, "{line}"))
    }
}

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CheckpointError {
    /// A checkpoint has three lines at least, each ended by a line feed.
    #[error("a checkpoint has the lines origin, size and root, each ended by a line feed")]
    Lines,
    /// The origin is not empty and has no control characters.
    #[error("the origin of a checkpoint must not be empty nor contain control characters")]
    Origin,
    /// The size is decimal without leading zeros, below 2^64.
    #[error("the size of a checkpoint must be a decimal number below 2^64 without leading zeros")]
    Size,
    /// The root is standard base64 of 32 bytes.
    #[error("the root of a checkpoint must be standard base64 of 32 bytes")]
    Root,
    /// Extension lines are not empty.
    #[error("the extension lines of a checkpoint must not be empty")]
    Extension,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hashing::EMPTY_ROOT;

    const EMPTY: &str = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";

    #[test]
    fn the_text_is_three_lines() {
        let checkpoint = Checkpoint::new("example.com/log", TreeSize::EMPTY, EMPTY_ROOT).unwrap();
        assert_eq!(checkpoint.to_text(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(checkpoint));
    }

    #[test]
    fn extensions_are_kept() {
        let text = format!("{EMPTY}one\ntwo\n");
        let checkpoint = Checkpoint::parse(&text).unwrap();
        assert_eq!(checkpoint.extensions, ["one", "two"]);
        assert_eq!(checkpoint.to_string(), text);
    }

    #[test]
    fn anything_else_is_refused() {
        let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        for (text, error) in [
            (String::new(), CheckpointError::Lines),
            (format!("o\n1\n{root}"), CheckpointError::Lines),
            ("o\n1\n".to_owned(), CheckpointError::Lines),
            (format!("\n1\n{root}\n"), CheckpointError::Origin),
            (format!("o\r\n1\n{root}\n"), CheckpointError::Origin),
            (format!("o\n\n{root}\n"), CheckpointError::Size),
            (format!("o\n01\n{root}\n"), CheckpointError::Size),
            (format!("o\n+1\n{root}\n"), CheckpointError::Size),
            (format!("o\n-1\n{root}\n"), CheckpointError::Size),
            (format!("o\n1 \n{root}\n"), CheckpointError::Size),
            (
                format!("o\n18446744073709551616\n{root}\n"),
                CheckpointError::Size,
            ),
            ("o\n1\n\n".to_owned(), CheckpointError::Root),
            (format!("o\n1\n {root}\n"), CheckpointError::Root),
            (
                "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n".to_owned(),
                CheckpointError::Root,
            ),
            (
                "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU\n".to_owned(),
                CheckpointError::Root,
            ),
            (
                "o\n1\n47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=\n".to_owned(),
                CheckpointError::Root,
            ),
            (
                "o\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuA==\n".to_owned(),
                CheckpointError::Root,
            ),
            (format!("o\n1\n{root}\n\n"), CheckpointError::Extension),
            (
                format!("o\n1\n{root}\n\nmore\n"),
                CheckpointError::Extension,
            ),
        ] {
            assert_eq!(Checkpoint::parse(&text), Err(error), "{text:?}");
        }
    }
}
