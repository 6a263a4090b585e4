//! `trust`: writes the files that make other Sigstore clients trust a log.

use std::path::Path;
use std::path::PathBuf;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use clap::ArgGroup;
use clap::Args;
use ledgerstone_client::Authority;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::LogDescription;
use ledgerstone_client::RekorApiVersion;
use ledgerstone_client::TrustFiles;
use ledgerstone_client::TrustOptions;
use ledgerstone_client::TrustedLog;

use crate::commands::time_argument::parse_time;
use crate::connection::LogArguments;
use crate::connection::transport;
use crate::files::read_text;
use crate::output::Report;

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("key_files").args(["data_dir", "key_dir"]))]
pub(crate) struct TrustArguments {
    /// The directory that the files go into.
    #[arg(long, short, value_name = "DIR")]
    pub(crate) out: PathBuf,

    /// Take the keys from the key files of the log with this data directory instead of asking the
    /// log. Needs --origin.
    #[arg(
        long,
        value_name = "DIR",
        requires = "origin",
        conflicts_with = "key_dir"
    )]
    pub(crate) data_dir: Option<PathBuf>,

    /// Take the keys from the log's own key files in this directory instead of asking the log.
    /// Needs --origin.
    #[arg(long, value_name = "DIR", requires = "origin")]
    pub(crate) key_dir: Option<PathBuf>,

    /// The name of the log whose key files are read.
    #[arg(long, value_name = "NAME", requires = "key_files")]
    pub(crate) origin: Option<String>,

    /// The Rekor API that signing clients are to use.
    #[arg(
        long,
        value_name = "1|2",
        default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(1..=2)
    )]
    pub(crate) api_version: u8,

    /// Since when the log's keys are valid, instead of the day on which the log began: a date, such
    /// as 2026-01-01, or a time with its zone, such as 2026-01-01T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub(crate) valid_from: Option<jiff::Timestamp>,

    /// The URL of a certificate authority (Fulcio).
    #[arg(long, value_name = "URL", requires = "certificate_authority")]
    pub(crate) fulcio_url: Option<String>,

    /// The certificates of that authority as PEM, the root last.
    #[arg(long, value_name = "PEM", requires = "fulcio_url")]
    pub(crate) certificate_authority: Option<PathBuf>,

    /// The public key of the certificate transparency log of that authority, as PEM.
    #[arg(long, value_name = "PEM", requires = "fulcio_url")]
    pub(crate) ct_key: Option<PathBuf>,

    /// The URL that requests for time stamps go to.
    #[arg(long, value_name = "URL", requires = "timestamp_authority")]
    pub(crate) tsa_url: Option<String>,

    /// The certificates of the time stamping authority as PEM, the root last.
    #[arg(long, value_name = "PEM", requires = "tsa_url")]
    pub(crate) timestamp_authority: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) log: LogArguments,
}

/// Where a log keeps its keys, unless it is told otherwise.
const KEY_DIR: &str = "keys";

/// The names that a log gives its own key files.
const ED25519_FILE: &str = "log-ed25519.pem";

const ECDSA_FILE: &str = "log-ecdsa-p256.pem";

/// How the names begin and end of the files with the keys of trees that take no more entries.
const FROZEN_KEY: (&str, &str) = ("tree-", ".vkey");

pub(crate) async fn run(arguments: TrustArguments) -> anyhow::Result<Report> {
    let in_data_dir = arguments
        .data_dir
        .as_ref()
        .map(|directory| directory.join(KEY_DIR));
    let key_dir = arguments.key_dir.clone().or(in_data_dir);
    let (log, predecessors) = match (key_dir, &arguments.origin) {
        (Some(directory), Some(origin)) => (read_keys(&directory, origin)?, Vec::new()),
        _ => {
            let api = LogApi::new(transport(&arguments.log)?);
            let keys = api.description().await.map_err(Error::from)?;
            let predecessors = api.predecessors().await.map_err(Error::from)?;
            (keys, predecessors)
        }
    };
    let options = TrustOptions {
        url: arguments.log.url.clone(),
        api_version: match arguments.api_version {
            1 => RekorApiVersion::V1,
            _ => RekorApiVersion::V2,
        },
        valid_from: arguments.valid_from.map(|time| time.as_second()),
        predecessors,
        certificate_authority: authority(
            &arguments.fulcio_url,
            arguments.certificate_authority.as_deref(),
        )?,
        timestamp_authority: authority(
            &arguments.tsa_url,
            arguments.timestamp_authority.as_deref(),
        )?,
        ct_key: arguments.ct_key.as_deref().map(read_text).transpose()?,
    };
    let files = TrustFiles::new(&log, &options).map_err(Error::from)?;
    let written = files.write(&arguments.out).map_err(Error::from)?;
    let written: Vec<_> = written
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    Ok(Report::new()
        .field("log", "origin", log.origin())
        .field("url", "url", options.url)
        .field("rekor api", "apiVersion", arguments.api_version)
        .optional("log key", "logKey", text(log.shown_key()))
        .optional("v1 tile key", "v1TileKey", text(log.v1_tiles.last()))
        .field("written", "written", written))
}

fn text(log: Option<&TrustedLog>) -> Option<String> {
    log.map(|log| log.key().to_string())
}

/// The keys of a log that has one tree for each protocol: which tree another key file belongs to,
/// and when that was frozen, only the log itself knows.
fn read_keys(directory: &Path, origin: &str) -> anyhow::Result<LogDescription> {
    let entries = std::fs::read_dir(directory)
        .with_context(|| format!("{} cannot be read", directory.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        anyhow::ensure!(
            !(name.starts_with(FROZEN_KEY.0) && name.ends_with(FROZEN_KEY.1)),
            "{} is the key of a frozen tree: start the log, and ask it with --url",
            entry.path().display()
        );
    }
    let ed25519 = directory.join(ED25519_FILE);
    let modified = std::fs::metadata(&ed25519).and_then(|metadata| metadata.modified());
    let modified = modified.with_context(|| format!("{} cannot be read", ed25519.display()))?;
    let created = modified
        .duration_since(UNIX_EPOCH)
        .map(|age| age.as_secs())
        .unwrap_or_default();
    let (ed25519, ecdsa) = (
        read_text(&ed25519)?,
        read_text(&directory.join(ECDSA_FILE))?,
    );
    let created = i64::try_from(created).unwrap_or_default();
    Ok(
        LogDescription::from_private_keys(origin, &ed25519, &ecdsa, created)
            .map_err(Error::from)?,
    )
}

fn authority(url: &Option<String>, chain: Option<&Path>) -> anyhow::Result<Option<Authority>> {
    match (url, chain) {
        (Some(url), Some(chain)) => Ok(Some(Authority {
            url: url.clone(),
            chain: read_text(chain)?,
        })),
        _ => Ok(None),
    }
}
