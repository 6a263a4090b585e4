use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;

use serde::Deserialize;
use serde::Serialize;

use crate::webhooks::error::WebhookError;
use crate::webhooks::error::io_error;

/// What a cursor file holds.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Cursor {
    /// Scheme, host and port, for people: the name of the file is a hash of the whole URL.
    pub(super) url: String,
    pub(super) tree_id: u64,
    /// The index of the first entry that the receiver has not taken.
    pub(super) next: u64,
}

impl Cursor {
    /// The cursor in the file, if there is one.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, WebhookError> {
        let json = match fs::read(path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error(path, source)),
        };
        let cursor = serde_json::from_slice(&json).map_err(|error| WebhookError::Cursor {
            path: path.to_owned(),
            reason: error.to_string(),
        });
        cursor.map(Some)
    }

    /// Replaces the file.
    pub(super) fn save(&self, path: &Path) -> Result<(), WebhookError> {
        let json = serde_json::to_vec(self).expect("a cursor has string keys");
        let beside = path.with_extension("new");
        let replace = || {
            let mut file = File::create(&beside)?;
            file.write_all(&json)?;
            // The rename must not become durable before the content is.
            file.sync_all()?;
            fs::rename(&beside, path)
        };
        replace().map_err(|source| io_error(path, source))
    }
}
