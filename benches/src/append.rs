use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use anyhow::Context;
use anyhow::ensure;
use aws_lc_rs::rand;
use bytes::Bytes;
use clap::Args;
use ledgerstone_log::Keyring;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::NewTree;
use ledgerstone_log::Observer;
use ledgerstone_log::RoundReport;
use ledgerstone_log::Submission;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::Store;
use ledgerstone_storage::TreeKind;
use parking_lot::Mutex;
use rocksdb::DB;
use rocksdb::DBCompressionType;
use rocksdb::Options;
use rocksdb::WriteBatch;
use rocksdb::WriteOptions;
use tokio::task::JoinSet;

use crate::machine::Machine;
use crate::machine::SyncLatency;
use crate::report::Column;
use crate::report::Report;
use crate::server;
use crate::server::ORIGIN;
use crate::statistics::Samples;

/// The arguments of `append`.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// Appends that wait at a time; once for each row.
    #[arg(long, value_name = "COUNT", default_values_t = [64, 1_024, 4_096])]
    concurrency: Vec<usize>,
    /// Entries of a row at most.
    #[arg(long, value_name = "COUNT", default_value_t = 200_000)]
    entries: usize,
    /// Longest time of a row's appends, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    seconds: u64,
    /// Length of the bodies, in bytes.
    #[arg(long, value_name = "BYTES", default_value_t = 1_024)]
    body_bytes: usize,
    /// How often each row is measured, the log and the plain store in turns. The figure is the
    /// median.
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    repeat: usize,
    /// Directory for the temporary data, on the disk that is to be measured [default: the current
    /// one]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Measures one row for each concurrency.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    ensure!(arguments.repeat > 0, "--repeat must be at least 1");
    let mut report = Report::new("append", Machine::look());
    let bodies = Arc::new(random_bodies(arguments.entries, arguments.body_bytes)?);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    for &concurrency in &arguments.concurrency {
        let (mut log_rates, mut plain_rates, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        let mut batches = Vec::new();
        let directory = server::directory(arguments.dir.as_deref())?;
        let sync = SyncLatency::measure(directory.path())?;
        for _ in 0..arguments.repeat {
            let directory = server::directory(arguments.dir.as_deref())?;
            let appends = Appends {
                bodies: Arc::clone(&bodies),
                concurrency,
                time: Duration::from_secs(arguments.seconds),
            };
            let log = runtime.block_on(appends.measure(&directory.path().join("log")))?;
            let plain = write_plain(&directory.path().join("plain"), &bodies, &log.rounds)?;
            let plain = log.entries() / plain.as_secs_f64();
            log_rates.push(log.rate());
            plain_rates.push(plain);
            ratios.push(log.rate() / plain);
            batches.push(log.entries() / log.rounds.len() as f64);
        }
        let ratios = Samples::new(ratios);
        let column = Column::new(format!("{concurrency} at a time"))
            .figure(
                "appended and proven a second",
                "perSecond",
                Samples::new(log_rates).median(),
                0,
            )
            .figure(
                "plain RocksDB, same bytes and batches, a second",
                "plainPerSecond",
                Samples::new(plain_rates).median(),
                0,
            )
            .figure("ratio, median", "ratio", ratios.median(), 2)
            .figure("ratio, least", "ratioLeast", ratios.percentile(0), 2)
            .figure("ratio, most", "ratioMost", ratios.max(), 2)
            .figure(
                "entries a round, mean",
                "meanBatch",
                Samples::new(batches).median(),
                1,
            )
            .figure(
                "disk sync of 4 KiB, median, ms",
                "syncMedianMs",
                sync.median(),
                2,
            )
            .figure("disk sync of 4 KiB, p99, ms", "syncP99Ms", sync.p99(), 2);
        report.push(column);
    }
    Ok(report)
}

/// Bodies that neither compress nor repeat.
fn random_bodies(count: usize, length: usize) -> anyhow::Result<Vec<Bytes>> {
    let body = |_| {
        let mut body = vec![0; length];
        rand::fill(&mut body).context("the system has no random bytes")?;
        Ok(body.into())
    };
    (0..count).map(body).collect()
}

/// What is appended to a fresh log.
struct Appends {
    bodies: Arc<Vec<Bytes>>,
    concurrency: usize,
    time: Duration,
}

struct Appended {
    elapsed: Duration,
    /// The number of entries of each round, in order.
    rounds: Vec<usize>,
}

impl Appends {
    async fn measure(&self, directory: &Path) -> anyhow::Result<Appended> {
        let rounds = Arc::new(RoundSizes::default());
        let options = LogOptions {
            observer: Some(Arc::clone(&rounds) as Arc<dyn Observer>),
            ..LogOptions::default()
        };
        let store = Store::open_rocksdb(directory, &RocksOptions::default())?;
        let trees = NewTree::of_log(ORIGIN);
        // The tree of Rekor v2 alone: one that nothing is appended to costs nothing.
        let trees = &trees[..1];
        let keyring = Keyring::generate(trees, &options.protocols)?;
        let log = Log::create(store, trees, keyring, options)?;
        let next = Arc::new(AtomicUsize::new(0));
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..self.concurrency {
            let (log, bodies, next) = (log.clone(), Arc::clone(&self.bodies), Arc::clone(&next));
            let time = self.time;
            tasks.spawn(async move {
                while started.elapsed() < time
                    && let Some(body) = bodies.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    let submission = Submission::new(body.clone())?;
                    log.append(TreeKind::REKOR_V2, submission).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        let elapsed = started.elapsed();
        log.close().await?;
        let rounds = std::mem::take(&mut *rounds.0.lock());
        Ok(Appended { elapsed, rounds })
    }
}

impl Appended {
    fn entries(&self) -> f64 {
        self.rounds.iter().sum::<usize>() as f64
    }

    fn rate(&self) -> f64 {
        self.entries() / self.elapsed.as_secs_f64()
    }
}

#[derive(Default)]
struct RoundSizes(Mutex<Vec<usize>>);

impl Observer for RoundSizes {
    fn round(&self, report: &RoundReport) {
        if report.entries > 0 {
            self.0.lock().push(report.entries);
        }
    }
}

/// Writes the same bodies to a plain RocksDB under their positions, in batches of the same sizes,
/// each with one sync. This is what any durable store on RocksDB costs: no tree, no index by hash,
/// no search, no proof.
fn write_plain(directory: &Path, bodies: &[Bytes], rounds: &[usize]) -> anyhow::Result<Duration> {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.set_compression_type(DBCompressionType::None);
    let store = DB::open(&options, directory)?;
    let mut durable = WriteOptions::default();
    durable.set_sync(true);
    let mut numbered = (0_u64..).zip(bodies);
    let started = Instant::now();
    for &round in rounds {
        let mut batch = WriteBatch::default();
        for (position, body) in numbered.by_ref().take(round) {
            batch.put(position.to_be_bytes(), body);
        }
        store.write_opt(batch, &durable)?;
    }
    Ok(started.elapsed())
}
