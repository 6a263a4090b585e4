//! Files that hold what was seen of a log.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::VerifierKey;
use serde::Serialize;

use crate::files::replace_file;

/// The longest state file that is read, in bytes.
const MAX_STATE_BYTES: u64 = 4 << 20;

/// Why there is no state.
#[derive(Debug, thiserror::Error)]
pub enum AuditStateError {
    /// The file cannot be read or written.
    #[error("the state file {} cannot be read or written", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file holds something else.
    #[error("{} is not a state file for this: {reason}", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// The verifier key that the state file `path` holds.
pub(crate) fn read_key(
    path: &Path,
    key: Option<&str>,
) -> Result<Option<VerifierKey>, AuditStateError> {
    let key = key.map(str::parse::<VerifierKey>).transpose();
    key.map_err(|error| AuditStateError::Form {
        path: path.to_owned(),
        reason: format!("its key is not a verifier key: {error}"),
    })
}

/// The content of the state file `path`, or `None` when there is no such file.
pub(crate) fn read_state(path: &Path) -> Result<Option<Vec<u8>>, AuditStateError> {
    let failed = |source| AuditStateError::Io {
        path: path.to_owned(),
        source,
    };
    let length = match fs::metadata(path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if length > MAX_STATE_BYTES {
        return Err(AuditStateError::Form {
            path: path.to_owned(),
            reason: "it is too long".to_owned(),
        });
    }
    fs::read(path).map(Some).map_err(failed)
}

/// Replaces the state file `path`, at once or not at all.
pub(crate) fn write_state(path: &Path, state: &impl Serialize) -> Result<(), AuditStateError> {
    let json = serde_json::to_vec_pretty(state).expect("a state has string keys");
    replace_file(path, &json).map_err(|source| AuditStateError::Io {
        path: path.to_owned(),
        source,
    })
}
