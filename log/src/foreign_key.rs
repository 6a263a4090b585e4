//! The public key of the log that a shard is a copy of: a file beside the log's own keys, since the store keeps log ids only.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use ledgerstone_merkle::VerifierKey;
use ledgerstone_storage::ShardId;
use ledgerstone_storage::Store;

use crate::error::KeyError;
use crate::error::OpenError;
use crate::shards::ForeignKey;

impl ForeignKey {
    /// What `shard`, a copy that is complete, is opened with: its key from `key_dir`, and the checkpoint that the store keeps.
    /// `None` when the shard is no copy.
    ///
    /// # Errors
    /// [`OpenError::ForeignCheckpoint`] when the key cannot be read, or the copy is not complete.
    pub fn load(
        store: &dyn Store,
        shard: ShardId,
        key_dir: &Path,
    ) -> Result<Option<Self>, OpenError> {
        let refuse = |reason: String| OpenError::ForeignCheckpoint { shard, reason };
        let key = load_foreign_key(key_dir, shard).map_err(|error| refuse(error.to_string()))?;
        let Some(key) = key else {
            return Ok(None);
        };
        let checkpoint = store
            .kept_checkpoint(shard)?
            .ok_or_else(|| refuse("the import was not completed".to_owned()))?;
        Ok(Some(Self {
            public_key_der: key.public_key_der(),
            log_id: key.log_id(),
            checkpoint,
        }))
    }
}

/// Keeps the public key of the log that `shard` is a copy of in `key_dir`, as a C2SP verifier key.
///
/// # Errors
/// [`KeyError::Io`] when it cannot be written.
pub fn save_foreign_key(key_dir: &Path, shard: ShardId, key: &VerifierKey) -> Result<(), KeyError> {
    let path = path(key_dir, shard);
    let io_error = |source| KeyError::Io {
        path: path.clone(),
        source,
    };
    fs::create_dir_all(key_dir).map_err(io_error)?;
    // Whole or not at all, and durable before there is a shard that needs it: nothing else in the directory has the key.
    let temporary = path.with_extension("vkey.new");
    fs::write(&temporary, format!("{key}\n")).map_err(io_error)?;
    let synced = fs::File::open(&temporary).and_then(|file| file.sync_all());
    synced.map_err(io_error)?;
    fs::rename(&temporary, &path).map_err(io_error)?;
    fs::File::open(key_dir)
        .and_then(|directory| directory.sync_all())
        .map_err(io_error)
}

/// The public key of the log that `shard` is a copy of, or `None` when it is no copy.
///
/// # Errors
/// [`KeyError`] when the file is there and cannot be read.
pub fn load_foreign_key(key_dir: &Path, shard: ShardId) -> Result<Option<VerifierKey>, KeyError> {
    let path = path(key_dir, shard);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeyError::Io { path, source }),
    };
    let key = text.trim().parse();
    key.map(Some)
        .map_err(|error: ledgerstone_merkle::KeyError| KeyError::Unusable {
            what: path.display().to_string(),
            reason: error.to_string(),
        })
}

fn path(key_dir: &Path, shard: ShardId) -> PathBuf {
    key_dir.join(format!("shard-{shard}.vkey"))
}
