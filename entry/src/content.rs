//! What every kind of entry can tell about a body of its own.

use std::any::Any;
use std::fmt;

use ledgerstone_merkle::Hash;

use crate::attached::statement::AttachedStatement;
use crate::body_error::BodyError;
use crate::facts::collected::Facts;
use crate::named_parts::EntryDigest;
use crate::named_parts::EntrySigner;

/// What a body of one kind says. Each kind implements this for a type of its own.
pub(crate) trait Content: Any + fmt::Debug + Send + Sync {
    /// Adds what the entry is found by, as far as the body tells.
    fn add_facts(&self, facts: &mut Facts);

    /// The digests of what was signed, those that the log checked.
    fn digests(&self) -> Vec<EntryDigest>;

    /// Who signed, in the order of the signatures.
    fn signers(&self) -> Vec<EntrySigner>;

    /// The in-toto statement that the entry may vouch for. `None` where the payload is none, or
    /// where there is no payload.
    fn statement(&self) -> Option<LoggedStatement> {
        None
    }

    /// Whether the entry vouches for a statement that was handed in after it: its digest is over
    /// that, or its signature.
    fn vouches_for(&self, _statement: &AttachedStatement) -> bool {
        false
    }

    /// SHA-256 of the document that may be kept beside the entry.
    fn attestation_hash(&self) -> Option<Hash> {
        None
    }
}

/// Reads a canonical body of one kind.
pub(crate) type ReadBody = fn(&[u8]) -> Result<Box<dyn Content>, BodyError>;

/// What a body tells about an in-toto statement, which it holds the hash of only.
pub(crate) struct LoggedStatement {
    /// SHA-256 of the statement, where it may be kept beside the entry.
    pub(crate) hash: Option<Hash>,
    /// Whether the body says that the payload is a statement.
    pub(crate) is_typed: bool,
}
