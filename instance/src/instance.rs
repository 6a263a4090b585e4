use std::path::Path;
use std::path::PathBuf;

use ledgerstone_log::KeyDirectory;
use ledgerstone_storage::Store;

use crate::engine;
use crate::error::InstanceError;

/// The directory of the keys in a data directory, where no other is named.
const KEYS: &str = "keys";

/// A data directory and the keys that belong to it. Nothing is opened or looked at before something
/// is done to it.
#[derive(Clone, Debug)]
pub struct Instance {
    data_dir: PathBuf,
    keys: KeyDirectory,
}

impl Instance {
    /// The instance in `data_dir`, with its keys in `key_dir`, or else in the folder `keys` of the
    /// data directory.
    pub fn new(data_dir: impl Into<PathBuf>, key_dir: Option<PathBuf>) -> Self {
        let data_dir = data_dir.into();
        let key_dir = key_dir.unwrap_or_else(|| data_dir.join(KEYS));
        Self {
            keys: KeyDirectory::new(key_dir),
            data_dir,
        }
    }

    /// Where the data is.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// Where the keys are.
    pub fn keys(&self) -> &KeyDirectory {
        &self.keys
    }

    /// Opens the store without changing a byte of it. No server may run on it.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`] where there is no trace of a log; the store's own trouble.
    pub fn open_read_only(&self) -> Result<Store, InstanceError> {
        self.must_exist()?;
        Ok(engine::open_read_only(&self.data_dir, None)?)
    }

    /// Opens the store to write to it, which must be there.
    pub(crate) fn open_existing(&self) -> Result<Store, InstanceError> {
        self.must_exist()?;
        Ok(engine::open(&self.data_dir, None)?)
    }

    pub(crate) fn must_exist(&self) -> Result<(), InstanceError> {
        match engine::exists(&self.data_dir)? {
            true => Ok(()),
            false => Err(InstanceError::NoLog(self.data_dir.clone())),
        }
    }
}
