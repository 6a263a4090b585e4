//! The reading beside a running log.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Condvar;
use parking_lot::Mutex;
use tokio::sync::watch;
use tracing::error;

use crate::error::OpenError;
use crate::options::Observer;
use crate::scrub::pass::Scrub;

/// The shortest pause between two steps.
const LEAST_PAUSE: Duration = Duration::from_millis(1);

/// The shortest pause between two passes, so that a small store is not read all the time.
const PASS_PAUSE: Duration = Duration::from_secs(5);

/// The longest, so that one large step of a slow reading is no standstill.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The thread, and how it is told to end.
pub(crate) struct Scrubbing {
    shared: Arc<Shared>,
    ended: watch::Receiver<bool>,
}

#[derive(Default)]
struct Shared {
    is_stopped: Mutex<bool>,
    stopped: Condvar,
}

impl Scrubbing {
    /// Starts the thread, which reads about `rate` bytes a second.
    pub(crate) fn start(
        mut scrub: Scrub,
        rate: u64,
        observer: Option<Arc<dyn Observer>>,
    ) -> Result<Self, OpenError> {
        let shared = Arc::new(Shared::default());
        let (end, ended) = watch::channel(false);
        let thread = Arc::clone(&shared);
        let run = move || {
            let run = AssertUnwindSafe(|| thread.run(&mut scrub, rate, observer.as_deref()));
            if catch_unwind(run).is_err() {
                error!("the reading of the store ended by a defect; the log goes on without it");
            }
            // The store is free before anybody hears of the end.
            drop(scrub);
            end.send_replace(true);
        };
        thread::Builder::new()
            .name("scrub".to_owned())
            .spawn(run)
            .map_err(OpenError::Thread)?;
        Ok(Self { shared, ended })
    }

    /// Ends it, and waits until it has.
    pub(crate) async fn stop(&self) {
        self.tell();
        let mut ended = self.ended.clone();
        // The sender is gone when the thread is.
        let _ = ended.wait_for(|ended| *ended).await;
    }

    fn tell(&self) {
        *self.shared.is_stopped.lock() = true;
        self.shared.stopped.notify_all();
    }
}

impl Drop for Scrubbing {
    fn drop(&mut self) {
        self.tell();
    }
}

impl Shared {
    fn run(&self, scrub: &mut Scrub, rate: u64, observer: Option<&dyn Observer>) {
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
            if self.wait(pause) {
                return;
            }
        }
    }

    fn wait(&self, pause: Duration) -> bool {
        let mut is_stopped = self.is_stopped.lock();
        if !*is_stopped {
            self.stopped.wait_for(&mut is_stopped, pause);
        }
        *is_stopped
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
