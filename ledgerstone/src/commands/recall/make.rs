//! Making a report.

use std::path::Path;
use std::path::PathBuf;

use ledgerstone_client::Error;
use ledgerstone_client::LogApi;
use ledgerstone_client::MonitorConfig;
use ledgerstone_client::Recall;
use ledgerstone_client::RecallDirectory;
use ledgerstone_client::RecallProgress;
use ledgerstone_client::RecallReport;
use ledgerstone_client::RecallStep;
use ledgerstone_client::TrustedLog;
use ledgerstone_client::TrustedLogs;

use crate::commands::recall::args::RecallArguments;
use crate::commands::search::NoneFound;
use crate::connection::transport;
use crate::files::read;
use crate::output;
use crate::output::Report;
use crate::progress::entries_bar;
use crate::progress::show;
use crate::trust;

pub(super) async fn run(
    arguments: &RecallArguments,
    rules: &Path,
    directory: PathBuf,
    json: bool,
) -> anyhow::Result<()> {
    let config = MonitorConfig::read(rules).map_err(Error::from)?;
    let directory = RecallDirectory::new(directory);
    let transport = transport(&arguments.log)?;
    let logs = match (trust::named(&arguments.trust)?, kept_keys(&directory)?) {
        (Some(logs), _) | (None, Some(logs)) => logs,
        (None, None) => trust::named_or_fetched(&arguments.trust, &transport, None).await?,
    };
    let trusted_root = arguments
        .trust
        .trusted_root
        .as_deref()
        .map(read)
        .transpose()?;
    let api = LogApi::new(transport);
    let recall = Recall::new(api, logs, &config.watch, trusted_root, arguments.scan);
    let recall = recall.map_err(Error::from)?;
    let bar = entries_bar(0);
    let mut step = RecallStep::Scan;
    let mut progress = |at: RecallProgress| {
        if at.step != step {
            bar.reset();
        }
        step = at.step;
        bar.set_length(at.of);
        show(&bar, at.done);
    };
    let time = output::time(jiff::Timestamp::now().as_second());
    let report = recall.write(&directory, &time, &mut progress).await;
    bar.finish_and_clear();
    let report = report.map_err(Error::from)?;
    tell(&report, &directory).print(json)?;
    match (report.hits, report.saw_everything()) {
        (1.., _) => Ok(()),
        (0, true) => Err(NoneFound::Everywhere.into()),
        (0, false) => Err(NoneFound::WhereSeen.into()),
    }
}

/// The keys of an earlier run, which a later one is held to where no others are named.
fn kept_keys(directory: &RecallDirectory) -> anyhow::Result<Option<TrustedLogs>> {
    let Some(report) = directory.load().map_err(Error::from)? else {
        return Ok(None);
    };
    let keys = report.keys.iter().map(|key| key.parse::<TrustedLog>());
    let keys: Vec<TrustedLog> = keys.collect::<Result<_, _>>().map_err(Error::from)?;
    Ok(Some(TrustedLogs::new(keys).map_err(Error::from)?))
}

fn tell(report: &RecallReport, directory: &RecallDirectory) -> Report {
    let trees = report.trees.iter().map(|tree| {
        let size = tree.head().map_or(0, |head| head.size);
        format!("{} with {size} entries", tree.tree_id)
    });
    let root = report.trusted_root.clone();
    Report::new()
        .field("entries", "hits", report.hits)
        .field("new", "newHits", report.new_hits)
        .field("no more", "gone", report.gone.len())
        .field("run", "run", report.run)
        .field("trees", "trees", trees.collect::<Vec<_>>())
        .field("complete by", "completeness", report.completeness())
        .field("scanned", "scanned", report.is_scanned())
        .field("saw everything", "everything", report.saw_everything())
        .field(
            "page",
            "page",
            directory.page(report.run).display().to_string(),
        )
        .field(
            "table",
            "csv",
            directory.csv(report.run).display().to_string(),
        )
        .field("report hash", "reportHash", report.hash())
        .optional("trust hash", "trustHash", root)
}
