//! Checking a report offline.

use std::path::PathBuf;

use anyhow::bail;
use ledgerstone_client::Error;
use ledgerstone_client::RecallDirectory;
use ledgerstone_client::TrustedLogs;
use ledgerstone_client::TrustedRoot;
use ledgerstone_client::check_recall;

use crate::commands::recall::args::RecallArguments;
use crate::output::Report;
use crate::trust;

pub(super) fn run(
    arguments: &RecallArguments,
    directory: PathBuf,
    json: bool,
) -> anyhow::Result<()> {
    let directory = RecallDirectory::new(directory);
    let (logs, authorities) = trusted(arguments, &directory)?;
    let checked = check_recall(&directory, &logs, authorities.as_ref()).map_err(Error::from)?;
    let report = &checked.report;
    if let Some(expected) = &arguments.report_hash {
        report.check_hash(expected).map_err(Error::from)?;
    }
    let compared = match checked.is_compared {
        true => "table, page and entries for other programs say what the hits say".to_owned(),
        false => format!(
            "table, page and entries for other programs were not compared: {} wrote them",
            report.generator
        ),
    };
    let told = Report::new()
        .field("verified", "verified", true)
        .field("log", "url", report.url.clone())
        .field("made", "time", report.time.clone())
        .field("run", "run", report.run)
        .field("entries", "hits", report.hits)
        .field("shown by their bodies", "shownByBody", checked.by_body)
        .field(
            "by the log's word",
            "shownByStatement",
            checked.by_statement,
        )
        .field("new", "newHits", report.new_hits)
        .field("complete by", "completeness", report.completeness())
        .field("scanned", "scanned", report.is_scanned())
        .field("saw everything", "everything", report.saw_everything())
        .field("files", "files", compared)
        .field("report hash", "reportHash", report.hash())
        .machine("compared", checked.is_compared.into());
    Ok(told.print(json)?)
}

/// What is trusted: nothing in the directory vouches for itself.
fn trusted(
    arguments: &RecallArguments,
    directory: &RecallDirectory,
) -> anyhow::Result<(TrustedLogs, Option<TrustedRoot>)> {
    if let Some(logs) = trust::named(&arguments.trust)? {
        return Ok((logs, trust::authorities(&arguments.trust)?));
    }
    let Some(expected) = &arguments.trust_hash else {
        bail!(
            "a report cannot vouch for itself: give --trusted-root FILE or --log-key KEY, which \
            you \
             have from elsewhere, or --trust-hash HEX for the trusted root in the directory"
        );
    };
    let json = directory
        .pinned_trusted_root(expected)
        .map_err(Error::from)?;
    let logs = TrustedLogs::from_trusted_root(&json).map_err(Error::from)?;
    let root = TrustedRoot::parse(&json).map_err(Error::from)?;
    Ok((logs, Some(root)))
}
