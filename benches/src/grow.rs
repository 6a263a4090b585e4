use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::ensure;
use clap::Args;
use ledgerstone_entry::Policy;
use ledgerstone_entry::prepare;
use ledgerstone_instance::Instance;
use ledgerstone_instance::OpenSettings;
use ledgerstone_log::Log;
use ledgerstone_storage::TreeKind;
use tokio::task::JoinSet;

use crate::connection::Connection;
use crate::connection::request;
use crate::machine::Machine;
use crate::machine::disk_bytes;
use crate::machine::process_memory;
use crate::machine::process_time;
use crate::report::Column;
use crate::report::Report;
use crate::requests::Body;
use crate::requests::Signer;
use crate::server;
use crate::server::ORIGIN;
use crate::server::Server;
use crate::statistics::millis;
use crate::submit::Place;
use crate::submit::Prepared;
use crate::submit::Row;

/// The arguments of `grow`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Entries to fill the log with.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000_000)]
    entries: u64,
    /// What the entries carry.
    #[arg(long, value_enum, default_value_t = Body::Cert)]
    body: Body,
    /// Clients of the load at the full size.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    clients: usize,
    /// Time of the load at the full size, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// Most entries of the load at the full size.
    #[arg(long, value_name = "COUNT", default_value_t = 100_000)]
    load_entries: usize,
    #[command(flatten)]
    place: Place,
}

/// How many entries wait for the sequencer while the log is filled.
const FILLING_TASKS: u64 = 1_024;

/// Fills a log with verified entries, restarts the real server over it, and loads it.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    ensure!(arguments.entries > 0, "--entries must be at least 1");
    let binary = server::binary(arguments.place.server.as_deref())?;
    let mut report = Report::new("grow", Machine::look());
    let directory = server::directory(arguments.place.dir.as_deref())?;
    let data = directory.path().join("data");
    let filled = Filled::measure(&data, arguments)?;

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let filled_start = runtime.block_on(Start::measure(&binary, &data))?;
    // A second time: the first has put what the filling left in the log of the store where it
    // belongs.
    filled_start.server.terminate()?;
    let clean = runtime.block_on(Start::measure(&binary, &data))?;

    let prepared = Prepared::new(arguments.body, arguments.load_entries)?;
    let time = Duration::from_secs(arguments.seconds);
    let (server, clients) = (clean.server, arguments.clients);
    let row = Row::measure(&server, &prepared, clients, time, directory.path());
    let row = runtime.block_on(row)?;
    let loaded_memory = process_memory(server.pid(), "VmRSS")?;
    // Dropped is killed: the store has to recover what only its log holds.
    drop(server);
    let killed = runtime.block_on(Start::measure(&binary, &data))?;

    let column = filled
        .add_to(row.to_column(), arguments.entries as f64)
        .figure(
            "clean start until it listens, ms",
            "startUpMs",
            clean.times.listens,
            0,
        )
        .figure(
            "clean start until a read is answered, ms",
            "firstReadMs",
            clean.times.answers,
            0,
        )
        .figure(
            "the same after the filling, ms",
            "firstReadAfterFillMs",
            filled_start.times.answers,
            0,
        )
        .figure(
            "the same after a kill -9 under load, ms",
            "firstReadAfterKillMs",
            killed.times.answers,
            0,
        )
        .figure(
            "processor of the start after the kill -9, ms",
            "processorAfterKillMs",
            killed.times.processor,
            0,
        )
        .figure(
            "memory after the clean start, MiB",
            "memoryAfterStartMib",
            clean.times.memory,
            0,
        )
        .figure(
            "memory after the load, MiB",
            "memoryAfterLoadMib",
            loaded_memory,
            0,
        );
    report.push(column);
    Ok(report)
}

/// What filling a log took.
struct Filled {
    time: Duration,
    /// Of all bodies.
    body_bytes: f64,
    /// Of all files.
    disk_bytes: f64,
}

impl Filled {
    fn measure(data: &Path, arguments: &Arguments) -> anyhow::Result<Self> {
        let started = Instant::now();
        let body_bytes = fill(data, arguments)?;
        Ok(Self {
            time: started.elapsed(),
            body_bytes: body_bytes as f64,
            disk_bytes: disk_bytes(data)? as f64,
        })
    }

    fn add_to(&self, column: Column, entries: f64) -> Column {
        let (body, disk) = (self.body_bytes / entries, self.disk_bytes / entries);
        column
            .figure("entries before the load", "entries", entries, 0)
            .figure("time to fill, s", "fillSeconds", self.time.as_secs_f64(), 0)
            .figure("body, mean, B", "bodyBytes", body, 0)
            .figure("disk before the load, B an entry", "diskBytes", disk, 0)
            .figure("disk, in sums of bodies", "diskRatio", disk / body, 2)
    }
}

/// Appends verified entries through the library, as many at a time as rounds of a useful size need.
/// Yields the bytes of their bodies.
fn fill(data: &Path, arguments: &Arguments) -> anyhow::Result<u64> {
    let signer = Arc::new(Signer::new(arguments.body)?);
    // As the server makes it, which opens it later.
    let log = Instance::new(data, None).open_or_create(&OpenSettings::of_log(ORIGIN))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let (next, end) = (Arc::new(AtomicU64::new(0)), arguments.entries);
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for _ in 0..FILLING_TASKS.min(end) {
            let (log, signer, next) = (log.clone(), Arc::clone(&signer), Arc::clone(&next));
            tasks.spawn(async move { append_until(&log, &signer, &next, end).await });
        }
        let mut body_bytes = 0;
        while let Some(ended) = tasks.join_next().await {
            body_bytes += ended??;
        }
        log.close().await?;
        anyhow::Ok(body_bytes)
    })
}

/// Appends the entries whose numbers nobody has taken yet. Yields the bytes of their bodies.
async fn append_until(
    log: &Log,
    signer: &Signer,
    next: &AtomicU64,
    end: u64,
) -> anyhow::Result<u64> {
    let policy = Policy::default();
    let mut bytes = 0;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return Ok(bytes);
        }
        let prepared = prepare(&signer.request(number)?, &policy)?;
        bytes += prepared.body.len() as u64;
        log.append(TreeKind::REKOR_V2, prepared.into()).await?;
    }
}

/// A server that was just started over the filled log.
struct Start {
    server: Server,
    times: StartTimes,
}

struct StartTimes {
    /// Milliseconds until it listened.
    listens: f64,
    /// Milliseconds until a read was answered.
    answers: f64,
    /// Milliseconds of processor time until then.
    processor: f64,
    /// MiB that it held then.
    memory: f64,
}

impl Start {
    /// Starts the server and reads an entry from it.
    async fn measure(binary: &Path, data: &Path) -> anyhow::Result<Self> {
        let started = Instant::now();
        let server = Server::start(binary, data)?;
        let mut connection = Connection::open(server.address).await?;
        let reply = connection
            .exchange(&request("GET", "/log/v1/entries/0", b""))
            .await?;
        ensure!(reply.status == 200, "the first read got {}", reply.status);
        let times = StartTimes {
            listens: millis(server.start_up),
            answers: millis(started.elapsed()),
            processor: millis(process_time(server.pid())?),
            memory: process_memory(server.pid(), "VmRSS")?,
        };
        Ok(Self { server, times })
    }
}
