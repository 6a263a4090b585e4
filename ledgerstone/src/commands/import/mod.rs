//! Copying a log that somebody else runs.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use clap::ValueEnum;
use ledgerstone_client::Error;
use ledgerstone_client::LogSource;
use ledgerstone_client::SourceEntry;
use ledgerstone_client::SourceHead;
use ledgerstone_client::SourceRound;
use ledgerstone_client::TiledLog;
use ledgerstone_client::Transport;
use ledgerstone_client::TransportOptions;
use ledgerstone_instance::ImportRequest;
use ledgerstone_instance::Instance;
use ledgerstone_instance::StartedImport;
use ledgerstone_log::IMPORT_ROUND_ENTRIES;
use ledgerstone_log::ImportedEntry;
use ledgerstone_log::Importer;
use ledgerstone_merkle::TreeSize;
use ledgerstone_storage::ImportOrigin;
use ledgerstone_storage::ImportRole;
use ledgerstone_storage::ShardId;
use zeroize::Zeroizing;

use crate::files::read_text;
use crate::output::Report;
use crate::progress::entries_bar;
use crate::progress::show;
use crate::trust;
use crate::trust::TrustedLogArguments;

/// The arguments of `import`.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("trusted").required(true).args(["trusted_root", "log_key"]))]
pub(crate) struct Import {
    /// The log to copy: its URL, or a directory with its checkpoint and tiles.
    #[arg(long, value_name = "URL|DIR")]
    from: String,

    /// How the log is read.
    #[arg(long, value_enum, default_value_t = Protocol::Auto)]
    protocol: Protocol,

    /// Which tree of a Rekor v1, instead of the one that grows.
    #[arg(long, value_name = "N")]
    tree_id: Option<u64>,

    /// Directory of the log that the copy goes into. No server may run on it meanwhile.
    #[arg(
        long,
        env = "LEDGERSTONE_DATA_DIR",
        value_name = "DIR",
        default_value = "./data"
    )]
    data_dir: PathBuf,

    /// Directory of the log's keys, where the public key of the copied log goes too [default: keys
    /// in the data directory]
    #[arg(long, env = "LEDGERSTONE_KEY_DIR", value_name = "DIR")]
    key_dir: Option<PathBuf>,

    /// The shard to copy into, instead of the one that holds this log already, or else the next one
    /// that is free.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    shard: Option<u32>,

    /// Make it an earlier tree of this log, and not a copy of another: its entries come before
    /// those of this log in the order of virtual indexes. Only while this log has no entries of its
    /// own; the oldest tree first.
    #[arg(long)]
    predecessor: bool,

    /// PKCS#8 PEM file with the ECDSA P-256 key that signs for the tree towards Rekor v1 clients,
    /// as the log that it comes from did. A copy of it is kept in the key directory.
    #[arg(long, value_name = "FILE", requires = "predecessor")]
    signing_key: Option<PathBuf>,

    /// How many requests are on their way at a time.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 8,
        value_parser = clap::value_parser!(u8).range(1..=64)
    )]
    parallel: u8,

    /// How long a request may take, in seconds.
    #[arg(
        long,
        default_value_t = 30,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=3600)
    )]
    timeout: u64,

    #[command(flatten)]
    trust: TrustedLogArguments,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Protocol {
    /// Tiles where there are any, otherwise the API of Rekor v1.
    Auto,
    /// C2SP tlog-tiles: fast, but without the times at which entries were logged.
    Tiles,
    /// The API of Rekor v1: ten entries a request, each with its signed time.
    RekorV1,
}

/// Copies the log, or the rest of it.
pub(crate) async fn run(arguments: Import) -> anyhow::Result<Report> {
    let logs = trust::named(&arguments.trust)?.context("name the log's key with --log-key")?;
    let source = open_source(&arguments).await?;
    let head = source.head(&logs, arguments.tree_id).await;
    let head = head.map_err(Error::from)?;

    let instance = Instance::new(&arguments.data_dir, arguments.key_dir.clone());
    let StartedImport { shard, importer } = instance.import(request(&arguments, &head)?)?;
    let (tree_id, resumed_at) = (importer.identity().tree_id, importer.size());
    let bytes = copy(importer, &source, &head, arguments.parallel.into()).await?;

    let checkpoint = &head.signed.checkpoint;
    Ok(Report::new()
        .field("verified", "verified", true)
        .field("log", "origin", checkpoint.origin.clone())
        .field("size", "treeSize", checkpoint.size.get())
        .field("root", "rootHash", checkpoint.root.to_string())
        .field("shard", "shard", shard.get())
        .field("tree id", "treeId", tree_id.to_string())
        .field("resumed at", "resumedAt", resumed_at.get())
        .field(
            "entries copied",
            "entriesCopied",
            checkpoint.size.get() - resumed_at.get(),
        )
        .field("bytes copied", "bytesCopied", bytes))
}

async fn open_source(arguments: &Import) -> anyhow::Result<LogSource> {
    let from = arguments.from.as_str();
    if !from.contains("://") {
        anyhow::ensure!(
            Path::new(from).is_dir(),
            "{from} is neither a URL nor a directory"
        );
        anyhow::ensure!(
            arguments.protocol != Protocol::RekorV1,
            "a directory holds tiles: leave out --protocol"
        );
        return Ok(LogSource::tiles(TiledLog::in_directory(from)));
    }
    let options = TransportOptions {
        request_timeout: Duration::from_secs(arguments.timeout),
        ..TransportOptions::default()
    };
    let transport = Transport::new(from, options).map_err(Error::from)?;
    Ok(match arguments.protocol {
        Protocol::Tiles => LogSource::tiles(TiledLog::new(transport)),
        Protocol::RekorV1 => LogSource::rekor_v1(transport),
        // Only a Rekor v1 has trees to choose from.
        Protocol::Auto if arguments.tree_id.is_some() => LogSource::rekor_v1(transport),
        Protocol::Auto => LogSource::detect(transport).await.map_err(Error::from)?,
    })
}

/// What is asked of the data directory: the tree, and what it is for.
fn request(arguments: &Import, head: &SourceHead) -> anyhow::Result<ImportRequest> {
    let role = if arguments.predecessor {
        ImportRole::Predecessor
    } else {
        ImportRole::Copy
    };
    let read = |path: &PathBuf| read_text(path).map(Zeroizing::new);
    Ok(ImportRequest {
        key: head.signed.key.clone(),
        tree_id: head.tree_id(),
        checkpoint: head.signed.note.clone(),
        origin: ImportOrigin {
            role,
            start: head.start(),
        },
        shard: arguments.shard.map(ShardId::new),
        signing_key: arguments.signing_key.as_ref().map(read).transpose()?,
    })
}

/// Copies what is missing, and returns its bytes. While one round is written, the next is on its
/// way: no more than two are in memory, each within the limits in bytes of [`LogSource::round`].
async fn copy(
    mut importer: Importer,
    source: &LogSource,
    head: &SourceHead,
    parallel: usize,
) -> anyhow::Result<u64> {
    let bar = entries_bar(head.size().get());
    show(&bar, importer.size().get());
    let mut bytes = 0;
    let mut next = fetch(source, head, importer.size(), parallel).await?;
    while let Some(round) = next {
        bytes += body_bytes(&round.entries);
        let behind = TreeSize::new(importer.size().get() + round.entries.len() as u64);
        let writing = tokio::task::spawn_blocking(move || {
            let entries = round.entries.into_iter().map(imported).collect();
            importer.append(entries, &round.proof)?;
            anyhow::Ok(importer)
        });
        let fetching = fetch(source, head, behind, parallel);
        let (written, fetched) = tokio::join!(writing, fetching);
        // The entries at hand first: what is wrong with them matters more than why there are no
        // others.
        importer = written.context("the import was interrupted")??;
        next = fetched?;
        show(&bar, importer.size().get());
    }
    importer.finish()?;
    bar.finish_and_clear();
    Ok(bytes)
}

/// The round from `size` on, or `None` at the end. Rounds of many entries end at multiples of their
/// length, and those of large ones behind a bundle, so that no bundle is read twice.
async fn fetch(
    source: &LogSource,
    head: &SourceHead,
    size: TreeSize,
    parallel: usize,
) -> anyhow::Result<Option<SourceRound>> {
    let (first, length) = (size.get(), IMPORT_ROUND_ENTRIES as u64);
    if first >= head.size().get() {
        return Ok(None);
    }
    let end = (first - first % length)
        .saturating_add(length)
        .min(head.size().get());
    let round = source.round(head, first..end, parallel).await;
    Ok(Some(round.map_err(Error::from)?))
}

fn imported(entry: SourceEntry) -> ImportedEntry {
    ImportedEntry {
        body: entry.body,
        integrated_time: entry.integrated_time,
        timestamp: entry.timestamp,
        attestation: entry.attestation,
    }
}

fn body_bytes(entries: &[SourceEntry]) -> u64 {
    entries.iter().map(|entry| entry.body.len() as u64).sum()
}

#[cfg(test)]
mod tests;
