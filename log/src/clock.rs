//! The time of the log, and which readings of a clock it believes.
//!
//! Time in a log never runs backwards, so one reading that is far ahead would fix the time of all
//! entries until the world has caught up. Such a reading is refused, and what it would have dated
//! with it: nobody can tell what the time is instead. A refusal changes nothing: the next reading
//! is judged for itself.

use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

/// Where a log reads the time.
pub trait Clock: Send + Sync + 'static {
    /// Seconds since the epoch: what may be set, by people and by time servers.
    fn unix_time(&self) -> i64;

    /// How long the process runs, by a clock that nobody sets. It may stand still while the machine
    /// is suspended.
    fn elapsed(&self) -> Duration;
}

/// The clocks of the operating system.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock {
    start: Instant,
}

impl Default for SystemClock {
    fn default() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Clock for SystemClock {
    fn unix_time(&self) -> i64 {
        unix_time()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A reading that is further ahead than the log believes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the clock says {reading}, and {latest} is the latest time that is believed (Unix seconds)"
)]
pub struct ClockAhead {
    /// What the clock said, in Unix seconds.
    pub reading: i64,
    /// The latest time that would have been believed, in Unix seconds.
    pub latest: i64,
}

/// The longest time that a log stands still, in seconds, without the operator's word: a year. The
/// first reading of a start is held against the last round, since there is nothing else to hold it
/// against. A log may well not be used for months, so this bound is wide: it catches clocks that
/// are years off, as one that counts from another epoch or lost a digit. Where a log really stood
/// still for longer, the operator says so ([`LogOptions`](crate::LogOptions)).
pub(crate) const MAX_STANDSTILL: i64 = 366 * 24 * 60 * 60;

/// How far the clock may run ahead of monotonic time since the first round of a start, in seconds:
/// a day. It covers what a time server corrects, and the hours for which a machine is suspended,
/// which monotonic time does not count. A clock that is set further ahead while the log runs is
/// refused until it is set back, or until the next start, which holds it against the last round.
pub(crate) const MAX_AHEAD_OF_MONOTONIC: i64 = 24 * 60 * 60;

/// The time of rounds.
pub(crate) struct RoundClock {
    clock: Arc<dyn Clock>,
    /// Of the last round; time never runs backwards.
    last: i64,
    /// The latest first reading that is believed; `None` where there is nothing to hold it against.
    latest_first: Option<i64>,
    /// The reading of the first round of this start, and the monotonic time then.
    first: Option<(i64, Duration)>,
}

impl RoundClock {
    /// A clock for a log whose heads are at `last` or earlier, and whose last round, if it ever had
    /// one and the operator has not vouched for the clock, was at `last_round`.
    ///
    /// # Errors
    /// [`ClockAhead`] when the clock is further ahead of the last round than [`MAX_STANDSTILL`].
    pub(crate) fn start(
        clock: Arc<dyn Clock>,
        last: i64,
        last_round: Option<i64>,
    ) -> Result<Self, ClockAhead> {
        let clock = Self {
            clock,
            last,
            latest_first: last_round.map(|last| last.saturating_add(MAX_STANDSTILL)),
            first: None,
        };
        clock.read()?;
        Ok(clock)
    }

    /// The time of a round that begins now.
    ///
    /// # Errors
    /// [`ClockAhead`] when the clock is further ahead than is believed.
    pub(crate) fn time(&mut self) -> Result<i64, ClockAhead> {
        let reading = self.read()?;
        // A clock that is behind the last round is not set yet, as where a machine has no battery
        // and waits for its time server: monotonic time is not counted from there.
        if reading >= self.last && self.first.is_none() {
            self.first = Some((reading, self.clock.elapsed()));
        }
        Ok(reading.max(self.last))
    }

    /// A round was made at `time`.
    pub(crate) fn passed(&mut self, time: i64) {
        self.last = time;
    }

    fn read(&self) -> Result<i64, ClockAhead> {
        let reading = self.clock.unix_time();
        let latest = match self.first {
            Some((first, then)) => {
                let since = self.clock.elapsed().saturating_sub(then).as_secs();
                let since = i64::try_from(since).unwrap_or(i64::MAX);
                let believed = first.saturating_add(since);
                Some(believed.saturating_add(MAX_AHEAD_OF_MONOTONIC))
            }
            None => self.latest_first,
        };
        match latest {
            Some(latest) if reading > latest => Err(ClockAhead { reading, latest }),
            _ => Ok(reading),
        }
    }
}

/// Seconds since the epoch, 0 when the clock is before it.
pub(crate) fn unix_time() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
