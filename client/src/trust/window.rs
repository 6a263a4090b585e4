//! When something is trusted.

use ledgerstone_proto::sigstore::common::v1::TimeRange;

use crate::trust::error::TrustError;

/// The time in which an authority or a key is trusted. Both its ends belong to it, as Sigstore's
/// `TimeRange` says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// In milliseconds since 1970.
    start: i64,
    /// In milliseconds since 1970, or `None` for no end.
    end: Option<i64>,
}

impl Window {
    /// The window of `range`. One that does not say when it begins is none: it may have been meant
    /// to begin later than what it is asked about.
    pub(crate) fn new(range: Option<&TimeRange>) -> Result<Self, TrustError> {
        let start = range.and_then(|range| range.start);
        let start = start.ok_or(TrustError::NoStart)?;
        let milliseconds = |seconds: i64, nanos: i32| {
            let whole = seconds.saturating_mul(1_000);
            whole.saturating_add(i64::from(nanos) / 1_000_000)
        };
        let start = milliseconds(start.seconds, start.nanos);
        let end = range.and_then(|range| range.end);
        let end = end.map(|end| milliseconds(end.seconds, end.nanos));
        if end.is_some_and(|end| end < start) {
            return Err(TrustError::EmptyWindow);
        }
        Ok(Self { start, end })
    }

    /// Whether the window has begun and not ended at `time`, in milliseconds since 1970.
    pub fn contains(&self, time: i64) -> bool {
        self.start <= time && self.end.is_none_or(|end| time <= end)
    }
}

#[cfg(test)]
mod tests {
    use ledgerstone_proto::google::protobuf::Timestamp;

    use super::*;

    #[test]
    fn both_ends_belong_to_a_window() {
        let at = |seconds| Some(Timestamp::from_unix_seconds(seconds));
        let window = |start, end| Window::new(Some(&TimeRange { start, end }));
        let closed = window(at(10), at(20)).unwrap();
        for (time, inside) in [
            (9_999, false),
            (10_000, true),
            (20_000, true),
            (20_001, false),
        ] {
            assert_eq!(closed.contains(time), inside, "{time}");
        }
        assert!(window(at(10), None).unwrap().contains(i64::MAX));
        assert!(matches!(
            window(at(20), at(10)),
            Err(TrustError::EmptyWindow)
        ));
        assert!(matches!(window(None, at(10)), Err(TrustError::NoStart)));
        assert!(matches!(Window::new(None), Err(TrustError::NoStart)));
    }
}
