//! Whose turn it is: work that is done a bounded number at a time, fairly among callers.
//!
//! Where more is asked for than can be done, each caller has a line of its own, and the lines take
//! turns: whoever asks for little is not behind those who ask for much. Who would wait for too long
//! is refused at once, before anything is done for it.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use ledgerstone_log::Coming;
use ledgerstone_log::Log;
use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::admission::peer::Peer;

/// The length of a line from which on those who went away are taken out of it.
const FIRST_TIDYING: usize = 64;

/// How long turns are counted for one measurement of their pace. Those of submissions come in
/// bursts, as rounds end.
const PACE_WINDOW: Duration = Duration::from_millis(100);

/// The work that may be under way at a time, and who waits for it.
pub(crate) struct Turns {
    max_wait: Duration,
    /// Which log hears of each turn that an entry is coming.
    log: Option<Log>,
    state: Mutex<State>,
}

struct State {
    limit: usize,
    /// The most turns of one caller at a time.
    peer_limit: usize,
    running: usize,
    /// How many turns each caller has, for those who have any.
    running_of: HashMap<Peer, usize>,
    lines: HashMap<Option<Peer>, Line>,
    /// The callers with a line, whose turn is next first.
    order: VecDeque<Option<Peer>>,
    waiting: usize,
    refused: u64,
    pace: Pace,
}

/// Who waits of one caller, the oldest first.
struct Line {
    waiting: VecDeque<oneshot::Sender<Turn>>,
    tidy_at: usize,
}

/// How fast turns come while somebody waits.
struct Pace {
    /// The mean time from one to the next in the last window.
    mean: Duration,
    /// Since when this window is, and how many turns began in it.
    since: Instant,
    turns: u32,
}

/// Leave to work, until this is dropped.
pub(crate) struct Turn {
    /// `None` once the turn was passed on.
    turns: Option<Arc<Turns>>,
    peer: Option<Peer>,
    /// A word to the log that an entry is coming, given with the turn: whoever waited for it is
    /// awake only when those before have worked.
    coming: Option<Coming>,
}

/// There would be no turn within the longest wait.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct TooManyWait;

impl Turns {
    /// `limit` turns at a time, and `peer_limit` for one caller. Who would wait longer than
    /// `max_wait` is refused.
    pub(crate) fn new(limit: usize, peer_limit: usize, max_wait: Duration) -> Arc<Self> {
        Arc::new(Self::with(limit, peer_limit, max_wait, None))
    }

    /// The same for turns to append to `log`, which is told that as many entries are coming.
    pub(crate) fn to_append(
        limit: usize,
        peer_limit: usize,
        max_wait: Duration,
        log: Log,
    ) -> Arc<Self> {
        Arc::new(Self::with(limit, peer_limit, max_wait, Some(log)))
    }

    fn with(limit: usize, peer_limit: usize, max_wait: Duration, log: Option<Log>) -> Self {
        Self {
            max_wait,
            log,
            state: Mutex::new(State {
                limit,
                peer_limit,
                running: 0,
                running_of: HashMap::new(),
                lines: HashMap::new(),
                order: VecDeque::new(),
                waiting: 0,
                refused: 0,
                pace: Pace::begin(),
            }),
        }
    }

    /// Changes how many turns there are at a time, and of one caller. Those under way go on.
    pub(crate) fn set_limit(self: &Arc<Self>, limit: usize, peer_limit: usize) {
        let grown = {
            let mut state = self.state.lock();
            let grown = limit.saturating_sub(state.limit);
            (state.limit, state.peer_limit) = (limit, peer_limit);
            grown.min(state.waiting)
        };
        for _ in 0..grown {
            self.begin_next();
        }
    }

    /// Waits for a turn of `peer` (`None`: the server itself).
    ///
    /// # Errors
    /// [`TooManyWait`] at once, when it would take too long.
    pub(crate) async fn take(self: &Arc<Self>, peer: Option<Peer>) -> Result<Turn, TooManyWait> {
        self.check(peer)?;
        Ok(self.wait(peer).await)
    }

    /// Waits for a turn of `peer` however long it takes.
    pub(crate) async fn wait(self: &Arc<Self>, peer: Option<Peer>) -> Turn {
        let waited = {
            let mut state = self.state.lock();
            let begins = state.has_room(peer) && !state.lines.contains_key(&peer);
            match begins {
                true => {
                    state.begin(peer);
                    None
                }
                false => Some(state.line_up(peer)),
            }
        };
        let Some(waited) = waited else {
            return self.turn(peer);
        };
        match waited.await {
            Ok(turn) => turn,
            // The sender stays in its line until it sends, as long as there are turns.
            Err(_) => std::future::pending().await,
        }
    }

    /// Refuses a caller that would wait for too long.
    pub(crate) fn check(&self, peer: Option<Peer>) -> Result<(), TooManyWait> {
        let mut state = self.state.lock();
        let waits = state.lines.contains_key(&peer) || !state.has_room(peer);
        if waits && state.expected_wait(peer) > self.max_wait {
            state.refused += 1;
            return Err(TooManyWait);
        }
        Ok(())
    }

    /// How often somebody was refused.
    pub(crate) fn refused(&self) -> u64 {
        self.state.lock().refused
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.state.lock().waiting
    }

    fn turn(self: &Arc<Self>, peer: Option<Peer>) -> Turn {
        Turn {
            turns: Some(Arc::clone(self)),
            peer,
            coming: self.log.as_ref().and_then(Log::announce),
        }
    }

    /// Lets the next one in line begin, if there is room.
    fn begin_next(self: &Arc<Self>) {
        loop {
            // Nothing is sent under the lock: a turn that nobody waits for any more would take it.
            let next = self.state.lock().next();
            let Some((peer, waiting)) = next else {
                return;
            };
            match waiting.send(self.turn(peer)) {
                Ok(()) => return,
                Err(mut turn) => {
                    turn.turns = None;
                    self.state.lock().end(peer);
                }
            }
        }
    }
}

impl State {
    fn has_room(&self, peer: Option<Peer>) -> bool {
        let of_peer = peer.map_or(0, |peer| self.running_of.get(&peer).copied().unwrap_or(0));
        self.running < self.limit && of_peer < self.peer_limit
    }

    fn begin(&mut self, peer: Option<Peer>) {
        self.running += 1;
        if let Some(peer) = peer {
            *self.running_of.entry(peer).or_default() += 1;
        }
    }

    fn end(&mut self, peer: Option<Peer>) {
        self.running -= 1;
        if let Some(peer) = peer
            && let Some(count) = self.running_of.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                self.running_of.remove(&peer);
            }
        }
    }

    fn line_up(&mut self, peer: Option<Peer>) -> oneshot::Receiver<Turn> {
        let (sender, receiver) = oneshot::channel();
        if self.waiting == 0 {
            self.pace = Pace::begin();
        }
        let line = self.lines.entry(peer).or_insert_with(|| {
            self.order.push_back(peer);
            Line {
                waiting: VecDeque::new(),
                tidy_at: FIRST_TIDYING,
            }
        });
        if line.waiting.len() >= line.tidy_at {
            let before = line.waiting.len();
            line.waiting.retain(|waiting| !waiting.is_closed());
            self.waiting -= before - line.waiting.len();
            line.tidy_at = FIRST_TIDYING.max(2 * line.waiting.len());
        }
        line.waiting.push_back(sender);
        self.waiting += 1;
        receiver
    }

    /// Takes the next one out of the lines, and begins its turn. Callers who have all that one may
    /// have are passed over.
    fn next(&mut self) -> Option<(Option<Peer>, oneshot::Sender<Turn>)> {
        for _ in 0..self.order.len() {
            let peer = *self.order.front()?;
            self.order.rotate_left(1);
            if !self.has_room(peer) {
                continue;
            }
            let line = self.lines.get_mut(&peer)?;
            let waiting = line.waiting.pop_front()?;
            if line.waiting.is_empty() {
                self.lines.remove(&peer);
                self.order.pop_back();
            }
            self.waiting -= 1;
            self.pace.step();
            self.begin(peer);
            return Some((peer, waiting));
        }
        None
    }

    /// How long one more of `peer` would wait: until as many of each caller had their turns.
    fn expected_wait(&self, peer: Option<Peer>) -> Duration {
        if self.waiting == 0 {
            return Duration::ZERO;
        }
        let own = self.lines.get(&peer).map_or(0, |line| line.waiting.len()) + 1;
        let callers = self.lines.len() + usize::from(own == 1);
        let before = own.saturating_mul(callers).min(self.waiting + 1);
        self.pace
            .now()
            .saturating_mul(u32::try_from(before).unwrap_or(u32::MAX))
    }
}

impl Pace {
    /// Nothing is known when the first one begins to wait.
    fn begin() -> Self {
        Self {
            mean: Duration::ZERO,
            since: Instant::now(),
            turns: 0,
        }
    }

    /// A turn begins for one who waited.
    fn step(&mut self) {
        self.turns += 1;
        let window = self.since.elapsed();
        if window >= PACE_WINDOW {
            self.mean = window / self.turns;
            self.since = Instant::now();
            self.turns = 0;
        }
    }

    /// The mean time, or that of this window where it lasts for too long already.
    fn now(&self) -> Duration {
        let window = self.since.elapsed();
        match window < PACE_WINDOW {
            true => self.mean,
            false => self.mean.max(window / (self.turns + 1)),
        }
    }
}

impl Turn {
    /// What the log was told of the entry that is coming.
    pub(crate) fn coming(&mut self) -> Option<Coming> {
        self.coming.take()
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(turns) = self.turns.take() {
            turns.state.lock().end(self.peer);
            turns.begin_next();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_secs(3_600);

    fn peer(number: u8) -> Option<Peer> {
        Some(Peer::of([192, 0, 2, number].into()))
    }

    #[test]
    fn callers_take_turns_however_many_wait_of_one() {
        let turns = Turns::new(1, 1, LONG);
        let first = turns.take(peer(1)).now_or_never().unwrap().unwrap();
        let mut greedy: Vec<_> = (0..3).map(|_| Box::pin(turns.take(peer(1)))).collect();
        for waiting in &mut greedy {
            assert!(waiting.now_or_never().is_none());
        }
        let mut modest = Box::pin(turns.take(peer(2)));
        assert!((&mut modest).now_or_never().is_none());
        assert_eq!(turns.waiting(), 4);
        drop(first);
        let second = (&mut greedy[0]).now_or_never().unwrap().unwrap();
        assert!((&mut modest).now_or_never().is_none());
        drop(second);
        let third = modest.now_or_never().unwrap().unwrap();
        assert!((&mut greedy[1]).now_or_never().is_none());
        drop(third);
        assert!((&mut greedy[1]).now_or_never().is_some());
    }

    #[test]
    fn one_caller_never_has_all_turns() {
        let turns = Turns::new(4, 1, LONG);
        let _first = turns.take(peer(1)).now_or_never().unwrap().unwrap();
        let mut second = Box::pin(turns.take(peer(1)));
        assert!((&mut second).now_or_never().is_none());
        let other = turns.take(peer(2)).now_or_never().unwrap().unwrap();
        drop(other);
        assert!((&mut second).now_or_never().is_none());
    }

    #[test]
    fn who_went_away_is_passed_over_with_or_without_its_turn() {
        let turns = Turns::new(1, 1, LONG);
        let first = turns.take(peer(1)).now_or_never().unwrap().unwrap();
        let mut gone = Box::pin(turns.take(peer(2)));
        let mut granted = Box::pin(turns.take(peer(3)));
        let mut last = Box::pin(turns.take(peer(4)));
        assert!((&mut gone).now_or_never().is_none());
        assert!((&mut granted).now_or_never().is_none());
        assert!((&mut last).now_or_never().is_none());
        drop(gone);
        drop(first);
        // The turn is in its hands, and it goes away without a look at it.
        drop(granted);
        assert!((&mut last).now_or_never().is_some());
        let state = turns.state.lock();
        assert_eq!((state.running, state.waiting), (0, 0));
        assert!(state.lines.is_empty() && state.order.is_empty() && state.running_of.is_empty());
    }

    #[test]
    fn who_would_wait_too_long_is_refused_at_once() {
        let turns = Turns::new(1, 1, Duration::ZERO);
        let first = turns.take(peer(1)).now_or_never().unwrap().unwrap();
        let mut second = Box::pin(turns.take(peer(1)));
        assert!(
            (&mut second).now_or_never().is_none(),
            "nobody waits before it"
        );
        turns.state.lock().pace.mean = Duration::from_millis(1);
        let refused = turns.take(peer(1)).now_or_never().unwrap();
        assert_eq!(refused.err(), Some(TooManyWait));
        assert_eq!(turns.check(peer(2)), Err(TooManyWait));
        drop(first);
        assert!(second.now_or_never().is_some());
        assert_eq!(turns.check(peer(2)), Ok(()));
        assert_eq!(turns.refused(), 2);
    }

    #[test]
    fn more_turns_let_those_who_wait_begin() {
        let turns = Turns::new(1, 8, LONG);
        let _first = turns.take(peer(1)).now_or_never().unwrap().unwrap();
        let mut second = Box::pin(turns.take(peer(1)));
        assert!((&mut second).now_or_never().is_none());
        turns.set_limit(2, 2);
        assert!((&mut second).now_or_never().is_some());
    }

    #[test]
    fn those_who_went_away_do_not_fill_a_line() {
        let turns = Turns::new(1, 1, LONG);
        let _first = turns.take(peer(1)).now_or_never().unwrap().unwrap();
        for _ in 0..10 * FIRST_TIDYING {
            assert!(turns.take(peer(1)).now_or_never().is_none());
        }
        assert!(turns.waiting() <= FIRST_TIDYING);
    }
}
