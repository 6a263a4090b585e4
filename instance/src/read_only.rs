//! Opening a log to read it only.

use ledgerstone_log::Log;
use ledgerstone_log::OpenError;
use ledgerstone_log::ReadError;
use ledgerstone_log::UnservedTree;
use ledgerstone_storage::StorageError;

use crate::engine;
use crate::error::InstanceError;
use crate::instance::Instance;
use crate::new_trees::OwnTree;
use crate::open::OpenSettings;
use crate::open::must_have_name;

/// Why a log that was to be written can only be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ReadingCause {
    /// What is stored is damaged.
    Damage,
    /// The disk is full.
    FullDisk,
}

impl Instance {
    /// Opens the log to read it, without a key, without a signature, and without changing a byte:
    /// beside damage, on a full disk, and on a file system that is mounted for reading. What cannot
    /// be served comes with it.
    ///
    /// # Errors
    /// [`InstanceError::NoLog`]; [`ledgerstone_storage::EngineError::Locked`] when a process has it
    /// open for writing; [`OpenError::OtherOrigin`] when the log has another name; all of
    /// [`Log::open_read_only`].
    pub fn open_to_read(
        &self,
        settings: &OpenSettings,
    ) -> Result<(Log, Vec<UnservedTree>), InstanceError> {
        self.must_exist()?;
        let store = engine::open_read_only(self.data_dir(), settings.store_memory)?;
        // What cannot be read of the trees is told by opening them.
        if let Ok(own) = OwnTree::all(&store) {
            must_have_name(&own, settings.origin.as_deref())?;
        }
        Ok(Log::open_read_only(&store, self.keys(), &settings.log)?)
    }
}

impl InstanceError {
    /// Why a log that cannot be opened for writing may still be read, where it may: what is stored
    /// is damaged, or the disk is full. A log that was rolled back, or has other keys, is no such
    /// one: it is not what it says.
    pub fn leaves_reading(&self) -> Option<ReadingCause> {
        let (is_damage, storage) = match self {
            Self::Storage(error) => (false, Some(error)),
            Self::Open(error) => open_damage(error),
            _ => (false, None),
        };
        if is_damage || storage.is_some_and(StorageError::is_damage) {
            return Some(ReadingCause::Damage);
        }
        let is_full = storage.is_some_and(StorageError::is_out_of_space);
        is_full.then_some(ReadingCause::FullDisk)
    }
}

/// Whether the log itself found damage, or what the store says.
fn open_damage(error: &OpenError) -> (bool, Option<&StorageError>) {
    match error {
        OpenError::Storage(error) | OpenError::Read(ReadError::Storage(error)) => {
            (false, Some(error))
        }
        OpenError::Read(_)
        | OpenError::MissingHead(_)
        | OpenError::WrongRoot { .. }
        | OpenError::EntriesBeyondHead(_)
        | OpenError::FrozenCheckpoint { .. } => (true, None),
        _ => (false, None),
    }
}
