//! The hits of a report as comma-separated values.

use std::io;
use std::io::Write;

use crate::csv::ENTRY_COLUMNS;
use crate::csv::csv_line;
use crate::csv::entry_columns;
use crate::recall::error::RecallError;
use crate::recall::hit::ReportHit;
use crate::recall::hit::ShownBy;
use crate::recall::report::RecallReport;

/// Why a file of a report was not written to its end.
pub(crate) enum RenderError {
    /// The hits cannot be read.
    Hits(RecallError),
    /// Nothing more can be written.
    Write(io::Error),
}

impl From<io::Error> for RenderError {
    fn from(error: io::Error) -> Self {
        Self::Write(error)
    }
}

/// Writes a line for each hit.
pub(crate) fn write_csv(
    report: &RecallReport,
    hits: impl Iterator<Item = Result<ReportHit, RecallError>>,
    out: &mut impl Write,
) -> Result<(), RenderError> {
    writeln!(out, "{ENTRY_COLUMNS},virtualIndex,shownByBody,rules,new")?;
    for hit in hits {
        let hit = hit.map_err(RenderError::Hits)?;
        let mut columns = entry_columns(&hit.entry);
        let virtual_index = hit.virtual_index.map(|index| index.to_string());
        let is_shown = hit.rules.iter().any(|rule| rule.shown_by == ShownBy::Body);
        columns.extend([
            virtual_index.unwrap_or_default(),
            is_shown.to_string(),
            rule_names(report, &hit).join("; "),
            (hit.found_in == report.run).to_string(),
        ]);
        writeln!(out, "{}", csv_line(&columns))?;
    }
    Ok(())
}

/// What the rules are called that a hit answers.
pub(crate) fn rule_names<'r>(report: &'r RecallReport, hit: &ReportHit) -> Vec<&'r str> {
    let rules = hit
        .rules
        .iter()
        .filter_map(|rule| report.rules.get(rule.rule));
    rules.map(|rule| rule.name.as_str()).collect()
}
