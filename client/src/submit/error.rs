//! Why something was not logged, or not provably.

use ledgerstone_entry::Reject;
use ledgerstone_entry::key::PublicKeyError;
use ledgerstone_merkle::Hash;

use crate::transport::error::TransportError;
use crate::verify::log_entry_error::LogEntryError;
use crate::verify::log_entry_error::LogEntryFault;

/// Why something was not logged, or not provably.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The key or certificate cannot be read.
    #[error("the key or certificate cannot be used: {0}")]
    Key(#[from] PublicKeyError),
    /// No log accepts it; it was not sent.
    #[error("no log accepts this: {0}")]
    Reject(#[from] Reject),
    /// A bundle holds exactly one signature of an envelope.
    #[error("the envelope has {0} signatures instead of one")]
    SignatureCount(usize),
    /// A hashedrekord entry needs a signature over a digest, and Ed25519 signatures of envelopes
    /// are not.
    #[error("envelopes signed with Ed25519 can only be logged as dsse entries; choose that kind")]
    Ed25519Envelope,
    /// The log could not be asked, or refused.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The answer is not a log entry.
    #[error("the log's answer cannot be read: {0}")]
    Reply(#[from] LogEntryError),
    /// The answer is about something else.
    #[error("the log answered with the entry {answered} instead of {submitted}")]
    OtherBody {
        /// The leaf hash of what was submitted.
        submitted: Hash,
        /// The leaf hash of what came back.
        answered: Hash,
    },
    /// The answer does not prove what it should.
    #[error("the log's answer does not hold: {0}")]
    Untrue(#[from] LogEntryFault),
}
