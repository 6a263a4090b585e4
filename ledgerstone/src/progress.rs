//! How far a command is, for people at a terminal.

use std::fmt;
use std::fmt::Write as _;
use std::time::Duration;

use indicatif::HumanCount;
use indicatif::HumanDuration;
use indicatif::ProgressBar;
use indicatif::ProgressState;
use indicatif::ProgressStyle;

const PROGRESS: &str = "{bar:30} {human_pos} of {human_len} entries{pace}";

/// What a pace is told after: the first moments say nothing about the rest.
const SETTLED: Duration = Duration::from_secs(2);

/// How far in a log a command is. Draws on standard error, and only where that is a terminal.
pub(crate) fn entries_bar(entries: u64) -> ProgressBar {
    let bar = ProgressBar::new(entries);
    if let Ok(style) = ProgressStyle::with_template(PROGRESS) {
        bar.set_style(style.with_key(
            "pace",
            |state: &ProgressState, text: &mut dyn fmt::Write| {
                let pace = pace(state.per_sec(), state.elapsed(), state.eta());
                // Where a terminal does not take it there is nobody to tell.
                let _ = text.write_str(&pace);
            },
        ));
    }
    bar
}

/// Shows that `entries` are done. Those that an earlier run did are no work of this one: the first
/// that is shown is where it begins.
pub(crate) fn show(bar: &ProgressBar, entries: u64) {
    let begins = bar.position() == 0;
    bar.set_position(entries);
    if begins {
        bar.reset_eta();
    }
}

/// Whole entries a second, and the time that is left, once both mean something.
fn pace(per_second: f64, elapsed: Duration, left: Duration) -> String {
    if elapsed < SETTLED || !per_second.is_finite() || per_second < 1.0 {
        return String::new();
    }
    let mut text = format!(", {} a second", HumanCount(per_second as u64));
    if !left.is_zero() {
        let _ = write!(text, ", {} left", HumanDuration(left));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_told_in_whole_entries_and_not_at_once() {
        let (second, minute) = (Duration::from_secs(1), Duration::from_secs(60));
        assert_eq!(pace(1_000.0, second, minute), "");
        assert_eq!(pace(f64::INFINITY, minute, minute), "");
        assert_eq!(pace(0.2, minute, minute), "");
        assert_eq!(
            pace(12_345.678, minute, minute),
            ", 12,345 a second, 60 seconds left"
        );
        assert_eq!(pace(12.0, minute, Duration::ZERO), ", 12 a second");
    }

    #[test]
    fn what_an_earlier_run_did_is_no_pace_of_this_one() {
        let bar = entries_bar(1_000_000);
        show(&bar, 900_000);
        assert_eq!(bar.position(), 900_000);
        assert_eq!(bar.per_sec(), 0.0);
    }
}
