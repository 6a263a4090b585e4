//! The log entries of a bundle: proven to be in the log, or, in the oldest bundles, only promised.

use bytes::Bytes;
use ledgerstone_merkle::LeafIndex;
use ledgerstone_proto::sigstore::rekor::v1::TransparencyLogEntry;

use crate::trust::checkpoint::SignedCheckpoint;
use crate::trust::log::TrustedLog;
use crate::trust::logs::TrustedLogs;
use crate::verify::log_entry::LogEntry;
use crate::verify::log_entry::find_log;
use crate::verify::log_entry_error::LogEntryError;
use crate::verify::log_entry_error::LogEntryFault;
use crate::verify::promise::VerifiedPromise;
use crate::verify::promise::verify_promise;

/// A log entry in a bundle.
#[derive(Clone, Debug, PartialEq)]
pub enum BundleEntry {
    /// With the proof that the log holds it.
    Proven(LogEntry),
    /// With nothing but the promise of a Rekor v1 that it will: so it is in many bundles of version
    /// 0.1.
    Promised(PromisedEntry),
}

/// A `TransparencyLogEntry` that only has a promise. That it is true is for
/// [`verify`](crate::verify()) to say.
#[derive(Clone, Debug, PartialEq)]
pub struct PromisedEntry {
    message: TransparencyLogEntry,
    kind: String,
    version: String,
    index: u64,
}

/// What an entry was shown to have.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shown {
    pub(crate) log: TrustedLog,
    pub(crate) checkpoint: Option<SignedCheckpoint>,
    pub(crate) promise: Option<VerifiedPromise>,
}

impl BundleEntry {
    /// Reads `message`. Without an inclusion proof it needs a promise, and `promise_will_do`.
    ///
    /// # Errors
    /// [`LogEntryError`] with the rule that it breaks.
    pub fn new(
        message: TransparencyLogEntry,
        promise_will_do: bool,
    ) -> Result<Self, LogEntryError> {
        let only_promised =
            message.inclusion_proof.is_none() && message.inclusion_promise.is_some();
        if only_promised && promise_will_do {
            return PromisedEntry::new(message).map(Self::Promised);
        }
        LogEntry::new(message).map(Self::Proven)
    }

    /// The index in the tree of the proof; where there is none, the one that was promised, which
    /// counts over all trees.
    pub fn index(&self) -> LeafIndex {
        match self {
            Self::Proven(entry) => entry.index(),
            Self::Promised(entry) => LeafIndex::new(entry.index),
        }
    }

    /// The kind of entry, such as `hashedrekord`.
    pub fn kind(&self) -> &str {
        match self {
            Self::Proven(entry) => entry.kind(),
            Self::Promised(entry) => &entry.kind,
        }
    }

    /// The version of the kind, such as `0.0.1`.
    pub fn version(&self) -> &str {
        match self {
            Self::Proven(entry) => entry.version(),
            Self::Promised(entry) => &entry.version,
        }
    }

    /// What was logged.
    pub fn body(&self) -> &Bytes {
        &self.message().canonicalized_body
    }

    /// The message, as it goes into a bundle.
    pub fn message(&self) -> &TransparencyLogEntry {
        match self {
            Self::Proven(entry) => entry.message(),
            Self::Promised(entry) => &entry.message,
        }
    }

    /// Checks whatever the entry has: that its body is in a tree that one of `logs` signed, and
    /// that the log promised it.
    pub(crate) fn verify(&self, logs: Option<&TrustedLogs>) -> Result<Shown, LogEntryFault> {
        let id = self.message().log_id.as_ref();
        let id = id.map(|id| id.key_id.as_ref()).unwrap_or_default();
        let logs = logs.ok_or_else(|| LogEntryFault::UnknownLog {
            log_id: hex::encode(id),
        })?;
        let checkpoint = match self {
            Self::Proven(entry) => Some(entry.verify(logs)?),
            Self::Promised(_) => None,
        };
        let log = find_log(logs, id)?;
        let promise = verify_promise(self.message(), log)?;
        Ok(Shown {
            log: log.clone(),
            checkpoint,
            promise,
        })
    }
}

impl PromisedEntry {
    fn new(message: TransparencyLogEntry) -> Result<Self, LogEntryError> {
        if message.canonicalized_body.is_empty() {
            return Err(LogEntryError::Missing("canonicalizedBody"));
        }
        let kind = message.kind_version.clone();
        let kind = kind.ok_or(LogEntryError::Missing("kindVersion"))?;
        let index = u64::try_from(message.log_index).map_err(|_| LogEntryError::Negative {
            field: "logIndex",
            value: message.log_index,
        })?;
        Ok(Self {
            kind: kind.kind,
            version: kind.version,
            index,
            message,
        })
    }
}
