//! The time of the log.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Seconds since the epoch, 0 when the clock is before it.
pub(crate) fn unix_time() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
