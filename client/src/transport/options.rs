//! How long to wait for a log, and how often to ask again.

use std::time::Duration;

/// The longest `Retry-After` that is waited for; a log that asks for more is reported instead.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// How long to wait for a log, and how often to ask again.
#[derive(Clone, Copy, Debug)]
pub struct TransportOptions {
    /// The longest time that connecting may take.
    pub connect_timeout: Duration,
    /// The longest time that one request with its reply may take. Rekor v2 servers may take 20 s to
    /// answer.
    pub request_timeout: Duration,
    /// How often a request is sent at most; at least once.
    pub attempts: u32,
    /// The upper bound of the random wait before the second attempt; it doubles with each further
    /// one.
    pub first_backoff: Duration,
    /// The longest wait between two attempts that the log did not ask for.
    pub max_backoff: Duration,
}

impl Default for TransportOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            attempts: 5,
            first_backoff: Duration::from_millis(250),
            max_backoff: Duration::from_secs(8),
        }
    }
}

impl TransportOptions {
    /// How long to wait after the failed attempt number `attempt` (from 1), or `None` to give up.
    ///
    /// `asked` is the server's `Retry-After`; without one the wait is `fraction` (0 to 1) of the
    /// backoff, so that clients that failed together do not come back together.
    pub(crate) fn pause_after(
        &self,
        attempt: u32,
        asked: Option<Duration>,
        fraction: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts {
            return None;
        }
        match asked {
            Some(asked) => (asked <= MAX_RETRY_AFTER).then_some(asked),
            None => {
                let doubled = self
                    .first_backoff
                    .saturating_mul(1 << (attempt - 1).min(16));
                Some(doubled.min(self.max_backoff).mul_f64(fraction))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPTIONS: TransportOptions = TransportOptions {
        connect_timeout: Duration::from_secs(1),
        request_timeout: Duration::from_secs(1),
        attempts: 4,
        first_backoff: Duration::from_millis(100),
        max_backoff: Duration::from_millis(300),
    };

    #[test]
    fn backoff_doubles_up_to_its_limit_and_ends() {
        let pauses: Vec<_> = (1..=4)
            .map(|attempt| OPTIONS.pause_after(attempt, None, 1.0))
            .collect();
        let expected =
            [100, 200, 300].map(|milliseconds| Some(Duration::from_millis(milliseconds)));
        assert_eq!(pauses[..3], expected);
        assert_eq!(pauses[3], None);
        assert_eq!(
            OPTIONS.pause_after(1, None, 0.5),
            Some(Duration::from_millis(50))
        );
    }

    #[test]
    fn the_wait_that_the_server_asks_for_is_kept_or_refused() {
        let seconds = Duration::from_secs;
        assert_eq!(
            OPTIONS.pause_after(1, Some(seconds(7)), 0.0),
            Some(seconds(7))
        );
        assert_eq!(OPTIONS.pause_after(1, Some(seconds(61)), 0.0), None);
        assert_eq!(OPTIONS.pause_after(4, Some(seconds(1)), 0.0), None);
    }
}
