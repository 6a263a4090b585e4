//! How hits are printed, and what the exit code says.

use ledgerstone_client::FoundEntry;
use ledgerstone_client::TrustedRoot;

use crate::commands::search::told::hit_csv;
use crate::commands::search::told::hit_json;
use crate::commands::search::told::hit_line;
use crate::output;
use crate::output::OutputError;

/// The search found nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub(crate) enum NoneFound {
    /// Nothing was out of sight.
    #[error("no entry answers the query, and the log saw all that it covers")]
    Everywhere,
    /// Something was.
    #[error("no entry that the log could see answers the query")]
    WhereSeen,
}

/// How hits are printed.
pub(super) struct Printer {
    pub(super) json: bool,
    pub(super) csv: bool,
    pub(super) authorities: Option<TrustedRoot>,
}

impl Printer {
    pub(super) fn print(&self, hit: &FoundEntry) -> Result<(), OutputError> {
        match (self.json, self.csv) {
            (true, _) => output::json(&hit_json(hit, self.authorities.as_ref())),
            (false, true) => output::line(&hit_csv(hit)),
            (false, false) => output::line(&hit_line(hit, self.authorities.as_ref())),
        }
    }
}

/// What the exit code says.
pub(super) fn answer(found: u64, saw_all: bool) -> anyhow::Result<()> {
    match (found, saw_all) {
        (1.., _) => Ok(()),
        (0, true) => Err(NoneFound::Everywhere.into()),
        (0, false) => Err(NoneFound::WhereSeen.into()),
    }
}
