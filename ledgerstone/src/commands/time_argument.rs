//! Times on the command line.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// A time with its zone (RFC 3339), or a date, which stands for its first moment in UTC.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let date = text
        .parse::<Date>()
        .ok()
        .filter(|_| !text.contains([':', 'T']));
    let begins = date.and_then(|date| date.to_zoned(TimeZone::UTC).ok());
    begins.map(|begins| begins.timestamp()).ok_or_else(|| {
        "give a date, such as 2026-11-01, or a time with its zone, such as 2026-11-01T12:00:00Z"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_first_moment_in_utc() {
        let parsed = |text| parse_time(text).map(|time| time.to_string());
        assert_eq!(parsed("2026-11-01").unwrap(), "2026-11-01T00:00:00Z");
        assert_eq!(
            parsed("2026-11-01T12:00:00+01:00").unwrap(),
            "2026-11-01T11:00:00Z"
        );
        for text in ["yesterday", "2026-11-01T12:00", "2026-13-01", ""] {
            assert!(parsed(text).unwrap_err().contains("2026-11-01"), "{text}");
        }
    }
}
