//! Why a log could not be read for a copy.

use crate::source::tiled_log_error::TiledLogError;
use crate::transport::error::TransportError;
use crate::trust::checkpoint::CheckpointFault;

/// Why a log could not be read for a copy.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The log could not be asked, or answered with an error.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The log could not be read by its tiles.
    #[error(transparent)]
    Read(#[from] TiledLogError),
    /// The head is not signed by a trusted log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointFault),
    /// Neither tiles nor a Rekor v1.
    #[error(
        "{url} is neither a log with tiles nor a Rekor v1; give the URL that /checkpoint or \
         /api/v1/log is under"
    )]
    NoLog {
        /// What was asked.
        url: String,
    },
    /// The log has no such tree.
    #[error("{}", no_tree(*tree_id, known))]
    NoTree {
        /// The tree that was asked for.
        tree_id: Option<u64>,
        /// Those that the log has; none when it is not a Rekor v1.
        known: Vec<u64>,
    },
    /// An entry of a Rekor v1 is not what it says.
    #[error("entry {index} of the tree {reason}")]
    Entry {
        /// Its index in the tree.
        index: u64,
        /// What is wrong with it.
        #[source]
        reason: EntryFault,
    },
    /// The head is not one of this source.
    #[error("the head is of another source; ask this one for its own")]
    OtherSource,
}

impl SourceError {
    /// Whether an answer, or a file, is longer than was allowed for.
    pub(crate) fn is_too_long(&self) -> bool {
        match self {
            Self::Transport(error) => error.is_too_long(),
            Self::Read(error) => error.is_too_long(),
            Self::Checkpoint(_)
            | Self::NoLog { .. }
            | Self::NoTree { .. }
            | Self::Entry { .. }
            | Self::OtherSource => false,
        }
    }
}

/// What is wrong with an entry of a Rekor v1.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryFault {
    /// The log left it out, though it is within its signed tree.
    #[error("is within the signed tree, but was not given")]
    Missing,
    /// The body is not standard base64.
    #[error("has a body that is not base64")]
    Base64,
    /// The id is not the tree id and the leaf hash of the body.
    #[error("has the id {id}, but its body and tree make it {expected}")]
    Id {
        /// The id that it was given under.
        id: String,
        /// The id that it should have.
        expected: String,
    },
    /// The log id is not that of the trusted key.
    #[error("names another log key than the trusted one")]
    LogId,
    /// The log's signature over body, time and index is missing, or does not verify.
    #[error("has no valid signed entry timestamp")]
    Timestamp,
}

fn no_tree(tree_id: Option<u64>, known: &[u64]) -> String {
    let asked = tree_id.map(|id| format!(" {id}")).unwrap_or_default();
    if known.is_empty() {
        return format!("there is no tree{asked} to choose: only a Rekor v1 has several");
    }
    let known: Vec<String> = known.iter().map(u64::to_string).collect();
    format!("the log has no tree{asked}; it has {}", known.join(", "))
}
