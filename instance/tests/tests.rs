//! A data directory through its life: made, opened, upgraded, checked.

#![allow(clippy::unwrap_used, reason = "a test's helpers may stop the test")]

mod check;
mod old;
mod open;
mod torn;
mod upgrade;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use ledgerstone_instance::Instance;
use ledgerstone_instance::InstanceError;
use ledgerstone_instance::OpenSettings;
use ledgerstone_log::Log;
use tempfile::TempDir;

pub(crate) const ORIGIN: &str = "log.example.com";

/// A directory for an instance.
pub(crate) struct Site {
    pub(crate) directory: TempDir,
    pub(crate) settings: OpenSettings,
}

impl Site {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            settings: OpenSettings::of_log(ORIGIN),
        }
    }

    pub(crate) fn data(&self) -> std::path::PathBuf {
        self.directory.path().join("data")
    }

    pub(crate) fn instance(&self) -> Instance {
        Instance::new(self.data(), None)
    }

    pub(crate) fn try_open(&self) -> Result<Log, InstanceError> {
        self.instance().open_or_create(&self.settings)
    }

    /// Opens the log, or makes it, and closes it.
    pub(crate) async fn start_and_stop(&self) {
        self.try_open().unwrap().close().await.unwrap();
    }
}

/// All files below `directory` with their bytes.
pub(crate) fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            found.insert(path.to_str().unwrap().to_owned(), bytes);
        }
    }
    found
}
