//! What a connection has to do, and for how long its client has held it up.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use parking_lot::Mutex;

/// How long a client may let a request of its own wait before the connection counts as idle.
const STALLED: Duration = Duration::from_secs(5);

/// The requests of one connection.
#[derive(Debug)]
pub(crate) struct Activity {
    requests: Mutex<Requests>,
}

#[derive(Debug)]
struct Requests {
    next: u64,
    /// Those that are not answered to the last byte.
    open: HashMap<u64, Stage>,
    /// How many of them wait for nothing but the server.
    at_work: usize,
    /// Since when none is at work, where none is.
    idle_since: Instant,
}

/// Whom a request waits for.
#[derive(Clone, Copy, Debug)]
enum Stage {
    Server,
    /// Its client, which has more of the body to send.
    Sender,
    /// Its client, which has the answer to read, since then.
    Reader(Instant),
}

/// A request that is not answered to the last byte, while this lives.
#[derive(Debug)]
pub(crate) struct Busy {
    activity: Arc<Activity>,
    id: u64,
}

impl Activity {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            requests: Mutex::new(Requests {
                next: 0,
                open: HashMap::new(),
                at_work: 0,
                idle_since: Instant::now(),
            }),
        })
    }

    /// A request begins.
    pub(crate) fn begin(self: &Arc<Self>) -> Busy {
        let mut requests = self.requests.lock();
        let id = requests.next;
        requests.next += 1;
        requests.open.insert(id, Stage::Server);
        requests.at_work += 1;
        Busy {
            activity: Arc::clone(self),
            id,
        }
    }

    /// How many requests are not answered to the last byte.
    pub(crate) fn under_way(&self) -> usize {
        self.requests.lock().open.len()
    }

    /// Since when there has been nothing to do, or nothing that the client does not hold up; `None`
    /// while there is.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        let requests = self.requests.lock();
        let since = requests.idle_since;
        let is_idle = requests.open.is_empty() || since.elapsed() >= STALLED;
        (requests.at_work == 0 && is_idle).then_some(since)
    }

    /// Whether the client has left an answer unread for `limit`.
    pub(crate) fn leaves_unread(&self, limit: Duration) -> bool {
        let requests = self.requests.lock();
        let mut stages = requests.open.values();
        stages.any(|stage| matches!(stage, Stage::Reader(since) if since.elapsed() >= limit))
    }
}

impl Requests {
    fn change(&mut self, id: u64, stage: Option<Stage>) {
        let before = match stage {
            Some(stage) => self.open.insert(id, stage),
            None => self.open.remove(&id),
        };
        let at_work = |stage: Option<Stage>| usize::from(matches!(stage, Some(Stage::Server)));
        self.at_work = self.at_work + at_work(stage) - at_work(before);
        if self.at_work == 0 {
            self.idle_since = Instant::now();
        }
    }
}

impl Busy {
    /// The request waits for the server.
    pub(crate) fn work(&self) {
        self.change(Some(Stage::Server));
    }

    /// The request waits for its client to send.
    pub(crate) fn wait_for_sender(&self) {
        self.change(Some(Stage::Sender));
    }

    /// The request waits for its client to read.
    pub(crate) fn wait_for_reader(&self) {
        self.change(Some(Stage::Reader(Instant::now())));
    }

    fn change(&self, stage: Option<Stage>) {
        self.activity.requests.lock().change(self.id, stage);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.change(None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_without_requests_only_or_with_ones_that_stall_for_long() {
        let activity = Activity::new();
        assert!(activity.idle_since().is_some());
        let first = activity.begin();
        let second = activity.begin();
        first.wait_for_sender();
        assert_eq!(activity.idle_since(), None);
        second.wait_for_reader();
        assert_eq!(activity.idle_since(), None, "they wait for a moment only");
        let long_ago = Instant::now().checked_sub(STALLED).unwrap();
        activity.requests.lock().idle_since = long_ago;
        assert_eq!(activity.idle_since(), Some(long_ago));
        first.work();
        assert_eq!(activity.idle_since(), None);
        drop((first, second));
        assert!(activity.idle_since().is_some());
        let requests = activity.requests.lock();
        assert!(requests.open.is_empty() && requests.at_work == 0);
    }

    #[test]
    fn an_answer_is_unread_while_the_client_does_not_take_it() {
        let activity = Activity::new();
        let (first, second) = (activity.begin(), activity.begin());
        second.wait_for_sender();
        assert!(!activity.leaves_unread(Duration::ZERO));
        first.wait_for_reader();
        assert!(activity.leaves_unread(Duration::ZERO));
        assert!(!activity.leaves_unread(Duration::from_secs(3_600)));
        first.work();
        assert!(!activity.leaves_unread(Duration::ZERO));
    }
}
