//! Which entries are sent: rules as a monitor has them, in a TOML file.

use std::fs;
use std::path::Path;

use ledgerstone_entry::matcher::WatchList;
use ledgerstone_entry::matcher::WatchRules;

use crate::webhooks::error::WebhookError;
use crate::webhooks::error::io_error;

/// The longest file of rules, or key file, that is read, in bytes.
const MAX_FILTER_BYTES: u64 = 4 << 20;

/// Reads the rules in the file `path`. Key files that it names are relative to its directory.
///
/// # Errors
/// [`WebhookError::Io`] when a file cannot be read, [`WebhookError::Filter`] when there are no
/// rules, or one that cannot be.
pub(crate) fn read(path: &Path) -> Result<WatchList, WebhookError> {
    let wrong = |reason: String| WebhookError::Filter {
        path: path.to_owned(),
        reason,
    };
    let text = read_text(path)?;
    let rules: WatchRules = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let directory = path.parent().unwrap_or_else(|| Path::new("."));
    let list = rules
        .watch_list(|key| read_text(&directory.join(key)))
        .map_err(|error| wrong(error.to_string()))?;
    if list.takes_everything() {
        let reason = "it has no rules; leave webhook-filter-file out to send every entry";
        return Err(wrong(reason.to_owned()));
    }
    Ok(list)
}

fn read_text(path: &Path) -> Result<String, WebhookError> {
    let failed = |source| io_error(path, source);
    if fs::metadata(path).map_err(failed)?.len() > MAX_FILTER_BYTES {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    fs::read_to_string(path).map_err(failed)
}
