//! Running a log.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use ledgerstone_instance::Instance;
use ledgerstone_instance::OpenSettings;
use ledgerstone_instance::ReadingCause;
use ledgerstone_log::Log;
use ledgerstone_log::LogOptions;
use ledgerstone_log::Tree;
use ledgerstone_log::UnservedTree;
use ledgerstone_log_server::Metrics;
use ledgerstone_log_server::Overrides;
use ledgerstone_log_server::Reading;
use ledgerstone_log_server::Server;
use ledgerstone_log_server::Settings;
use ledgerstone_log_server::Sockets;
use ledgerstone_log_server::WebhookRules;
use ledgerstone_log_server::init_telemetry;
use ledgerstone_log_server::is_origin;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::TreeKind;
use serde_json::Value;
use serde_json::json;
use tokio::signal::unix::Signal;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tracing::error;
use tracing::info;
use tracing::warn;

use crate::output;
use crate::output::OutputError;
use crate::shell::program;

/// The arguments of `serve`.
#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    overrides: Overrides,
    /// TOML file with any of the settings above, by the names of the flags; unknown keys are
    /// refused.
    #[arg(long, env = "LEDGERSTONE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Make a new log though the key directory holds the keys of one. Only when that log never
    /// signed anything, or its data is meant to be given up: two logs with one key are a fork that
    /// every auditor can prove.
    #[arg(long)]
    new_log: bool,
    /// Believe the clock of this machine though it makes the last entry more than a year old. Only
    /// when the log stood still for so long: a wrong clock dates all entries until its time has
    /// come.
    #[arg(long)]
    trust_clock: bool,
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
    // Dropped last: what the end has to say is written.
    let _telemetry = init_telemetry(&settings)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let by_operator = ByOperator {
        new_log: arguments.new_log,
        trust_clock: arguments.trust_clock,
    };
    runtime.block_on(serve(settings, by_operator, json))
}

/// What the operator answers for, once and not in a file.
struct ByOperator {
    new_log: bool,
    trust_clock: bool,
}

async fn serve(settings: Settings, by_operator: ByOperator, json: bool) -> anyhow::Result<()> {
    // Before the log is opened: a signal that comes while it loads must not be lost.
    let mut terminate = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let hangups = signal(SignalKind::hangup()).context("cannot listen for SIGHUP")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let metrics = Metrics::default();
    // Before the log is opened, and perhaps made: an address that is taken must not leave a log
    // behind.
    let sockets = Sockets::open(&settings).await?;
    let instance = Instance::new(
        &settings.store.data_dir,
        Some(settings.store.key_dir.clone()),
    );
    let opened = open(&instance, &settings, &by_operator, &metrics)?;
    let log = opened.log.clone();
    let server = Server::new(sockets, log.clone(), settings.clone(), metrics);
    let server = server.reading(opened.reading.clone());
    let announcement = if json {
        output::versioned(announcement_json(&settings, &opened, &server)?).to_string()
    } else {
        announcement(&settings, &opened, &server)?
    };
    match output::line(&announcement) {
        // A log serves whether or not somebody reads this.
        Ok(()) | Err(OutputError::Closed) => {}
        Err(error) => return Err(error.into()),
    }
    tokio::spawn(reload_rules(hangups, server.rules()));
    let shutdown = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    Ok(server.run(shutdown).await?)
}

/// Reads the rules of webhooks again at each SIGHUP.
async fn reload_rules(mut hangups: Signal, rules: WebhookRules) {
    while hangups.recv().await.is_some() {
        match rules.reload() {
            Ok(true) => info!("the rules of webhooks were read again"),
            Ok(false) => info!("there are no rules of webhooks to be read again"),
            Err(error) => error!(%error, "the rules of webhooks stay as they were"),
        }
    }
}

/// A log that is open.
struct Opened {
    log: Log,
    /// Why it is only read, where it is.
    reading: Option<Reading>,
    unserved: Vec<UnservedTree>,
}

/// Opens the log, or makes it. One that is to be read only, or that damage or a full disk lets
/// nobody write, is opened to read.
fn open(
    instance: &Instance,
    settings: &Settings,
    by_operator: &ByOperator,
    metrics: &Metrics,
) -> anyhow::Result<Opened> {
    let how = open_settings(settings, by_operator, metrics);
    if settings.log.read_only {
        return open_to_read(instance, &how, Reading::Wanted);
    }
    let refused = match instance.open_or_create(&how) {
        Ok(log) => {
            return Ok(Opened {
                log,
                reading: None,
                unserved: Vec::new(),
            });
        }
        Err(refused) => refused,
    };
    let why = match refused.leaves_reading() {
        Some(ReadingCause::Damage) => Reading::Damage(refused.to_string()),
        Some(ReadingCause::FullDisk) => Reading::FullDisk(refused.to_string()),
        None => return Err(refused.into()),
    };
    // A process that ends would be started again and again, and answer nobody meanwhile.
    match open_to_read(instance, &how, why) {
        Ok(opened) => Ok(opened),
        Err(error) => {
            warn!(error = %error, "nor can it be read");
            Err(refused.into())
        }
    }
}

fn open_to_read(instance: &Instance, how: &OpenSettings, why: Reading) -> anyhow::Result<Opened> {
    let (log, unserved) = instance.open_to_read(how)?;
    match &why {
        Reading::Wanted => info!("the log is only read, as set"),
        Reading::Damage(_) | Reading::FullDisk(_) => error!("{why}"),
    }
    Ok(Opened {
        log,
        reading: Some(why),
        unserved,
    })
}

/// How the log is opened, as the settings of the server say.
fn open_settings(settings: &Settings, by_operator: &ByOperator, metrics: &Metrics) -> OpenSettings {
    OpenSettings {
        origin: settings.log.origin.clone(),
        default_origin: host_name(),
        rekor_v1: settings.rekor_v1.rekor_v1,
        rekor_v2: settings.rekor_v2.rekor_v2,
        new_log: by_operator.new_log,
        store_memory: Some(settings.store.store_memory),
        log: LogOptions {
            queue_entries: settings.log.queue_entries,
            round_entries: settings.log.round_entries,
            trusts_clock: by_operator.trust_clock,
            scrub_rate: settings.store.scrub_rate,
            statement_retention: settings.statements.retention(),
            observer: Some(Arc::new(metrics.clone())),
            ..LogOptions::default()
        },
    }
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

/// Where the server listens: for all protocols, and for its operator.
fn urls(settings: &Settings, server: &Server) -> anyhow::Result<(String, String)> {
    let scheme = if settings.server.tls().is_some() {
        "https"
    } else {
        "http"
    };
    Ok((
        format!("{scheme}://{}", server.address()?),
        format!("http://{}", server.admin_address()?),
    ))
}

/// Says where the log is and how to try it.
fn announcement(settings: &Settings, opened: &Opened, server: &Server) -> anyhow::Result<String> {
    let log = &opened.log;
    let (url, admin) = urls(settings, server)?;
    let program = program();
    let reached = reached(&url);
    let trees = log.trees();
    let mut lines = vec![format!("ledgerstone {}", env!("CARGO_PKG_VERSION"))];
    lines.extend(trees.growing().flat_map(growing_lines));
    lines.extend(trees.all().filter(|tree| !tree.grows()).map(other_line));
    lines.extend(log.incomplete_copies().iter().map(|copy| {
        format!(
            "  not served  {} - {}: {} entries of a copy, whose import is to be completed first",
            copy.origin, copy.tree_id, copy.entries
        )
    }));
    lines.extend(
        opened
            .unserved
            .iter()
            .map(|tree| format!("  not served  {}: {}", tree.name, tree.reason)),
    );
    lines.extend(opened.reading.iter().map(|why| format!("  {why}")));
    lines.extend([
        format!("  data        {}", settings.store.data_dir.display()),
        format!("  admin       {admin}"),
        format!("listening on {url}"),
        String::new(),
        "Try, in another terminal:".to_owned(),
        "  echo hello > hello.txt".to_owned(),
        format!("  {program} sign --url {reached} hello.txt"),
        format!("  {program} get --url {reached} --index 0"),
        format!("  {program} audit --url {reached} --full"),
    ]);
    Ok(lines.join("\n"))
}

/// The URL under which this machine reaches a server that may listen on all its addresses.
fn reached(url: &str) -> String {
    url.replacen("//0.0.0.0:", "//127.0.0.1:", 1)
        .replacen("//[::]:", "//[::1]:", 1)
}

/// A tree that takes entries, with the keys that sign for it.
fn growing_lines(tree: &Tree) -> Vec<String> {
    let mut lines = vec![
        format!("  {:<11} {}", tree.protocol().name(), tree.log_name()),
        format!(
            "  tree        {} ({} entries)",
            tree.tree_id(),
            tree.head().size()
        ),
        format!("  Ed25519     {}", tree.checkpoint_key()),
    ];
    let v1_key = tree.v1_key();
    lines.extend(v1_key.map(|key| format!("  ECDSA P-256 {key}")));
    lines
}

/// A tree that takes no entries: it is frozen, or was imported.
fn other_line(tree: &Tree) -> String {
    format!(
        "  {:<11} {} - {} ({} entries)",
        role(tree),
        tree.log_name(),
        tree.tree_id(),
        tree.head().size()
    )
}

/// The same for machines.
fn announcement_json(
    settings: &Settings,
    opened: &Opened,
    server: &Server,
) -> anyhow::Result<Value> {
    let log = &opened.log;
    let (url, admin) = urls(settings, server)?;
    let trees = log.trees();
    // What was there before there were several trees speaks of the one of Rekor v2, and of the key
    // of Rekor v1.
    let v2 = trees.growing_of(TreeKind::REKOR_V2);
    let v1 = trees.growing_of(TreeKind::REKOR_V1);
    Ok(json!({
        "origin": v2.map(Tree::origin),
        "treeId": v2.map(|tree| tree.tree_id().to_string()),
        "ed25519": v2.map(|tree| tree.checkpoint_key().to_string()),
        "ecdsaP256": v1.and_then(Tree::v1_key).map(VerifierKey::to_string),
        "size": v2.map(|tree| tree.head().size().get().to_string()),
        "url": url,
        "adminUrl": admin,
        "readOnly": opened.reading.as_ref().map(Reading::to_string),
        "trees": trees.all().map(tree_json).collect::<Vec<_>>(),
    }))
}

fn tree_json(tree: &Tree) -> Value {
    json!({
        "role": role(tree),
        "protocol": tree.import().is_none().then(|| tree.protocol().name()),
        "name": tree.log_name(),
        "origin": tree.origin(),
        "treeId": tree.tree_id().to_string(),
        "key": tree.checkpoint_key().to_string(),
        "v1Key": tree.v1_key().map(VerifierKey::to_string),
        "size": tree.head().size().get().to_string(),
    })
}

/// What a tree is to the log.
fn role(tree: &Tree) -> &'static str {
    match tree.import().map(|import| import.role) {
        Some(ImportRole::Predecessor) => "predecessor",
        Some(ImportRole::Copy) => "copy",
        None if tree.grows() => "growing",
        None => "frozen",
    }
}
