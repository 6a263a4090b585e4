//! The settings of statements.

use std::time::Duration;

use crate::settings::section::section;

section! {
    /// What is kept of statements that are handed in after their entries.
    pub struct StatementSettings from StatementOverrides {
        /// Take statements that are handed in after their entries, and keep them
        [BOOL] keep_statements: bool = true;
        /// Longest statement that is taken, in an entry of Rekor v1 or after an entry, in bytes
        [BYTES] max_statement_bytes: usize = 12 << 20, in 1 << 16..=256 << 20;
        /// Most bytes that all statements together may have that were handed in after their
        /// entries; more get 507
        [BYTES] max_statements_bytes: u64 = 16 << 30;
        /// How long statements are kept that were handed in after their entries, in days; what
        /// they name is found for ever; 0: for ever
        [DAYS] statement_retention: u64 = 0, in 0..=36_500;
    }
}

/// What stands around a statement in a request, at most, in bytes: signatures, certificates, and
/// the proofs of a bundle.
const AROUND_STATEMENT: usize = 256 << 10;

impl StatementSettings {
    /// The longest body of a request that hands in a statement, in bytes: the longest one in base64
    /// fits into it.
    pub(crate) fn body_limit(&self) -> usize {
        self.max_statement_bytes.div_ceil(3) * 4 + AROUND_STATEMENT
    }

    /// The longest body of an entry with a statement, in bytes: in Rekor v1 it may be in base64 of
    /// base64.
    pub(crate) fn entry_limit(&self) -> usize {
        let once = self.max_statement_bytes.div_ceil(3) * 4;
        once.div_ceil(3) * 4 + AROUND_STATEMENT
    }

    /// How long statements are kept; `None` for ever.
    pub fn retention(&self) -> Option<Duration> {
        let seconds = self.statement_retention * 24 * 60 * 60;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }
}
