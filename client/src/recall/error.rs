//! Why a report cannot be made, or does not hold.

use std::io;
use std::path::PathBuf;

use ledgerstone_entry::query::QueryError;

use crate::api::error::ApiError;
use crate::trust::error::TrustError;

/// Why a report cannot be made, or does not hold.
#[derive(Debug, thiserror::Error)]
pub enum RecallError {
    /// The log does not answer, or gives what does not hold.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A file cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The report is of no form that is known.
    #[error("{} is no report of this version: {reason}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// There is no report.
    #[error("there is no report: {} is not there", .0.display())]
    NoReport(PathBuf),
    /// A rule cannot be asked.
    #[error("the rule {rule:?} cannot be used: {reason}")]
    Rule {
        /// The name of the rule.
        rule: String,
        /// What is wrong.
        #[source]
        reason: QueryError,
    },
    /// Rules ask which authorities are trusted, and nothing says it.
    #[error("a rule asks which authorities are trusted: give a trusted root that names them")]
    Authorities,
    /// No tree of the log is signed by a log that is trusted.
    #[error("no tree of the log is signed by a log that is trusted")]
    NoTree,
    /// The keys in a report cannot be used.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The log contradicts what it signed before.
    #[error(
        "the log contradicts what it signed before, of tree {tree_id}: {reason}{}",
        at(evidence)
    )]
    Contradiction {
        /// The number of the tree.
        tree_id: u64,
        /// What does not fit.
        reason: String,
        /// Where both heads are kept.
        evidence: Option<PathBuf>,
    },
    /// The report says something that does not hold.
    #[error("the report does not hold: {0}")]
    Untrue(String),
}

fn at(evidence: &Option<PathBuf>) -> String {
    match evidence {
        Some(path) => format!("; both heads are in {}", path.display()),
        None => String::new(),
    }
}
