//! The reading beside a running log.

use std::sync::Arc;
use std::time::Duration;

use tracing::error;

use crate::background::Background;
use crate::background::Bell;
use crate::error::OpenError;
use crate::options::Observer;
use crate::scrub::pass::Scrub;

/// The shortest pause between two steps.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// The shortest pause between two passes, so that a small store is not read all the time.
const PASS_PAUSE: Duration = Duration::from_secs(5);

/// The longest, so that one large step of a slow reading is no standstill.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Starts the thread, which reads about `rate` bytes a second.
pub(crate) fn start(
    mut scrub: Scrub,
    rate: u64,
    observer: Option<Arc<dyn Observer>>,
) -> Result<Background, OpenError> {
    let work = move |bell: &Bell| read(bell, &mut scrub, rate, observer.as_deref());
    Background::start("scrub", Arc::default(), work, |result| {
        if result.is_err() {
            error!("the reading of the store ended by a defect; the log goes on without it");
        }
    })
}

fn read(bell: &Bell, scrub: &mut Scrub, rate: u64, observer: Option<&dyn Observer>) {
    let mut passes = 0;
    loop {
        let report = scrub.step();
        if let Some(observer) = observer {
            observer.scrubbed(&report);
        }
        let mut pause = pause(report.bytes, rate);
        if std::mem::replace(&mut passes, report.passes) < report.passes {
            pause = pause.max(PASS_PAUSE);
        }
        if bell.wait(Some(pause)) {
            return;
        }
    }
}

/// How long `bytes` take at `rate`.
fn pause(bytes: u64, rate: u64) -> Duration {
    let seconds = bytes as f64 / rate.max(1) as f64;
    let pause = Duration::try_from_secs_f64(seconds).unwrap_or(LONGEST_PAUSE);
    pause.clamp(LEAST_PAUSE, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_takes_as_long_as_the_rate_says() {
        assert_eq!(pause(512, 1_024), Duration::from_millis(500));
        assert_eq!(pause(0, 1), LEAST_PAUSE);
        assert_eq!(pause(u64::MAX, 1), LONGEST_PAUSE);
    }
}
