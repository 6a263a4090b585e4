//! What a monitor remembers between two runs.

use std::path::Path;

use ledgerstone_merkle::LeafIndex;
use ledgerstone_merkle::VerifierKey;
use serde::Deserialize;
use serde::Serialize;

use crate::audit::state_file::AuditStateError;
use crate::audit::state_file::read_key;
use crate::audit::state_file::read_state;
use crate::audit::state_file::write_state;

/// The version of the state file's form.
const VERSION: u32 = 1;

/// What a monitor remembers between two runs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MonitorState {
    /// The last checkpoint that was verified: a signed note.
    pub checkpoint: String,
    /// The key that the note was verified with: the log is held to it. `None` in files from before
    /// it was kept.
    pub key: Option<VerifierKey>,
    /// The first entry that was not looked at yet.
    pub next: LeafIndex,
}

impl MonitorState {
    /// The state in the file `path`, or `None` when there is no such file.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub fn load(path: &Path) -> Result<Option<Self>, AuditStateError> {
        let Some(json) = read_state(path)? else {
            return Ok(None);
        };
        let form = |reason: String| AuditStateError::Form {
            path: path.to_owned(),
            reason,
        };
        let file: StateFile =
            serde_json::from_slice(&json).map_err(|error| form(error.to_string()))?;
        if file.version != VERSION {
            let version = file.version;
            return Err(form(format!(
                "it has version {version} instead of {VERSION}"
            )));
        }
        let key = read_key(path, file.key.as_deref())?;
        Ok(Some(Self {
            key,
            checkpoint: file.checkpoint,
            next: LeafIndex::new(file.next),
        }))
    }

    /// Replaces the file `path` by this state, at once or not at all.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), AuditStateError> {
        let file = StateFile {
            version: VERSION,
            checkpoint: self.checkpoint.clone(),
            key: self.key.as_ref().map(ToString::to_string),
            next: self.next.get(),
        };
        write_state(path, &file)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct StateFile {
    version: u32,
    checkpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    next: u64,
}
