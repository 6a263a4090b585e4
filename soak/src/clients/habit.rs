//! What an honest client does, again and again.

use std::time::Duration;

/// What an honest client does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Habit {
    /// Submits over Rekor v2.
    SubmitsV2,
    /// Submits over Rekor v1.
    SubmitsV1,
    /// Submits over Rekor v2, and then the same again.
    Repeats,
    /// Reads what was acknowledged long ago, with proofs.
    Reads,
    /// Submits over Rekor v1, and searches for it.
    Searches,
    /// Submits artifacts of a mebibyte over Rekor v1.
    SubmitsLarge,
}

/// What each client of a crowd does.
pub(crate) const HABITS: [Habit; 10] = [
    Habit::SubmitsV2,
    Habit::SubmitsV2,
    Habit::SubmitsV2,
    Habit::SubmitsV1,
    Habit::SubmitsV1,
    Habit::Repeats,
    Habit::Reads,
    Habit::Reads,
    Habit::Searches,
    Habit::SubmitsLarge,
];

impl Habit {
    /// How long it rests between two requests.
    pub(crate) fn pause(self) -> Duration {
        match self {
            Self::SubmitsLarge => Duration::from_millis(300),
            _ => Duration::from_millis(20),
        }
    }

    /// Whether the time of its requests is like that of all others.
    pub(crate) fn is_timed(self) -> bool {
        self != Self::SubmitsLarge
    }
}
