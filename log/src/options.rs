//! How a log runs, and who hears of it.

use std::sync::Arc;
use std::time::Duration;

use ledgerstone_merkle::TreeSize;

use crate::clock::Clock;
use crate::clock::SystemClock;
use crate::protocol::table::Protocols;
use crate::scrub::report::ScrubReport;

/// How a log runs. Every field is a limit or an observer; the default suits one log on two cores.
#[derive(Clone)]
pub struct LogOptions {
    /// The most entries that one round takes. Bounds the memory of a round and the time until its
    /// first waiter is answered.
    pub round_entries: usize,
    /// The most bytes of bodies that one round takes; a round takes at least one entry.
    pub round_bytes: usize,
    /// The most entries that wait; more are refused at once.
    pub queue_entries: usize,
    /// The most bytes of bodies that wait; more are refused at once.
    pub queue_bytes: usize,
    /// The most full tiles that are kept in memory for proofs. A tile with its inner nodes takes 16
    /// KiB.
    pub cached_tiles: usize,
    /// What the trees of the store may be of.
    pub protocols: Protocols,
    /// Where the log reads the time.
    pub clock: Arc<dyn Clock>,
    /// Whether the operator vouches for the clock: then its first reading is believed however long
    /// after the last round it is.
    pub trusts_clock: bool,
    /// About how many bytes of the store are read again and checked in a second, round and round;
    /// 0 for none.
    pub scrub_rate: u64,
    /// How long statements are kept that are handed in after their entries; `None` for ever. What
    /// they name is known for ever.
    pub statement_retention: Option<Duration>,
    /// What is told of each round.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            round_entries: 4_096,
            round_bytes: 16 << 20,
            queue_entries: 16_384,
            queue_bytes: 64 << 20,
            cached_tiles: 1_024,
            protocols: Protocols::default(),
            clock: Arc::new(SystemClock::default()),
            trusts_clock: false,
            scrub_rate: 0,
            statement_retention: None,
            observer: None,
        }
    }
}

/// Hears of what the log does, mostly on the sequencer's thread: it must return at once.
pub trait Observer: Send + Sync + 'static {
    /// A round ended, and its heads are published.
    fn round(&self, report: &RoundReport);

    /// Some of the store was read again.
    fn scrubbed(&self, _report: &ScrubReport) {}

    /// The clock was too far ahead to be believed, and the submissions of a round were refused.
    fn clock_refused(&self) {}

    /// A submission failed after its round, on the thread of whoever waits for it: what the leaf
    /// index says of it could not be borne out.
    fn unchecked(&self) {}
}

/// What one round of the sequencer did.
#[derive(Clone, Debug, Default)]
pub struct RoundReport {
    /// New entries.
    pub entries: usize,
    /// Submissions that this round held already, or the log by what its leaf index says. Whoever
    /// waits for one of the latter compares it with the entry.
    pub duplicates: usize,
    /// Submissions that failed alone, because the leaf index could not be read.
    pub unchecked: usize,
    /// Bytes of new bodies.
    pub bytes: usize,
    /// How long the atomic batch and its sync took.
    pub commit: Duration,
    /// How long the round took altogether.
    pub total: Duration,
    /// How long the entry that waited longest had waited when the round began.
    pub waited: Duration,
    /// The trees that grew, by tree id, and their sizes now.
    pub sizes: Vec<(u64, TreeSize)>,
}
