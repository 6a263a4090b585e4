use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use ledgerstone_log::FIRST_SHARD;
use ledgerstone_log::IncompleteCopy;
use ledgerstone_log::Log;
use ledgerstone_log::LogKeys;
use ledgerstone_log::LogOptions;
use ledgerstone_log::Shard;
use ledgerstone_log::Shards;
use ledgerstone_log_server::Metrics;
use ledgerstone_log_server::Overrides;
use ledgerstone_log_server::Server;
use ledgerstone_log_server::Settings;
use ledgerstone_log_server::Sockets;
use ledgerstone_log_server::init_telemetry;
use ledgerstone_log_server::is_origin;
use ledgerstone_merkle::NoteSigner;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::RocksStore;
use ledgerstone_storage::Store;
use serde_json::Value;
use serde_json::json;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

use crate::output;
use crate::output::OutputError;

/// The arguments of `serve`.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    overrides: Overrides,
    /// TOML file with any of the settings above, by the names of the flags; unknown keys are refused.
    #[arg(long, env = "LEDGERSTONE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make a new log though the key directory holds the keys of one. Only when that log never signed anything, or its data is
    /// meant to be given up: two logs with one key are a fork that every auditor can prove.
    #[arg(long)]
    new_log: bool,
    /// Print the settings in force as a TOML file, and end.
    #[arg(long)]
    print_config: bool,
}

/// The name that a log has where nobody gave one and the system has none that fits.
const FALLBACK_ORIGIN: &str = "localhost";

/// Opens or makes the log, and serves it until SIGTERM or SIGINT.
pub(crate) fn run(arguments: Serve, json: bool) -> anyhow::Result<()> {
    let file = arguments
        .config
        .as_deref()
        .map(Overrides::from_file)
        .transpose()?;
    let settings = arguments.overrides.or(file.unwrap_or_default()).resolve()?;
    if arguments.print_config {
        if json {
            output::json(&serde_json::to_value(&settings)?)?;
        } else {
            output::line(settings.to_toml().trim_end_matches('\n'))?;
        }
        return Ok(());
    }
    init_telemetry(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    runtime.block_on(serve(settings, arguments.new_log, json))
}

async fn serve(settings: Settings, new_log: bool, json: bool) -> anyhow::Result<()> {
    // Before the log is opened: a signal that comes while it loads must not be lost.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let metrics = Metrics::default();
    // Before the log is opened, and perhaps made: an address that is taken must not leave a log behind.
    let sockets = Sockets::open(&settings).await?;
    let (shards, incomplete) = open(&settings, new_log, &metrics)?;
    let server = Server::new(sockets, shards.clone(), settings.clone(), metrics);
    let announcement = announcement(&settings, &shards, &incomplete, &server, json)?;
    match output::line(&announcement) {
        // A log serves whether or not somebody reads this.
        Ok(()) | Err(OutputError::Closed) => {}
        Err(error) => return Err(error.into()),
    }
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(server.run(shutdown).await?)
}

fn open(
    settings: &Settings,
    new_log: bool,
    metrics: &Metrics,
) -> anyhow::Result<(Shards, Vec<IncompleteCopy>)> {
    let options = LogOptions {
        queue_entries: settings.log.queue_entries,
        round_entries: settings.log.round_entries,
        observer: Some(Arc::new(metrics.clone())),
        ..LogOptions::default()
    };
    let rocks = RocksOptions {
        memory_bytes: settings.store.store_memory,
        ..RocksOptions::default()
    };
    // Before a store is made: the keys may be those of a log whose data is merely not mounted.
    if !RocksStore::exists(&settings.store.data_dir)? {
        check_new(settings, new_log)?;
    }
    let store: Arc<dyn Store> = Arc::new(RocksStore::open(&settings.store.data_dir, &rocks)?);
    let log = open_log(&store, settings, new_log, options.clone())?;
    Ok(Shards::open(&store, log, &settings.store.key_dir, &options)?)
}

fn open_log(
    store: &Arc<dyn Store>,
    settings: &Settings,
    new_log: bool,
    options: LogOptions,
) -> anyhow::Result<Log> {
    let store = Arc::clone(store);
    if let Some(identity) = store.identity(FIRST_SHARD)? {
        let origin = settings.log.origin.as_deref().unwrap_or(&identity.origin);
        let keys = LogKeys::load(origin, &settings.store.key_dir)?;
        return Ok(Log::open(store, FIRST_SHARD, keys, options)?);
    }
    check_new(settings, new_log)?;
    let origin = settings.log.origin.clone().unwrap_or_else(host_name);
    let keys = if LogKeys::exist_in(&settings.store.key_dir) {
        LogKeys::load(&origin, &settings.store.key_dir)?
    } else {
        LogKeys::create(&origin, &settings.store.key_dir)?
    };
    let log = Log::create(store, FIRST_SHARD, keys, options)?;
    LogKeys::confirm(&settings.store.key_dir)?;
    Ok(log)
}

/// Refuses to make a log with the keys of another one: it would sign a fork.
fn check_new(settings: &Settings, new_log: bool) -> anyhow::Result<()> {
    anyhow::ensure!(
        new_log || !LogKeys::exist_in(&settings.store.key_dir),
        "{} holds the keys of a log, but {} holds no log: bring its data back (is the volume mounted?), or move the keys away \
         to start a new log; --new-log starts one with these keys",
        settings.store.key_dir.display(),
        settings.store.data_dir.display()
    );
    Ok(())
}

/// The host's own name, when it can be a log's.
fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name = name.trim().to_lowercase();
    if is_origin(&name) {
        name
    } else {
        FALLBACK_ORIGIN.to_owned()
    }
}

/// Says where the log is and how to try it.
fn announcement(
    settings: &Settings,
    shards: &Shards,
    incomplete: &[IncompleteCopy],
    server: &Server,
    json: bool,
) -> anyhow::Result<String> {
    let log = shards.log();
    let scheme = if settings.server.tls().is_some() {
        "https"
    } else {
        "http"
    };
    let url = format!("{scheme}://{}", server.address()?);
    let admin = format!("http://{}", server.admin_address()?);
    let (head, tree_id) = (log.head(), log.identity().tree_id);
    let (ed25519, ecdsa) = (
        log.keys().ed25519().verifier(),
        log.keys().ecdsa().verifier(),
    );
    if json {
        let told = json!({
            "origin": log.origin(),
            "treeId": tree_id.to_string(),
            "ed25519": ed25519.to_string(),
            "ecdsaP256": ecdsa.to_string(),
            "size": head.size().get().to_string(),
            "url": url,
            "adminUrl": admin,
            "imported": imported(shards).map(imported_json).collect::<Vec<_>>(),
        });
        return Ok(told.to_string());
    }
    // By the name under which this very program was started.
    let program = std::env::args().next();
    let program = program.as_deref().unwrap_or("ledgerstone");
    let mut lines = vec![
        format!("ledgerstone {}", env!("CARGO_PKG_VERSION")),
        format!("  origin      {}", log.origin()),
        format!("  tree        {tree_id} ({} entries)", head.size()),
        format!("  Ed25519     {ed25519}"),
        format!("  ECDSA P-256 {ecdsa}"),
    ];
    lines.extend(imported(shards).map(imported_line));
    lines.extend(incomplete.iter().map(|copy| {
        format!(
            "  not served  {} - {}: {} entries of a copy, whose import is to be completed first",
            copy.origin, copy.tree_id, copy.entries
        )
    }));
    lines.extend([
        format!("  data        {}", settings.store.data_dir.display()),
        format!("  admin       {admin}"),
        format!("listening on {url}"),
        String::new(),
        "Try, in another terminal:".to_owned(),
        format!("  {program} sign --url {url} README.md"),
        format!("  {program} get --url {url} --index 0"),
        format!("  {program} audit --url {url} --full"),
    ]);
    Ok(lines.join("\n"))
}

/// The trees that did not grow here, and what they are to the log.
fn imported(shards: &Shards) -> impl Iterator<Item = (&'static str, &Shard)> {
    let predecessors = shards.frozen().iter().map(|shard| ("predecessor", shard));
    predecessors.chain(shards.copies().iter().map(|shard| ("copy", shard)))
}

fn imported_line((role, shard): (&str, &Shard)) -> String {
    format!(
        "  {role:<11} {} - {} ({} entries)",
        shard.origin(),
        shard.tree_id(),
        shard.head().size()
    )
}

fn imported_json((role, shard): (&str, &Shard)) -> Value {
    json!({
        "role": role,
        "origin": shard.origin(),
        "treeId": shard.tree_id().to_string(),
        "size": shard.head().size().get().to_string(),
    })
}
