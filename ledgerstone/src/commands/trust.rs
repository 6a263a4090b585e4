use std::path::Path;
use std::time::UNIX_EPOCH;

use anyhow::Context;
use ledgerstone_client::Authority;
use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::LogDescription;
use ledgerstone_client::RekorApiVersion;
use ledgerstone_client::TrustFiles;
use ledgerstone_client::TrustOptions;

use crate::args::TrustArguments;
use crate::commands::read_text;
use crate::commands::transport;
use crate::output::Report;

/// Where a log keeps its keys, unless it is told otherwise.
const KEY_DIR: &str = "keys";

/// The names that a log gives its own key files.
const ED25519_FILE: &str = "log-ed25519.pem";
const ECDSA_FILE: &str = "log-ecdsa-p256.pem";

pub(super) async fn run(arguments: TrustArguments) -> anyhow::Result<Report> {
    let in_data_dir = arguments
        .data_dir
        .as_ref()
        .map(|directory| directory.join(KEY_DIR));
    let key_dir = arguments.key_dir.clone().or(in_data_dir);
    let (log, predecessors) = match (key_dir, &arguments.origin) {
        (Some(directory), Some(origin)) => (read_keys(&directory, origin)?, Vec::new()),
        _ => {
            let api = LogApi::new(transport(&arguments.log)?);
            let keys = api.keys().await.map_err(Error::from)?;
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
        .field("log key", "logKey", log.ed25519.key().to_string())
        .field("written", "written", written))
}

fn read_keys(directory: &Path, origin: &str) -> anyhow::Result<LogDescription> {
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
