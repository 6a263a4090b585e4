//! The one thread that owns the trees that grow.
//!
//! A round: take what waits, for whichever tree; drop duplicates; assign indexes; extend the
//! running edges and the live tiles; commit everything with one atomic batch and one sync; read
//! back what was stored and extend a second edge from it; compare; sign; keep the checkpoint;
//! publish; answer. A crash before the commit loses only what was not acknowledged. A crash after
//! it leaves entries that nobody was told of, which is allowed, and which the next start signs. Any
//! error ends the sequencer for good, but for one: where the store cannot say whether it holds a
//! submission, that submission fails alone. Of one that the store holds, the sequencer reads the
//! index only: whoever waits for the answer compares the entry.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use ledgerstone_storage::Round;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;
use tokio::sync::watch;
use tracing::error;
use tracing::info;

use crate::appender::growing::Extension;
use crate::appender::growing::Growing;
use crate::appender::growing::Plan;
use crate::appender::queue::Queue;
use crate::appender::queue::Sequenced;
use crate::appender::queue::Waiting;
use crate::clock::ClockAhead;
use crate::clock::RoundClock;
use crate::error::AppendError;
use crate::error::CloseError;
use crate::error::Fatal;
use crate::error::OpenError;
use crate::head::Head;
use crate::late::Wake;
use crate::options::LogOptions;
use crate::options::RoundReport;
use crate::submission::Submission;

/// The longest that a round waits for entries that are coming, which is twice as long as the last
/// one took where that is less. Rounds of two entries take a third of a busy server's processor.
const PATIENCE: Duration = Duration::from_millis(5);

/// The state of the sequencer's thread. Nothing here is shared, so nothing here is locked.
pub(crate) struct Sequencer {
    store: Store,
    trees: Vec<Growing>,
    queue: Arc<Queue>,
    options: LogOptions,
    /// Counts the rounds whose heads are all shown.
    rounds: watch::Sender<u64>,
    /// Hears of entries that are still to be indexed.
    late: Arc<Wake>,
    /// How long the last commit took, in nanoseconds. Only the sequencer writes it.
    commit_time: Arc<AtomicU64>,
    /// How long the last round took.
    last_round: Duration,
    clock: RoundClock,
    /// Whether the last reading of the clock was refused.
    is_clock_refused: bool,
}

/// How others see the sequencer's end.
pub(crate) struct SequencerHandle {
    end: watch::Receiver<Option<Result<(), Arc<Fatal>>>>,
    commit_time: Arc<AtomicU64>,
}

impl Sequencer {
    /// Starts the thread, which owns `trees` from now on.
    pub(crate) fn start(
        store: Store,
        trees: Vec<Growing>,
        queue: Arc<Queue>,
        rounds: watch::Sender<u64>,
        options: LogOptions,
        late: Arc<Wake>,
    ) -> Result<SequencerHandle, OpenError> {
        let commit_time = Arc::new(AtomicU64::new(0));
        let clock = round_clock(&trees, &options)?;
        let (ended, end) = watch::channel(None);
        let sequencer = Self {
            clock,
            last_round: Duration::ZERO,
            is_clock_refused: false,
            store,
            trees,
            queue,
            options,
            rounds,
            late,
            commit_time: Arc::clone(&commit_time),
        };
        let run = move || {
            let result = sequencer.run_to_end();
            ended.send_replace(Some(result));
        };
        thread::Builder::new()
            .name("sequencer".to_owned())
            .spawn(run)
            .map_err(OpenError::Thread)?;
        Ok(SequencerHandle { end, commit_time })
    }

    fn run_to_end(mut self) -> Result<(), Arc<Fatal>> {
        let queue = Arc::clone(&self.queue);
        let run = std::panic::AssertUnwindSafe(|| self.run());
        // What a panic left half changed is dropped with `self`, unused.
        let result = std::panic::catch_unwind(run).unwrap_or(Err(Fatal::Panicked));
        // Dropping the reply senders tells those who wait: AppendError::Stopped.
        drop(queue.abandon());
        match result {
            Ok(()) => {
                info!("the sequencer has drained its queue and ended");
                Ok(())
            }
            Err(fatal) => {
                error!(
                    error = %fatal,
                    "the sequencer is finished: no entry is accepted and no tree head signed any \
                     more"
                );
                Err(Arc::new(fatal))
            }
        }
    }

    fn run(&mut self) -> Result<(), Fatal> {
        while let Some(batch) = self.queue.take(
            self.options.round_entries,
            self.options.round_bytes,
            PATIENCE.min(2 * self.last_round),
        ) {
            let started = Instant::now();
            self.round(batch)?;
            self.last_round = started.elapsed();
        }
        self.queue.failure().map_or(Ok(()), Err)
    }

    fn round(&mut self, batch: Vec<Waiting>) -> Result<(), Fatal> {
        let started = Instant::now();
        let mut report = RoundReport {
            waited: batch
                .first()
                .map(|first| started - first.since)
                .unwrap_or_default(),
            ..RoundReport::default()
        };
        let time = match self.clock.time() {
            Ok(time) => time,
            Err(ahead) => {
                self.refuse(batch, ahead);
                return Ok(());
            }
        };
        self.is_clock_refused = false;
        let parts = self.plan(batch, time)?;
        for part in &parts {
            let (entries, bytes) = part.plan.new_entries();
            report.entries += entries;
            report.bytes += bytes;
            let unchecked = part.plan.unchecked();
            report.unchecked += unchecked;
            report.duplicates += part.waiting.len() - entries - unchecked;
        }
        let parts = self.integrate(parts, time, &mut report)?;
        for part in parts {
            let head = self.trees[part.tree].reader().head();
            answer(part, &head);
        }
        if let Some(observer) = &self.options.observer {
            report.total = started.elapsed();
            observer.round(&report);
        }
        Ok(())
    }

    /// Refuses what waits, which cannot be dated.
    fn refuse(&mut self, batch: Vec<Waiting>, ahead: ClockAhead) {
        if !std::mem::replace(&mut self.is_clock_refused, true) {
            error!(%ahead, "the clock is not believed: no entry is accepted until it is set");
        }
        if let Some(observer) = &self.options.observer {
            observer.clock_refused();
        }
        for waiting in batch {
            // The receiver is gone when its client is.
            let _ = waiting.reply.send(Err(ahead.into()));
        }
    }

    /// Sorts what waits by trees, and finds the place of each submission.
    fn plan(&self, batch: Vec<Waiting>, time: i64) -> Result<Vec<Part>, Fatal> {
        let mut waiting: Vec<Vec<Waiting>> = self.trees.iter().map(|_| Vec::new()).collect();
        for one in batch {
            match self.position(one.shard) {
                Some(tree) => waiting[tree].push(one),
                // Whoever submits asks for a tree that grows; this one stopped to grow meanwhile.
                None => drop(one.reply.send(Err(AppendError::NotGrowing))),
            }
        }
        let parts = waiting.into_iter().enumerate();
        let parts = parts.filter(|(_, waiting)| !waiting.is_empty());
        let plan = |(tree, waiting): (usize, Vec<Waiting>)| {
            let submissions: Vec<&Submission> =
                waiting.iter().map(|waiting| &waiting.submission).collect();
            let plan = self.trees[tree].plan(&submissions, time)?;
            Ok(Part {
                tree,
                waiting,
                plan,
            })
        };
        parts.map(plan).collect()
    }

    fn position(&self, shard: ShardId) -> Option<usize> {
        self.trees.iter().position(|tree| tree.shard() == shard)
    }

    /// Makes what is new durable, all trees at once, and publishes the heads that come of it.
    fn integrate(
        &mut self,
        mut parts: Vec<Part>,
        time: i64,
        report: &mut RoundReport,
    ) -> Result<Vec<Part>, Fatal> {
        let mut extensions: Vec<(usize, Extension)> = Vec::new();
        for part in &mut parts {
            let extension = self.trees[part.tree].extend(&mut part.plan, time);
            extensions.extend(extension.map(|extension| (part.tree, extension)));
        }
        if extensions.is_empty() {
            return Ok(parts);
        }
        let rounds: Vec<(ShardId, &Round)> = extensions
            .iter()
            .map(|(tree, extension)| (self.trees[*tree].shard(), &extension.round))
            .collect();
        // Durable step: until this returns, a crash leaves nothing of the round. After it, a crash
        // leaves all of it.
        let started = Instant::now();
        self.store.commit(&rounds)?;
        report.commit = started.elapsed();
        let nanos = u64::try_from(report.commit.as_nanos()).unwrap_or(u64::MAX);
        self.commit_time.store(nanos, Ordering::Relaxed);
        self.clock.passed(time);
        drop(rounds);
        let mut has_more = false;
        for (tree, extension) in extensions {
            has_more |= extension
                .round
                .entries
                .iter()
                .any(|entry| entry.later.is_some());
            let tree = &mut self.trees[tree];
            let size = extension.round.head.size;
            tree.publish(extension)?;
            report.sizes.push((tree.tree_id(), size));
        }
        self.rounds.send_modify(|rounds| *rounds += 1);
        if has_more {
            self.late.tell();
        }
        Ok(parts)
    }
}

impl SequencerHandle {
    /// How long the last commit took.
    pub(crate) fn commit_time(&self) -> Duration {
        Duration::from_nanos(self.commit_time.load(Ordering::Relaxed))
    }

    pub(crate) async fn failed(&self) -> Arc<Fatal> {
        let mut end = self.end.clone();
        loop {
            if let Some(Err(fatal)) = &*end.borrow_and_update() {
                return Arc::clone(fatal);
            }
            if end.changed().await.is_err() {
                // It ended well, and so can fail no more.
                std::future::pending::<()>().await;
            }
        }
    }

    pub(crate) async fn ended(&self) -> Result<(), CloseError> {
        let mut end = self.end.clone();
        let result = end.wait_for(Option::is_some).await;
        match result.as_deref() {
            Ok(Some(Err(fatal))) => Err(CloseError::Failed(Arc::clone(fatal))),
            Ok(_) => Ok(()),
            Err(_) => Err(CloseError::Failed(Arc::new(Fatal::Panicked))),
        }
    }
}

/// The clock for the rounds of `trees`. One without entries never had a round.
fn round_clock(trees: &[Growing], options: &LogOptions) -> Result<RoundClock, ClockAhead> {
    let heads = || trees.iter().map(|tree| tree.reader().head());
    let rounds = heads().filter(|head| !head.size().is_empty() && !options.trusts_clock);
    let last_round = rounds.map(|head| head.time()).max();
    let last = heads().map(|head| head.time()).max();
    let clock = Arc::clone(&options.clock);
    RoundClock::start(clock, last.unwrap_or(0), last_round)
}

/// The share of one tree in a round.
struct Part {
    /// Its place among the sequencer's trees.
    tree: usize,
    waiting: Vec<Waiting>,
    plan: Plan,
}

fn answer(part: Part, head: &Arc<Head>) {
    for (waiting, place) in part.waiting.into_iter().zip(part.plan.places) {
        let Waiting {
            submission, reply, ..
        } = waiting;
        let sequenced = place.map(|place| Sequenced {
            submission,
            place,
            head: Arc::clone(head),
        });
        // The receiver is gone when its client is: the entry stays logged.
        let _ = reply.send(sequenced);
    }
}
