//! Which entries are sent: rules as a monitor has them, in a TOML file.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use ledgerstone_entry::matcher::WatchList;
use ledgerstone_entry::matcher::WatchRules;
use parking_lot::RwLock;

use crate::webhooks::error::WebhookError;
use crate::webhooks::error::io_error;

/// The longest file of rules, or key file, that is read, in bytes.
const MAX_FILTER_BYTES: u64 = 4 << 20;

/// The rules by which webhooks send entries, which can be read again while the server runs. Clones
/// share them.
#[derive(Clone, Default)]
pub struct WebhookRules {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    /// Where the rules are; nowhere, where every entry is sent.
    path: Option<PathBuf>,
    rules: RwLock<Option<Arc<WatchList>>>,
}

impl WebhookRules {
    /// The rules in the file `path`; every entry is sent where there is none.
    ///
    /// # Errors
    /// As for [`read`].
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, WebhookError> {
        let rules = path.map(read).transpose()?.map(Arc::new);
        let shared = Shared {
            path: path.map(Path::to_owned),
            rules: RwLock::new(rules),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// The rules that hold now; all entries are sent without.
    pub(crate) fn rules(&self) -> Option<Arc<WatchList>> {
        self.shared.rules.read().clone()
    }

    /// Reads the file again, and says whether there is one. Where it cannot be used, the rules stay
    /// as they are.
    ///
    /// # Errors
    /// [`WebhookError::Io`] when a file cannot be read, [`WebhookError::Filter`] when there are no
    /// rules, or one that cannot be.
    pub fn reload(&self) -> Result<bool, WebhookError> {
        let Some(path) = &self.shared.path else {
            return Ok(false);
        };
        let rules = Arc::new(read(path)?);
        *self.shared.rules.write() = Some(rules);
        Ok(true)
    }
}

/// Reads the rules in the file `path`. Key files that it names are relative to its directory.
///
/// # Errors
/// [`WebhookError::Io`] when a file cannot be read, [`WebhookError::Filter`] when there are no
/// rules, or one that cannot be.
fn read(path: &Path) -> Result<WatchList, WebhookError> {
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
    if list.asks_trust() {
        let reason = "a rule asks which authorities are trusted, which a log does not know; let \
                      `ledgerstone monitor --trusted-root` watch by it";
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
