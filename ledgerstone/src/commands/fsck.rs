use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;
use indicatif::ProgressStyle;
use ledgerstone_log::Finding;
use ledgerstone_log::FsckReport;
use ledgerstone_log::LogKeys;
use ledgerstone_log::load_foreign_key;
use ledgerstone_merkle::TreeSize;
use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::Reader;
use ledgerstone_storage::RocksOptions;
use ledgerstone_storage::RocksStore;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::StorageError;
use ledgerstone_storage::Store;
use serde_json::Value;
use serde_json::json;
use thiserror::Error;

use crate::output;
use crate::output::OutputError;

/// The arguments of `fsck`.
#[derive(Args, Debug)]
pub(crate) struct Fsck {
    /// Directory of the log
    #[arg(
        long,
        env = "LEDGERSTONE_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    data_dir: PathBuf,
    /// Directory of the log's keys [default: keys in the data directory]
    #[arg(long, env = "LEDGERSTONE_KEY_DIR", value_name = "DIR")]
    key_dir: Option<PathBuf>,
    /// When the store is sound and only the checkpoint outside it is missing or unreadable: accept the store as the newest,
    /// and sign its head
    #[arg(long)]
    accept_head: bool,
}

/// The store is damaged: the findings have been printed.
#[derive(Debug, Error)]
#[error("the store is damaged")]
pub(crate) struct Damaged {
    /// Whether all was said, and only the exit code is left to tell.
    pub(crate) told: bool,
}

/// Checks every shard of the store.
pub(crate) fn run(arguments: &Fsck, json: bool) -> anyhow::Result<()> {
    // Accepting a head writes the kept checkpoint, which takes a store that is open for writing.
    let store = if arguments.accept_head {
        anyhow::ensure!(
            RocksStore::exists(&arguments.data_dir)?,
            "there is no log in {}",
            arguments.data_dir.display()
        );
        RocksStore::open(&arguments.data_dir, &RocksOptions::default())?
    } else {
        RocksStore::open_read_only(&arguments.data_dir)?
    };
    let (mut sound, mut printed) = (true, Vec::new());
    let shards = store.shards()?;
    if shards.is_empty()
        && let Some(damage) = store.verify(ShardId::new(0))?.into_iter().next()
    {
        return Err(StorageError::from(damage).into());
    }
    anyhow::ensure!(
        !shards.is_empty(),
        "there is no log in {}",
        arguments.data_dir.display()
    );
    for shard in shards {
        let origin = store
            .identity(shard)?
            .map(|identity| identity.origin)
            .unwrap_or_default();
        let key_dir = arguments
            .key_dir
            .clone()
            .unwrap_or_else(|| arguments.data_dir.join("keys"));
        let foreign = load_foreign_key(&key_dir, shard)?;
        let keys = match LogKeys::load(&origin, &key_dir) {
            // A copy is signed by whoever runs the log that it is of: there is nothing here to accept.
            _ if foreign.is_some() => None,
            Ok(keys) => Some(keys),
            Err(error) if arguments.accept_head => return Err(error.into()),
            Err(_) => None,
        };
        let report = check(&store, shard, keys.as_ref(), foreign.as_ref())?;
        let only_kept = report
            .findings
            .iter()
            .all(Finding::is_about_kept_checkpoint);
        let accepted = match &keys {
            Some(keys) if arguments.accept_head && only_kept => {
                ledgerstone_log::accept_head(&store, shard, keys)?;
                true
            }
            _ => false,
        };
        if !report.findings.is_empty() && !accepted {
            sound = false;
        }
        let signature = keys.is_some() || foreign.is_some();
        if json {
            printed.push(shard_json(shard, &origin, &report, signature, accepted));
        } else {
            print(
                &shard_text(shard, &origin, &report, signature, accepted),
                sound,
            )?;
        }
    }
    if json {
        let told = json!({ "sound": sound, "shards": printed }).to_string();
        print(&told, sound)?;
        if !sound {
            return Err(Damaged { told: true }.into());
        }
    }
    if sound {
        Ok(())
    } else {
        Err(Damaged { told: false }.into())
    }
}

fn check(
    store: &RocksStore,
    shard: ShardId,
    keys: Option<&LogKeys>,
    foreign: Option<&VerifierKey>,
) -> anyhow::Result<FsckReport> {
    // Drawn on stderr, and only where that is a terminal.
    let bar = ProgressBar::new(0);
    let template = "{bar:30} {pos} of {len} entries, {per_sec}, {eta} left";
    bar.set_style(
        ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let mut progress = |checked: TreeSize, size: TreeSize| {
        bar.set_length(size.get());
        bar.set_position(checked.get());
    };
    let report = match foreign {
        Some(key) => ledgerstone_log::fsck_copy(store, shard, key, &mut progress),
        None => ledgerstone_log::fsck(store, shard, keys, &mut progress),
    };
    bar.finish_and_clear();
    Ok(report?)
}

/// Prints what was found. When nobody reads it the code still tells of the damage.
fn print(text: &str, sound: bool) -> anyhow::Result<()> {
    match output::line(text) {
        Err(OutputError::Closed) if !sound => Ok(()),
        other => Ok(other?),
    }
}

fn shard_json(
    shard: ShardId,
    origin: &str,
    report: &FsckReport,
    signature: bool,
    accepted: bool,
) -> Value {
    let findings: Vec<String> = report.findings.iter().map(Finding::to_string).collect();
    json!({
        "shard": shard.get(),
        "origin": origin,
        "size": report.size.get().to_string(),
        "rootHash": report.root.to_string(),
        "bytes": report.bytes.to_string(),
        "tiles": report.tiles.to_string(),
        "checkpointSignatureVerified": signature,
        "findings": findings,
        "headAccepted": accepted,
    })
}

fn shard_text(
    shard: ShardId,
    origin: &str,
    report: &FsckReport,
    signature: bool,
    accepted: bool,
) -> String {
    let mut lines = vec![
        format!("log        {origin} (shard {})", shard.get()),
        format!("size       {}", report.size),
        format!("root       {}", report.root),
        format!(
            "checked    {} bytes of entries, {} full tiles",
            report.bytes, report.tiles
        ),
    ];
    if !signature {
        lines.push(
            "note       without the log's keys the signature of the kept checkpoint is not verified"
                .to_owned(),
        );
    }
    for finding in &report.findings {
        lines.push(format!("found      {finding}"));
    }
    let result = match (report.findings.is_empty(), accepted) {
        (true, _) => "sound",
        (false, true) => "the entries are sound; the head is accepted and its checkpoint is kept",
        (false, false) => "damaged",
    };
    lines.push(format!("result     {result}"));
    lines.join("\n")
}
