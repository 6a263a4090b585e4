//! `google.protobuf`: the well-known types that need a JSON form.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de;
use serde::ser;

/// An instant, as seconds and nanoseconds since 1970-01-01T00:00:00Z.
///
/// Its JSON form is an RFC 3339 string: `Z` and 0, 3, 6 or 9 fractional digits are written, any
/// offset and 1 to 9 digits are read. Leap seconds are refused.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd, prost::Message)]
pub struct Timestamp {
    /// Unix seconds. In JSON from year 1 to year 9999.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// Nanoseconds after `seconds`: 0 to 999,999,999.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl Timestamp {
    /// The instant that many seconds after 1970-01-01T00:00:00Z.
    pub const fn from_unix_seconds(seconds: i64) -> Self {
        Self { seconds, nanos: 0 }
    }

    /// The RFC 3339 form.
    ///
    /// # Errors
    ///
    /// The instant has no such form: its year is not 1 to 9999, or the nanoseconds are not below
    /// one second.
    pub fn to_rfc3339(self) -> Result<String, TimestampError> {
        if !SECONDS.contains(&self.seconds) || !(0..NANOS_PER_SECOND).contains(&self.nanos) {
            return Err(TimestampError::OutOfRange {
                seconds: self.seconds,
                nanos: self.nanos,
            });
        }
        let Self { seconds, nanos } = self;
        Ok(prost_types::Timestamp { seconds, nanos }.to_string())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || TimestampError::Syntax { text: text.into() };
        if !has_rfc3339_shape(text.as_bytes()) {
            return Err(invalid());
        }
        let prost_types::Timestamp { seconds, nanos } = text.parse().map_err(|_| invalid())?;
        if !SECONDS.contains(&seconds) {
            return Err(TimestampError::OutOfRange { seconds, nanos });
        }
        Ok(Self { seconds, nanos })
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_rfc3339().map_err(ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Not `deserialize_str`, by which the JSON reader tells bytes from texts.
        deserializer.deserialize_string(TimestampVisitor)
    }
}

/// An instant that cannot be read or written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TimestampError {
    /// The text is not a date and a time with an offset (RFC 3339, section 5.6).
    #[error("`{text}` is not an RFC 3339 time such as 2026-01-31T12:00:00Z")]
    Syntax {
        /// What was read.
        text: String,
    },
    /// Only the years 1 to 9999 have a form of four digits.
    #[error("{seconds} s and {nanos} ns after 1970 is not within the years 1 to 9999")]
    OutOfRange {
        /// Unix seconds.
        seconds: i64,
        /// Nanoseconds.
        nanos: i32,
    },
}

struct TimestampVisitor;

impl de::Visitor<'_> for TimestampVisitor {
    type Value = Timestamp;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an RFC 3339 time")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        text.parse().map_err(E::custom)
    }
}

/// `YYYY-MM-DDThh:mm:ss[.f](Z|+hh:mm|-hh:mm)`, the only shape that every implementation reads. The
/// parser behind it is more lenient than that, and rounds leap seconds.
fn has_rfc3339_shape(text: &[u8]) -> bool {
    let Some((start, rest)) = text.split_at_checked(DATE_AND_TIME.len()) else {
        return false;
    };
    let zone = match rest.split_first() {
        Some((b'.', rest)) => {
            let digits = rest.iter().take_while(|byte| byte.is_ascii_digit());
            let count = digits.count();
            if !(1..=MAX_FRACTION_DIGITS).contains(&count) {
                return false;
            }
            &rest[count..]
        }
        _ => rest,
    };
    matches_pattern(start, DATE_AND_TIME)
        && start[SECOND_TENS] < b'6'
        && (zone == b"Z" || matches_pattern(zone, b"+00:00") || matches_pattern(zone, b"-00:00"))
}

/// In a pattern `0` stands for any digit, every other byte for itself.
fn matches_pattern(text: &[u8], pattern: &[u8]) -> bool {
    text.len() == pattern.len()
        && text
            .iter()
            .zip(pattern)
            .all(|(byte, &wanted)| match wanted {
                b'0' => byte.is_ascii_digit(),
                _ => *byte == wanted,
            })
}

const DATE_AND_TIME: &[u8] = b"0000-00-00T00:00:00";
const SECOND_TENS: usize = 17;
const MAX_FRACTION_DIGITS: usize = 9;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

/// 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_the_published_examples() {
        for (text, seconds, nanos) in [
            ("1970-01-01T00:00:00Z", 0, 0),
            ("2024-01-01T00:00:00Z", 1_704_067_200, 0),
            ("1985-04-12T23:20:50.520Z", 482_196_050, 520_000_000),
            ("1937-01-01T11:40:27.000000870Z", -1_041_337_173, 870),
            ("0001-01-01T00:00:00Z", *SECONDS.start(), 0),
            (
                "9999-12-31T23:59:59.999999999Z",
                *SECONDS.end(),
                999_999_999,
            ),
        ] {
            let timestamp = Timestamp { seconds, nanos };
            assert_eq!(text.parse(), Ok(timestamp), "{text}");
            assert_eq!(timestamp.to_rfc3339().as_deref(), Ok(text));
        }
    }

    #[test]
    fn reads_offsets_and_short_fractions() {
        for (text, same) in [
            ("1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57Z"),
            ("1990-12-31T23:59:59.5+00:30", "1990-12-31T23:29:59.500Z"),
            (
                "2024-02-29T00:00:00.000000001-00:30",
                "2024-02-29T00:30:00.000000001Z",
            ),
        ] {
            let timestamp: Timestamp = text.parse().unwrap();
            assert_eq!(timestamp.to_rfc3339().as_deref(), Ok(same), "{text}");
        }
    }

    #[test]
    fn refuses_other_shapes() {
        for text in [
            "",
            "2024-01-01",
            "2024-01-01T00:00:00",
            "2024-01-01 00:00:00Z",
            "2024-01-01t00:00:00Z",
            "2024-01-01T00:00:00z",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00.0000000001Z",
            "2024-01-01T00:00:00 Z",
            "2024-01-01T00:00:00+0000",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-02-30T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "1990-12-31T23:59:60Z",
            "+2024-01-01T00:00:00Z",
            "0000-12-31T00:00:00Z",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
            "２024-01-01T00:00:00Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text:?} was read");
        }
    }

    #[test]
    fn refuses_to_write_what_cannot_be_read_back() {
        for (seconds, nanos) in [
            (SECONDS.start() - 1, 0),
            (SECONDS.end() + 1, 0),
            (i64::MIN, 0),
            (0, -1),
            (0, NANOS_PER_SECOND),
        ] {
            let result = Timestamp { seconds, nanos }.to_rfc3339();
            assert_eq!(result, Err(TimestampError::OutOfRange { seconds, nanos }));
        }
    }
}
