//! Load on a running server: submissions from many clients at once.

use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use ledgerstone_proto::json;
use ledgerstone_proto::sigstore::rekor::v2::CreateEntryRequest;

use crate::check;
use crate::connection::request;
use crate::load;
use crate::load::Load;
use crate::load::Outcome;
use crate::machine::Machine;
use crate::machine::SyncLatency;
use crate::machine::SystemTime;
use crate::machine::process_memory;
use crate::machine::process_time;
use crate::metrics::Rounds;
use crate::report::Column;
use crate::report::Report;
use crate::requests::Body;
use crate::requests::Signer;
use crate::server;
use crate::server::Server;
use crate::statistics::Samples;
use crate::statistics::micros;
use crate::statistics::millis;
use crate::units;

/// The arguments of `submit`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Clients at a time, each with one connection; once for each row.
    #[arg(long, value_name = "COUNT", default_values_t = [1, 64])]
    clients: Vec<usize>,
    /// Longest time of a row, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// Most entries of a row, all signed before it begins.
    #[arg(long, value_name = "COUNT", default_value_t = 150_000)]
    entries: usize,
    /// What the entries carry.
    #[arg(long, value_enum, default_value_t = Body::Key)]
    body: Body,
    #[command(flatten)]
    place: Place,
}

/// Which server, and where its data is.
#[derive(Args, Debug)]
pub(crate) struct Place {
    /// Server to measure [default: the one beside this program]
    #[arg(long, value_name = "FILE")]
    pub(crate) server: Option<PathBuf>,
    /// Directory for the temporary data, on the disk that is to be measured [default: the current
    /// one]
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// Entries, ready to be sent.
pub(crate) struct Prepared {
    pub(crate) entries: Vec<CreateEntryRequest>,
    pub(crate) requests: Arc<Vec<Vec<u8>>>,
}

/// The share of the entries that warms up caches, connections and the allocator before a row is
/// timed.
const WARM_UP_SHARE: usize = 20;
const WARM_UP_TIME: Duration = Duration::from_secs(1);

const SUBMIT_PATH: &str = "/api/v2/log/entries";

/// About how many answers of a row are verified as a whole.
const SAMPLES: usize = 2_000;

/// Measures one row for each number of clients, each with a fresh log.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let binary = server::binary(arguments.place.server.as_deref())?;
    let mut report = Report::new("submit", Machine::look());
    let prepared = Prepared::new(arguments.body, arguments.entries)?;
    // One thread: more would take from the server what they do not need.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for &clients in &arguments.clients {
        let directory = server::directory(arguments.place.dir.as_deref())?;
        let row = async {
            let data = directory.path().join("data");
            let server = Server::start_for(clients, &binary, &data)?;
            let time = Duration::from_secs(arguments.seconds);
            let row = Row::measure(&server, &prepared, clients, time, directory.path()).await?;
            let audited = check::audit(&server, &directory.path().join("audit.json")).await?;
            anyhow::Ok(row.to_column().count(
                "entries of the log audited afterwards",
                "audited",
                audited,
            ))
        };
        report.push(runtime.block_on(row)?);
    }
    Ok(report)
}

impl Prepared {
    pub(crate) fn new(body: Body, count: usize) -> anyhow::Result<Self> {
        let entries = Signer::new(body)?.requests(count)?;
        let requests = entries.iter().map(|entry| {
            let json = json::to_vec(entry)?;
            anyhow::Ok(request("POST", SUBMIT_PATH, &json))
        });
        let requests: anyhow::Result<Vec<_>> = requests.collect();
        Ok(Self {
            requests: Arc::new(requests?),
            entries,
        })
    }
}

/// One timed row, and what was measured beside it.
pub(crate) struct Row {
    clients: usize,
    outcome: Outcome,
    verified: u64,
    server_time: Duration,
    generator_time: Duration,
    system_time: Duration,
    stolen_time: Duration,
    rounds: Rounds,
    verification_micros: f64,
    sync: SyncLatency,
    peak_memory: f64,
}

impl Row {
    /// Warms up, then submits for `time`, then verifies the answers. The disk sync and a
    /// verification are measured just before, in `directory`.
    pub(crate) async fn measure(
        server: &Server,
        prepared: &Prepared,
        clients: usize,
        time: Duration,
        directory: &Path,
    ) -> anyhow::Result<Self> {
        let count = prepared.requests.len();
        let warm_up = count / WARM_UP_SHARE;
        let sample_every = (count / SAMPLES).max(1);
        let load = |first, end, time| Load {
            address: server.address,
            requests: Arc::clone(&prepared.requests),
            first,
            end,
            clients,
            time,
            sample_every,
        };
        let sync = SyncLatency::measure(directory)?;
        let verification_micros = units::verification_micros()?;
        load::run(load(0, warm_up, WARM_UP_TIME)).await?;

        let rounds = server.rounds().await?;
        let system = SystemTime::now()?;
        let times = (process_time(server.pid())?, process_time(process::id())?);
        let outcome = load::run(load(warm_up, count, time)).await?;
        let server_time = process_time(server.pid())? - times.0;
        let generator_time = process_time(process::id())? - times.1;
        let system_after = SystemTime::now()?;
        let rounds = server.rounds().await?.since(rounds);
        let peak_memory = process_memory(server.pid(), "VmHWM")?;

        let verified = check::check_answers(&outcome, &prepared.entries, server)?;
        Ok(Self {
            clients,
            outcome,
            verified,
            server_time,
            generator_time,
            system_time: system_after.busy.saturating_sub(system.busy),
            stolen_time: system_after.stolen.saturating_sub(system.stolen),
            rounds,
            verification_micros,
            sync,
            peak_memory,
        })
    }

    pub(crate) fn to_column(&self) -> Column {
        let heading = match self.clients {
            1 => "1 client".to_owned(),
            clients => format!("{clients} clients"),
        };
        let column = self.add_latency(Column::new(heading));
        let column = self.add_processor(column);
        self.add_rounds(column)
            .figure(
                "peak memory of the server, MiB",
                "peakMemoryMib",
                self.peak_memory,
                0,
            )
            .count("answers verified afterwards", "verified", self.verified)
    }

    fn add_latency(&self, column: Column) -> Column {
        let answers = &self.outcome.answers;
        let all = Samples::new(
            answers
                .iter()
                .map(|answer| millis(answer.latency))
                .collect(),
        );
        let (p50, sync) = (all.median(), self.sync.median());
        column
            .figure("time, s", "seconds", self.seconds(), 1)
            .figure("accepted entries", "accepted", self.accepted(), 0)
            .figure(
                "accepted a second",
                "acceptedPerSecond",
                self.accepted() / self.seconds(),
                0,
            )
            .figure("latency p50, ms", "p50Ms", p50, 2)
            .figure("latency p99, ms", "p99Ms", all.percentile(99), 2)
            .figure("latency max, ms", "maxMs", all.max(), 2)
            .figure("disk sync of 4 KiB, median, ms", "syncMedianMs", sync, 2)
            .figure(
                "disk sync of 4 KiB, p99, ms",
                "syncP99Ms",
                self.sync.p99(),
                2,
            )
            .figure(
                "latency p50 less one sync, ms",
                "p50LessSyncMs",
                p50 - sync,
                2,
            )
    }

    fn add_processor(&self, column: Column) -> Column {
        let ours = self.server_time + self.generator_time;
        let others = self.system_time.saturating_sub(ours);
        let cores = |time: Duration| time.as_secs_f64() / self.seconds();
        let server = micros(self.server_time) / self.accepted();
        let generator = micros(self.generator_time) / self.accepted();
        let unit = self.verification_micros;
        column
            .figure("server processor, us an entry", "serverMicros", server, 1)
            .figure(
                "one P-256 verification, us (V)",
                "verificationMicros",
                unit,
                1,
            )
            .figure(
                "server processor an entry, in V",
                "serverInVerifications",
                server / unit,
                2,
            )
            .figure(
                "generator processor, us an entry",
                "generatorMicros",
                generator,
                1,
            )
            .figure(
                "cores used by server and generator",
                "coresUsed",
                cores(ours),
                2,
            )
            .figure(
                "cores used by other programs",
                "coresUsedByOthers",
                cores(others),
                2,
            )
            .figure(
                "cores not given by the host",
                "coresStolen",
                cores(self.stolen_time),
                2,
            )
    }

    fn add_rounds(&self, column: Column) -> Column {
        let count = self.rounds.count.max(1.0);
        let (batch, commit, whole) = (
            self.rounds.entries / count,
            1e3 * self.rounds.commit_seconds / count,
            1e3 * self.rounds.seconds / count,
        );
        column
            .figure("rounds", "rounds", self.rounds.count, 0)
            .figure("entries a round, mean", "meanBatch", batch, 1)
            .figure("commit of a round, mean, ms", "meanCommitMs", commit, 2)
            .figure("whole round, mean, ms", "meanRoundMs", whole, 2)
    }

    fn accepted(&self) -> f64 {
        self.outcome.answers.len() as f64
    }

    fn seconds(&self) -> f64 {
        self.outcome.elapsed.as_secs_f64()
    }
}
