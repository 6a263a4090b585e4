//! When a signature existed, and who says so.

use jiff::Timestamp;

/// A time at which a signature existed, and who vouches for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProvenTime {
    /// In milliseconds since 1970.
    pub milliseconds: i64,
    /// Who says so.
    pub source: TimeSource,
}

/// Who vouches for a time.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TimeSource {
    /// A time stamp authority of the trusted root (RFC 3161).
    Authority {
        /// What the trusted root calls it.
        name: String,
        /// The policy under which it made the time stamp.
        policy: String,
    },
    /// A log, by its promise to hold the entry (Rekor v1).
    Log {
        /// Its name.
        origin: String,
    },
}

/// A time in RFC 3339; one beyond what that can say as the number that it is.
pub(crate) fn time_text(milliseconds: i64) -> String {
    Timestamp::from_millisecond(milliseconds)
        .map_or_else(|_| milliseconds.to_string(), |time| time.to_string())
}
