//! The logs that are trusted.

use crate::trust::error::TrustError;
use crate::trust::log::TrustedLog;

/// The logs that are trusted; at least one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLogs {
    logs: Vec<TrustedLog>,
    left_out: Vec<String>,
}

impl TrustedLogs {
    /// These logs.
    ///
    /// # Errors
    /// [`TrustError::NoLog`] when there is none.
    pub fn new(logs: Vec<TrustedLog>) -> Result<Self, TrustError> {
        if logs.is_empty() {
            return Err(TrustError::NoLog);
        }
        Ok(Self {
            logs,
            left_out: Vec::new(),
        })
    }

    /// The same logs; those that a trusted root lists beside them are not trusted, for these
    /// reasons.
    pub(crate) fn with_left_out(self, left_out: Vec<String>) -> Self {
        Self { left_out, ..self }
    }

    /// The logs of the trusted root that are not trusted, each with the reason.
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &TrustedLog> {
        self.logs.iter()
    }

    /// The log that entries name as `log_id`.
    pub fn find(&self, log_id: &[u8]) -> Option<&TrustedLog> {
        self.logs.iter().find(|log| log.log_id() == log_id)
    }
}
