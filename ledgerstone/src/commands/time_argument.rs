//! Times on the command line: as queries have them.

use jiff::Timestamp;
use ledgerstone_entry::query::parse_time as parse_seconds;

/// A date, which stands for its first moment in UTC, a time by RFC 3339, or how long ago.
pub(crate) fn parse_time(text: &str) -> Result<Timestamp, String> {
    let seconds = parse_unix_seconds(text)?;
    Timestamp::from_second(seconds).map_err(|error| error.to_string())
}

/// The same in Unix seconds.
pub(crate) fn parse_unix_seconds(text: &str) -> Result<i64, String> {
    parse_seconds(text, Timestamp::now().as_second()).ok_or_else(|| {
        "give a date, such as 2026-11-01, a time with its zone, such as 2026-11-01T12:00:00Z, or \
         how long ago, such as 7d"
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
