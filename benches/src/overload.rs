//! More submissions than a server can take, by clients that do not wait: how many are answered in
//! time, and what becomes of a client who asks for little meanwhile.

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use clap::ValueEnum;
use tokio::task::LocalSet;
use tokio::time::interval;
use tokio::time::sleep;
use tokio::time::timeout;

use crate::connection::Connection;
use crate::load;
use crate::load::Load;
use crate::machine::Machine;
use crate::machine::process_memory;
use crate::machine::process_time;
use crate::multiplexed::Multiplexed;
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
    #[command(flatten)]
    place: Place,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Protocol {
    /// Few connections with many requests at a time.
    Http2,
    /// A connection for each request that is under way.
    Http1,
}

/// How many clients find out the capacity, and for how long.
const CAPACITY_CLIENTS: usize = 64;
const CAPACITY_TIME: Duration = Duration::from_secs(4);

/// How many connections of HTTP/2 there are.
const CONNECTIONS: usize = 32;

/// Where the crowd comes from, and the client who asks for little.
const CROWD: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 3);
const HONEST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// The pause of that client between two requests.
const PAUSE: Duration = Duration::from_millis(10);

/// An answer within this time after a row means that the server has recovered.
const RECOVERED: Duration = Duration::from_millis(50);

/// How many entries of a row are for the client who asks for little.
const HONEST_ENTRIES: usize = 4_000;

/// What the clients of a row came to.
#[derive(Default)]
struct Outcome {
    asked: usize,
    in_time: Vec<f64>,
    refused: usize,
    gave_up: usize,
    failed: usize,
}

enum Answer {
    Accepted(Duration),
    Refused,
    GaveUp,
    Failed,
}

/// Measures the capacity, and then one row for each factor, each with a fresh log.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let binary = server::binary(arguments.place.server.as_deref())?;
    let mut report = Report::new("overload", Machine::look());
    let prepared = Rc::new(Prepared::new(Body::Key, arguments.entries)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    let with_server = |dir: &Path| Server::start(&binary, &dir.join("data"));
    let directory = server::directory(arguments.place.dir.as_deref())?;
    let capacity = local.block_on(&runtime, async {
        let server = with_server(directory.path())?;
        capacity(&server, &prepared).await
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

/// How many entries a second are accepted of clients that wait for each answer.
async fn capacity(server: &Server, prepared: &Prepared) -> anyhow::Result<f64> {
    let outcome = load::run(Load {
        address: server.address,
        requests: Arc::clone(&prepared.requests),
        first: 0,
        end: prepared.requests.len(),
        clients: CAPACITY_CLIENTS,
        time: CAPACITY_TIME,
        sample_every: usize::MAX,
    })
    .await?;
    Ok(outcome.answers.len() as f64 / outcome.elapsed.as_secs_f64())
}

async fn row(
    arguments: &Arguments,
    server: &Server,
    prepared: &Rc<Prepared>,
    capacity: f64,
    factor: f64,
) -> anyhow::Result<Column> {
    let rate = capacity * factor;
    let honest = HONEST_ENTRIES.min(prepared.requests.len() / 4);
    let most = (prepared.requests.len() - honest) as f64 / rate;
    let time = Duration::from_secs_f64(most.min(arguments.seconds as f64));
    let alone = honest_client(
        server.address,
        prepared,
        0..honest / 4,
        Duration::from_secs(1),
    );
    let alone = alone.await?;
    let before = process_time(server.pid())?;
    let beside = tokio::task::spawn_local({
        let (address, prepared) = (server.address, Rc::clone(prepared));
        async move { honest_client(address, &prepared, honest / 4..honest, time).await }
    });
    let patience = Duration::from_millis(arguments.patience);
    let started = Instant::now();
    let outcome = match arguments.protocol {
        Protocol::Http2 => multiplexed(server, prepared, honest, rate, time, patience).await?,
        Protocol::Http1 => separate(server, prepared, honest, rate, time, patience).await?,
    };
    let elapsed = started.elapsed().saturating_sub(patience).as_secs_f64();
    let beside = beside.await??;
    let recovery = recovery(server.address, prepared).await?;
    let processor = (process_time(server.pid())? - before).as_secs_f64();
    let memory = process_memory(server.pid(), "VmHWM")?;
    let seconds = time.as_secs_f64().max(elapsed);
    let count = |count: usize| count as f64 / seconds;
    let in_time = count(outcome.in_time.len());
    let latency = Samples::new(match outcome.in_time.is_empty() {
        true => vec![f64::INFINITY],
        false => outcome.in_time,
    });
    let column = Column::new(format!("{factor} times"))
        .figure("capacity, accepted a second", "capacity", capacity, 0)
        .figure("asked for a second", "asked", count(outcome.asked), 0)
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
        );
    Ok(column
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
        .figure("recovered after, ms", "recoveryMs", millis(recovery), 0)
        .figure("server processor, s", "serverSeconds", processor, 2)
        .figure("peak memory of the server, MiB", "peakMemoryMib", memory, 0))
}

/// The latencies of one client that waits for each answer, and a moment after it, in milliseconds.
async fn honest_client(
    address: SocketAddr,
    prepared: &Prepared,
    entries: std::ops::Range<usize>,
    time: Duration,
) -> anyhow::Result<Samples> {
    let mut connection = Connection::open_from(HONEST, address).await?;
    let (mut latencies, started) = (Vec::new(), Instant::now());
    for entry in entries {
        if started.elapsed() >= time {
            break;
        }
        let sent = Instant::now();
        let reply = connection.exchange(&prepared.requests[entry]).await?;
        if reply.status == 201 {
            latencies.push(millis(sent.elapsed()));
        } else {
            // Who is refused has waited for nothing: the worst there is.
            latencies.push(f64::INFINITY);
        }
        sleep(PAUSE).await;
    }
    Ok(Samples::new(latencies))
}

/// How long after the crowd is gone a request is answered at once.
async fn recovery(address: SocketAddr, prepared: &Prepared) -> anyhow::Result<Duration> {
    let started = Instant::now();
    let mut connection = Connection::open_from(HONEST, address).await?;
    // An entry that was not submitted in this row, or was: either is answered with its proof.
    let last = prepared.requests.last().context("no entries")?;
    loop {
        let sent = Instant::now();
        let reply = connection.exchange(last).await?;
        if reply.status == 201 && sent.elapsed() <= RECOVERED {
            return Ok(started.elapsed());
        }
    }
}

/// Asks at `rate`, whatever comes of it: a task for each request, over few connections.
async fn multiplexed(
    server: &Server,
    prepared: &Rc<Prepared>,
    first: usize,
    rate: f64,
    time: Duration,
    patience: Duration,
) -> anyhow::Result<Outcome> {
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Multiplexed::open(CROWD, server.address).await?);
    }
    at_rate(rate, time, |number| {
        let connection = connections[number % CONNECTIONS].clone();
        let (prepared, entry) = (Rc::clone(prepared), first + number);
        async move {
            let sent = Instant::now();
            let answer = timeout(patience, connection.post(&prepared.requests[entry])).await;
            match answer {
                Err(_) => Answer::GaveUp,
                Ok(answer) => judged(answer, sent),
            }
        }
    })
    .await
}

/// The same with a connection for each request that is under way. Who gives up closes its own.
async fn separate(
    server: &Server,
    prepared: &Rc<Prepared>,
    first: usize,
    rate: f64,
    time: Duration,
    patience: Duration,
) -> anyhow::Result<Outcome> {
    let idle: Rc<std::cell::RefCell<Vec<Connection>>> = Rc::default();
    let address = server.address;
    at_rate(rate, time, |number| {
        let (idle, prepared, entry) = (Rc::clone(&idle), Rc::clone(prepared), first + number);
        async move {
            let sent = Instant::now();
            let taken = idle.borrow_mut().pop();
            let exchange = async {
                let mut connection = match taken {
                    Some(connection) => connection,
                    None => Connection::open_from(CROWD, address).await?,
                };
                let status = connection.exchange(&prepared.requests[entry]).await?.status;
                idle.borrow_mut().push(connection);
                anyhow::Ok(status)
            };
            match timeout(patience, exchange).await {
                Err(_) => Answer::GaveUp,
                Ok(answer) => judged(answer, sent),
            }
        }
    })
    .await
}

fn judged(answer: anyhow::Result<u16>, sent: Instant) -> Answer {
    match answer {
        Ok(201) => Answer::Accepted(sent.elapsed()),
        Ok(503 | 429) => Answer::Refused,
        Ok(_) | Err(_) => Answer::Failed,
    }
}

/// Begins as many requests a second, in ticks, and waits for those that are left.
async fn at_rate<F>(rate: f64, time: Duration, ask: impl Fn(usize) -> F) -> anyhow::Result<Outcome>
where
    F: Future<Output = Answer> + 'static,
{
    let mut outcome = Outcome::default();
    let mut tasks = tokio::task::JoinSet::new();
    let mut ticks = interval(Duration::from_millis(1));
    let started = Instant::now();
    while started.elapsed() < time {
        ticks.tick().await;
        let due = (started.elapsed().min(time).as_secs_f64() * rate) as usize;
        while outcome.asked < due {
            tasks.spawn_local(ask(outcome.asked));
            outcome.asked += 1;
        }
        while let Some(ended) = tasks.try_join_next() {
            outcome.add(ended?);
        }
    }
    while let Some(ended) = tasks.join_next().await {
        outcome.add(ended?);
    }
    Ok(outcome)
}

impl Outcome {
    fn add(&mut self, answer: Answer) {
        match answer {
            Answer::Accepted(latency) => self.in_time.push(millis(latency)),
            Answer::Refused => self.refused += 1,
            Answer::GaveUp => self.gave_up += 1,
            Answer::Failed => self.failed += 1,
        }
    }
}
