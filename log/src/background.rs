//! A thread that works beside a log until it is told to end.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Condvar;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::error::OpenError;

/// What a thread waits at, between one piece of work and the next.
#[derive(Default)]
pub(crate) struct Bell {
    state: Mutex<State>,
    rung: Condvar,
}

#[derive(Default)]
struct State {
    has_work: bool,
    is_stopped: bool,
}

/// A thread, which is told to end when this is dropped.
pub(crate) struct Background {
    bell: Arc<Bell>,
    ended: watch::Receiver<bool>,
}

impl Bell {
    /// There is work.
    pub(crate) fn ring(&self) {
        self.state.lock().has_work = true;
        self.rung.notify_all();
    }

    fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.rung.notify_all();
    }

    /// Waits until there is work, for `limit` at most, or until the thread is to end, and says
    /// whether it is.
    pub(crate) fn wait(&self, limit: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        while !state.has_work && !state.is_stopped {
            match limit {
                Some(limit) if self.rung.wait_for(&mut state, limit).timed_out() => break,
                Some(_) => {}
                None => self.rung.wait(&mut state),
            }
        }
        state.has_work = false;
        state.is_stopped
    }

    /// Whether the thread is to end.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state.lock().is_stopped
    }
}

impl Background {
    /// Starts the thread, which does `work` and gives what came of it, or its panic, to `after`.
    /// What `work` owns is dropped before anybody hears of the end: a store is free then.
    pub(crate) fn start<T>(
        name: &str,
        bell: Arc<Bell>,
        work: impl FnOnce(&Bell) -> T + Send + 'static,
        after: impl FnOnce(thread::Result<T>) + Send + 'static,
    ) -> Result<Self, OpenError> {
        let (end, ended) = watch::channel(false);
        let thread = Arc::clone(&bell);
        let run = move || {
            after(catch_unwind(AssertUnwindSafe(|| work(&thread))));
            end.send_replace(true);
        };
        thread::Builder::new()
            .name(name.to_owned())
            .spawn(run)
            .map_err(OpenError::Thread)?;
        Ok(Self { bell, ended })
    }

    /// Tells the thread to end, and waits until it has.
    pub(crate) async fn stop(&self) {
        self.bell.stop();
        let mut ended = self.ended.clone();
        // The sender is gone when the thread is.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        self.bell.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::atomic::Ordering;

    use super::*;

    /// Says that it was dropped.
    struct Owned(Arc<AtomicBool>);

    impl Drop for Owned {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn what_a_thread_owns_is_free_when_it_has_ended_even_by_a_panic() {
        for panics in [false, true] {
            let is_free = Arc::new(AtomicBool::new(false));
            let (owned, seen) = (Owned(Arc::clone(&is_free)), Arc::new(Mutex::new(None)));
            let told = Arc::clone(&seen);
            let work = move |bell: &Bell| {
                let _owned = owned;
                while !bell.wait(None) {}
                assert!(!panics);
            };
            let after = move |result: thread::Result<()>| *told.lock() = Some(result.is_err());
            let thread = Background::start("test", Arc::default(), work, after).unwrap();
            thread.stop().await;
            assert!(is_free.load(Ordering::SeqCst));
            assert_eq!(*seen.lock(), Some(panics));
        }
    }

    #[test]
    fn work_is_found_once_and_an_end_for_ever() {
        let bell = Bell::default();
        bell.ring();
        assert!(!bell.wait(None));
        assert!(!bell.wait(Some(Duration::from_millis(1))), "there is none");
        bell.stop();
        assert!(bell.wait(None));
        assert!(bell.wait(None) && bell.is_stopped());
    }
}
