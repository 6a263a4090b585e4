//! More submissions than a server can take, by clients that do not wait: how many are answered in
//! time, and what becomes of a client who asks for little meanwhile.

mod crowd;
mod modest;
mod neighbour;

use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use std::time::Instant;

use clap::Args;
use tokio::task::LocalSet;

use crate::machine::Machine;
use crate::machine::process_memory;
use crate::machine::process_time;
use crate::overload::crowd::Crowd;
use crate::overload::crowd::Outcome;
use crate::overload::crowd::Protocol;
use crate::overload::modest::Modest;
use crate::overload::neighbour::Neighbour;
use crate::report::Column;
use crate::report::Report;
use crate::requests::Body;
use crate::server;
use crate::server::Server;
use crate::statistics::Samples;
use crate::statistics::millis;
use crate::submit::Place;
use crate::submit::Prepared;

/// The arguments of `overload`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// How many times the capacity is asked for, once for each row.
    #[arg(long, value_name = "FACTOR", default_values_t = [0.5, 1.0, 2.0, 10.0])]
    factors: Vec<f64>,
    /// How the clients connect.
    #[arg(long, value_enum, default_value_t = Protocol::Http2)]
    protocol: Protocol,
    /// How long a client waits for an answer before it gives up, in milliseconds.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 2_000)]
    patience: u64,
    /// Longest time of a turn, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 3)]
    seconds: u64,
    /// How often capacity and overload are measured in turns.
    #[arg(long, value_name = "COUNT", default_value_t = 4)]
    turns: usize,
    /// Most entries of a turn, all signed before the first one begins.
    #[arg(long, value_name = "COUNT", default_value_t = 120_000)]
    entries: usize,
    /// Keep the server on the first processor and the load on the last (with `taskset`), so that
    /// the crowd does not take the processor that the server should have. What the load leaves of
    /// the last one is kept busy: two processors may be one core, and the server would be faster
    /// where it is asked for less.
    #[arg(long)]
    apart: bool,
    #[command(flatten)]
    place: Place,
}

/// How many requests are under way while the capacity is found out, and for how long.
const CAPACITY_REQUESTS: usize = 256;
const CAPACITY_TIME: Duration = Duration::from_secs(2);

/// How many entries of a turn are for the client who asks for little.
const MODEST_ENTRIES: usize = 4_000;

/// How long that client is alone in each turn.
const ALONE: Duration = Duration::from_secs(1);

/// Measures one row for each factor, its turns each with fresh logs.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let binary = server::binary(arguments.place.server.as_deref())?;
    let mut report = Report::new("overload", Machine::look());
    if arguments.apart {
        server::keep_on_last_processor()?;
    }
    let prepared = Rc::new(Prepared::new(Body::Key, arguments.entries)?);
    let _neighbour = arguments.apart.then(Neighbour::start).transpose()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    for &factor in &arguments.factors {
        let mut row = Row::default();
        for _ in 0..arguments.turns {
            let turn = turn(arguments, &binary, &prepared, factor, &mut row);
            local.block_on(&runtime, turn)?;
        }
        report.push(row.column(factor));
    }
    Ok(report)
}

/// Measures the capacity, and then what becomes of `factor` times as much.
async fn turn(
    arguments: &Arguments,
    binary: &Path,
    prepared: &Rc<Prepared>,
    factor: f64,
    row: &mut Row,
) -> anyhow::Result<()> {
    let with_server = |dir: &Path| match arguments.apart {
        true => Server::start_on_first_processor(binary, &dir.join("data")),
        false => Server::start(binary, &dir.join("data")),
    };
    let directory = server::directory(arguments.place.dir.as_deref())?;
    let capacity = {
        let server = with_server(directory.path())?;
        capacity(arguments, &server, prepared).await?
    };
    row.capacities.push(capacity);
    let directory = server::directory(arguments.place.dir.as_deref())?;
    let server = with_server(directory.path())?;
    overload(arguments, &server, prepared, capacity * factor, row).await
}

/// How many entries a second are accepted where each request waits for the one before it.
async fn capacity(
    arguments: &Arguments,
    server: &Server,
    prepared: &Rc<Prepared>,
) -> anyhow::Result<f64> {
    let crowd = Crowd::new(arguments.protocol, server, prepared, Duration::MAX);
    let started = Instant::now();
    let outcome = crowd.in_turns(CAPACITY_REQUESTS, CAPACITY_TIME).await?;
    Ok(outcome.in_time.len() as f64 / started.elapsed().as_secs_f64())
}

/// Asks for `rate` entries a second.
async fn overload(
    arguments: &Arguments,
    server: &Server,
    prepared: &Rc<Prepared>,
    rate: f64,
    row: &mut Row,
) -> anyhow::Result<()> {
    let kept = MODEST_ENTRIES.min(prepared.requests.len() / 4);
    let most = (prepared.requests.len() - kept) as f64 / rate;
    let time = Duration::from_secs_f64(most.min(arguments.seconds as f64));
    let (first, last) = (prepared.requests.len() - kept, prepared.requests.len() - 1);
    let entries = |range: std::ops::Range<usize>| prepared.requests[range].to_vec();
    let alone = Modest::start(server.address, entries(first..first + kept / 4), ALONE);
    row.alone.extend(alone.ended().await?);
    let before = process_time(server.pid())?;
    let beside = Modest::start(server.address, entries(first + kept / 4..last), time);
    let patience = Duration::from_millis(arguments.patience);
    let crowd = Crowd::new(arguments.protocol, server, prepared, patience);
    let outcome = crowd.at_rate(rate, time).await?;
    row.beside.extend(beside.ended().await?);
    let recovery = modest::recovery(server.address, &prepared.requests[last]).await?;
    row.recovery = row.recovery.max(recovery);
    row.processor += process_time(server.pid())? - before;
    row.memory = row.memory.max(process_memory(server.pid(), "VmHWM")?);
    row.add(outcome, time);
    Ok(())
}

/// What came of all turns with one factor.
#[derive(Default)]
struct Row {
    /// Entries a second, of each turn.
    capacities: Vec<f64>,
    /// Entries that were answered in time, a second, of each turn.
    in_time: Vec<f64>,
    /// All of the turns together.
    time: Duration,
    asked: usize,
    unsent: usize,
    refused: usize,
    gave_up: usize,
    failed: usize,
    /// In milliseconds, as the next two are.
    latencies: Vec<f64>,
    alone: Vec<f64>,
    beside: Vec<f64>,
    /// The longest.
    recovery: Duration,
    processor: Duration,
    /// The most, in MiB.
    memory: f64,
}

impl Row {
    /// Adds what came of the requests that began within `time`.
    fn add(&mut self, outcome: Outcome, time: Duration) {
        // What was asked for at the end is answered after it: it does not count as much a second.
        let in_time = outcome.in_time.iter().filter(|answer| answer.at <= time);
        self.in_time
            .push(in_time.count() as f64 / time.as_secs_f64());
        let latencies = outcome.in_time.iter().map(|answer| millis(answer.latency));
        self.latencies.extend(latencies);
        self.time += time;
        self.asked += outcome.asked;
        self.unsent += outcome.unsent;
        self.refused += outcome.refused;
        self.gave_up += outcome.gave_up;
        self.failed += outcome.failed;
    }

    fn column(self, factor: f64) -> Column {
        let count = |count: usize| count as f64 / self.time.as_secs_f64();
        let latency = Samples::new(match self.latencies.is_empty() {
            true => vec![f64::INFINITY],
            false => self.latencies,
        });
        let capacity: f64 = self.capacities.iter().sum();
        let in_time: f64 = self.in_time.iter().sum();
        let turns = self.capacities.len() as f64;
        let each = self.in_time.iter().zip(&self.capacities);
        let goodput = Samples::new(each.map(|(one, of)| one / of).collect());
        let (alone, beside) = (Samples::new(self.alone), Samples::new(self.beside));
        let (p50, p99) = (latency.median(), latency.percentile(99));
        let recovery = millis(self.recovery);
        Column::new(format!("{factor} times"))
            .figure(
                "capacity, accepted a second",
                "capacity",
                capacity / turns,
                0,
            )
            .figure("asked for a second", "asked", count(self.asked), 0)
            .figure("of them not sent", "unsent", count(self.unsent), 0)
            .figure("answered in time a second", "inTime", in_time / turns, 0)
            .figure("of the capacity", "goodput", in_time / capacity, 2)
            .figure(
                "of it, the worst turn",
                "leastGoodput",
                goodput.percentile(0),
                2,
            )
            .figure("of it, the best turn", "mostGoodput", goodput.max(), 2)
            .figure("refused a second", "refused", count(self.refused), 0)
            .figure("given up a second", "gaveUp", count(self.gave_up), 0)
            .figure("failed a second", "failed", count(self.failed), 0)
            .figure("latency in time p50, ms", "p50Ms", p50, 1)
            .figure("latency in time p99, ms", "p99Ms", p99, 1)
            .figure(
                "another client alone p50, ms",
                "aloneP50Ms",
                alone.median(),
                2,
            )
            .figure(
                "another client alone p99, ms",
                "aloneP99Ms",
                alone.percentile(99),
                2,
            )
            .figure(
                "another client beside p50, ms",
                "besideP50Ms",
                beside.median(),
                2,
            )
            .figure(
                "another client beside p99, ms",
                "besideP99Ms",
                beside.percentile(99),
                2,
            )
            .figure("recovered after at most, ms", "recoveryMs", recovery, 0)
            .figure(
                "server processor, s",
                "serverSeconds",
                self.processor.as_secs_f64(),
                2,
            )
            .figure(
                "peak memory of the server, MiB",
                "peakMemoryMib",
                self.memory,
                0,
            )
    }
}
