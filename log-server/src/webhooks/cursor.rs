//! How far the receiver of a webhook is, in a file.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::path::Path;

use ledgerstone_log::Positions;
use ledgerstone_log::Trees;
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
    /// In each tree, the index of the first entry that the receiver has not taken.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(super) positions: String,
    /// In place of `positions`, as version 0.1 wrote it: the one tree, and the index there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tree_id: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
}

impl Cursor {
    pub(super) fn new(url: &str, positions: &Positions) -> Self {
        Self {
            url: url.to_owned(),
            positions: positions.to_string(),
            tree_id: None,
            next: None,
        }
    }

    /// The cursor in the file, if there is one.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, WebhookError> {
        let json = match fs::read(path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(io_error(path, source)),
        };
        let cursor = serde_json::from_slice(&json);
        cursor
            .map(Some)
            .map_err(|error| unusable(path, &error.to_string()))
    }

    /// Where to go on in `trees`. A tree that the cursor does not name came later, and is told of
    /// from its start; but beside a cursor of version 0.1, which named one tree, those that took no
    /// more entries by then are told of no more.
    pub(super) fn positions(&self, trees: &Trees, path: &Path) -> Result<Positions, WebhookError> {
        let parsed = self.positions.parse();
        let mut positions: Positions =
            parsed.map_err(|_| unusable(path, "its positions are not positions"))?;
        if let (Some(tree_id), Some(next)) = (self.tree_id, self.next) {
            for tree in trees.own().filter(|tree| !tree.grows()) {
                positions.set(tree.tree_id(), tree.head().size().get());
            }
            positions.set(tree_id, next);
        }
        Ok(positions)
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

fn unusable(path: &Path, reason: &str) -> WebhookError {
    WebhookError::Cursor {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}
