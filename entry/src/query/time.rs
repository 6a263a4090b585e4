//! Times in queries.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What is a time.
pub(super) const EXPECTED: &str =
    "write a date such as 2026-11-01, a time by RFC 3339, or how long ago: 90m, 24h, 7d or 2w";

/// The Unix second that the text means: a date, which begins at midnight in UTC, a time, or a span
/// before `now`.
pub fn read(text: &str, now: i64) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_second());
    }
    // One without a zone is no time, and would be read as its date.
    let date = text.parse::<Date>();
    if let Some(date) = date.ok().filter(|_| !text.contains([':', 'T', 't'])) {
        let midnight = date.to_zoned(TimeZone::UTC).ok()?;
        return Some(midnight.timestamp().as_second());
    }
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    let is_plain = number.bytes().all(|digit| digit.is_ascii_digit());
    let span = number.parse::<i64>().ok().filter(|_| is_plain)?;
    now.checked_sub(span.checked_mul(seconds)?)
}
