//! More submissions than a server can take, by clients that do not wait: how many are answered in
//! time, and what becomes of a client who asks for little meanwhile.

mod crowd;
mod modest;

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
    /// Longest time of a row, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 6)]
    seconds: u64,
    /// Most entries of a row, all signed before it begins.
    #[arg(long, value_name = "COUNT", default_value_t = 200_000)]
    entries: usize,
    /// Keep the server on the first processor and the load on the last (with `taskset`), so that
    /// the crowd does not take the processor that the server should have.
    #[arg(long)]
    apart: bool,
    #[command(flatten)]
    place: Place,
}

/// How many requests are under way while the capacity is found out, and for how long.
const CAPACITY_REQUESTS: usize = 256;
const CAPACITY_TIME: Duration = Duration::from_secs(4);

/// How many entries of a row are for the client who asks for little.
const MODEST_ENTRIES: usize = 4_000;

/// How long that client is alone before each row.
const ALONE: Duration = Duration::from_secs(2);

/// Measures the capacity, and then one row for each factor, each with a fresh log.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let binary = server::binary(arguments.place.server.as_deref())?;
    let mut report = Report::new("overload", Machine::look());
    if arguments.apart {
        server::keep_on_last_processor()?;
    }
    let prepared = Rc::new(Prepared::new(Body::Key, arguments.entries)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    let with_server = |dir: &Path| match arguments.apart {
        true => Server::start_on_first_processor(&binary, &dir.join("data")),
        false => Server::start(&binary, &dir.join("data")),
    };
    let directory = server::directory(arguments.place.dir.as_deref())?;
    let capacity = local.block_on(&runtime, async {
        let server = with_server(directory.path())?;
        capacity(arguments, &server, &prepared).await
    })?;
    for &factor in &arguments.factors {
        let directory = server::directory(arguments.place.dir.as_deref())?;
        let row = async {
            let server = with_server(directory.path())?;
            row(arguments, &server, &prepared, capacity, factor).await
        };
        report.push(local.block_on(&runtime, row)?);
    }
    Ok(report)
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

async fn row(
    arguments: &Arguments,
    server: &Server,
    prepared: &Rc<Prepared>,
    capacity: f64,
    factor: f64,
) -> anyhow::Result<Column> {
    let rate = capacity * factor;
    let kept = MODEST_ENTRIES.min(prepared.requests.len() / 4);
    let most = (prepared.requests.len() - kept) as f64 / rate;
    let time = Duration::from_secs_f64(most.min(arguments.seconds as f64));
    let (first, last) = (prepared.requests.len() - kept, prepared.requests.len() - 1);
    let entries = |range: std::ops::Range<usize>| prepared.requests[range].to_vec();
    let alone = Modest::start(server.address, entries(first..first + kept / 4), ALONE);
    let alone = alone.ended().await?;
    let before = process_time(server.pid())?;
    let beside = Modest::start(server.address, entries(first + kept / 4..last), time);
    let patience = Duration::from_millis(arguments.patience);
    let crowd = Crowd::new(arguments.protocol, server, prepared, patience);
    let outcome = crowd.at_rate(rate, time).await?;
    let beside = beside.ended().await?;
    let recovery = modest::recovery(server.address, &prepared.requests[last]).await?;
    let processor = (process_time(server.pid())? - before).as_secs_f64();
    let memory = process_memory(server.pid(), "VmHWM")?;
    let column = Column::new(format!("{factor} times"));
    let column = of_crowd(column, outcome, time, capacity);
    let column = of_modest(column, &alone, &beside);
    Ok(column
        .figure("recovered after, ms", "recoveryMs", millis(recovery), 0)
        .figure("server processor, s", "serverSeconds", processor, 2)
        .figure("peak memory of the server, MiB", "peakMemoryMib", memory, 0))
}

/// The figures of the crowd, whose requests began within `time`.
fn of_crowd(column: Column, outcome: Outcome, time: Duration, capacity: f64) -> Column {
    let count = |count: usize| count as f64 / time.as_secs_f64();
    // What was asked for at the end is answered after it: it does not count as much a second.
    let in_time = count(
        outcome
            .in_time
            .iter()
            .filter(|answer| answer.at <= time)
            .count(),
    );
    let latencies = outcome.in_time.iter().map(|answer| millis(answer.latency));
    let latency = Samples::new(match outcome.in_time.is_empty() {
        true => vec![f64::INFINITY],
        false => latencies.collect(),
    });
    column
        .figure("capacity, accepted a second", "capacity", capacity, 0)
        .figure("asked for a second", "asked", count(outcome.asked), 0)
        .figure("of them not sent", "unsent", count(outcome.unsent), 0)
        .figure("answered in time a second", "inTime", in_time, 0)
        .figure("of the capacity", "goodput", in_time / capacity, 2)
        .figure("refused a second", "refused", count(outcome.refused), 0)
        .figure("given up a second", "gaveUp", count(outcome.gave_up), 0)
        .figure("failed a second", "failed", count(outcome.failed), 0)
        .figure("latency in time p50, ms", "p50Ms", latency.median(), 1)
        .figure(
            "latency in time p99, ms",
            "p99Ms",
            latency.percentile(99),
            1,
        )
}

/// The figures of the client who asks for little.
fn of_modest(column: Column, alone: &Samples, beside: &Samples) -> Column {
    let (alone_p99, beside_p99) = (alone.percentile(99), beside.percentile(99));
    column
        .figure(
            "another client alone p50, ms",
            "aloneP50Ms",
            alone.median(),
            2,
        )
        .figure("another client alone p99, ms", "aloneP99Ms", alone_p99, 2)
        .figure(
            "another client beside p50, ms",
            "besideP50Ms",
            beside.median(),
            2,
        )
        .figure(
            "another client beside p99, ms",
            "besideP99Ms",
            beside_p99,
            2,
        )
}
