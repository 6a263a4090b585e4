//! A hit of a report, as a line of its file `hits.jsonl` has it.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_entry::EntryView;
use ledgerstone_entry::matcher::Match;
use serde::Deserialize;
use serde::Serialize;

use crate::recall::error::RecallError;

/// The longest line of a hit, in bytes: a body has 64 KiB at most, and a proof 64 hashes.
pub const MAX_HIT_BYTES: u64 = 1 << 20;

/// An entry that answers a rule.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReportHit {
    /// The entry, with its tree and its index there.
    pub entry: EntryView,
    /// Its index among all that Rekor v1 counts, where the log says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_index: Option<u64>,
    /// Which rules it answers.
    pub rules: Vec<HitRule>,
    /// The proof that it is in the tree of the head: hexadecimal hashes.
    pub proof: Vec<String>,
    /// The run that found it first.
    pub found_in: u32,
}

/// A rule that an entry answers.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HitRule {
    /// The number of the rule in the report, from 0.
    pub rule: usize,
    /// What shows it.
    pub shown_by: ShownBy,
    /// What the body names of what the rule asks for: a field, a colon and the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
    /// Of a rule that says who is expected: who signed and is not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unexpected: Vec<String>,
}

/// What shows that an entry answers a rule.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum ShownBy {
    /// The body, which is proven.
    Body,
    /// A statement that the log saw and the body does not hold: by the word of the log.
    Statement,
}

impl ReportHit {
    /// Tree and index.
    pub fn place(&self) -> Option<(u64, u64)> {
        let tree_id = self.entry.tree_id.as_deref()?.parse().ok()?;
        Some((tree_id, self.entry.index?))
    }
}

impl HitRule {
    /// What the matcher told of a rule that holds.
    pub(crate) fn shown(rule: usize, matches: Vec<Match>) -> Self {
        let told = matches.into_iter().find_map(|one| match one {
            Match::Query {
                found, unexpected, ..
            } => Some((found, unexpected)),
            _ => None,
        });
        let (found, unexpected) = told.unwrap_or_default();
        Self {
            rule,
            shown_by: ShownBy::Body,
            found,
            unexpected,
        }
    }

    /// A rule that holds by the word of the log.
    pub(crate) fn stated(rule: usize) -> Self {
        Self {
            rule,
            shown_by: ShownBy::Statement,
            found: Vec::new(),
            unexpected: Vec::new(),
        }
    }
}

/// The hits in a file, one after the other.
pub(crate) struct Hits {
    path: PathBuf,
    lines: BufReader<File>,
}

impl Hits {
    pub(crate) fn open(path: &Path) -> Result<Self, RecallError> {
        let file = File::open(path).map_err(|source| failed(path, source))?;
        Ok(Self {
            path: path.to_owned(),
            lines: BufReader::new(file),
        })
    }

    fn read(&mut self) -> Result<Option<ReportHit>, RecallError> {
        let mut line = Vec::new();
        let mut limited = (&mut self.lines).take(MAX_HIT_BYTES);
        let read = limited.read_until(b'\n', &mut line);
        read.map_err(|source| failed(&self.path, source))?;
        if line.is_empty() {
            return Ok(None);
        }
        let wrong = |reason: String| RecallError::Form {
            path: self.path.clone(),
            reason,
        };
        if line.last() != Some(&b'\n') {
            return Err(wrong("a line is too long, or has no end".to_owned()));
        }
        let hit = serde_json::from_slice(&line).map_err(|error| wrong(error.to_string()))?;
        Ok(Some(hit))
    }
}

impl Iterator for Hits {
    type Item = Result<ReportHit, RecallError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.read().transpose()
    }
}

pub(crate) fn failed(path: &Path, source: io::Error) -> RecallError {
    RecallError::Io {
        path: path.to_owned(),
        source,
    }
}
